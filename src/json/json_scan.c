/*
 * The strict scanner: says of any bytes whether they are a JSON text, and if not, where and why.
 *
 * It runs before jansson on everything from outside: it is what bounds the depth before anything
 * recurses, and what knows the exact byte that can't continue, which jansson's lookahead doesn't.
 * Open containers are a stack of bits in one word, the innermost lowest: 1 an object, 0 an array.
 */
#include "json/json.h"
#include "json/number.h"
#include "json/plain.h"

#include <assert.h>
#include <stdint.h>

struct scan {
    const char *at; /* the byte looked at */
    const char *end;
    const char *why;
    uint64_t objects; /* the stack: a bit for each level */
    int depth;
    int depth_max;
};

static const char too_early[] = "The text ends too early";

/* The byte looked at, or -1 at the end. */
static inline int peek(const struct scan *scan)
{
    return scan->at < scan->end ? (unsigned char)*scan->at : -1;
}

static bool fail(struct scan *scan, const char *why)
{
    scan->why = scan->at == scan->end ? too_early : why;
    return false;
}

static inline bool is_white(int c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline void skip_white(struct scan *scan)
{
    while (is_white(peek(scan))) {
        scan->at++;
    }
}

static inline bool skip_digits(struct scan *scan)
{
    if (!json_is_digit(peek(scan))) {
        return fail(scan, "A digit is expected");
    }
    do {
        scan->at++;
    } while (json_is_digit(peek(scan)));
    return true;
}

static bool skip_word(struct scan *scan, const char *word)
{
    for (; *word; word++) {
        if (peek(scan) != *word) {
            return fail(scan, "Neither true, false nor null");
        }
        scan->at++;
    }
    return true;
}

static bool scan_number(struct scan *scan)
{
    bool negative = peek(scan) == '-';
    const char *digits = scan->at + negative;
    bool is_real = false;
    struct str number;
    bool fits;

    scan->at = digits;
    if (peek(scan) == '0') {
        scan->at++;
    } else if (!skip_digits(scan)) {
        return false;
    }
    if (peek(scan) == '.') {
        is_real = true;
        scan->at++;
        if (!skip_digits(scan)) {
            return false;
        }
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        is_real = true;
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-') {
            scan->at++;
        }
        if (!skip_digits(scan)) {
            return false;
        }
    }
    number = (struct str){ .ptr = digits, .len = (size_t)(scan->at - digits) };
    fits = is_real ? json_real_fits(number) : json_integer_fits(number, negative);
    if (!fits) {
        scan->why = is_real ? "The number is beyond a double" : "The integer is outside 64 bits";
    }
    return fits;
}

/*
 * Why no UTF-16 unit that may stand here begins with these hex digits, or NULL: a low surrogate
 * stands behind a high one and nowhere else, and NUL nowhere.
 */
static const char *unit_refused(unsigned digits, int count, bool low)
{
    unsigned first_two = count >= 2 ? digits >> (4 * (count - 2)) : 0;
    bool looks_low = first_two >= 0xDC && first_two <= 0xDF;

    if (low) {
        bool begins_low = count == 1 ? digits == 0xD : looks_low;

        return begins_low ? NULL : "A high surrogate without its low one";
    }
    if (looks_low) {
        return "A low surrogate without its high one";
    }
    return count == 4 && digits == 0 ? "NUL is not allowed" : NULL;
}

/* The four hex digits of an escape. */
static bool scan_unit(struct scan *scan, bool low, unsigned *ret_unit)
{
    unsigned unit = 0;

    for (int count = 1; count <= 4; count++) {
        int digit = str_hex_value(peek(scan));
        const char *why;

        if (digit < 0) {
            return fail(scan, "A hexadecimal digit is expected");
        }
        unit = unit << 4 | (unsigned)digit;
        why = unit_refused(unit, count, low);
        if (why) {
            return fail(scan, why);
        }
        scan->at++;
    }
    *ret_unit = unit;
    return true;
}

/* From behind the backslash. */
static bool scan_escape(struct scan *scan)
{
    unsigned unit;

    switch (peek(scan)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        scan->at++;
        return true;
    case 'u':
        scan->at++;
        break;
    default:
        return fail(scan, "No such escape");
    }
    if (!scan_unit(scan, false, &unit)) {
        return false;
    }
    if (unit < 0xD800 || unit > 0xDBFF) {
        return true;
    }
    for (const char *next = "\\u"; *next; next++) {
        if (peek(scan) != *next) {
            return fail(scan, "A high surrogate without its low one");
        }
        scan->at++;
    }
    return scan_unit(scan, true, &unit);
}

