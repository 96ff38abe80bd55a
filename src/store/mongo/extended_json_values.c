/*
 * BSON's values that hold no others, as Extended JSON: whatever bytes they have, valid JSON comes out.
 */
#include "store/mongo/extended_json_write.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/oid.h"
#include "json/json_out.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#define DATE_HIGHEST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define BASE64_CHUNK ((size_t)768)
#define UNKNOWN_CHARACTER "\xEF\xBF\xBD"

/* The bytes of the character that a text begins with; 0 where it is none that JSON text may have. */
static size_t character_len(struct str text)
{
    if (text.ptr[0] == '\0') {
        return 0;
    }
    for (size_t len = 1; len <= 4 && len <= text.len; len++) {
        if (str_is_utf8((struct str){ .ptr = text.ptr, .len = len })) {
            return len;
        }
    }
    return 0;
}

static void append_hex(struct buf *out, char byte)
{
    static const char digits[] = "0123456789abcdef";

    buf_char(out, digits[(unsigned char)byte >> 4]);
    buf_char(out, digits[(unsigned char)byte & 15]);
}

/* A text with each bad byte replaced, in a name with its digits behind it. In a name the character that
 * replaces them is bad itself, so that no two names become one. */
static void append_mended(struct buf *out, struct str text, bool is_name)
{
    while (text.len > 0) {
        size_t len = character_len(text);
        bool is_bad = len == 0;

        if (is_name && len == strlen(UNKNOWN_CHARACTER)) {
            is_bad = memcmp(text.ptr, UNKNOWN_CHARACTER, len) == 0;
        }
        if (is_bad) {
            len = 1;
            buf_text(out, UNKNOWN_CHARACTER);
            if (is_name) {
                append_hex(out, text.ptr[0]);
            }
        } else {
            buf_append(out, text.ptr, len);
        }
        text.ptr += len;
        text.len -= len;
    }
}

void writing_mend_name(struct str name, struct buf *out)
{
    append_mended(out, name, true);
}

bool writing_is_good(struct str text)
{
    return text.len == 0 || (!memchr(text.ptr, '\0', text.len) && str_is_utf8(text));
}

void writing_quoted(struct buf *out, struct str text)
{
    struct json_out json;

    json_out_init(&json, out);
    json_out_str(&json, text);
}

void writing_text(struct buf *out, const char *bytes, size_t len)
{
    struct str text = { .ptr = bytes, .len = len };
    struct buf mended;

    if (writing_is_good(text)) {
        writing_quoted(out, text);
        return;
    }
    buf_init(&mended, SIZE_MAX);
    append_mended(&mended, text, false);
    writing_quoted(out, buf_view(&mended));
    buf_done(&mended);
}

static void write_double(struct buf *out, double number)
{
    struct json_out json;

    if (isfinite(number)) {
        json_out_init(&json, out);
        json_out_real(&json, number);
        return;
    }
    buf_text(out, isnan(number) ? "{\"$numberDouble\":\"NaN\"}"
                  : number > 0  ? "{\"$numberDouble\":\"Infinity\"}"
                                : "{\"$numberDouble\":\"-Infinity\"}");
}

static void write_decimal(struct buf *out, const bson_iter_t *value)
{
    bson_decimal128_t decimal;
    char text[BSON_DECIMAL128_STRING];

    (void)bson_iter_decimal128(value, &decimal);
    bson_decimal128_to_string(&decimal, text);
    buf_text(out, "{\"$numberDecimal\":\"");
    buf_text(out, text);
    buf_text(out, "\"}");
}

static void write_oid(struct buf *out, const bson_oid_t *bson_oid)
{
    struct oid oid;
    char hex[OID_HEX_LEN + 1];

    memcpy(oid.bytes, bson_oid->bytes, sizeof(oid.bytes));
    oid_format(&oid, hex);
    buf_text(out, "{\"$oid\":\"");
    buf_append(out, hex, OID_HEX_LEN);
    buf_text(out, "\"}");
}

static void write_date(struct buf *out, int64_t ms)
{
    static const char whole[] = ".000Z";
    char text[CLOCK_TEXT_SIZE];
    size_t seconds_len = sizeof(text) - sizeof(whole);

    if (ms < 0 || ms > DATE_HIGHEST_MS) {
        buf_text(out, "{\"$date\":{\"$numberLong\":\"");
        buf_int(out, ms);
        buf_text(out, "\"}}");
        return;
    }
    clock_format_ms(ms, text);
    buf_text(out, "{\"$date\":\"");
    if (strcmp(text + seconds_len, whole) == 0) {
        buf_append(out, text, seconds_len);
        buf_char(out, 'Z');
    } else {
        buf_text(out, text);
    }
    buf_text(out, "\"}");
}

