/*
 * Names and addresses under Unicode's rules. What depends on a character's properties comes from
 * utf8proc's tables, through transform(); here are the order of the steps and their limits.
 */
#include "org/name.h"

#include "base/oid.h"

#include <assert.h>
#include <string.h>
#include <utf8proc.h>

/* No character decomposes canonically into more than four, so a longer text has more than
 * NAME_MAX_CODE_POINTS in NFC too. Checked before normalising, whose time grows with the square. */
#define RAW_MAX_CODE_POINTS (4 * NAME_MAX_CODE_POINTS)

static const utf8proc_option_t to_nfd = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
static const utf8proc_option_t to_nfd_without_ignorable =
    UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE;
static const utf8proc_option_t to_nfc = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
static const utf8proc_option_t to_nfkd_without_marks =
    UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK;
static const utf8proc_option_t to_casefold = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
static const utf8proc_option_t to_nfkc_casefold =
    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;

/* Unicode's White_Space. */
static bool is_white_space(utf8proc_int32_t c)
{
    return (c >= 0x0009 && c <= 0x000D) || c == 0x0020 || c == 0x0085 || c == 0x00A0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Takes the first code point off rest, which is well-formed and not empty. */
static utf8proc_int32_t next_code_point(struct str *rest)
{
    utf8proc_int32_t c = (unsigned char)rest->ptr[0];
    utf8proc_ssize_t len = 1;

    if (c >= 0x80) {
        len =
            utf8proc_iterate((const utf8proc_uint8_t *)rest->ptr, (utf8proc_ssize_t)rest->len, &c);
        assert(len > 0);
    }
    rest->ptr += len;
    rest->len -= (size_t)len;
    return c;
}

static size_t count_code_points(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++) {
        count += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    }
    return count;
}

static struct str trim_white_space(struct str s)
{
    struct str rest = s;
    const char *start = s.ptr; /* of what remains */
    const char *end = s.ptr;

    while (rest.len > 0) {
        const char *here = rest.ptr;

        if (!is_white_space(next_code_point(&rest))) {
            if (end == s.ptr) {
                start = here;
            }
            end = rest.ptr;
        }
    }
    return (struct str){ .ptr = start, .len = end == s.ptr ? 0 : (size_t)(end - start) };
}

bool text_has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c < 0x20 || c == 0x7F) {
            return true;
        }
        if (c == 0xC2 && i + 1 < s.len && (unsigned char)s.ptr[i + 1] < 0xA0) {
            return true; /* U+0080 to U+009F */
        }
    }
    return false;
}

/* Code points that are ignorable already although no character is assigned to them yet: utf8proc
 * leaves them in place, and two names must not differ by them. They become a soft hyphen, which it
 * drops. */
static utf8proc_int32_t known_ignorable(utf8proc_int32_t c, void *unused)
{
    (void)unused;
    if (c == 0x2065 || (c >= 0xFFF0 && c <= 0xFFF8) || (c >= 0xE0000 && c <= 0xE0FFF)) {
        return 0x00AD;
    }
    return c;
}

/*
 * Composes in place; returns the new length. U+11A7 (a Hangul vowel) composes with nothing, but
 * stands just before the trailing consonants, and utf8proc 2.8 takes it for one and drops it after
 * a syllable. Composing the text between these vowels piece by piece keeps them.
 */
static utf8proc_ssize_t compose(utf8proc_int32_t *code_points, utf8proc_ssize_t count)
{
    utf8proc_ssize_t start = 0;
    utf8proc_ssize_t written = 0;

    while (start < count) {
        utf8proc_ssize_t end = start + 1;
        utf8proc_ssize_t made;

        while (end < count && code_points[end] != 0x11A7) {
            end++;
        }
        made = utf8proc_normalize_utf32(code_points + start, end - start, to_nfc);
        memmove(code_points + written, code_points + start, (size_t)made * sizeof(*code_points));
        written += made;
        start = end;
    }
    return written;
}

