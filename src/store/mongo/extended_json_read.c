/*
 * JSON text to BSON in one pass and without a tree: each element is appended with type 0, then its
 * value, and then the type is put in. The scanner has judged the text before, so that nothing here can
 * fail but for the size, which is looked at once, at the end.
 */
#include "store/mongo/extended_json.h"

#include "store/mongo/bson_members.h"
#include "store/mongo/extended_json_read.h"
#include "json/json.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DECIMAL_BIAS 6176
#define TEN_TO_17 UINT64_C(100000000000000000)

__extension__ typedef unsigned __int128 wide_uint;

static locale_t c_locale;

static void make_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

double reading_real(const char *number)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make_locale);
    return c_locale ? strtod_l(number, NULL, c_locale) : strtod(number, NULL);
}

void reading_put_u8(struct reading *reading, uint8_t byte)
{
    buf_char(&reading->bson, (char)byte);
}

void reading_put_u32(struct reading *reading, uint32_t value)
{
    uint32_t little = BSON_UINT32_TO_LE(value);

    buf_append(&reading->bson, (const char *)&little, sizeof(little));
}

void reading_put_u64(struct reading *reading, uint64_t value)
{
    uint64_t little = BSON_UINT64_TO_LE(value);

    buf_append(&reading->bson, (const char *)&little, sizeof(little));
}

void reading_put_double(struct reading *reading, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    reading_put_u64(reading, bits);
}

/* Puts bytes where some are already. */
static void patch(struct reading *reading, size_t at, const void *bytes, size_t len)
{
    if (!buf_overflowed(&reading->bson)) {
        memcpy(reading->bson.ptr + at, bytes, len);
    }
}

size_t reading_open(struct reading *reading)
{
    size_t opened_at = reading->bson.len;

    reading_put_u32(reading, 0);
    return opened_at;
}

void reading_close(struct reading *reading, size_t opened_at, int32_t more_bytes)
{
    uint32_t len = (uint32_t)((int32_t)(reading->bson.len - opened_at) + more_bytes);
    uint32_t little = BSON_UINT32_TO_LE(len);

    patch(reading, opened_at, &little, sizeof(little));
}

const char *reading_put_cstring(struct reading *reading, const char *at)
{
    struct json_raw raw;
    const char *end = json_walk_string(at, &raw);

    json_walk_unescape(&raw, &reading->bson);
    reading_put_u8(reading, 0);
    return end;
}

const char *reading_put_string(struct reading *reading, const char *at)
{
    size_t opened_at = reading_open(reading);
    const char *end = reading_put_cstring(reading, at);

    reading_close(reading, opened_at, -(int32_t)sizeof(int32_t));
    return end;
}

static uint8_t read_value(struct reading *reading, const bson_iter_t *old);

/* A value behind the type and name of its element, which begins at element_at. */
static void read_element_value(struct reading *reading, size_t element_at, const bson_iter_t *old)
{
    uint8_t type = read_value(reading, old);

    patch(reading, element_at, &type, sizeof(type));
}

/* Whether it makes a difference what a value was before. */
static bool needs_old(char first)
{
    return first == '{' || first == '[' || first == '-' || (first >= '0' && first <= '9');
}

/* A member whose name ends before value_at. */
static void read_member(struct reading *reading, const struct json_raw *name, const char *value_at,
                        struct bson_members *old)
{
    size_t element_at = reading->bson.len;
    const char *unescaped;
    bson_iter_t before;
    bool had = false;

    reading_put_u8(reading, 0);
    json_walk_unescape(name, &reading->bson);
    reading_put_u8(reading, 0);
    if (buf_overflowed(&reading->bson)) {
        return;
    }
    unescaped = reading->bson.ptr + element_at + 1;
    if (needs_old(*value_at)) {
        had = bson_members_find(old, unescaped, &before);
    } else {
        (void)bson_members_pass(old, unescaped);
    }
    reading->at = value_at;
    read_element_value(reading, element_at, had ? &before : NULL);
}

