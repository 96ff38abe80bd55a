/*
 * What the parts of reading share: extended_json_read.c walks through the text, extended_json_forms.c
 * knows the forms of the types, extended_json_texts.c and extended_json_date.c what their texts mean.
 * Private to them.
 */
#ifndef ORGD_STORE_MONGO_EXTENDED_JSON_READ_H
#define ORGD_STORE_MONGO_EXTENDED_JSON_READ_H

#include "base/buf.h"
#include "store/mongo/json_walk.h"

#include <bson/bson.h>

#include <stdbool.h>
#include <stdint.h>

#define UUID_BYTES 16

struct reading {
    const char *at;         /* in the text, which is valid JSON */
    struct buf bson;        /* what has been made of it; once it overflows nothing else counts */
    struct buf unescaped;   /* the text looked at last, where it had escapes */
    const bson_iter_t *old; /* what was at the place of the form that is looked at; NULL: nothing */
};

/* Leaves room for a length; reading_close puts it there: all bytes from there on, and more_bytes. */
size_t reading_open(struct reading *reading);
void reading_close(struct reading *reading, size_t opened_at, int32_t more_bytes);

void reading_put_u8(struct reading *reading, uint8_t byte);
void reading_put_u32(struct reading *reading, uint32_t value);
void reading_put_u64(struct reading *reading, uint64_t value);
void reading_put_double(struct reading *reading, double value);

/* A BSON string (its length, the bytes, NUL) of the JSON string whose opening quote is at `at`. */
const char *reading_put_string(struct reading *reading, const char *at);

/* Only its bytes and NUL. */
const char *reading_put_cstring(struct reading *reading, const char *at);

/* The object at reading->at as a document, even if it looks like a type. old: as bson_members takes it. */
void reading_document(struct reading *reading, const uint8_t *old, size_t old_len);

/* The double nearest to a number in JSON's grammar, behind which any other byte stands. */
double reading_real(const char *number);

/*
 * If the object at reading->at has the form of a type, goes behind it, appends the value and gives the
 * BSON type; else false, and nothing has changed. old: what was at its place, or NULL.
 */
bool reading_form(struct reading *reading, const bson_iter_t *old, uint8_t *ret_type);

/*
 * The texts inside the forms. Each returns whether the text is what its form has; what it gives or
 * appends counts only if so.
 */

/* JSON's grammar of an integer, within 64 bits. */
bool reading_int64(struct str text, int64_t *ret_number);

/* JSON's grammar of a number, within a double; or NaN, Infinity, -Infinity. */
bool reading_double(struct str text, double *ret_number);

/* The grammar of the decimal128 specification, and no digit lost. */
bool reading_decimal(struct str text, bson_decimal128_t *ret_decimal);

/* Milliseconds since 1970 of a time in RFC 3339's form that is a whole number of them. */
bool reading_date(struct str text, int64_t *ret_ms);

/* Base 64 with its padding, and without bits that mean nothing. */
bool reading_base64(struct str text, struct buf *out);

/* One or two hex digits. */
bool reading_subtype(struct str text, uint8_t *ret_subtype);

bool reading_uuid(struct str text, uint8_t ret_bytes[UUID_BYTES]);

/* The letters (ASCII) of an expression's options, in order as BSON has them, and NUL. */
bool reading_options(struct str options, struct buf *out);

#endif