static void write_binary(struct buf *out, const bson_iter_t *value)
{
    bson_subtype_t subtype;
    const uint8_t *bytes;
    uint32_t len;

    bson_iter_binary(value, &subtype, &len, &bytes);
    buf_text(out, "{\"$binary\":{\"base64\":\"");
    while (len > 0) {
        size_t piece = len < BASE64_CHUNK ? len : BASE64_CHUNK;
        char text[BASE64_CHUNK / 3 * 4 + 1];

        buf_text(out, sodium_bin2base64(text, sizeof(text), bytes, piece,
                                        sodium_base64_VARIANT_ORIGINAL));
        bytes += piece;
        len -= (uint32_t)piece;
    }
    buf_text(out, "\",\"subType\":\"");
    append_hex(out, (char)subtype);
    buf_text(out, "\"}}");
}

static void write_timestamp(struct buf *out, const bson_iter_t *value)
{
    uint32_t seconds;
    uint32_t increment;

    bson_iter_timestamp(value, &seconds, &increment);
    buf_text(out, "{\"$timestamp\":{\"t\":");
    buf_int(out, seconds);
    buf_text(out, ",\"i\":");
    buf_int(out, increment);
    buf_text(out, "}}");
}

static void write_expression(struct buf *out, const bson_iter_t *value)
{
    const char *options;
    const char *pattern = bson_iter_regex(value, &options);

    buf_text(out, "{\"$regularExpression\":{\"pattern\":");
    writing_text(out, pattern, strlen(pattern));
    buf_text(out, ",\"options\":");
    writing_text(out, options, strlen(options));
    buf_text(out, "}}");
}

static void write_pointer(struct buf *out, const bson_iter_t *value)
{
    const char *collection;
    const bson_oid_t *oid;
    uint32_t len;

    bson_iter_dbpointer(value, &len, &collection, &oid);
    buf_text(out, "{\"$dbPointer\":{\"$ref\":");
    writing_text(out, collection, len);
    buf_text(out, ",\"$id\":");
    write_oid(out, oid);
    buf_text(out, "}}");
}

static void write_symbol(struct buf *out, const bson_iter_t *value)
{
    uint32_t len;
    const char *symbol = bson_iter_symbol(value, &len);

    buf_text(out, "{\"$symbol\":");
    writing_text(out, symbol, len);
    buf_char(out, '}');
}

static void write_code(struct buf *out, const bson_iter_t *value)
{
    uint32_t len;
    const char *code = bson_iter_code(value, &len);

    buf_text(out, "{\"$code\":");
    writing_text(out, code, len);
    buf_char(out, '}');
}

/* What is written as it is, of a type that JSON has or that has but one value. */
static bool write_plain(struct buf *out, const bson_iter_t *value)
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_BOOL:
        buf_text(out, bson_iter_bool(value) ? "true" : "false");
        return true;
    case BSON_TYPE_NULL:
        buf_text(out, "null");
        return true;
    case BSON_TYPE_UNDEFINED:
        buf_text(out, "{\"$undefined\":true}");
        return true;
    case BSON_TYPE_MINKEY:
        buf_text(out, "{\"$minKey\":1}");
        return true;
    case BSON_TYPE_MAXKEY:
        buf_text(out, "{\"$maxKey\":1}");
        return true;
    default:
        return false;
    }
}

static void write_string(struct buf *out, const bson_iter_t *value)
{
    uint32_t len;
    const char *text = bson_iter_utf8(value, &len);

    writing_text(out, text, len);
}

bool writing_scalar(struct buf *out, const bson_iter_t *value)
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_UTF8:
        write_string(out, value);
        return true;
    case BSON_TYPE_INT32:
        buf_int(out, bson_iter_int32(value));
        return true;
    case BSON_TYPE_INT64:
        buf_int(out, bson_iter_int64(value));
        return true;
    case BSON_TYPE_DOUBLE:
        write_double(out, bson_iter_double(value));
        return true;
    case BSON_TYPE_DECIMAL128:
        write_decimal(out, value);
        return true;
    case BSON_TYPE_OID:
        write_oid(out, bson_iter_oid(value));
        return true;
    case BSON_TYPE_DATE_TIME:
        write_date(out, bson_iter_date_time(value));
        return true;
    case BSON_TYPE_BINARY:
        write_binary(out, value);
        return true;
    case BSON_TYPE_TIMESTAMP:
        write_timestamp(out, value);
        return true;
    case BSON_TYPE_REGEX:
        write_expression(out, value);
        return true;
    case BSON_TYPE_DBPOINTER:
        write_pointer(out, value);
        return true;
    case BSON_TYPE_SYMBOL:
        write_symbol(out, value);
        return true;
    case BSON_TYPE_CODE:
        write_code(out, value);
        return true;
    default:
        return write_plain(out, value);
    }
}