/* From behind the opening bracket. Stops anywhere where the size is too large. */
static void read_members(struct reading *reading, struct bson_members *old, bool is_outermost)
{
    while (!buf_overflowed(&reading->bson) && json_walk_next(&reading->at)) {
        struct json_raw name;
        const char *value_at = json_walk_colon(json_walk_string(reading->at, &name));

        if (is_outermost && json_walk_is(&name, "_id")) {
            reading->at = json_walk_value(value_at);
            (void)bson_members_pass(old, "_id");
        } else {
            read_member(reading, &name, value_at, old);
        }
    }
}

static void read_document(struct reading *reading, const uint8_t *old, size_t old_len,
                          bool is_outermost)
{
    size_t opened_at = reading_open(reading);
    struct bson_members members;

    bson_members_init(&members, old, old_len);
    reading->at++;
    read_members(reading, &members, is_outermost);
    bson_members_done(&members);
    reading_put_u8(reading, 0);
    reading_close(reading, opened_at, 0);
}

void reading_document(struct reading *reading, const uint8_t *old, size_t old_len)
{
    read_document(reading, old, old_len, false);
}

/* From the opening bracket on; stops as read_members does. */
static void read_array(struct reading *reading, const bson_iter_t *old)
{
    size_t opened_at = reading_open(reading);
    bson_iter_t before;
    bool had = old && BSON_ITER_HOLDS_ARRAY(old) && bson_iter_recurse(old, &before);
    uint32_t index = 0;

    reading->at++;
    while (!buf_overflowed(&reading->bson) && json_walk_next(&reading->at)) {
        size_t element_at = reading->bson.len;
        char digits[sizeof("4294967295")];
        const char *name;
        size_t len = bson_uint32_to_string(index++, &name, digits, sizeof(digits));

        reading_put_u8(reading, 0);
        buf_append(&reading->bson, name, len + 1);
        had = had && bson_iter_next(&before);
        read_element_value(reading, element_at, had ? &before : NULL);
    }
    reading_put_u8(reading, 0);
    reading_close(reading, opened_at, 0);
}

static bool double_is(double value, int64_t number)
{
    const double limit = 9223372036854775808.0; /* 2 to the 63 */

    if (number == 0) {
        return value == 0 && !signbit(value);
    }
    return value >= -limit && value < limit && (double)(int64_t)value == value &&
           (int64_t)value == number;
}

/* By the bits of IEEE 754's decimal128: a sign, 14 of the exponent, 113 of the coefficient. */
static bool decimal_is(const bson_decimal128_t *decimal, int64_t number)
{
    bool is_special = (decimal->high >> 61 & 3) == 3; /* not finite, or one of no use to anybody */
    int exponent = (int)(decimal->high >> 49 & 0x3FFF) - DECIMAL_BIAS;
    wide_uint coefficient =
        (wide_uint)(decimal->high & UINT64_C(0x1FFFFFFFFFFFF)) << 64 | decimal->low;
    wide_uint rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    bool is_negative = decimal->high >> 63;

    if (is_special || is_negative != (number < 0) ||
        coefficient >= (wide_uint)TEN_TO_17 * TEN_TO_17) {
        return false;
    }
    if (number == 0 || coefficient == 0) {
        return number == 0 && coefficient == 0;
    }
    for (; exponent < 0; exponent++) {
        if (rest > coefficient) {
            return false;
        }
        rest *= 10;
    }
    for (; exponent > 0; exponent--) {
        if (rest % 10 != 0) {
            return false;
        }
        rest /= 10;
    }
    return rest == coefficient;
}

/* An integer in the type that it had where it was the same number, else in the smallest. */
static uint8_t put_integer(struct reading *reading, int64_t number, const bson_iter_t *old)
{
    bson_type_t had = old ? bson_iter_type(old) : BSON_TYPE_EOD;
    bson_decimal128_t decimal;

    if (had == BSON_TYPE_DOUBLE && double_is(bson_iter_double(old), number)) {
        reading_put_double(reading, bson_iter_double(old));
        return BSON_TYPE_DOUBLE;
    }
    if (had == BSON_TYPE_DECIMAL128 && bson_iter_decimal128(old, &decimal) &&
        decimal_is(&decimal, number)) {
        reading_put_u64(reading, decimal.low);
        reading_put_u64(reading, decimal.high);
        return BSON_TYPE_DECIMAL128;
    }
    if (number < INT32_MIN || number > INT32_MAX ||
        (had == BSON_TYPE_INT64 && bson_iter_int64(old) == number)) {
        reading_put_u64(reading, (uint64_t)number);
        return BSON_TYPE_INT64;
    }
    reading_put_u32(reading, (uint32_t)number);
    return BSON_TYPE_INT32;
}

