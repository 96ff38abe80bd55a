/* json_scan against other judges: jansson, strtod, and the UTF-8 check of src/base. */
#include "test.h"

#include "json_random.h"
#include "json/json.h"

#include <stdlib.h>

#define GOOD SIZE_MAX

/* The offset at which the scanner stops, or GOOD. */
static size_t stop_of(struct str text)
{
    const char *why;
    size_t offset;

    return json_scan(text, &offset, &why) ? GOOD : offset;
}

/*
 * jansson's own verdict, which knows neither offsets nor our depth; duplicates are its affair.
 * jansson loses a NUL behind a number (it takes [0<NUL>]), which is one reason why the scanner
 * comes first.
 */
static bool jansson_takes(struct str text)
{
    json_error_t error;
    json_auto_t *value = json_loadb(text.ptr, text.len, JSON_DECODE_ANY, &error);

    return value && !(text.len > 0 && memchr(text.ptr, '\0', text.len));
}

static void check_against_jansson(struct str text)
{
    size_t offset = stop_of(text);

    if ((offset == GOOD) != jansson_takes(text)) {
        fail_msg("%.*s: the scanner says %zd, jansson otherwise", STR_ARG(text), (ssize_t)offset);
    }
    if (offset == GOOD) {
        return;
    }
    /* What stands before the offset can be continued, and the byte at it is what spoils it. */
    size_t before = stop_of((struct str){ text.ptr, offset });

    assert_true(before == GOOD || before == offset);
    if (offset < text.len) {
        assert_int_equal(stop_of((struct str){ text.ptr, offset + 1 }), offset);
    }
}

TEST(scan__agrees_with_jansson_on_every_text_of_four_bytes)
{
    static const char bytes[] = "{}[]\",: 01-.eEtn\\u\x1F\x80\xC3\xE2";
    const size_t count = sizeof(bytes); /* NUL too */
    char text[4];

    for (size_t i = 0; i < count * count * count * count; i++) {
        size_t rest = i;

        for (size_t at = 0; at < sizeof(text); at++, rest /= count) {
            text[at] = bytes[rest % count];
        }
        check_against_jansson((struct str){ text, sizeof(text) });
    }
}

TEST(scan__agrees_with_jansson_on_every_unicode_escape)
{
    char text[32];
    int len;

    for (unsigned unit = 0; unit <= 0xFFFF; unit++) {
        len = snprintf(text, sizeof(text), "\"\\u%04x\"", unit);
        check_against_jansson((struct str){ text, (size_t)len });
        len = snprintf(text, sizeof(text), "\"\\uD9ab\\u%04X\"", unit);
        check_against_jansson((struct str){ text, (size_t)len });
    }
}

/* Whether some continuation makes the bytes well-formed, asked of another decoder. */
static bool utf8_can_continue(const char *bytes, size_t len)
{
    static const char seconds[] = "\x80\x90\xA0";
    char tried[8];

    if (str_is_utf8((struct str){ bytes, len })) {
        return true;
    }
    memcpy(tried, bytes, len);
    for (size_t more = 1; more <= 3; more++) {
        for (const char *second = seconds; *second; second++) {
            memset(tried + len, '\x80', more);
            tried[len] = *second;
            if (str_is_utf8((struct str){ tried, len + more })) {
                return true;
            }
        }
    }
    return false;
}

TEST(scan__stops_where_no_utf8_can_continue)
{
    static const unsigned char thirds[] = { 0x41, 0x7F, 0x80, 0xBF, 0xC0 };

    for (unsigned i = 0; i < 0x80 * 0x100 * 5 * 5; i++) {
        char text[] = { '"',
                        (char)(0x80 + i / 25 / 0x100),
                        (char)(i / 25 % 0x100),
                        (char)thirds[i / 5 % 5],
                        (char)thirds[i % 5],
                        '"' };
        size_t expected = 1;
        size_t offset = stop_of((struct str){ text, sizeof(text) });

        if (text[2] == '"' || text[2] == '\\' || (text[2] >= 0 && text[2] < 0x20)) {
            continue; /* means something else to JSON */
        }
        while (expected < 5 && utf8_can_continue(text + 1, expected)) {
            expected++;
        }
        if (expected == 5 && str_is_utf8((struct str){ text + 1, 4 })) {
            expected = GOOD;
        }
        assert_int_equal(offset, expected);
    }
}

