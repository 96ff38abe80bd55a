/* Values in the forms that Python programs give them. */
#include "store/mongo/seed_values.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#define MILLISECONDS_FROM 100000000000.0 /* a number above it can't be seconds: the year 5138 */
#define DAY_MS INT64_C(86400000)
#define LATEST_MS INT64_C(253402300799999)   /* the last one of 9999 */
#define EARLIEST_MS INT64_C(-62135596800000) /* the first one of year 1 */

static bool copy_text(const char *bytes, size_t len, struct arena *mem, struct str *ret_text)
{
    struct str text = { .ptr = bytes, .len = len };

    if (len == 0 || len > SEED_TEXT_MAX || memchr(bytes, '\0', len) || !str_is_utf8(text)) {
        return false;
    }
    *ret_text = arena_str(mem, text);
    return true;
}

bool seed_text(const bson_iter_t *at, struct arena *mem, struct str *ret_text)
{
    uint32_t len = 0;
    const char *bytes;

    switch (bson_iter_type(at)) {
    case BSON_TYPE_UTF8:
        bytes = bson_iter_utf8(at, &len);
        return copy_text(bytes, len, mem, ret_text);
    case BSON_TYPE_SYMBOL:
        bytes = bson_iter_symbol(at, &len);
        return copy_text(bytes, len, mem, ret_text);
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
        *ret_text = arena_printf(mem, "%" PRId64, bson_iter_as_int64(at));
        return true;
    default:
        return false;
    }
}

bool seed_bytes(const bson_iter_t *at, struct arena *mem, struct str *ret_text)
{
    bson_subtype_t subtype;
    const uint8_t *bytes = NULL;
    uint32_t len = 0;

    if (bson_iter_type(at) != BSON_TYPE_BINARY) {
        return seed_text(at, mem, ret_text);
    }
    bson_iter_binary(at, &subtype, &len, &bytes);
    return bytes && copy_text((const char *)bytes, len, mem, ret_text);
}

bool seed_id(const bson_iter_t *at, struct oid *ret_id)
{
    uint32_t len = 0;
    const char *text;

    if (bson_iter_type(at) == BSON_TYPE_OID) {
        memcpy(ret_id->bytes, bson_iter_oid(at)->bytes, OID_BYTES);
        return true;
    }
    if (bson_iter_type(at) != BSON_TYPE_UTF8) {
        return false;
    }
    text = bson_iter_utf8(at, &len);
    return oid_parse((struct str){ .ptr = text, .len = len }, ret_id);
}

bool seed_any_id(const bson_iter_t *at, struct oid *ret_id)
{
    bson_t value = BSON_INITIALIZER;
    struct str text;

    if (seed_id(at, ret_id)) {
        return true;
    }
    if (bson_iter_type(at) == BSON_TYPE_NULL || bson_iter_type(at) == BSON_TYPE_UNDEFINED) {
        return false;
    }
    (void)bson_append_iter(&value, "", 0, at);
    text = (struct str){ .ptr = (const char *)bson_get_data(&value), .len = value.len };
    *ret_id = seed_made_id(0, text);
    bson_destroy(&value);
    return true;
}

struct oid seed_made_id(int64_t created_ms, struct str text)
{
    unsigned char hash[crypto_generichash_BYTES];
    uint32_t seconds = created_ms > 0 ? (uint32_t)(created_ms / 1000) : 0;
    struct oid id;

    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)text.ptr, text.len, NULL,
                             0);
    memcpy(id.bytes, hash, OID_BYTES);
    for (int i = 0; i < 4; i++) {
        id.bytes[i] = (uint8_t)(seconds >> (24 - 8 * i));
    }
    return id;
}

int64_t seed_id_time(const struct oid *id)
{
    uint32_t seconds = 0;

    for (int i = 0; i < 4; i++) {
        seconds = seconds << 8 | id->bytes[i];
    }
    return (int64_t)seconds * 1000;
}

/* Exactly so many digits off the front of rest. */
static bool take_digits(struct str *rest, size_t digits, int *ret_number)
{
    int number = 0;

    if (rest->len < digits) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (rest->ptr[i] - '0');
    }
    rest->ptr += digits;
    rest->len -= digits;
    *ret_number = number;
    return true;
}

static bool take_char(struct str *rest, const char *any)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || !strchr(any, rest->ptr[0])) {
        return false;
    }
    rest->ptr++;
    rest->len--;
    return true;
}

