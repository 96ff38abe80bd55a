/*
 * The types that JSON lacks, each by the form that Extended JSON gives it: a row for each. A form is an
 * object with exactly the members of its row, in any order, each beginning as its type does; the row's
 * function judges the values and appends what BSON has for them.
 */
#include "store/mongo/extended_json_read.h"

#include "base/oid.h"

#include <string.h>

#define MEMBERS_MAX 2

struct form {
    const char *names[MEMBERS_MAX]; /* the second may be NULL */
    char begins[MEMBERS_MAX + 1];   /* each value's first byte; 1: an integer, or the form of one */
    uint8_t type;
    /* false: the values are not this type's, and what was appended doesn't count */
    bool (*put)(struct reading *reading, const char *const values[MEMBERS_MAX]);
};

static bool begins_as(char expected, char first)
{
    if (expected == '1') {
        return first == '-' || first == '{' || (first >= '0' && first <= '9');
    }
    return first == expected;
}

static size_t index_of(const struct form *form, const struct json_raw *name)
{
    size_t i = 0;

    while (i < MEMBERS_MAX && form->names[i] && !json_walk_is(name, form->names[i])) {
        i++;
    }
    return i < MEMBERS_MAX && form->names[i] ? i : MEMBERS_MAX;
}

/* The values of an object that has the members of a form and no others; returns what stands behind it,
 * or NULL. No value is gone through that couldn't be its type's. */
static const char *take_members(const char *at, const struct form *form,
                                const char *ret_values[MEMBERS_MAX])
{
    size_t count = 0;

    ret_values[0] = NULL;
    ret_values[1] = NULL;
    at++;
    while (json_walk_next(&at)) {
        struct json_raw name;
        size_t i;

        at = json_walk_colon(json_walk_string(at, &name));
        i = index_of(form, &name);
        if (i == MEMBERS_MAX || ret_values[i] || !begins_as(form->begins[i], *at)) {
            return NULL;
        }
        ret_values[i] = at;
        at = json_walk_value(at);
        count++;
    }
    return count == strlen(form->begins) ? at : NULL;
}

/* What a string says, until the next call. */
static struct str text_of(struct reading *reading, const char *at)
{
    struct json_raw raw;

    (void)json_walk_string(at, &raw);
    if (!raw.has_escapes) {
        return raw.text;
    }
    buf_clear(&reading->unescaped);
    json_walk_unescape(&raw, &reading->unescaped);
    return buf_view(&reading->unescaped);
}

/* The integer in the form of an int32 or an int64. */
static bool int_of_form(struct reading *reading, const char *at, const char *name,
                        int64_t *ret_number)
{
    const struct form form = { .names = { name }, .begins = "\"" };
    const char *values[MEMBERS_MAX];

    return take_members(at, &form, values) &&
           reading_int64(text_of(reading, values[0]), ret_number);
}

static bool is_int32(int64_t number)
{
    return number >= INT32_MIN && number <= INT32_MAX;
}

/* An integer in a form, itself in one of the two that canonical text has for it or not. */
static bool int_of_value(struct reading *reading, const char *at, int64_t *ret_number)
{
    if (*at == '{') {
        return (int_of_form(reading, at, "$numberInt", ret_number) && is_int32(*ret_number)) ||
               int_of_form(reading, at, "$numberLong", ret_number);
    }
    return reading_int64((struct str){ .ptr = at, .len = (size_t)(json_walk_value(at) - at) },
                         ret_number);
}

static bool put_oid(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    struct oid oid;

    if (!oid_parse(text_of(reading, values[0]), &oid)) {
        return false;
    }
    buf_append(&reading->bson, (const char *)oid.bytes, sizeof(oid.bytes));
    return true;
}

static bool put_date_text(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    int64_t ms;

    if (!reading_date(text_of(reading, values[0]), &ms)) {
        return false;
    }
    reading_put_u64(reading, (uint64_t)ms);
    return true;
}

static bool put_date_number(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    int64_t ms;

    if (!int_of_form(reading, values[0], "$numberLong", &ms)) {
        return false;
    }
    reading_put_u64(reading, (uint64_t)ms);
    return true;
}

static bool put_int32(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    int64_t number;

    if (!reading_int64(text_of(reading, values[0]), &number) || !is_int32(number)) {
        return false;
    }
    reading_put_u32(reading, (uint32_t)number);
    return true;
}

static bool put_int64(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    int64_t number;

    if (!reading_int64(text_of(reading, values[0]), &number)) {
        return false;
    }
    reading_put_u64(reading, (uint64_t)number);
    return true;
}

static bool put_double(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    double number;

    if (!reading_double(text_of(reading, values[0]), &number)) {
        return false;
    }
    reading_put_double(reading, number);
    return true;
}

static bool put_decimal(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    bson_decimal128_t decimal;

    if (!reading_decimal(text_of(reading, values[0]), &decimal)) {
        return false;
    }
    reading_put_u64(reading, decimal.low);
    reading_put_u64(reading, decimal.high);
    return true;
}

/* A length, the subtype, the bytes; these begin with a length of their own in the old subtype. */
static bool put_binary(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    static const struct form inner = { .names = { "base64", "subType" }, .begins = "\"\"" };
    const char *parts[MEMBERS_MAX];
    uint8_t subtype;
    size_t opened_at;
    size_t again_at = 0;

    if (!take_members(values[0], &inner, parts) ||
        !reading_subtype(text_of(reading, parts[1]), &subtype)) {
        return false;
    }
    opened_at = reading_open(reading);
    reading_put_u8(reading, subtype);
    if (subtype == BSON_SUBTYPE_BINARY_DEPRECATED) {
        again_at = reading_open(reading);
    }
    if (!reading_base64(text_of(reading, parts[0]), &reading->bson)) {
        return false;
    }
    if (subtype == BSON_SUBTYPE_BINARY_DEPRECATED) {
        reading_close(reading, again_at, -(int32_t)sizeof(int32_t));
    }
    reading_close(reading, opened_at, -(int32_t)sizeof(int32_t) - 1);
    return true;
}

