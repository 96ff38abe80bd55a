/* Argon2id through libsodium, and the choice of who verifies a stored hash. */
#include "auth/password.h"

#include "auth/hash_memory.h"
#include "auth/password_legacy.h"
#include "auth/phc.h"

#include <assert.h>
#include <sodium.h>

#define NEW_PASSES 2

#define PASSES_MAX 16
#define MEMORY_KIB_MAX (1024 * 1024)
#define LANES_MAX 255

/* A hash as password_hash makes them, of bytes that nobody knows; set once by password_init. */
static char nobody_hash[crypto_pwhash_STRBYTES];

static bool has_nul(struct str s)
{
    return s.len > 0 && memchr(s.ptr, '\0', s.len);
}

/* false: there was no memory for it. */
static bool argon2_hash(struct str password, char ret_hash[crypto_pwhash_STRBYTES])
{
    return crypto_pwhash_str_alg(ret_hash, password.ptr, password.len, NEW_PASSES,
                                 (size_t)HASH_MEMORY_KIB * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

enum status password_init(struct err *err)
{
    char unknown[32];
    bool done;

    if (sodium_init() < 0) {
        return err_set(err, ST_BROKEN, "libsodium does not start");
    }
    randombytes_buf(unknown, sizeof(unknown));
    done = argon2_hash((struct str){ .ptr = unknown, .len = sizeof(unknown) }, nobody_hash);
    sodium_memzero(unknown, sizeof(unknown));
    password_rest(); /* this thread makes no more */
    if (!done) {
        return err_set(err, ST_BROKEN, "no %d KiB of memory to hash a password", HASH_MEMORY_KIB);
    }
    return ST_OK;
}

void password_rest(void)
{
    hash_memory_rest();
}

enum status password_hash(struct str password, struct arena *mem, struct str *ret_hash,
                          struct err *err)
{
    char hash[crypto_pwhash_STRBYTES];

    assert(password.len > 0 && password.len <= PASSWORD_MAX_BYTES && !has_nul(password));
    if (!argon2_hash(password, hash)) {
        return err_set(err, ST_BUSY, "no %d KiB of memory to hash a password", HASH_MEMORY_KIB);
    }
    *ret_hash = arena_str(mem, str_of(hash));
    return ST_OK;
}

/* What libsodium takes: a salt of 8 bytes, a checksum of 16, and 8 KiB for each lane, at least. */
#define SALT_BYTES_MIN 8
#define CHECKSUM_BYTES_MIN 16
#define LANE_KIB_MIN 8

static bool is_base64(struct str text, size_t bytes_min)
{
    unsigned char bytes[PASSWORD_HASH_MAX];
    size_t len = 0;

    return sodium_base642bin(bytes, sizeof(bytes), text.ptr, text.len, NULL, &len, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
           len >= bytes_min;
}

static bool is_argon2(struct str hash)
{
    struct str rest = hash;
    uint32_t memory;
    uint32_t passes;
    uint32_t lanes;

    return (phc_text(&rest, "$argon2id$") || phc_text(&rest, "$argon2i$")) &&
           phc_text(&rest, "v=19$m=") && phc_number(&rest, 1, MEMORY_KIB_MAX, &memory) &&
           phc_text(&rest, ",t=") && phc_number(&rest, 1, PASSES_MAX, &passes) &&
           phc_text(&rest, ",p=") && phc_number(&rest, 1, LANES_MAX, &lanes) &&
           phc_text(&rest, "$") && memory >= LANE_KIB_MIN * lanes &&
           is_base64(phc_field(&rest), SALT_BYTES_MIN) && is_base64(rest, CHECKSUM_BYTES_MIN);
}

static bool argon2_verify(struct str password, struct str hash)
{
    char text[PASSWORD_HASH_MAX + 1];

    if (!is_argon2(hash)) {
        return false;
    }
    memcpy(text, hash.ptr, hash.len);
    text[hash.len] = '\0';
    return crypto_pwhash_str_verify(text, password.ptr, password.len) == 0;
}

static const struct format {
    const char *start;
    bool (*is_whole)(struct str hash);
    bool (*verify)(struct str password, struct str hash);
} formats[] = {
    { "$argon2", is_argon2, argon2_verify },
    { "$pbkdf2-sha256$", password_is_pbkdf2, password_verify_pbkdf2 },
    { "$2", password_is_bcrypt, password_verify_bcrypt },
};

/* NULL: of no known format. */
static const struct format *format_of(struct str hash)
{
    if (hash.len > PASSWORD_HASH_MAX || has_nul(hash)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct str rest = hash;

        if (phc_text(&rest, formats[i].start)) {
            return &formats[i];
        }
    }
    return NULL;
}

bool password_hash_is_known(struct str hash)
{
    const struct format *format = format_of(hash);

    return format && format->is_whole(hash);
}

bool password_verify(struct str password, struct str hash)
{
    const struct format *format = format_of(hash);

    if (password.len == 0) {
        password = STR(""); /* libsodium takes no NULL */
    }
    if (password.len > PASSWORD_MAX_BYTES || has_nul(password) || !format) {
        return false;
    }
    return format->verify(password, hash);
}

bool password_verify_nobody(struct str password)
{
    assert(nobody_hash[0] != '\0');
    (void)password_verify(password, str_of(nobody_hash));
    return false;
}

/* The part of an Argon2 hash that names algorithm, version and parameters: before salt and checksum. */
static struct str parameters_of(struct str hash)
{
    struct str rest = hash;

    for (int i = 0; i < 4; i++) { /* "", "argon2id", "v=…", "m=…,t=…,p=…" */
        (void)phc_field(&rest);
    }
    return (struct str){ .ptr = hash.ptr, .len = hash.len - rest.len };
}

bool password_needs_rehash(struct str hash)
{
    struct str made = str_of(nobody_hash);

    return hash.len != made.len || !str_equal(parameters_of(hash), parameters_of(made));
}
