/* json_scan: which texts are JSON, and the exact byte at which the others stop being it. */
#include "test.h"

#include "json_random.h"
#include "json/json.h"

#include <stdlib.h>

#define GOOD SIZE_MAX

/* The offset at which the scanner stops, or GOOD. */
static size_t stop_of(struct str text)
{
    size_t offset = 0;
    const char *why = NULL;

    if (json_scan(text, &offset, &why)) {
        assert_null(why);
        return GOOD;
    }
    assert_non_null(why);
    assert_true(offset <= text.len);
    return offset;
}

struct stop {
    struct str text;
    size_t offset;
};

static void check_stops(const struct stop *stops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t offset = stop_of(stops[i].text);

        if (offset != stops[i].offset) {
            fail_msg("%.*s stops at %zd, not at %zd", STR_ARG(stops[i].text), (ssize_t)offset,
                     (ssize_t)stops[i].offset);
        }
    }
}

#define CHECK_STOPS(stops) check_stops(stops, sizeof(stops) / sizeof((stops)[0]))

TEST(scan__every_kind_of_value_is_fine_alone_and_with_space_around)
{
    static const struct stop stops[] = {
        { STR("null"), GOOD },
        { STR("true"), GOOD },
        { STR(" false\r\n\t "), GOOD },
        { STR("0"), GOOD },
        { STR("-0"), GOOD },
        { STR("-0.0e-0"), GOOD },
        { STR("1E+2"), GOOD },
        { STR("\"\""), GOOD },
        { STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\\uffff\""), GOOD },
        { STR("\"\x7F\xC2\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF\""), GOOD },
        { STR("{}"), GOOD },
        { STR("[ ]"), GOOD },
        { STR(" { \"a\" : [ 1 , { } , [ ] ] , \"\" : null } "), GOOD },
    };

    CHECK_STOPS(stops);
}

TEST(scan__structure_stops_at_the_first_byte_that_cannot_continue)
{
    static const struct stop stops[] = {
        { STR(""), 0 },           { STR("  "), 2 },
        { STR("{"), 1 },          { STR("{\"a\""), 4 },
        { STR("{\"a\":"), 5 },    { STR("{\"a\":1"), 6 },
        { STR("{\"a\":1,}"), 7 }, { STR("{\"a\":1 \"b\":2}"), 7 },
        { STR("{\"a\" 1}"), 5 },  { STR("{a:1}"), 1 },
        { STR("{1:1}"), 1 },      { STR("{,}"), 1 },
        { STR("{\"a\":}"), 5 },   { STR("{\"a\":1]"), 6 },
        { STR("[1 2]"), 3 },      { STR("[1,]"), 3 },
        { STR("[,1]"), 1 },       { STR("[1}"), 2 },
        { STR("[[1]"), 4 },       { STR("[]]"), 2 },
        { STR("1 2"), 2 },        { STR("{} x"), 3 },
        { STR("]"), 0 },          { STR("'a'"), 0 },
        { STR("[1]\0"), 3 },      { STR("\0"), 0 },
        { STR("/* */1"), 0 },     { STR("\xEF\xBB\xBF{}"), 0 }, /* a byte order mark */
        { STR("\x0B{}"), 0 },     { STR("[\xC2\xA0]"), 1 },
    };

    CHECK_STOPS(stops);
}

TEST(scan__words_and_numbers_stop_at_the_first_byte_that_cannot_continue)
{
    static const struct stop stops[] = {
        { STR("nulx"), 3 }, { STR("nul"), 3 },   { STR("nullx"), 4 },     { STR("True"), 0 },
        { STR("tRue"), 1 }, { STR("NaN"), 0 },   { STR("Infinity"), 0 },  { STR("01"), 1 },
        { STR("-01"), 2 },  { STR("-"), 1 },     { STR("--1"), 1 },       { STR("+1"), 0 },
        { STR(".5"), 0 },   { STR("1."), 2 },    { STR("[1.]"), 3 },      { STR("1.e1"), 2 },
        { STR("1e"), 2 },   { STR("1e+"), 3 },   { STR("1ex"), 2 },       { STR("1e1.5"), 3 },
        { STR("0x10"), 1 }, { STR("1_000"), 1 }, { STR("-Infinity"), 1 },
    };

    CHECK_STOPS(stops);
}

