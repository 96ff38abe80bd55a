/* Fuzzes org/name: any bytes as a name and as an address, and what must hold of the results. */
#include "org/name.h"

#include "base/arena.h"

#include "must.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slug(const struct name *name)
{
    struct str slug = name->slug;
    bool all_hex = slug.len == 24;

    MUST(slug.len <= SLUG_MAX);
    for (size_t i = 0; i < slug.len; i++) {
        char c = slug.ptr[i];

        MUST((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
        MUST(c != '_' || (i > 0 && i + 1 < slug.len && slug.ptr[i - 1] != '_'));
        all_hex = all_hex && c != '_' && c <= 'f';
    }
    MUST(name->slug_is_hex == all_hex);
}

static size_t count_code_points(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++) {
        count += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    }
    return count;
}

static void check_name(struct str raw, struct arena *mem)
{
    struct name name = { .text = STR("untouched") };
    struct name again;

    if (name_make(raw, mem, &name) != NAME_OK) {
        MUST(str_is(name.text, "untouched"));
        return;
    }
    MUST(str_is_utf8(name.text) && str_is_utf8(name.key));
    MUST(name.text.len > 0 && count_code_points(name.text) <= NAME_MAX_CODE_POINTS);
    MUST(!text_has_control(name.text) && !text_has_control(name.key));
    MUST(name.key.len > 0 && name.key.ptr[0] != ' ' && name.key.ptr[name.key.len - 1] != ' ');
    check_slug(&name);

    MUST(name_make(name.text, mem, &again) == NAME_OK);
    MUST(str_equal(again.text, name.text));
    MUST(str_equal(again.key, name.key));
    MUST(str_equal(again.slug, name.slug));
    MUST(str_equal(name_key(raw, mem), name.key));
}

static void check_key(struct str text, struct arena *mem)
{
    struct str key = name_key(text, mem);

    MUST(str_is_utf8(key));
    MUST(str_equal(name_key(key, mem), key));
}

static void check_email(struct str raw, struct arena *mem)
{
    struct str key = STR("untouched");
    struct str again;
    enum email_fault fault = email_make(raw, mem, &key);

    if (fault != EMAIL_OK) {
        MUST(str_is(key, "untouched"));
        return;
    }
    MUST(raw.len <= EMAIL_MAX_BYTES && str_is_utf8(raw) && str_is_utf8(key));
    fault = email_make(key, mem, &again); /* folding makes some texts longer */
    MUST(fault == EMAIL_OK || (fault == EMAIL_TOO_LONG && key.len > EMAIL_MAX_BYTES));
    MUST(fault != EMAIL_OK || str_equal(again, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str raw = { .ptr = (const char *)data, .len = size };
    struct arena mem;

    /* A code point becomes 18 at most, of 4 bytes each, several times over. */
    arena_init(&mem, (size_t)1024 * 1024 + size * 1024);
    check_name(raw, &mem);
    check_email(raw, &mem);
    if (str_is_utf8(raw) && size <= 4096) {
        check_key(raw, &mem);
    }
    arena_done(&mem);
    return 0;
}
