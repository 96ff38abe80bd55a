/* Whether numbers are in range, digit by digit: strtod and strtoll want a NUL behind the number,
 * and strtod depends on the locale. */
#include "json/number.h"

#include <stdint.h>

bool json_integer_fits(struct str digits, bool negative)
{
    static const char least[] = "9223372036854775808";
    static const char greatest[] = "9223372036854775807";
    size_t most = sizeof(greatest) - 1;

    return digits.len < most ||
           (digits.len == most && memcmp(digits.ptr, negative ? least : greatest, most) <= 0);
}

/* The exponent, kept far inside 64 bits: no text in memory has the digits to make up for so
 * much. */
static int64_t read_exponent(const char *at, const char *end)
{
    const int64_t bound = INT64_C(1) << 56;
    bool negative = at < end && *at == '-';
    int64_t value = 0;

    for (; at < end; at++) {
        if (json_is_digit(*at) && value < bound) {
            value = value * 10 + (*at - '0');
        }
    }
    return negative ? -value : value;
}

/* Digits with a point somewhere in them, from the first that isn't 0. */
struct mantissa {
    const char *at;    /* end: it is zero */
    const char *point; /* end where there is none */
    const char *end;
};

static struct mantissa read_mantissa(struct str number)
{
    const char *number_end = number.ptr + number.len;
    struct mantissa mantissa = { .at = number.ptr, .end = number.ptr };

    while (mantissa.end < number_end && *mantissa.end != 'e' && *mantissa.end != 'E') {
        if (*mantissa.end == '.') {
            mantissa.point = mantissa.end;
        }
        mantissa.end++;
    }
    if (!mantissa.point) {
        mantissa.point = mantissa.end;
    }
    while (mantissa.at < mantissa.end && (*mantissa.at == '0' || *mantissa.at == '.')) {
        mantissa.at++;
    }
    return mantissa;
}

/* Whether the digits, wherever the point is, are below those of bound, which ends in no 0. */
static bool digits_are_below(struct mantissa mantissa, const char *bound)
{
    for (; *bound; bound++, mantissa.at++) {
        if (mantissa.at == mantissa.point) {
            mantissa.at++;
        }
        if (mantissa.at >= mantissa.end) {
            return true;
        }
        if (*mantissa.at != *bound) {
            return *mantissa.at < *bound;
        }
    }
    return false;
}

bool json_real_fits(struct str number)
{
    /* 2^1024 - 2^970, halfway between the greatest double and the next that there would be: the
     * least number that rounds to infinity. */
    static const char bound[] = "1797693134862315807937289714053034150799341327100378269361737789"
                                "8044496829276475094664901797758720709633028641669288791094655554"
                                "7851940402630657488671505820681908902000708383676273854845817711"
                                "5317644757302700698555713669596228429148198608349364752927190741"
                                "68444365510704342711559699508093042880177904174497792";
    const int64_t bound_exponent = (int64_t)sizeof(bound) - 2;
    struct mantissa mantissa = read_mantissa(number);
    const char *number_end = number.ptr + number.len;
    int64_t exponent = 0; /* of the first digit, as in d.ddd × 10^exponent */

    if (mantissa.at == mantissa.end) {
        return true; /* 0e999 is 0 */
    }
    if (mantissa.end < number_end) {
        exponent = read_exponent(mantissa.end + 1, number_end);
    }
    exponent += mantissa.point - mantissa.at;
    if (mantissa.at < mantissa.point) {
        exponent--;
    }
    if (exponent != bound_exponent) {
        return exponent < bound_exponent;
    }
    return digits_are_below(mantissa, bound);
}