TEST(scan__strings_stop_at_the_first_byte_that_cannot_continue)
{
    static const struct stop stops[] = {
        { STR("\"abc"), 4 },
        { STR("\"abcdefgh\n\""), 9 },
        { STR("\"a\tb\""), 2 },
        { STR("\"a\0b\""), 2 },
        { STR("\"\x1F\""), 1 },
        { STR("\"\\x41\""), 2 },
        { STR("\"\\"), 2 },
        { STR("\"\\u12"), 5 },
        { STR("\"\\u12\""), 5 },
        { STR("\"\\u12G4\""), 5 },
        { STR("\"\\u12\x84\""), 5 },
        { STR("\"\\U0041\""), 2 },
        { STR("\"\\u0000\""), 6 }, /* the digit that makes it NUL */
        { STR("\"\\ud800\""), 7 }, /* a low surrogate must follow */
        { STR("\"\\ud800x\""), 7 },
        { STR("\"\\ud800\\n\""), 8 },
        { STR("\"\\ud800\\u0041\""), 9 },
        { STR("\"\\ud800\\ud800\""), 10 },
        { STR("\"\\uD800\\uDBFF\""), 10 },
        { STR("\"\\ud800\\udcx0\""), 11 },
        { STR("\"\\ud800\\ud"), 10 },
        { STR("\"\\udc00\""), 4 }, /* no other than a low surrogate begins so */
        { STR("\"\\uDFFF\""), 4 },
    };

    CHECK_STOPS(stops);
}

TEST(scan__invalid_utf8_stops_at_the_byte_that_cannot_continue_the_sequence)
{
    static const struct stop stops[] = {
        { STR("\"\x80\""), 1 },
        { STR("\"\xC0\x80\""), 1 },
        { STR("\"\xC1\xBF\""), 1 },
        { STR("\"\xC3\""), 2 },
        { STR("\"\xC3"), 2 },
        { STR("\"\xE0\x9F\xBF\""), 2 },
        { STR("\"\xE2\x82\""), 3 },
        { STR("\"\xE2\x28\xA1\""), 2 },
        { STR("\"\xED\xA0\x80\""), 2 }, /* a surrogate */
        { STR("\"\xF0\x8F\xBF\xBF\""), 2 },
        { STR("\"\xF0\x9F\x98\""), 4 },
        { STR("\"\xF4\x90\x80\x80\""), 2 },
        { STR("\"\xF5\x80\x80\x80\""), 1 },
        { STR("\"\xFF\""), 1 },
        { STR("{\"\xC3(\":1}"), 3 },
    };

    CHECK_STOPS(stops);
}

TEST(scan__numbers_out_of_range_stop_behind_their_last_digit)
{
    static const struct stop stops[] = {
        { STR("9223372036854775807"), GOOD },
        { STR("9223372036854775808"), 19 },
        { STR("-9223372036854775808"), GOOD },
        { STR("-9223372036854775809"), 20 },
        { STR("[10000000000000000000]"), 21 },
        { STR("9223372036854775808.0"), GOOD },
        { STR("1.7976931348623157e308"), GOOD },
        { STR("1.7976931348623158e308"), GOOD }, /* rounds to the greatest double */
        { STR("1.7976931348623159e308"), 22 },
        { STR("[-1e309,1]"), 7 },
        { STR("1e999999999999999999999999"), 26 },
        { STR("-1e-999999999999999999999999"), GOOD },
        { STR("0e999999999999999999999999"), GOOD },
        { STR("0.000e+99999"), GOOD },
        { STR("0.001e311"), GOOD },
        { STR("0.001e312"), 9 },
        { STR("1e00000000000000000000000000308"), GOOD },
        { STR("5e-324"), GOOD },
        { STR("1e-400"), GOOD },
    };

    CHECK_STOPS(stops);
}

