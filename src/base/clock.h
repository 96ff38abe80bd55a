/* Time: the wall clock in milliseconds since 1970 (UTC), and a clock that only goes forward. */
#ifndef ORGD_BASE_CLOCK_H
#define ORGD_BASE_CLOCK_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Wall clock, milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now_ms(void);

/* For durations and deadlines; no relation to the wall clock. */
int64_t clock_monotonic_us(void);
int64_t clock_monotonic_ms(void);

#define CLOCK_TEXT_SIZE sizeof("2026-01-02T03:04:05.678Z")

/* RFC 3339, UTC, milliseconds, Z; ends in NUL. Years 0 to 9999; others are shown as the nearest. */
void clock_format_ms(int64_t ms, char ret_text[CLOCK_TEXT_SIZE]);

#define CLOCK_HTTP_SIZE sizeof("Fri, 02 Jan 2026 03:04:05 GMT")

/* The form of HTTP's Date (RFC 9110, 5.6.7), within the same bounds; ends in NUL. */
void clock_format_http(int64_t ms, char ret_text[CLOCK_HTTP_SIZE]);
/* Reads such a time, also with another offset than Z, without a fraction of a second or with 1 to 9
 * digits of it (beyond milliseconds they are cut off): RFC 3339, with 'T' and 'Z' as capitals. false, and
 * *ret_ms untouched, for anything else, the 30th of February and leap seconds included. */
bool clock_parse_ms(struct str text, int64_t *ret_ms);

#endif
