/* extended_json: types that old keeps, and BSON that other programs wrote. */
#include "extended_json_fixture.h"

#include <stdio.h>

/* What a value becomes where one of this text, made canonical, was before. */
static void assert_kept(const char *old_value, const char *value, bson_type_t type)
{
    bson_t old = BSON_INITIALIZER;
    bson_t now = BSON_INITIALIZER;

    read_v(&old, old_value, NULL);
    read_v(&now, value, &old);
    if (type_of_v(&now) != type) {
        print_error("%s in the place of %s has type %d\n", value, old_value, type_of_v(&now));
    }
    assert_int_equal(type_of_v(&now), type);
    if (type_of_v(&old) == type) {
        assert_same(&now, &old);
    }
    bson_destroy(&now);
    bson_destroy(&old);
}

TEST(old__an_equal_number_keeps_its_type)
{
    assert_kept("{\"$numberLong\":\"5\"}", "5", BSON_TYPE_INT64);
    assert_kept("{\"$numberLong\":\"-5\"}", "-5", BSON_TYPE_INT64);
    assert_kept("5.0", "5", BSON_TYPE_DOUBLE);
    assert_kept("-9223372036854775808.0", "-9223372036854775808", BSON_TYPE_DOUBLE);
    assert_kept("0.0", "0", BSON_TYPE_DOUBLE);
    assert_kept("{\"$numberDecimal\":\"5\"}", "5", BSON_TYPE_DECIMAL128);
    assert_kept("{\"$numberDecimal\":\"-5.00\"}", "-5", BSON_TYPE_DECIMAL128);
    assert_kept("{\"$numberDecimal\":\"5E+3\"}", "5000", BSON_TYPE_DECIMAL128);
    assert_kept("{\"$numberDecimal\":\"0E+6111\"}", "0", BSON_TYPE_DECIMAL128);
    assert_kept("{\"$numberDecimal\":\"9223372036854775807.000000000000000\"}",
                "9223372036854775807", BSON_TYPE_DECIMAL128);
}

TEST(old__another_number_or_a_real_has_its_own_type)
{
    assert_kept("{\"$numberLong\":\"5\"}", "6", BSON_TYPE_INT32);
    assert_kept("5", "2147483648", BSON_TYPE_INT64);
    assert_kept("5.5", "5", BSON_TYPE_INT32);
    assert_kept("-0.0", "0", BSON_TYPE_INT32);
    assert_kept("{\"$numberDouble\":\"NaN\"}", "0", BSON_TYPE_INT32);
    assert_kept("{\"$numberDouble\":\"Infinity\"}", "9223372036854775807", BSON_TYPE_INT64);
    assert_kept("9007199254740992.0", "9007199254740993", BSON_TYPE_INT64);
    assert_kept("9223372036854775808.0", "9223372036854775807", BSON_TYPE_INT64);
    assert_kept("{\"$numberDecimal\":\"-0\"}", "0", BSON_TYPE_INT32);
    assert_kept("{\"$numberDecimal\":\"5.1\"}", "5", BSON_TYPE_INT32);
    assert_kept("{\"$numberDecimal\":\"-5\"}", "5", BSON_TYPE_INT32);
    assert_kept("{\"$numberDecimal\":\"50E-2\"}", "5", BSON_TYPE_INT32);
    assert_kept("{\"$numberDecimal\":\"NaN\"}", "0", BSON_TYPE_INT32);
    assert_kept("{\"$numberDecimal\":\"1E+6000\"}", "10", BSON_TYPE_INT32);
    assert_kept("{\"$numberLong\":\"5\"}", "5.0", BSON_TYPE_DOUBLE);
    assert_kept("{\"$numberLong\":\"5\"}", "{\"$numberInt\":\"5\"}", BSON_TYPE_INT32);
    assert_kept("\"5\"", "5", BSON_TYPE_INT32);
    assert_kept("[5.0]", "{\"0\":5}", BSON_TYPE_DOCUMENT);
}