/* Days from 1970-01-01 in the Gregorian calendar: years begin with March, so that the leap day is
 * the last one. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;

    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static bool take_date(struct str *rest, int64_t *ret_days)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year;
    int month;
    int day;
    bool leap;

    if (!take_digits(rest, 4, &year) || !take_char(rest, "-") || !take_digits(rest, 2, &month) ||
        !take_char(rest, "-") || !take_digits(rest, 2, &day)) {
        return false;
    }
    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) {
        return false;
    }
    *ret_days = days_of(year, month, day);
    return true;
}

/* Digits behind the point: the first three count. */
static int take_fraction_ms(struct str *rest)
{
    int digit = 0;
    int ms = 0;

    for (int place = 100; take_digits(rest, 1, &digit); place /= 10) {
        ms += digit * place;
    }
    return ms;
}

/* HH:MM[:SS[.fff…]] */
static bool take_clock(struct str *rest, int64_t *ret_ms)
{
    int hour;
    int minute;
    int second = 0;
    int ms = 0;

    if (!take_digits(rest, 2, &hour) || !take_char(rest, ":") || !take_digits(rest, 2, &minute) ||
        hour > 23 || minute > 59) {
        return false;
    }
    if (take_char(rest, ":")) {
        if (!take_digits(rest, 2, &second) || second > 60) {
            return false;
        }
        if (take_char(rest, ".,")) {
            ms = take_fraction_ms(rest);
        }
    }
    *ret_ms = ((hour * 60 + minute) * INT64_C(60) + second) * 1000 + ms;
    return true;
}

/* Nothing, Z, or ±HH[[:]MM]; what is to be subtracted for UTC. */
static bool take_offset(struct str *rest, int64_t *ret_ms)
{
    int hours;
    int minutes = 0;
    bool west;

    if (rest->len == 0 || take_char(rest, "Zz")) {
        *ret_ms = 0;
        return rest->len == 0;
    }
    west = rest->ptr[0] == '-';
    if (!take_char(rest, "+-") || !take_digits(rest, 2, &hours)) {
        return false;
    }
    (void)take_char(rest, ":");
    if (rest->len > 0 && !take_digits(rest, 2, &minutes)) {
        return false;
    }
    *ret_ms = (hours * 60 + minutes) * INT64_C(60000) * (west ? -1 : 1);
    return rest->len == 0 && hours < 24 && minutes < 60;
}

static bool parse_iso(struct str text, int64_t *ret_ms)
{
    struct str rest = str_trim_blanks(text);
    int64_t offset = 0;
    int64_t clock = 0;
    int64_t days;

    if (!take_date(&rest, &days)) {
        return false;
    }
    if (rest.len > 0) {
        if (!take_char(&rest, "Tt ") || !take_clock(&rest, &clock)) {
            return false;
        }
        (void)take_char(&rest, " ");
        if (!take_offset(&rest, &offset)) {
            return false;
        }
    }
    *ret_ms = days * DAY_MS + clock - offset;
    return true;
}

static bool number_time(double number, int64_t *ret_ms)
{
    double ms = number > MILLISECONDS_FROM ? number : number * 1000.0;

    if (!(ms > 0 && ms <= (double)LATEST_MS)) {
        return false;
    }
    *ret_ms = (int64_t)ms;
    return true;
}

bool seed_time(const bson_iter_t *at, int64_t *ret_ms)
{
    uint32_t len = 0;
    uint32_t seconds = 0;
    uint32_t increment = 0;
    int64_t ms = 0;
    const char *text;
    bool found = true;

    switch (bson_iter_type(at)) {
    case BSON_TYPE_DATE_TIME:
        ms = bson_iter_date_time(at);
        break;
    case BSON_TYPE_UTF8:
        text = bson_iter_utf8(at, &len);
        found = parse_iso((struct str){ .ptr = text, .len = len }, &ms);
        break;
    case BSON_TYPE_TIMESTAMP:
        bson_iter_timestamp(at, &seconds, &increment);
        ms = (int64_t)seconds * 1000;
        break;
    case BSON_TYPE_INT32:
    case BSON_TYPE_INT64:
        found = number_time((double)bson_iter_as_int64(at), &ms);
        break;
    case BSON_TYPE_DOUBLE:
        found = number_time(bson_iter_double(at), &ms);
        break;
    default:
        return false;
    }
    if (!found || ms < EARLIEST_MS || ms > LATEST_MS) {
        return false;
    }
    *ret_ms = ms;
    return true;
}
