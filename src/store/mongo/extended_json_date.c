/* Times in the form of RFC 3339, as Extended JSON has them. */
#include "store/mongo/extended_json_read.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)

/* What is left of a text; parts are taken from its front. */
struct rest {
    const char *at;
    const char *end;
};

/* Exactly so many digits. */
static bool take_digits(struct rest *rest, int count, int lowest, int highest, int64_t *ret_number)
{
    int64_t number = 0;

    if (rest->end - rest->at < count) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        int digit = *rest->at++ - '0';

        if (digit < 0 || digit > 9) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return number >= lowest && number <= highest;
}

/* One character of two that mean the same. */
static bool take_char(struct rest *rest, char c, char or_else)
{
    if (rest->at == rest->end || (*rest->at != c && *rest->at != or_else)) {
        return false;
    }
    rest->at++;
    return true;
}

/* Days from 1970 on in the calendar that goes on for ever in both directions: the years of an era of 400
 * are counted from March, so that the day that some of them lack is the last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    int64_t from_march = year - (month <= 2) + 400; /* never negative */
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t leap_days = from_march / 4 - from_march / 100 + from_march / 400;

    return 365 * from_march + leap_days + (153 * month_from_march + 2) / 5 + day - 1 -
           (719468 + 146097);
}

static int days_in(int64_t year, int64_t month)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool take_date(struct rest *rest, int64_t *ret_ms)
{
    int64_t year;
    int64_t month;
    int64_t day;

    if (!take_digits(rest, 4, 0, 9999, &year) || !take_char(rest, '-', '-') ||
        !take_digits(rest, 2, 1, 12, &month) || !take_char(rest, '-', '-') ||
        !take_digits(rest, 2, 1, days_in(year, month), &day)) {
        return false;
    }
    *ret_ms = days_since_1970(year, month, day) * DAY_MS;
    return true;
}

/* Of a second: as many digits as there are, but no part of a millisecond. */
static bool take_fraction(struct rest *rest, int64_t *ret_ms)
{
    int64_t worth = 100;
    int64_t digit;

    *ret_ms = 0;
    if (!take_char(rest, '.', '.')) {
        return true;
    }
    if (!take_digits(rest, 1, 0, 9, &digit)) {
        return false;
    }
    *ret_ms = digit * worth;
    while (rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9') {
        worth /= 10;
        if (!take_digits(rest, 1, 0, worth > 0 ? 9 : 0, &digit)) {
            return false;
        }
        *ret_ms += digit * worth;
    }
    return true;
}

static bool take_time(struct rest *rest, int64_t *ret_ms)
{
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t ms;

    if (!take_digits(rest, 2, 0, 23, &hour) || !take_char(rest, ':', ':') ||
        !take_digits(rest, 2, 0, 59, &minute) || !take_char(rest, ':', ':') ||
        !take_digits(rest, 2, 0, 59, &second) || !take_fraction(rest, &ms)) {
        return false;
    }
    *ret_ms = hour * HOUR_MS + minute * MINUTE_MS + second * 1000 + ms;
    return true;
}

static bool take_offset(struct rest *rest, int64_t *ret_ms)
{
    bool is_west;
    int64_t hour;
    int64_t minute;

    *ret_ms = 0;
    if (take_char(rest, 'Z', 'z')) {
        return true;
    }
    is_west = rest->at < rest->end && *rest->at == '-';
    if (!take_char(rest, '+', '-') || !take_digits(rest, 2, 0, 23, &hour) ||
        !take_char(rest, ':', ':') || !take_digits(rest, 2, 0, 59, &minute)) {
        return false;
    }
    *ret_ms = (hour * HOUR_MS + minute * MINUTE_MS) * (is_west ? -1 : 1);
    return true;
}

bool reading_date(struct str text, int64_t *ret_ms)
{
    struct rest rest = { .at = text.ptr, .end = text.ptr + text.len };
    int64_t date_ms;
    int64_t time_ms;
    int64_t offset_ms;

    if (!take_date(&rest, &date_ms) || !take_char(&rest, 'T', 't') || !take_time(&rest, &time_ms) ||
        !take_offset(&rest, &offset_ms) || rest.at != rest.end) {
        return false;
    }
    *ret_ms = date_ms + time_ms - offset_ms;
    return true;
}