TEST(old__places_are_found_by_names_and_indexes)
{
    static const char *const old_text =
        "{\"_id\":\"x\",\"a\":1.0,\"gone\":2.0,\"b\":{\"c\":[3.0,{\"d\":4.0},\"s\"],\"e\":5.0},"
        "\"f\":{\"$code\":\"\",\"$scope\":{\"g\":6.0}}}";
    static const char *const text =
        "{\"f\":{\"$code\":\"\",\"$scope\":{\"g\":6}},\"new\":1,\"b\":{\"e\":5,\"n\":\"\","
        "\"c\":[3,{\"d\":4},1]},\"a\":1}";
    bson_t old = BSON_INITIALIZER;
    bson_t now = BSON_INITIALIZER;

    read_text(&old, old_text, NULL);
    read_text(&now, text, &old);
    assert_shown(&now, "{\"_id\":\"x\",\"f\":{\"$code\":\"\",\"$scope\":{\"g\":6.0}},\"new\":1,"
                       "\"b\":{\"e\":5.0,\"n\":\"\",\"c\":[3.0,{\"d\":4.0},1]},\"a\":1.0}");
    bson_destroy(&now);
    bson_destroy(&old);
}

TEST(old__many_members_in_another_order_are_found)
{
    const int count = 20000;
    bson_t old = BSON_INITIALIZER;
    bson_t now = BSON_INITIALIZER;
    bson_iter_t member;
    struct buf text;

    for (int i = 0; i < count; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "m%d", i);
        assert_true(bson_append_double(&old, name, -1, i));
    }
    buf_init(&text, SIZE_MAX);
    buf_char(&text, '{');
    for (int i = count - 1; i >= 0; i--) {
        buf_printf(&text, "\"m%d\":%d%s", i, i, i > 0 ? "," : "}");
    }
    assert_int_equal(extended_json_read(buf_view(&text), &old, &now, NULL), ST_OK);
    assert_true(bson_iter_init(&member, &now));
    while (bson_iter_next(&member)) {
        assert_true(BSON_ITER_HOLDS_DOUBLE(&member));
    }
    assert_int_equal(bson_count_keys(&now), count);
    buf_done(&text);
    bson_destroy(&now);
    bson_destroy(&old);
}

TEST(foreign__of_members_with_one_name_the_first_is_shown)
{
    bson_t bson = BSON_INITIALIZER;
    bson_t inner;

    assert_true(bson_append_int32(&bson, "a", -1, 1));
    assert_true(bson_append_document_begin(&bson, "d", -1, &inner));
    assert_true(bson_append_int32(&inner, "b", -1, 2));
    assert_true(bson_append_int32(&inner, "_id", -1, 3));
    assert_true(bson_append_int32(&inner, "b", -1, 4));
    assert_true(bson_append_document_end(&bson, &inner));
    assert_true(bson_append_int32(&bson, "a", -1, 5));
    assert_true(bson_append_oid(&bson, "_id", -1, &(bson_oid_t){ .bytes = { 0 } }));
    assert_shown(&bson, "{\"_id\":\"x\",\"a\":1,\"d\":{\"b\":2,\"_id\":3}}");
    bson_destroy(&bson);
}

TEST(foreign__that_holds_for_many_members_too)
{
    const int count = 1000;
    bson_t bson = BSON_INITIALIZER;
    struct buf expected;
    struct buf text;

    buf_init(&expected, SIZE_MAX);
    buf_init(&text, SIZE_MAX);
    buf_text(&expected, "{\"_id\":\"x\"");
    for (int i = 0; i < 3 * count; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "m%d", i % count);
        assert_true(bson_append_int32(&bson, name, -1, i));
        if (i < count) {
            buf_printf(&expected, ",\"m%d\":%d", i, i);
        }
    }
    buf_char(&expected, '}');
    assert_int_equal(extended_json_write(&bson, STR("x"), &text, NULL), ST_OK);
    assert_true(str_equal(buf_view(&text), buf_view(&expected)));
    buf_done(&text);
    buf_done(&expected);
    bson_destroy(&bson);
}

#define UNKNOWN "\xEF\xBF\xBD"

TEST(foreign__bytes_that_are_no_text_are_replaced)
{
    bson_t bson = BSON_INITIALIZER;

    assert_true(bson_append_utf8(&bson, "s", -1, "caf\xE9 \xE2\x82\xAC", -1));
    assert_true(bson_append_utf8(&bson, "nul", -1, "a\0b", 3));
    assert_true(bson_append_code(&bson, "c", -1, "\xED\xA0\x80"));
    assert_true(bson_append_regex(&bson, "r", -1, "\xC0\x80", ""));
    assert_shown(&bson, "{\"_id\":\"x\",\"s\":\"caf" UNKNOWN " \xE2\x82\xAC\",\"nul\":\"a" UNKNOWN
                        "b\",\"c\":{\"$code\":\"" UNKNOWN UNKNOWN UNKNOWN "\"},"
                        "\"r\":{\"$regularExpression\":{\"pattern\":\"" UNKNOWN UNKNOWN "\","
                        "\"options\":\"\"}}}");
    bson_destroy(&bson);
}