/* The digits of an integer are within 64 bits, says the scanner; those of a real may overflow here. */
static uint8_t read_number(struct reading *reading, const bson_iter_t *old)
{
    const char *begin = reading->at;
    bool is_negative = *begin == '-';
    const char *at = begin + is_negative;
    uint64_t number = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint64_t)(*at - '0');
    }
    if (*at == '.' || *at == 'e' || *at == 'E') {
        reading->at = json_walk_value(at);
        reading_put_double(reading, reading_real(begin));
        return BSON_TYPE_DOUBLE;
    }
    reading->at = at;
    return put_integer(reading, (int64_t)(is_negative ? 0 - number : number), old);
}

static uint8_t read_object(struct reading *reading, const bson_iter_t *old)
{
    const uint8_t *data = NULL;
    uint32_t len = 0;
    uint8_t type;

    if (reading_form(reading, old, &type)) {
        return type;
    }
    if (old && BSON_ITER_HOLDS_DOCUMENT(old)) {
        bson_iter_document(old, &len, &data);
    }
    read_document(reading, data, len, false);
    return BSON_TYPE_DOCUMENT;
}

/* Returns the type. Recurses as deep as the text, which is JSON_DEPTH_MAX. old: NULL, or the element
 * at the same place. */
static uint8_t read_value(struct reading *reading, const bson_iter_t *old)
{
    char first = *reading->at;

    switch (first) {
    case '{':
        return read_object(reading, old);
    case '[':
        read_array(reading, old);
        return BSON_TYPE_ARRAY;
    case '"':
        reading->at = reading_put_string(reading, reading->at);
        return BSON_TYPE_UTF8;
    case 't':
    case 'f':
        reading->at += first == 't' ? strlen("true") : strlen("false");
        reading_put_u8(reading, first == 't');
        return BSON_TYPE_BOOL;
    case 'n':
        reading->at += strlen("null");
        return BSON_TYPE_NULL;
    default:
        return read_number(reading, old);
    }
}

/* Appends what was read to the caller's BSON, as far as that has room. */
static enum status hand_over(const struct reading *reading, bson_t *ret_bson, struct err *err)
{
    bson_t members;

    if (buf_overflowed(&reading->bson)) {
        return err_set(err, ST_TOO_LARGE, "A document has at most %zu bytes as BSON",
                       BSON_BYTES_MAX);
    }
    if (!bson_init_static(&members, (const uint8_t *)reading->bson.ptr, reading->bson.len) ||
        !bson_concat(ret_bson, &members)) {
        return err_set(err, ST_BROKEN, "libbson refuses a document");
    }
    return ST_OK;
}

enum status extended_json_read(struct str text, const bson_t *old, bson_t *ret_bson,
                               struct err *err)
{
    struct reading reading = { .old = NULL };
    const char *why;
    size_t offset;
    enum status status;

    if (!json_scan(text, &offset, &why)) {
        return err_set(err, ST_BROKEN, "a document is no JSON at byte %zu: %s", offset, why);
    }
    reading.at = json_walk_white(text.ptr);
    if (*reading.at != '{') {
        return err_set(err, ST_BROKEN, "a document is no JSON object");
    }
    /* Its own length and its NUL are not counted twice. */
    buf_init(&reading.bson,
             ret_bson->len < BSON_BYTES_MAX ? BSON_BYTES_MAX - ret_bson->len + 5 : 0);
    buf_init(&reading.unescaped, text.len + 1);
    read_document(&reading, old ? bson_get_data(old) : NULL, old ? old->len : 0, true);
    status = hand_over(&reading, ret_bson, err);
    buf_done(&reading.unescaped);
    buf_done(&reading.bson);
    return status;
}