TEST(scan__level_33_stops_at_its_bracket)
{
    char text[3 * JSON_DEPTH_MAX + 8] = "";
    size_t len = 0;

    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        text[len++] = '[';
    }
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        text[len++] = ']';
    }
    assert_int_equal(stop_of((struct str){ text, len }), GOOD);

    memset(text, '[', JSON_DEPTH_MAX + 1);
    assert_int_equal(stop_of((struct str){ text, JSON_DEPTH_MAX + 1 }), JSON_DEPTH_MAX);
    text[JSON_DEPTH_MAX] = '{';
    assert_int_equal(stop_of((struct str){ text, JSON_DEPTH_MAX + 1 }), JSON_DEPTH_MAX);
    /* Levels that are closed again count no more. */
    memcpy(text, "[[],[],{\"a\":[]},", 16);
    for (len = 16; len < 16 + JSON_DEPTH_MAX - 1; len++) {
        text[len] = '[';
    }
    assert_int_equal(stop_of((struct str){ text, len }), len);
    text[len] = '[';
    assert_int_equal(stop_of((struct str){ text, len + 1 }), len);
}

TEST(scan__within_another_depth_stops_at_the_bracket_beyond_it)
{
    char text[2 * 64];
    const char *why = NULL;
    size_t offset = 0;

    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_true(json_scan_within((struct str){ .ptr = text, .len = 128 }, 64, &offset, &why));
    assert_false(json_scan_within((struct str){ .ptr = text, .len = 128 }, 34, &offset, &why));
    assert_int_equal(offset, 34);
    assert_string_equal(why, "Nested too deeply");
    assert_false(json_scan((struct str){ .ptr = text, .len = 128 }, &offset, &why));
    assert_int_equal(offset, JSON_DEPTH_MAX);
}

TEST(scan__reads_nothing_behind_the_text)
{
    static const char whole[] =
        "{\"abcdefghijkl\":[true,12345678901,\"\\ud83d\\ude00\xE2\x82\xAC\"]}";

    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        char *cut = malloc(len > 0 ? len : 1);

        assert_non_null(cut);
        memcpy(cut, whole, len);
        assert_int_equal(stop_of((struct str){ cut, len }), len);
        free(cut);
    }
    assert_int_equal(stop_of(STR(whole)), GOOD);
    assert_int_equal(stop_of((struct str){ NULL, 0 }), 0);
}

TEST(blank__is_only_the_white_space_of_json)
{
    assert_true(json_is_blank(STR("")));
    assert_true(json_is_blank(STR(" \t\r\n")));
    assert_true(json_is_blank((struct str){ NULL, 0 }));
    assert_false(json_is_blank(STR(" x")));
    assert_false(json_is_blank(STR("\0")));
    assert_false(json_is_blank(STR("\x0B")));
    assert_false(json_is_blank(STR("\xC2\xA0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan__every_kind_of_value_is_fine_alone_and_with_space_around),
        cmocka_unit_test(scan__structure_stops_at_the_first_byte_that_cannot_continue),
        cmocka_unit_test(scan__words_and_numbers_stop_at_the_first_byte_that_cannot_continue),
        cmocka_unit_test(scan__strings_stop_at_the_first_byte_that_cannot_continue),
        cmocka_unit_test(scan__invalid_utf8_stops_at_the_byte_that_cannot_continue_the_sequence),
        cmocka_unit_test(scan__numbers_out_of_range_stop_behind_their_last_digit),
        cmocka_unit_test(scan__level_33_stops_at_its_bracket),
        cmocka_unit_test(scan__within_another_depth_stops_at_the_bracket_beyond_it),
        cmocka_unit_test(scan__reads_nothing_behind_the_text),
        cmocka_unit_test(blank__is_only_the_white_space_of_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
