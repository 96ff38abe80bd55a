/* Clocks. */
#include "base/clock.h"

#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id, int64_t per_second)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * per_second + now.tv_nsec / (1000000000 / per_second);
}

int64_t clock_now_ms(void)
{
    return read_clock(CLOCK_REALTIME, 1000);
}

int64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

int64_t clock_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000);
}

static char *put_two(char *at, unsigned int value)
{
    at[0] = (char)('0' + value / 10);
    at[1] = (char)('0' + value % 10);
    return at + 2;
}

static const char *const day_names[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
static const char *const month_names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* A moment taken apart. */
struct parts {
    unsigned int year;
    unsigned int month; /* 1 to 12 */
    unsigned int day;
    unsigned int second; /* of the day */
    unsigned int ms;
    unsigned int weekday; /* 0: Thursday, as 1970-01-01 was */
};

/* Days since 1970 to a date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". Days are
 * counted from 0000-03-01, of which there are no negative ones here. */
static struct parts take_apart(int64_t ms)
{
    const int64_t lowest = INT64_C(-62167219200000);  /* 0000-01-01T00:00:00.000Z */
    const int64_t highest = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999Z */
    const int64_t day_ms = INT64_C(86400000);
    const int64_t march = INT64_C(719468) + 146097; /* an era more, for January and February of 0 */
    int64_t bounded = ms < lowest ? lowest : ms > highest ? highest : ms;
    uint64_t shifted = (uint64_t)(bounded + march * day_ms);
    unsigned int days = (unsigned int)(shifted / (uint64_t)day_ms);
    unsigned int rest = (unsigned int)(shifted - days * (uint64_t)day_ms);
    unsigned int era = days / 146097;
    unsigned int day_of_era = days - era * 146097;
    unsigned int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned int day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned int month_from_march = (5 * day_of_year + 2) / 153;
    unsigned int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

    return (struct parts){
        .year = year_of_era + era * 400 + (month <= 2) - 400,
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
        .second = rest / 1000,
        .ms = rest % 1000,
        .weekday = (days + 6) % 7, /* day 0 was a Friday */
    };
}

static char *put_time_of_day(char *at, unsigned int second)
{
    at = put_two(at, second / 3600);
    *at++ = ':';
    at = put_two(at, second / 60 % 60);
    *at++ = ':';
    return put_two(at, second % 60);
}

void clock_format_ms(int64_t ms, char ret_text[CLOCK_TEXT_SIZE])
{
    struct parts parts = take_apart(ms);
    char *at = put_two(ret_text, parts.year / 100);

    at = put_two(at, parts.year % 100);
    *at++ = '-';
    at = put_two(at, parts.month);
    *at++ = '-';
    at = put_two(at, parts.day);
    *at++ = 'T';
    at = put_time_of_day(at, parts.second);
    *at++ = '.';
    *at++ = (char)('0' + parts.ms / 100);
    at = put_two(at, parts.ms % 100);
    *at++ = 'Z';
    *at = '\0';
}

void clock_format_http(int64_t ms, char ret_text[CLOCK_HTTP_SIZE])
{
    struct parts parts = take_apart(ms);
    char *at = ret_text;

    memcpy(at, day_names[parts.weekday], 3);
    at += 3;
    *at++ = ',';
    *at++ = ' ';
    at = put_two(at, parts.day);
    *at++ = ' ';
    memcpy(at, month_names[parts.month - 1], 3);
    at += 3;
    *at++ = ' ';
    at = put_two(at, parts.year / 100);
    at = put_two(at, parts.year % 100);
    *at++ = ' ';
    at = put_time_of_day(at, parts.second);
    memcpy(at, " GMT", sizeof(" GMT"));
}

/* Takes so many digits off *rest, and what must stand behind them (NUL: nothing). */
static bool take_digits(struct str *rest, size_t count, char behind, int64_t *ret_value)
{
    size_t len = count + (behind != '\0');
    int64_t value = 0;

    if (rest->len < len || (behind != '\0' && rest->ptr[count] != behind)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (rest->ptr[i] - '0');
    }
    *rest = (struct str){ .ptr = rest->ptr + len, .len = rest->len - len };
    *ret_value = value;
    return true;
}

/* ".5", ".123456789", or nothing. */
static bool take_fraction(struct str *rest, int64_t *ret_ms)
{
    int64_t unit = 100;
    int64_t ms = 0;
    size_t at = 1;

    *ret_ms = 0;
    if (rest->len == 0 || rest->ptr[0] != '.') {
        return true;
    }
    for (; at < rest->len && rest->ptr[at] >= '0' && rest->ptr[at] <= '9'; at++) {
        ms += (rest->ptr[at] - '0') * unit;
        unit /= 10;
    }
    *rest = (struct str){ .ptr = rest->ptr + at, .len = rest->len - at };
    *ret_ms = ms;
    return at >= 2 && at <= 10;
}

/* "Z", "+02:00". */
static bool take_offset(struct str rest, int64_t *ret_ms)
{
    int64_t hours;
    int64_t minutes;
    bool is_behind;

    if (str_is(rest, "Z")) {
        *ret_ms = 0;
        return true;
    }
    if (rest.len == 0 || (rest.ptr[0] != '+' && rest.ptr[0] != '-')) {
        return false;
    }
    is_behind = rest.ptr[0] == '-';
    rest = (struct str){ .ptr = rest.ptr + 1, .len = rest.len - 1 };
    if (!take_digits(&rest, 2, ':', &hours) || !take_digits(&rest, 2, '\0', &minutes) ||
        rest.len > 0 || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_ms = (hours * 60 + minutes) * 60000 * (is_behind ? -1 : 1);
    return true;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    static const int64_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap);
}

/* Days from 1970 to a date: the other way round than clock_format_ms. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    int64_t shifted = year + 400 - (month <= 2); /* years that begin in March, and above 0 */
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;

    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719468 -
           146097;
}

bool clock_parse_ms(struct str text, int64_t *ret_ms)
{
    struct str rest = text;
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t ms;
    int64_t offset_ms;

    if (!take_digits(&rest, 4, '-', &year) || !take_digits(&rest, 2, '-', &month) ||
        !take_digits(&rest, 2, 'T', &day) || !take_digits(&rest, 2, ':', &hour) ||
        !take_digits(&rest, 2, ':', &minute) || !take_digits(&rest, 2, '\0', &second) ||
        !take_fraction(&rest, &ms) || !take_offset(rest, &offset_ms)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) || hour > 23 ||
        minute > 59 || second > 59) {
        return false;
    }
    *ret_ms = days_to(year, month, day) * 86400000 + ((hour * 60 + minute) * 60 + second) * 1000 +
              ms - offset_ms;
    return true;
}
