/* The ranges of JSON's numbers, judged by their digits: exact, and independent of the locale.
 * Private to src/json. */
#ifndef ORGD_JSON_NUMBER_H
#define ORGD_JSON_NUMBER_H

#include "base/str.h"

#include <stdbool.h>

/* c: a byte, or -1 for none. */
static inline bool json_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Whether an integer fits signed 64 bits. digits: as the grammar has them, without the sign. */
bool json_integer_fits(struct str digits, bool negative);

/* Whether a real rounds to a finite double. number: as the grammar has it, without the sign. */
bool json_real_fits(struct str number);

#endif