/* Random digits around the greatest double, the point and the exponent moved in step. */
TEST(scan__refuses_exactly_the_reals_that_strtod_makes_infinite)
{
    static const char edge[] =
        "17976931348623158079372897140530341507993413271003782693617377898044"
        "49682927647509466490179775872070963302864166928879109465555478519404";
    struct dice dice = { 3 };
    int infinite = 0;

    for (int i = 0; i < 200000; i++) {
        char text[512] = "";
        size_t digits = 1 + dice_roll(&dice, sizeof(edge) - 1);
        size_t before_point = dice_roll(&dice, digits + 1);
        size_t zeros = dice_roll(&dice, 4);
        bool expected;
        int len;
        char mantissa[sizeof(edge)];

        memcpy(mantissa, edge, digits);
        mantissa[digits] = '\0';
        if (dice_roll(&dice, 2) == 0) {
            mantissa[dice_roll(&dice, digits)] = (char)('0' + dice_roll(&dice, 10));
        }
        if (before_point == 0 || mantissa[0] == '0') {
            len = snprintf(text, sizeof(text), "0.%.*s%se%d", (int)zeros, "000", mantissa,
                           308 + (int)zeros + (int)dice_roll(&dice, 3));
        } else {
            len = snprintf(text, sizeof(text), "%.*s.%s0e%d", (int)before_point, mantissa,
                           mantissa + before_point,
                           308 - (int)before_point + (int)dice_roll(&dice, 3));
        }
        expected = isinf(strtod(text, NULL));
        infinite += expected;
        assert_int_equal(stop_of((struct str){ text, (size_t)len }), expected ? (size_t)len : GOOD);
    }
    assert_in_range(infinite, 20000, 180000); /* both sides of the edge were met */
}

TEST(scan__knows_the_last_digit_of_the_least_real_that_is_too_great)
{
    char text[400];
    int len = snprintf(text, sizeof(text), "%.0Lf.0", ldexpl(1, 1024) - ldexpl(1, 970));

    assert_int_equal(len, 309 + 2);
    assert_true(isinf(strtod(text, NULL)));
    assert_int_equal(stop_of((struct str){ text, (size_t)len }), len);
    text[308]--;
    assert_true(isfinite(strtod(text, NULL)));
    assert_int_equal(stop_of((struct str){ text, (size_t)len }), GOOD);
}

TEST(scan__agrees_with_jansson_on_texts_that_were_meddled_with)
{
    struct dice dice = { 1 };
    struct buf buf;
    int good = 0;

    buf_init(&buf, 1 << 20);
    for (int i = 0; i < 100000; i++) {
        json_auto_t *tree = random_tree(&dice, 4);
        char *text;
        size_t len;

        buf_clear(&buf);
        len = random_text(&buf, tree).len;
        text = malloc(len + 16); /* exactly sized in the end, so that reading beyond it is seen */
        assert_non_null(text);
        memcpy(text, buf.ptr, len);
        len = meddle(&dice, text, len);
        text = realloc(text, len > 0 ? len : 1);
        assert_non_null(text);
        good += stop_of((struct str){ text, len }) == GOOD;
        check_against_jansson((struct str){ text, len });
        free(text);
    }
    buf_done(&buf);
    assert_in_range(good, 10000, 90000); /* both verdicts were met */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan__agrees_with_jansson_on_every_text_of_four_bytes),
        cmocka_unit_test(scan__agrees_with_jansson_on_every_unicode_escape),
        cmocka_unit_test(scan__stops_where_no_utf8_can_continue),
        cmocka_unit_test(scan__refuses_exactly_the_reals_that_strtod_makes_infinite),
        cmocka_unit_test(scan__knows_the_last_digit_of_the_least_real_that_is_too_great),
        cmocka_unit_test(scan__agrees_with_jansson_on_texts_that_were_meddled_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