/* One character of two to four bytes, by the table of well-formed sequences in the Unicode
 * standard: only the second byte's range depends on the first. */
static bool scan_utf8(struct scan *scan)
{
    static const char why[] = "Invalid UTF-8";
    int first = peek(scan);
    int least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    int greatest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;

    if (first < 0xC2 || first > 0xF4) {
        return fail(scan, why);
    }
    for (scan->at++; more > 0; more--, scan->at++) {
        if (peek(scan) < least || peek(scan) > greatest) {
            return fail(scan, why);
        }
        least = 0x80;
        greatest = 0xBF;
    }
    return true;
}

/* From behind the opening quote. */
static bool scan_string(struct scan *scan)
{
    for (;;) {
        int c;

        scan->at += json_plain_run(scan->at, (size_t)(scan->end - scan->at), false);
        c = peek(scan);
        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c == '\\') {
            scan->at++;
            if (!scan_escape(scan)) {
                return false;
            }
        } else if (c >= 0x80) {
            if (!scan_utf8(scan)) {
                return false;
            }
        } else {
            return fail(scan, "A control character in a string");
        }
    }
}

/* A member's name and its colon. */
static bool scan_name(struct scan *scan)
{
    skip_white(scan);
    if (peek(scan) != '"') {
        return fail(scan, "A member's name in quotes is expected");
    }
    scan->at++;
    if (!scan_string(scan)) {
        return false;
    }
    skip_white(scan);
    if (peek(scan) != ':') {
        return fail(scan, "A colon is expected");
    }
    scan->at++;
    return true;
}

static bool scan_scalar(struct scan *scan)
{
    int c = peek(scan);

    switch (c) {
    case '"':
        scan->at++;
        return scan_string(scan);
    case 't':
        return skip_word(scan, "true");
    case 'f':
        return skip_word(scan, "false");
    case 'n':
        return skip_word(scan, "null");
    default:
        if (c == '-' || json_is_digit(c)) {
            return scan_number(scan);
        }
        return fail(scan, "A value is expected");
    }
}

/* A value as far as it goes without coming back: opening brackets, then a scalar or an empty
 * container. */
static bool scan_down(struct scan *scan)
{
    for (;;) {
        bool is_object;

        skip_white(scan);
        is_object = peek(scan) == '{';
        if (!is_object && peek(scan) != '[') {
            return scan_scalar(scan);
        }
        if (scan->depth == scan->depth_max) {
            return fail(scan, "Nested too deeply");
        }
        scan->at++;
        skip_white(scan);
        if (peek(scan) == (is_object ? '}' : ']')) {
            scan->at++;
            return true;
        }
        scan->objects = scan->objects << 1 | is_object;
        scan->depth++;
        if (is_object && !scan_name(scan)) {
            return false;
        }
    }
}

/* What may follow a value: closing brackets, then a comma (and a name), or the end of the text. */
static bool scan_up(struct scan *scan, bool *ret_more)
{
    for (;;) {
        bool in_object = scan->objects & 1;

        skip_white(scan);
        if (scan->depth == 0) {
            *ret_more = false;
            return scan->at == scan->end || fail(scan, "Nothing may follow the value");
        }
        if (peek(scan) == ',') {
            scan->at++;
            *ret_more = true;
            return !in_object || scan_name(scan);
        }
        if (peek(scan) != (in_object ? '}' : ']')) {
            return fail(scan, in_object ? "A comma or } is expected" : "A comma or ] is expected");
        }
        scan->at++;
        scan->objects >>= 1;
        scan->depth--;
    }
}

bool json_scan(struct str text, size_t *ret_offset, const char **ret_why)
{
    return json_scan_within(text, JSON_DEPTH_MAX, ret_offset, ret_why);
}

bool json_scan_within(struct str text, int depth_max, size_t *ret_offset, const char **ret_why)
{
    const char *begin = text.len > 0 ? text.ptr : "";
    struct scan scan = { .at = begin, .end = begin + text.len, .depth_max = depth_max };
    bool more = true;

    assert(depth_max >= 1 && depth_max <= 64);

    while (more) {
        if (!scan_down(&scan) || !scan_up(&scan, &more)) {
            *ret_offset = (size_t)(scan.at - begin);
            *ret_why = scan.why;
            return false;
        }
    }
    return true;
}

bool json_is_blank(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_white(text.ptr[i])) {
            return false;
        }
    }
    return true;
}
