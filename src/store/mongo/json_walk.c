/* Skipping and unescaping JSON that is known to be valid. */
#include "store/mongo/json_walk.h"

#include "base/buf.h"

#include <string.h>

const char *json_walk_string(const char *at, struct json_raw *ret_raw)
{
    const char *begin = ++at;
    bool has_escapes = false;

    while (*at != '"') {
        if (*at == '\\') {
            has_escapes = true;
            at++;
        }
        at++;
    }
    ret_raw->text = (struct str){ .ptr = begin, .len = (size_t)(at - begin) };
    ret_raw->has_escapes = has_escapes;
    return at + 1;
}

const char *json_walk_value(const char *at)
{
    struct json_raw raw;
    int depth = 0;

    do {
        switch (*at) {
        case '"':
            at = json_walk_string(at, &raw);
            break;
        case '{':
        case '[':
            depth++;
            at++;
            break;
        case '}':
        case ']':
            depth--;
            at++;
            break;
        default: /* a byte of a number or a word; or, in a container, between its values */
            at++;
            while (depth == 0 && !strchr(" \n\r\t,}]", *at)) {
                at++;
            }
            break;
        }
    } while (depth > 0);
    return at;
}

bool json_walk_next(const char **at)
{
    const char *next = json_walk_white(*at);

    if (*next == ',') {
        next = json_walk_white(next + 1);
    }
    if (*next == '}' || *next == ']') {
        *at = next + 1;
        return false;
    }
    *at = next;
    return true;
}

static unsigned unit_at(const char *digits)
{
    unsigned unit = 0;

    for (int i = 0; i < 4; i++) {
        unit = unit << 4 | (unsigned)str_hex_value(digits[i]);
    }
    return unit;
}

/* From behind the backslash; returns what stands behind the escape. */
static const char *read_escape(const char *at, unsigned *ret_code_point)
{
    static const char letters[] = "bfnrt";
    static const char meant[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, *at);

    if (*at != 'u') {
        *ret_code_point = (unsigned char)(letter ? meant[letter - letters] : *at);
        return at + 1;
    }
    *ret_code_point = unit_at(at + 1);
    at += 5;
    if (*ret_code_point >= 0xD800 && *ret_code_point <= 0xDBFF) {
        *ret_code_point = 0x10000 + ((*ret_code_point - 0xD800) << 10) + (unit_at(at + 2) - 0xDC00);
        at += 6;
    }
    return at;
}

static size_t put_utf8(unsigned code_point, char ret_bytes[4])
{
    size_t len = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char firsts[] = { 0, 0, 0xC0, 0xE0, 0xF0 };

    for (size_t i = len - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (code_point & 0x3F));
        code_point >>= 6;
    }
    ret_bytes[0] = (char)(firsts[len] | code_point);
    return len;
}

void json_walk_unescape(const struct json_raw *raw, struct buf *out)
{
    const char *at = raw->text.ptr;
    const char *end = at + raw->text.len;

    if (!raw->has_escapes) {
        buf_str(out, raw->text);
        return;
    }
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        const char *plain_end = escape ? escape : end;

        buf_append(out, at, (size_t)(plain_end - at));
        at = plain_end;
        if (escape) {
            unsigned code_point;
            char bytes[4];

            at = read_escape(escape + 1, &code_point);
            buf_append(out, bytes, put_utf8(code_point, bytes));
        }
    }
}

bool json_walk_is(const struct json_raw *raw, const char *text)
{
    const char *at = raw->text.ptr;
    const char *end = at + raw->text.len;

    if (!raw->has_escapes) {
        return str_is(raw->text, text);
    }
    for (; at < end && *text; text++) {
        unsigned code_point = (unsigned char)*at;

        at = *at == '\\' ? read_escape(at + 1, &code_point) : at + 1;
        if (code_point != (unsigned char)*text) {
            return false;
        }
    }
    return at == end && !*text;
}
