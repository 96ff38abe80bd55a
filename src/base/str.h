/*
 * A string that somebody else owns: bytes and their number. Not ended by NUL unless a function says
 * so; what an arena makes (arena_str, arena_printf) always is.
 */
#ifndef ORGD_BASE_STR_H
#define ORGD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

/* A string literal as a struct str. */
#define STR(literal) ((struct str){ .ptr = (literal), .len = sizeof(literal) - 1 })

/* printf's "%.*s" takes these two. */
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline struct str str_of(const char *text)
{
    return (struct str){ .ptr = text, .len = text ? strlen(text) : 0 };
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
    return str_equal(a, str_of(text));
}

/* Order by bytes, a prefix first: below 0, 0, above 0. */
static inline int str_compare(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

/* The value of a hexadecimal digit of either case; -1 for any other character. */
static inline int str_hex_value(int c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* ASCII only: equal but for the case of letters, as HTTP compares header names. */
bool str_equal_nocase(struct str a, struct str b);

/* Whether all bytes are below 0x80. */
bool str_is_ascii(struct str s);

/* Whether a byte is one of ASCII's control characters (below ' ', or DEL). */
bool str_has_control(struct str s);

/* Whether the bytes are well-formed UTF-8 (no surrogates, nothing overlong, at most U+10FFFF). */
bool str_is_utf8(struct str s);

/* The bytes without spaces and tabs at the ends. */
struct str str_trim_blanks(struct str s);

#endif