static struct str lower_ascii(struct str s, struct arena *mem)
{
    char *lower = arena_alloc(mem, s.len + 1);

    for (size_t i = 0; i < s.len; i++) {
        lower[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 32) : s.ptr[i];
    }
    return (struct str){ .ptr = lower, .len = s.len };
}

/* s, which is well-formed, in another form; in mem, or s itself. ASCII changes in case only. */
static struct str transform(struct str s, utf8proc_option_t options, struct arena *mem)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)s.ptr;
    utf8proc_custom_func before = options & UTF8PROC_IGNORE ? known_ignorable : NULL;
    utf8proc_int32_t *code_points;
    utf8proc_ssize_t count;

    if (str_is_ascii(s)) {
        return options & UTF8PROC_CASEFOLD ? lower_ascii(s, mem) : s;
    }
    count =
        utf8proc_decompose_custom(bytes, (utf8proc_ssize_t)s.len, NULL, 0, options, before, NULL);
    assert(count >= 0);
    code_points = arena_alloc(mem, ((size_t)count + 1) * sizeof(*code_points));
    count = utf8proc_decompose_custom(bytes, (utf8proc_ssize_t)s.len, code_points, count, options,
                                      before, NULL);
    assert(count >= 0);
    if (options & UTF8PROC_COMPOSE) {
        count = compose(code_points, count);
    }
    count = utf8proc_reencode(code_points, count, UTF8PROC_STABLE); /* to UTF-8, in place */
    assert(count >= 0);
    return (struct str){ .ptr = (const char *)code_points, .len = (size_t)count };
}

/* A run of white space becomes one space, at the ends nothing. */
static struct str squeeze_white_space(struct str s, struct arena *mem)
{
    char *out = arena_alloc(mem, s.len + 1);
    size_t len = 0;
    bool pending = false;

    while (s.len > 0) {
        const char *here = s.ptr;

        if (is_white_space(next_code_point(&s))) {
            pending = len > 0;
            continue;
        }
        if (pending) {
            out[len++] = ' ';
            pending = false;
        }
        memcpy(out + len, here, (size_t)(s.ptr - here));
        len += (size_t)(s.ptr - here);
    }
    return (struct str){ .ptr = out, .len = len };
}

/* Decomposed first, as Unicode's caseless matching wants it: U+0345 is a mark, but folds to a
 * letter, so that marks have to be in their order before. Ignorable characters go before that: one
 * between two marks would keep them from their order, and names must not differ by it. */
struct str name_key(struct str text, struct arena *mem)
{
    struct str plain = transform(text, to_nfd_without_ignorable, mem);
    struct str folded = transform(plain, to_nfkc_casefold, mem);

    return squeeze_white_space(folded, mem);
}

static struct str make_slug(struct str text, struct arena *mem)
{
    struct str plain = transform(text, to_nfkd_without_marks, mem);
    char *slug = arena_alloc(mem, SLUG_MAX + 1);
    size_t len = 0;
    bool pending = false;

    for (size_t i = 0; i < plain.len && len < SLUG_MAX; i++) {
        char c = plain.ptr[i];

        if (c >= 'A' && c <= 'Z') {
            c = (char)(c + 32);
        }
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            pending = len > 0;
            continue;
        }
        if (pending && len + 1 == SLUG_MAX) {
            break; /* the cut would leave a '_' at the end */
        }
        if (pending) {
            slug[len++] = '_';
            pending = false;
        }
        slug[len++] = c;
    }
    return (struct str){ .ptr = slug, .len = len };
}

/* The fillers of Hangul are letters by category, but nothing that counts. */
static bool has_letter_or_digit(struct str text)
{
    while (text.len > 0) {
        const utf8proc_property_t *property = utf8proc_get_property(next_code_point(&text));

        switch (property->category) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_ND:
            if (!property->ignorable) {
                return true;
            }
            break;
        default:
            break;
        }
    }
    return false;
}

enum name_fault name_make(struct str raw, struct arena *mem, struct name *ret_name)
{
    struct oid id;
    struct str text;
    struct str slug;

