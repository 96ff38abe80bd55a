/* The texts inside the forms of the types, but for times. */
#include "store/mongo/extended_json_read.h"

#include <math.h>
#include <sodium.h>

#define BASE64_CHUNK ((size_t)1024)
#define UUID_TEXT_LEN 36
#define LETTERS 128
#define EXPONENT_DIGITS 9 /* the farthest that still counts has 4 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool reading_int64(struct str text, int64_t *ret_number)
{
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    size_t at = is_negative;
    int64_t number = 0;

    if (at == text.len || (text.ptr[at] == '0' && text.len > at + 1)) {
        return false;
    }
    for (; at < text.len; at++) {
        int digit = text.ptr[at] - '0';

        if (!is_digit(text.ptr[at]) || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, is_negative ? -digit : digit, &number)) {
            return false;
        }
    }
    *ret_number = number;
    return true;
}

static size_t skip_digits(struct str text, size_t at)
{
    while (at < text.len && is_digit(text.ptr[at])) {
        at++;
    }
    return at;
}

/* JSON's grammar of a number, and the end of text behind it. */
static bool is_number(struct str text)
{
    size_t begin = text.len > 0 && text.ptr[0] == '-';
    size_t at = skip_digits(text, begin);

    if (at == begin || (text.ptr[begin] == '0' && at > begin + 1)) {
        return false;
    }
    if (at < text.len && text.ptr[at] == '.') {
        begin = at + 1;
        at = skip_digits(text, begin);
        if (at == begin) {
            return false;
        }
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        begin = at + 1;
        begin += begin < text.len && (text.ptr[begin] == '+' || text.ptr[begin] == '-');
        at = skip_digits(text, begin);
        if (at == begin) {
            return false;
        }
    }
    return at == text.len;
}

bool reading_double(struct str text, double *ret_number)
{
    double number;
    char *copy;

    if (str_is(text, "NaN")) {
        *ret_number = NAN;
        return true;
    }
    if (str_is(text, "Infinity") || str_is(text, "-Infinity")) {
        *ret_number = text.ptr[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (!is_number(text)) {
        return false;
    }
    copy = bson_strndup(text.ptr, text.len);
    number = reading_real(copy);
    bson_free(copy);
    if (!isfinite(number)) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* How many digits the exponent of a decimal has, but for zeros before them. */
static size_t exponent_digits(struct str text)
{
    size_t at = text.len;

    while (at > 0 && text.ptr[at - 1] != 'e' && text.ptr[at - 1] != 'E') {
        at--;
    }
    if (at == 0) {
        return 0;
    }
    while (at < text.len && !(text.ptr[at] >= '1' && text.ptr[at] <= '9')) {
        at++;
    }
    return text.len - at;
}

/* The text that libbson is to judge, without zeros before its digits, which it would count among them;
 * the caller's to bson_free. */
static char *without_zeros(struct str text)
{
    size_t sign_len = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    char *copy = bson_strndup(text.ptr, text.len);
    size_t zeros_end = sign_len;

    while (copy[zeros_end] == '0' && is_digit(copy[zeros_end + 1])) {
        zeros_end++;
    }
    memmove(copy + sign_len, copy + zeros_end, text.len - zeros_end + 1);
    return copy;
}

/* libbson judges, but it takes an exponent beyond its integers for another, and its function for text
 * that no NUL ends knows no infinity. */
bool reading_decimal(struct str text, bson_decimal128_t *ret_decimal)
{
    bson_decimal128_t decimal;
    char *copy;
    bool is_decimal;

    if (exponent_digits(text) > EXPONENT_DIGITS) {
        return false;
    }
    copy = without_zeros(text);
    is_decimal = bson_decimal128_from_string(copy, &decimal);
    bson_free(copy);
    if (is_decimal) {
        *ret_decimal = decimal;
    }
    return is_decimal;
}

/* Piece by piece: only the last may have padding. */
bool reading_base64(struct str text, struct buf *out)
{
    while (text.len > 0) {
        size_t piece = text.len < BASE64_CHUNK ? text.len : BASE64_CHUNK;
        unsigned char bytes[BASE64_CHUNK];
        size_t len;

        if (sodium_base642bin(bytes, sizeof(bytes), text.ptr, piece, NULL, &len, NULL,
                              sodium_base64_VARIANT_ORIGINAL) != 0 ||
            (piece < text.len && len < BASE64_CHUNK / 4 * 3)) {
            return false;
        }
        buf_append(out, (const char *)bytes, len);
        text.ptr += piece;
        text.len -= piece;
    }
    return true;
}

bool reading_subtype(struct str text, uint8_t *ret_subtype)
{
    int subtype = 0;

    if (text.len < 1 || text.len > 2) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = str_hex_value((unsigned char)text.ptr[i]);

        if (digit < 0) {
            return false;
        }
        subtype = subtype << 4 | digit;
    }
    *ret_subtype = (uint8_t)subtype;
    return true;
}

bool reading_uuid(struct str text, uint8_t ret_bytes[UUID_BYTES])
{
    uint8_t bytes[UUID_BYTES];
    size_t at = 0;

    if (text.len != UUID_TEXT_LEN) {
        return false;
    }
    for (size_t i = 0; i < UUID_BYTES; i++) {
        int high;
        int low;

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (text.ptr[at++] != '-') {
                return false;
            }
        }
        high = str_hex_value((unsigned char)text.ptr[at++]);
        low = str_hex_value((unsigned char)text.ptr[at++]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(ret_bytes, bytes, sizeof(bytes));
    return true;
}

bool reading_options(struct str options, struct buf *out)
{
    size_t counts[LETTERS] = { 0 };

    for (size_t i = 0; i < options.len; i++) {
        unsigned char letter = (unsigned char)options.ptr[i];

        if (letter >= LETTERS) {
            return false;
        }
        counts[letter]++;
    }
    for (size_t letter = 0; letter < LETTERS; letter++) {
        for (; counts[letter] > 0; counts[letter]--) {
            buf_char(out, (char)letter);
        }
    }
    buf_char(out, '\0');
    return true;
}
