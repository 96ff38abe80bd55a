/*
 * Fuzzes store/mongo/extended_json with any bytes, once as text and once as BSON: what comes back from
 * there is the same, but for what the header names.
 */
#include "base/buf.h"
#include "store/mongo/extended_json.h"
#include "json/json.h"
#include "json/json_out.h"

#include "must.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A document as the rules for documents hand it to the store; false where it is none. */
static bool make_document(struct str text, struct buf *out, json_t **ret_body)
{
    struct json_out json;
    const char *key;
    json_t *value;
    json_t *body = NULL;

    if (json_parse(text, &body, NULL) != ST_OK || !json_is_object(body)) {
        json_decref(body);
        return false;
    }
    json_out_init(&json, out);
    json_out_object(&json);
    json_out_key(&json, "_id");
    json_out_text(&json, "id");
    json_object_foreach(body, key, value)
    {
        if (strcmp(key, "_id") != 0) {
            json_out_key(&json, key);
            json_out_value(&json, value);
        }
    }
    json_out_end(&json);
    *ret_body = body;
    return true;
}

/* Whether nothing in it can have the form of a type. */
static bool has_no_dollar(json_t *value)
{
    const char *key;
    json_t *member;
    size_t i;

    json_object_foreach(value, key, member)
    {
        if (key[0] == '$' || !has_no_dollar(member)) {
            return false;
        }
    }
    json_array_foreach(value, i, member)
    {
        if (!has_no_dollar(member)) {
            return false;
        }
    }
    return true;
}

static struct str write_text(const bson_t *bson, struct buf *out)
{
    MUST(extended_json_write(bson, STR("id"), out, NULL) == ST_OK);
    return buf_view(out);
}

/* Only depth may keep a text that was written from being taken again. */
static bool can_be_read(struct str text)
{
    json_t *value = NULL;
    struct err err = { .has_offset = false };
    enum status status = json_parse(text, &value, &err);

    MUST(status == ST_OK || strcmp(err.text, "Nested too deeply") == 0);
    json_decref(value);
    return status == ST_OK;
}

/* What was read: its text is read as the same, with and without knowledge of it. */
static void check_stays(const bson_t *bson)
{
    bson_t with_old = BSON_INITIALIZER;
    bson_t without = BSON_INITIALIZER;
    struct buf first;
    struct buf second;
    struct str text;

    buf_init(&first, SIZE_MAX);
    buf_init(&second, SIZE_MAX);
    text = write_text(bson, &first);
    if (can_be_read(text)) {
        MUST(extended_json_read(text, bson, &with_old, NULL) == ST_OK);
        MUST(bson_equal(bson, &with_old));
        MUST(extended_json_read(text, NULL, &without, NULL) == ST_OK);
        MUST(str_equal(write_text(&without, &second), text));
    }
    buf_done(&second);
    buf_done(&first);
    bson_destroy(&without);
    bson_destroy(&with_old);
}

static void check_text(struct str text)
{
    bson_t bson = BSON_INITIALIZER;
    struct buf document;
    struct buf again;
    json_t *body = NULL;

    buf_init(&document, SIZE_MAX);
    buf_init(&again, SIZE_MAX);
    if (make_document(text, &document, &body)) {
        MUST(extended_json_read(buf_view(&document), NULL, &bson, NULL) == ST_OK);
        MUST(bson_validate(&bson, BSON_VALIDATE_UTF8, NULL));
        if (has_no_dollar(body)) {
            MUST(str_equal(write_text(&bson, &again), buf_view(&document)));
        }
        check_stays(&bson);
    }
    json_decref(body);
    buf_done(&again);
    buf_done(&document);
    bson_destroy(&bson);
}

static bool is_text(const char *bytes, size_t len)
{
    return !memchr(bytes, '\0', len) && str_is_utf8((struct str){ .ptr = bytes, .len = len });
}

/* The same of a BSON string, which a NUL ends. */
static bool is_ended_text(const char *bytes, size_t len)
{
    return is_text(bytes, len) && bytes[len] == '\0';
}

static bool is_plain_expression(const bson_iter_t *value)
{
    const char *options;
    const char *pattern = bson_iter_regex(value, &options);

    for (const char *at = options; *at; at++) {
        if (*at < 0 || (at > options && at[-1] > at[0])) {
            return false;
        }
    }
    return is_text(pattern, strlen(pattern));
}