static bool put_uuid(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    uint8_t bytes[UUID_BYTES];

    if (!reading_uuid(text_of(reading, values[0]), bytes)) {
        return false;
    }
    reading_put_u32(reading, UUID_BYTES);
    reading_put_u8(reading, BSON_SUBTYPE_UUID);
    buf_append(&reading->bson, (const char *)bytes, sizeof(bytes));
    return true;
}

static bool put_timestamp(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    static const struct form inner = { .names = { "t", "i" }, .begins = "11" };
    const char *parts[MEMBERS_MAX];
    int64_t seconds;
    int64_t increment;

    if (!take_members(values[0], &inner, parts) || !int_of_value(reading, parts[0], &seconds) ||
        !int_of_value(reading, parts[1], &increment) || seconds < 0 || seconds > UINT32_MAX ||
        increment < 0 || increment > UINT32_MAX) {
        return false;
    }
    reading_put_u32(reading, (uint32_t)increment);
    reading_put_u32(reading, (uint32_t)seconds);
    return true;
}

static bool put_expression(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    static const struct form inner = { .names = { "pattern", "options" }, .begins = "\"\"" };
    const char *parts[MEMBERS_MAX];

    if (!take_members(values[0], &inner, parts)) {
        return false;
    }
    (void)reading_put_cstring(reading, parts[0]);
    return reading_options(text_of(reading, parts[1]), &reading->bson);
}

static bool put_pointer(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    static const struct form inner = { .names = { "$ref", "$id" }, .begins = "\"{" };
    static const struct form id = { .names = { "$oid" }, .begins = "\"" };
    const char *parts[MEMBERS_MAX];
    const char *ids[MEMBERS_MAX];

    if (!take_members(values[0], &inner, parts) || !take_members(parts[1], &id, ids)) {
        return false;
    }
    (void)reading_put_string(reading, parts[0]);
    return put_oid(reading, ids);
}

/* Code and symbol. */
static bool put_string(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    (void)reading_put_string(reading, values[0]);
    return true;
}

static bool put_code_with_scope(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    size_t opened_at = reading_open(reading);
    const uint8_t *scope = NULL;
    uint32_t scope_len = 0;
    uint32_t len;

    if (reading->old && BSON_ITER_HOLDS_CODEWSCOPE(reading->old)) {
        (void)bson_iter_codewscope(reading->old, &len, &scope_len, &scope);
    }
    (void)reading_put_string(reading, values[0]);
    reading->at = values[1];
    reading_document(reading, scope, scope_len);
    reading_close(reading, opened_at, 0);
    return true;
}

/* The first and the last of all keys. */
static bool put_end_key(struct reading *reading, const char *const values[MEMBERS_MAX])
{
    int64_t number;

    return int_of_value(reading, values[0], &number) && number == 1;
}

static bool put_nothing(struct reading *reading __attribute__((unused)),
                        const char *const values[MEMBERS_MAX] __attribute__((unused)))
{
    return true;
}

static const struct form forms[] = {
    { { "$oid" }, "\"", BSON_TYPE_OID, put_oid },
    { { "$date" }, "\"", BSON_TYPE_DATE_TIME, put_date_text },
    { { "$date" }, "{", BSON_TYPE_DATE_TIME, put_date_number },
    { { "$numberInt" }, "\"", BSON_TYPE_INT32, put_int32 },
    { { "$numberLong" }, "\"", BSON_TYPE_INT64, put_int64 },
    { { "$numberDouble" }, "\"", BSON_TYPE_DOUBLE, put_double },
    { { "$numberDecimal" }, "\"", BSON_TYPE_DECIMAL128, put_decimal },
    { { "$binary" }, "{", BSON_TYPE_BINARY, put_binary },
    { { "$uuid" }, "\"", BSON_TYPE_BINARY, put_uuid },
    { { "$timestamp" }, "{", BSON_TYPE_TIMESTAMP, put_timestamp },
    { { "$regularExpression" }, "{", BSON_TYPE_REGEX, put_expression },
    { { "$dbPointer" }, "{", BSON_TYPE_DBPOINTER, put_pointer },
    { { "$symbol" }, "\"", BSON_TYPE_SYMBOL, put_string },
    { { "$code" }, "\"", BSON_TYPE_CODE, put_string },
    { { "$code", "$scope" }, "\"{", BSON_TYPE_CODEWSCOPE, put_code_with_scope },
    { { "$undefined" }, "t", BSON_TYPE_UNDEFINED, put_nothing },
    { { "$minKey" }, "1", BSON_TYPE_MINKEY, put_end_key },
    { { "$maxKey" }, "1", BSON_TYPE_MAXKEY, put_end_key },
};

bool reading_form(struct reading *reading, const bson_iter_t *old, uint8_t *ret_type)
{
    const char *first = json_walk_white(reading->at + 1);
    size_t len = reading->bson.len;

    /* All names begin with $, which an escape may stand for. */
    if (first[0] != '"' || (first[1] != '$' && first[1] != '\\')) {
        return false;
    }
    reading->old = old;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        const char *values[MEMBERS_MAX];
        const char *end = take_members(reading->at, &forms[i], values);

        if (end && forms[i].put(reading, values)) {
            reading->at = end;
            *ret_type = forms[i].type;
            return true;
        }
        reading->bson.len = len;
    }
    return false;
}