    if (!str_is_utf8(raw) || (raw.len > 0 && memchr(raw.ptr, '\0', raw.len))) {
        return NAME_NOT_UTF8;
    }
    text = trim_white_space(raw);
    if (text.len == 0) {
        return NAME_EMPTY;
    }
    if (text_has_control(text)) {
        return NAME_CONTROL;
    }
    if (count_code_points(text) > RAW_MAX_CODE_POINTS) {
        return NAME_TOO_LONG;
    }
    text = transform(text, to_nfc, mem);
    if (count_code_points(text) > NAME_MAX_CODE_POINTS) {
        return NAME_TOO_LONG;
    }
    if (!has_letter_or_digit(text)) {
        return NAME_NO_LETTER;
    }
    slug = make_slug(text, mem);
    *ret_name = (struct name){
        .text = arena_str(mem, text),
        .key = name_key(text, mem),
        .slug = slug,
        .slug_is_hex = oid_parse(slug, &id),
    };
    return NAME_OK;
}

bool name_make_stored(struct str raw, struct arena *mem, struct name *ret_name)
{
    struct name name = { .text = raw, .breaks_rules = true };
    struct oid id;

    if (name_make(raw, mem, ret_name) == NAME_OK) {
        return true;
    }
    if (raw.len == 0 || raw.len > NAME_STORED_MAX_BYTES || !str_is_utf8(raw)) {
        return false;
    }
    name.key = name_key(raw, mem);
    if (name.key.len == 0 || text_has_control(name.key)) {
        return false;
    }
    name.slug = make_slug(raw, mem);
    name.slug_is_hex = oid_parse(name.slug, &id);
    *ret_name = name;
    return true;
}

static struct str trim_spaces(struct str text)
{
    while (text.len > 0 && text.ptr[0] == ' ') {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

/*
 * The key of a good name in printable ASCII: lower case, with spaces squeezed. That is what the general
 * way comes to, as normal forms leave ASCII as it is. False: not such a name.
 */
static bool make_ascii_key(struct str raw, struct arena *mem, struct str *ret_key)
{
    struct str text = trim_spaces(raw);
    char *key = arena_alloc(mem, text.len + 1);
    bool has_letter_or_digit = false;
    size_t len = 0;

    if (text.len > NAME_MAX_CODE_POINTS) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c < ' ' || c > '~') {
            return false;
        }
        if (c == ' ' && key[len - 1] == ' ') {
            continue;
        }
        c = (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        has_letter_or_digit |= (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        key[len++] = (char)c;
    }
    *ret_key = (struct str){ .ptr = key, .len = len };
    return has_letter_or_digit;
}

bool name_make_key(struct str raw, struct arena *mem, struct str *ret_key)
{
    struct name name;

    if (make_ascii_key(raw, mem, ret_key)) {
        return true;
    }
    if (name_make(raw, mem, &name) != NAME_OK) {
        return false;
    }
    *ret_key = name.key;
    return true;
}

enum email_fault email_make(struct str raw, struct arena *mem, struct str *ret_key)
{
    struct str rest = raw;
    const char *at;

    if (raw.len > EMAIL_MAX_BYTES) {
        return EMAIL_TOO_LONG;
    }
    if (raw.len == 0 || !str_is_utf8(raw)) {
        return EMAIL_FORM;
    }
    if (text_has_control(raw)) {
        return EMAIL_SPACE;
    }
    while (rest.len > 0) {
        if (is_white_space(next_code_point(&rest))) {
            return EMAIL_SPACE;
        }
    }
    at = memchr(raw.ptr, '@', raw.len);
    if (!at || at == raw.ptr || at == raw.ptr + raw.len - 1 ||
        memchr(at + 1, '@', raw.len - (size_t)(at + 1 - raw.ptr))) {
        return EMAIL_FORM;
    }
    *ret_key = transform(transform(raw, to_nfd, mem), to_casefold, mem);
    return EMAIL_OK;
}
