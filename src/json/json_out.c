/* Writing JSON: punctuation by a bit for each level, strings by runs of bytes that need no
 * escape. */
#include "json/json_out.h"

#include "json/plain.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LEVELS_MAX 64    /* the bits of json_out.is_object */
#define DIGITS_ENOUGH 17 /* of a decimal, to tell every double from every other */
#define NUMBER_SIZE 40   /* more than %.17g can take, and than gcc can imagine */

void json_out_init(struct json_out *out, struct buf *buf)
{
    *out = (struct json_out){ .buf = buf, .first = true };
}

static void open_container(struct json_out *out, bool is_object)
{
    uint64_t bit;

    json_out_begin_value(out);
    assert(out->depth < LEVELS_MAX);
    bit = UINT64_C(1) << out->depth;
    out->is_object = is_object ? out->is_object | bit : out->is_object & ~bit;
    out->depth++;
    out->first = true;
    buf_char(out->buf, is_object ? '{' : '[');
}

void json_out_object(struct json_out *out)
{
    open_container(out, true);
}

void json_out_array(struct json_out *out)
{
    open_container(out, false);
}

void json_out_end(struct json_out *out)
{
    assert(out->depth > 0 && !out->after_key);
    buf_char(out->buf, json_out_in_object(out) ? '}' : ']');
    out->depth--;
    out->first = false;
}

static void append_escape(struct buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
    };
    char escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

    if (c < sizeof(shorts) && !shorts[c]) {
        buf_append(buf, escape, sizeof(escape));
        return;
    }
    escape[1] = c < sizeof(shorts) ? shorts[c] : (char)c;
    buf_append(buf, escape, 2);
}

static void append_quoted(struct buf *buf, struct str s)
{
    size_t at = 0;

    if (json_is_plain(s)) {
        json_out_quoted(buf, STR("\""), s, STR("\""));
        return;
    }
    buf_char(buf, '"');
    while (at < s.len) {
        size_t run = json_plain_run(s.ptr + at, s.len - at, true);

        buf_append(buf, s.ptr + at, run);
        at += run;
        if (at < s.len) {
            append_escape(buf, (unsigned char)s.ptr[at++]);
        }
    }
    buf_char(buf, '"');
}

static void begin_key(struct json_out *out)
{
    assert(json_out_in_object(out) && !out->after_key);
    if (!out->first) {
        buf_char(out->buf, ',');
    }
    out->first = false;
    out->after_key = true;
}

void json_out_key_str(struct json_out *out, struct str key)
{
    begin_key(out);
    append_quoted(out->buf, key);
    buf_char(out->buf, ':');
}

void json_out_str(struct json_out *out, struct str s)
{
    json_out_begin_value(out);
    append_quoted(out->buf, s);
}

void json_out_raw(struct json_out *out, struct str json)
{
    json_out_begin_value(out);
    buf_str(out->buf, json);
}

void json_out_bool(struct json_out *out, bool value)
{
    json_out_raw(out, value ? STR("true") : STR("false"));
}

void json_out_null(struct json_out *out)
{
    json_out_raw(out, STR("null"));
}

void json_out_int(struct json_out *out, int64_t value)
{
    json_out_begin_value(out);
    buf_int(out->buf, value);
}

/*
 * The fewest digits that give the same double again. 15 digits survive the way through a normal
 * double, so that fewer are found by them too (%g drops zeros at the end); one below DBL_MIN may
 * need but one.
 */
static void shortest(double value, char ret_text[NUMBER_SIZE])
{
    int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;

    do {
        (void)snprintf(ret_text, NUMBER_SIZE, "%.*g", digits, value);
    } while (digits++ < DIGITS_ENOUGH && strtod(ret_text, NULL) != value);
}

/* What printf made, in our form: a point whatever the locale's is (it may have several bytes), the
 * exponent without + and leading zeros, and never the look of an integer. */
void json_out_real(struct json_out *out, double value)
{
    char printed[NUMBER_SIZE];
    char text[NUMBER_SIZE + sizeof(".0")];
    const char *from = printed;
    size_t len = 0;
    bool looks_real = false;

    assert(isfinite(value));
    shortest(value, printed);
    while (*from) {
        if (*from == '-' || (*from >= '0' && *from <= '9')) {
            text[len++] = *from++;
            continue;
        }
        looks_real = true;
        if (*from == 'e') {
            text[len++] = 'e';
            from++;
            if (*from == '-') {
                text[len++] = '-';
            }
            from += strspn(from, "+-0");
        } else {
            text[len++] = '.';
            from += strcspn(from, "0123456789");
        }
    }
    if (!looks_real) {
        text[len++] = '.';
        text[len++] = '0';
    }
    json_out_raw(out, (struct str){ .ptr = text, .len = len });
}

static void out_members(struct json_out *out, json_t *object)
{
    const char *key;
    json_t *member;

    json_out_object(out);
    json_object_foreach(object, key, member)
    {
        json_out_key(out, key);
        json_out_value(out, member);
    }
    json_out_end(out);
}

static void out_elements(struct json_out *out, const json_t *array)
{
    size_t count = json_array_size(array);

    json_out_array(out);
    for (size_t i = 0; i < count; i++) {
        json_out_value(out, json_array_get(array, i));
    }
    json_out_end(out);
}

/* Recurses as deep as the tree, which is JSON_DEPTH_MAX for what came through json_parse. */
void json_out_value(struct json_out *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        out_members(out,
                    (json_t *)value); /* jansson's iterators take no const; nothing is changed */
        break;
    case JSON_ARRAY:
        out_elements(out, value);
        break;
    case JSON_STRING:
        json_out_str(
            out, (struct str){ .ptr = json_string_value(value), .len = json_string_length(value) });
        break;
    case JSON_INTEGER:
        json_out_int(out, json_integer_value(value));
        break;
    case JSON_REAL:
        json_out_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_out_bool(out, json_is_true(value));
        break;
    case JSON_NULL:
        json_out_null(out);
        break;
    }
}