/* Whether libbson's own text of a decimal gives its bits again. */
static bool is_plain_decimal(const bson_iter_t *value)
{
    char text[BSON_DECIMAL128_STRING];
    bson_decimal128_t decimal;
    bson_decimal128_t again;

    MUST(bson_iter_decimal128(value, &decimal));
    bson_decimal128_to_string(&decimal, text);
    return bson_decimal128_from_string(text, &again) && again.low == decimal.low &&
           again.high == decimal.high;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

/* Of all NaNs one is written. */
static bool is_plain_double(double number)
{
    return !isnan(number) || bits_of(number) == bits_of(NAN);
}

static bool is_plain_pointer(const bson_iter_t *value)
{
    const bson_oid_t *oid;
    const char *collection;
    uint32_t len;

    bson_iter_dbpointer(value, &len, &collection, &oid);
    return is_ended_text(collection, len);
}

static bool is_plain_string(const bson_iter_t *value)
{
    uint32_t len;
    const char *text = bson_iter_type(value) == BSON_TYPE_UTF8   ? bson_iter_utf8(value, &len)
                       : bson_iter_type(value) == BSON_TYPE_CODE ? bson_iter_code(value, &len)
                                                                 : bson_iter_symbol(value, &len);

    return is_ended_text(text, len);
}

static bool is_plain(const uint8_t *data, size_t len, bool is_array, bool is_outermost);

static bool is_plain_code(const bson_iter_t *value)
{
    const uint8_t *scope;
    uint32_t scope_len;
    uint32_t len;
    const char *code = bson_iter_codewscope(value, &len, &scope_len, &scope);

    return is_ended_text(code, len) && is_plain(scope, scope_len, false, false);
}

static bool is_plain_container(const bson_iter_t *value)
{
    const uint8_t *data;
    uint32_t len;

    if (BSON_ITER_HOLDS_ARRAY(value)) {
        bson_iter_array(value, &len, &data);
        return is_plain(data, len, true, false);
    }
    bson_iter_document(value, &len, &data);
    return is_plain(data, len, false, false);
}

static bool is_plain_value(const bson_iter_t *value)
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY:
        return is_plain_container(value);
    case BSON_TYPE_CODEWSCOPE:
        return is_plain_code(value);
    case BSON_TYPE_UTF8:
    case BSON_TYPE_CODE:
    case BSON_TYPE_SYMBOL:
        return is_plain_string(value);
    case BSON_TYPE_REGEX:
        return is_plain_expression(value);
    case BSON_TYPE_DBPOINTER:
        return is_plain_pointer(value);
    case BSON_TYPE_DECIMAL128:
        return is_plain_decimal(value);
    case BSON_TYPE_DOUBLE:
        return is_plain_double(bson_iter_double(value));
    default:
        return true;
    }
}

static bool is_plain_name(const char *name, uint32_t index, bool is_array, bool is_outermost)
{
    char digits[16];

    if (is_array) {
        (void)snprintf(digits, sizeof(digits), "%u", index);
        return strcmp(name, digits) == 0;
    }
    return name[0] != '$' && !(is_outermost && strcmp(name, "_id") == 0) &&
           is_text(name, strlen(name));
}

/* Whether a document has nothing of what the header says is not kept, and no damage that doesn't
 * show. */
static bool is_plain(const uint8_t *data, size_t len, bool is_array, bool is_outermost)
{
    uint32_t end = 4;
    bson_iter_t member;
    bson_iter_t first;

    if (!bson_iter_init_from_data(&member, data, len)) {
        return false;
    }
    for (uint32_t i = 0; bson_iter_next(&member); i++) {
        const char *name = bson_iter_key(&member);

        end = member.next_off;
        MUST(bson_iter_init_from_data(&first, data, len) && bson_iter_find(&first, name));
        if (first.off != member.off || !is_plain_name(name, i, is_array, is_outermost) ||
            !is_plain_value(&member)) {
            return false;
        }
    }
    return end + 1 == len && data[end] == 0;
}

static void check_bson(const uint8_t *data, size_t size)
{
    bson_t bson;
    bson_t again = BSON_INITIALIZER;
    struct buf text;

    buf_init(&text, SIZE_MAX);
    if (bson_init_static(&bson, data, size) &&
        extended_json_write(&bson, STR("id"), &text, NULL) == ST_OK &&
        can_be_read(buf_view(&text))) {
        MUST(extended_json_read(buf_view(&text), &bson, &again, NULL) == ST_OK);
        MUST(!is_plain(data, size, false, true) || bson_equal(&bson, &again));
        check_stays(&again);
    }
    buf_done(&text);
    bson_destroy(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_text((struct str){ .ptr = (const char *)data, .len = size });
    check_bson(data, size);
    return 0;
}