TEST(foreign__names_that_are_no_text_stay_different)
{
    bson_t bson = BSON_INITIALIZER;

    assert_true(bson_append_int32(&bson, "\xFF", -1, 1));
    assert_true(bson_append_int32(&bson, "\xFE", -1, 2));
    assert_true(bson_append_int32(&bson, "\xFF", -1, 3));
    assert_true(bson_append_int32(&bson, UNKNOWN "fe", -1, 4));
    assert_true(bson_append_int32(&bson, "\xFF\xFE", -1, 5));
    assert_true(bson_append_int32(&bson, "\xFF" UNKNOWN "fe", -1, 6));
    assert_shown(&bson,
                 "{\"_id\":\"x\",\"" UNKNOWN "ff\":1,\"" UNKNOWN "fe\":4,\"" UNKNOWN "ff" UNKNOWN
                 "fe\":5,\"" UNKNOWN "ff" UNKNOWN "ef" UNKNOWN "bf" UNKNOWN "bdfe\":6}");
    bson_destroy(&bson);
}

/* Documents in documents, the innermost empty. */
static void nest(bson_t *ret_bson, int levels)
{
    bson_init(ret_bson);
    for (int i = 1; i < levels; i++) {
        bson_t outer = BSON_INITIALIZER;

        assert_true(bson_append_document(&outer, "a", -1, ret_bson));
        bson_destroy(ret_bson);
        bson_copy_to(&outer, ret_bson);
        bson_destroy(&outer);
    }
}

TEST(foreign__deeply_nested_documents_are_shown_to_a_limit)
{
    struct buf text;
    struct err err;
    bson_t bson;

    buf_init(&text, SIZE_MAX);
    buf_text(&text, "before");
    nest(&bson, BSON_DEPTH_MAX + 1);
    assert_int_equal(extended_json_write(&bson, STR("x"), &text, &err), ST_BROKEN);
    assert_str(buf_view(&text), "before");
    bson_destroy(&bson);
    nest(&bson, BSON_DEPTH_MAX);
    assert_int_equal(extended_json_write(&bson, STR("x"), &text, &err), ST_OK);
    assert_int_equal(text.len,
                     strlen("before{\"_id\":\"x\"") + (BSON_DEPTH_MAX - 1) * 6 + strlen(",}"));
    bson_destroy(&bson);
    buf_done(&text);
}

TEST(foreign__damage_is_an_error)
{
    /* {"v": {"s": a string of 1000 bytes that aren't there}} */
    static const uint8_t bytes[] = { 21, 0,   0, 0,    3,    'v', 0, 13, 0, 0, 0,
                                     2,  's', 0, 0xE8, 0x03, 0,   0, 0,  0, 0 };
    bson_t bson;
    struct buf text;
    struct err err = { .has_offset = false };

    buf_init(&text, SIZE_MAX);
    assert_true(bson_init_static(&bson, bytes, sizeof(bytes)));
    assert_int_equal(extended_json_write(&bson, STR("x"), &text, &err), ST_BROKEN);
    assert_true(err.text[0]);
    assert_int_equal(text.len, 0);
    buf_done(&text);
}

TEST(write__a_text_beyond_the_limit_leaves_nothing)
{
    bson_t bson = BSON_INITIALIZER;
    struct buf text;

    buf_init(&text, 16);
    assert_true(bson_append_utf8(&bson, "s", -1, "eight by", -1));
    assert_int_equal(extended_json_write(&bson, STR("x"), &text, NULL), ST_BROKEN);
    assert_int_equal(text.len, 0);
    assert_true(buf_overflowed(&text));
    buf_done(&text);
    bson_destroy(&bson);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old__an_equal_number_keeps_its_type),
        cmocka_unit_test(old__another_number_or_a_real_has_its_own_type),
        cmocka_unit_test(old__places_are_found_by_names_and_indexes),
        cmocka_unit_test(old__many_members_in_another_order_are_found),
        cmocka_unit_test(foreign__of_members_with_one_name_the_first_is_shown),
        cmocka_unit_test(foreign__that_holds_for_many_members_too),
        cmocka_unit_test(foreign__bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(foreign__names_that_are_no_text_stay_different),
        cmocka_unit_test(foreign__deeply_nested_documents_are_shown_to_a_limit),
        cmocka_unit_test(foreign__damage_is_an_error),
        cmocka_unit_test(write__a_text_beyond_the_limit_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
