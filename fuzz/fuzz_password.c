/*
 * Fuzzes auth/password: any bytes as a stored hash. Hashes with parameters that are within the bounds
 * but costly are left out, or a run would be spent on deriving keys.
 */
#include "auth/password.h"

#include "must.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether a number from lowest to highest stands in text, right behind mark. */
static bool has_number(const char *text, const char *mark, unsigned long lowest,
                       unsigned long highest)
{
    const char *at = strstr(text, mark);
    unsigned long number = at ? strtoul(at + strlen(mark), NULL, 10) : 0;

    return number >= lowest && number <= highest;
}

static bool is_costly(const char *hash)
{
    return has_number(hash, "$pbkdf2-sha256$", 101, 10000000) ||
           has_number(hash, "$m=", 129, 1024ul * 1024) || has_number(hash, ",t=", 4, 16) ||
           (strlen(hash) == 60 && strncmp(hash, "$2", 2) == 0 && has_number(hash + 3, "$", 5, 16));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    struct str hash = { .ptr = (const char *)data, .len = size };
    char text[PASSWORD_HASH_MAX + 1] = { 0 };

    if (!started) {
        MUST(password_init(NULL) == ST_OK);
        started = true;
    }
    if (size > 0) {
        memcpy(text, data, size <= PASSWORD_HASH_MAX ? size : PASSWORD_HASH_MAX);
    }
    if (is_costly(text)) {
        return 0;
    }
    if (password_verify(STR("correct horse"), hash)) {
        MUST(size <= PASSWORD_HASH_MAX && strlen(text) == size);
        MUST(!password_verify(STR("correct horse "), hash));
        MUST(!password_verify(STR(""), hash));
    }
    (void)password_needs_rehash(hash);
    return 0;
}
