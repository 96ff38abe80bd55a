/* extended_json: what has the form of a type and what doesn't, and the text that comes back of it. */
#include "extended_json_fixture.h"
#include "json/extended.h"

/* A value, the type that it becomes, and the text that comes back. */
struct form_case {
    const char *value;
    bson_type_t type;
    const char *shown; /* NULL: the same */
};

/* Patches replace as a whole whatever is a type here. */
static void assert_patches_agree(const char *value)
{
    json_t *tree = NULL;

    assert_int_equal(json_parse(str_of(value), &tree, NULL), ST_OK);
    if (json_is_object(tree) && !json_is_extended(tree)) {
        fail_msg("patches would merge into %s", value);
    }
    json_decref(tree);
}

static void check_cases(const struct form_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bson_t bson = BSON_INITIALIZER;

        read_v(&bson, cases[i].value, NULL);
        if (type_of_v(&bson) != cases[i].type) {
            print_error("%s has type %d\n", cases[i].value, type_of_v(&bson));
        }
        assert_int_equal(type_of_v(&bson), cases[i].type);
        assert_v_shown(&bson, cases[i].shown ? cases[i].shown : cases[i].value);
        if (cases[i].type != BSON_TYPE_DOCUMENT) {
            assert_patches_agree(cases[i].value);
        }
        bson_destroy(&bson);
    }
}

TEST(forms__text_in_the_normal_form_comes_back_as_it_was)
{
    static const struct form_case cases[] = {
        { "\"text \\u0001 \\\" é\"", BSON_TYPE_UTF8, NULL },
        { "{}", BSON_TYPE_DOCUMENT, NULL },
        { "{\"\":{\"a.b\":[]},\"_id\":1}", BSON_TYPE_DOCUMENT, NULL },
        { "[1,[],{\"$oid\":\"" HEX "\"}]", BSON_TYPE_ARRAY, NULL },
        { "true", BSON_TYPE_BOOL, NULL },
        { "false", BSON_TYPE_BOOL, NULL },
        { "null", BSON_TYPE_NULL, NULL },
        { "0", BSON_TYPE_INT32, NULL },
        { "2147483647", BSON_TYPE_INT32, NULL },
        { "-2147483648", BSON_TYPE_INT32, NULL },
        { "2147483648", BSON_TYPE_INT64, NULL },
        { "-2147483649", BSON_TYPE_INT64, NULL },
        { "9223372036854775807", BSON_TYPE_INT64, NULL },
        { "-9223372036854775808", BSON_TYPE_INT64, NULL },
        { "0.1", BSON_TYPE_DOUBLE, NULL },
        { "5.0", BSON_TYPE_DOUBLE, NULL },
        { "-0.0", BSON_TYPE_DOUBLE, NULL },
        { "5e-324", BSON_TYPE_DOUBLE, NULL },
        { "1.7976931348623157e308", BSON_TYPE_DOUBLE, NULL },
        { "{\"$numberDouble\":\"NaN\"}", BSON_TYPE_DOUBLE, NULL },
        { "{\"$numberDouble\":\"Infinity\"}", BSON_TYPE_DOUBLE, NULL },
        { "{\"$numberDouble\":\"-Infinity\"}", BSON_TYPE_DOUBLE, NULL },
        { "{\"$numberDecimal\":\"1.10\"}", BSON_TYPE_DECIMAL128, NULL },
        { "{\"$numberDecimal\":\"-0E-6176\"}", BSON_TYPE_DECIMAL128, NULL },
        { "{\"$numberDecimal\":\"-Infinity\"}", BSON_TYPE_DECIMAL128, NULL },
        { "{\"$numberDecimal\":\"9.999999999999999999999999999999999E+6144\"}",
          BSON_TYPE_DECIMAL128, NULL },
        { "{\"$oid\":\"" HEX "\"}", BSON_TYPE_OID, NULL },
        { "{\"$date\":\"1970-01-01T00:00:00Z\"}", BSON_TYPE_DATE_TIME, NULL },
        { "{\"$date\":\"2024-02-29T23:59:59.001Z\"}", BSON_TYPE_DATE_TIME, NULL },
        { "{\"$date\":\"9999-12-31T23:59:59.999Z\"}", BSON_TYPE_DATE_TIME, NULL },
        { "{\"$date\":{\"$numberLong\":\"-1\"}}", BSON_TYPE_DATE_TIME, NULL },
        { "{\"$date\":{\"$numberLong\":\"253402300800000\"}}", BSON_TYPE_DATE_TIME, NULL },
        { "{\"$date\":{\"$numberLong\":\"-9223372036854775808\"}}", BSON_TYPE_DATE_TIME, NULL },
        { "{\"$binary\":{\"base64\":\"\",\"subType\":\"00\"}}", BSON_TYPE_BINARY, NULL },
        { "{\"$binary\":{\"base64\":\"AAE=\",\"subType\":\"80\"}}", BSON_TYPE_BINARY, NULL },
        { "{\"$binary\":{\"base64\":\"/+8A\",\"subType\":\"02\"}}", BSON_TYPE_BINARY, NULL },
        { "{\"$timestamp\":{\"t\":4294967295,\"i\":0}}", BSON_TYPE_TIMESTAMP, NULL },
        { "{\"$regularExpression\":{\"pattern\":\"^a\\\\.\",\"options\":\"im\"}}", BSON_TYPE_REGEX,
          NULL },
        { "{\"$regularExpression\":{\"pattern\":\"\",\"options\":\"g\"}}", BSON_TYPE_REGEX, NULL },
        { "{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":{\"$oid\":\"" HEX "\"}}}", BSON_TYPE_DBPOINTER,
          NULL },
        { "{\"$symbol\":\"s\"}", BSON_TYPE_SYMBOL, NULL },
        { "{\"$code\":\"f()\"}", BSON_TYPE_CODE, NULL },
        { "{\"$code\":\"f()\",\"$scope\":{\"a\":1,\"b\":{\"$code\":\"g\",\"$scope\":{}}}}",
          BSON_TYPE_CODEWSCOPE, NULL },
        { "{\"$code\":\"f()\",\"$scope\":{\"$oid\":\"" HEX "\"}}", BSON_TYPE_CODEWSCOPE, NULL },
        { "{\"$undefined\":true}", BSON_TYPE_UNDEFINED, NULL },
        { "{\"$minKey\":1}", BSON_TYPE_MINKEY, NULL },
        { "{\"$maxKey\":1}", BSON_TYPE_MAXKEY, NULL },
        { "{\"$ref\":\"c\",\"$id\":{\"$oid\":\"" HEX "\"},\"$db\":\"d\"}", BSON_TYPE_DOCUMENT,
          NULL },
    };

    check_cases(cases, COUNT(cases));
}

TEST(forms__what_has_another_form_comes_back_in_the_normal_one)
{
    static const struct form_case cases[] = {
        { "{\"$numberInt\":\"5\"}", BSON_TYPE_INT32, "5" },
        { "{\"$numberLong\":\"5\"}", BSON_TYPE_INT64, "5" },
        { "{\"$numberLong\":\"-9223372036854775808\"}", BSON_TYPE_INT64, "-9223372036854775808" },
        { "{\"$numberDouble\":\"5\"}", BSON_TYPE_DOUBLE, "5.0" },
        { "{\"$numberDouble\":\"100000000000000000000\"}", BSON_TYPE_DOUBLE, "1e20" },
        { "{\"$numberDouble\":\"-1.2345E+3\"}", BSON_TYPE_DOUBLE, "-1234.5" },
        { "{\"$numberDecimal\":\"+01e1\"}", BSON_TYPE_DECIMAL128, "{\"$numberDecimal\":\"1E+1\"}" },
        { "{\"$numberDecimal\":\"-inf\"}", BSON_TYPE_DECIMAL128,
          "{\"$numberDecimal\":\"-Infinity\"}" },
        { "{\"$oid\":\"0123456789ABCDEF01234567\"}", BSON_TYPE_OID, "{\"$oid\":\"" HEX "\"}" },
        { "{\"$date\":\"2026-01-31T01:00:00.000+01:00\"}", BSON_TYPE_DATE_TIME,
          "{\"$date\":\"2026-01-31T00:00:00Z\"}" },
        { "{\"$date\":\"2026-01-30t18:29:59.5000000-05:30\"}", BSON_TYPE_DATE_TIME,
          "{\"$date\":\"2026-01-30T23:59:59.500Z\"}" },
        { "{\"$date\":\"1969-12-31T23:59:59z\"}", BSON_TYPE_DATE_TIME,
          "{\"$date\":{\"$numberLong\":\"-1000\"}}" },
        { "{\"$date\":{\"$numberLong\":\"1000\"}}", BSON_TYPE_DATE_TIME,
          "{\"$date\":\"1970-01-01T00:00:01Z\"}" },
        { "{\"$binary\":{\"subType\":\"f\",\"base64\":\"AA==\"}}", BSON_TYPE_BINARY,
          "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"0f\"}}" },
        { "{\"$uuid\":\"00112233-4455-6677-8899-aabbccddEEFF\"}", BSON_TYPE_BINARY,
          "{\"$binary\":{\"base64\":\"ABEiM0RVZneImaq7zN3u/w==\",\"subType\":\"04\"}}" },
        { "{\"$timestamp\":{\"i\":{\"$numberInt\":\"2\"},\"t\":{\"$numberLong\":\"1\"}}}",
          BSON_TYPE_TIMESTAMP, "{\"$timestamp\":{\"t\":1,\"i\":2}}" },
        { "{\"$regularExpression\":{\"options\":\"xmi\",\"pattern\":\"a\"}}", BSON_TYPE_REGEX,
          "{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"imx\"}}" },
        { "{\"$scope\":{},\"$code\":\"f\"}", BSON_TYPE_CODEWSCOPE,
          "{\"$code\":\"f\",\"$scope\":{}}" },
        { "{\"$minKey\":{\"$numberInt\":\"1\"}}", BSON_TYPE_MINKEY, "{\"$minKey\":1}" },
        { " { \"\\u0024oid\" : \"01\\u00323456789abcdef01234567\" } ", BSON_TYPE_OID,
          "{\"$oid\":\"" HEX "\"}" },
        { "{\"$date\":\"2000-02-29T00:00:00.5Z\"}", BSON_TYPE_DATE_TIME,
          "{\"$date\":\"2000-02-29T00:00:00.500Z\"}" },
        { "{\"\\u0024oi\":\"" HEX "\"}", BSON_TYPE_DOCUMENT, "{\"$oi\":\"" HEX "\"}" },
        { "{\"\\u0024oidx\":\"" HEX "\"}", BSON_TYPE_DOCUMENT, "{\"$oidx\":\"" HEX "\"}" },
        { "{\"$date\":{\"$numberLong\":\"5\"},\"x\":1}", BSON_TYPE_DOCUMENT,
          "{\"$date\":5,\"x\":1}" },
    };

    check_cases(cases, COUNT(cases));
}

TEST(forms__what_is_no_valid_form_stays_a_document)
{
    static const char *const values[] = {
        "{\"$oid\":\"0123456789abcdef0123456\"}",
        "{\"$oid\":\"0123456789abcdef0123456g\"}",
        "{\"$oid\":\"" HEX "\",\"x\":1}",
        "{\"x\":1,\"$oid\":\"" HEX "\"}",
        "{\"$oid\":1}",
        "{\"$other\":1}",
        "{\"$\":1}",
        "{\"$numberInt\":\"2147483648\"}",
        "{\"$numberInt\":\"05\"}",
        "{\"$numberInt\":\"\"}",
        "{\"$numberInt\":\"-\"}",
        "{\"$numberInt\":5}",
        "{\"$numberLong\":\"9223372036854775808\"}",
        "{\"$numberLong\":\"5.0\"}",
        "{\"$numberLong\":\" 5\"}",
        "{\"$numberDouble\":\"1e400\"}",
        "{\"$numberDouble\":\"0x10\"}",
        "{\"$numberDouble\":\"1.\"}",
        "{\"$numberDouble\":\"inf\"}",
        "{\"$numberDecimal\":\"\"}",
        "{\"$numberDecimal\":\"1E\"}",
        "{\"$numberDecimal\":\"1E99999999999999999999\"}",
        "{\"$numberDecimal\":\"12345678901234567890123456789012345\"}",
        "{\"$numberDecimal\":\"Infinityx\"}",
        "{\"$date\":0}",
        "{\"$date\":\"2026-02-29T00:00:00Z\"}",
        "{\"$date\":\"2100-02-29T00:00:00Z\"}",
        "{\"$date\":\"2026-00-01T00:00:00Z\"}",
        "{\"$date\":\"2026-13-01T00:00:00Z\"}",
        "{\"$date\":\"2026-01-31T24:00:00Z\"}",
        "{\"$date\":\"2026-01-31T00:00:60Z\"}",
        "{\"$date\":\"2026-01-31T00:00:00\"}",
        "{\"$date\":\"2026-01-31T00:00:00.Z\"}",
        "{\"$date\":\"2026-01-31T00:00:00.0001Z\"}",
        "{\"$date\":\"2026-01-31T00:00:00+0100\"}",
        "{\"$date\":\"2026-01-31T00:00:00Z \"}",
        "{\"$date\":\"2026-01-31\"}",
        "{\"$binary\":\"AA==\",\"$type\":\"00\"}",
        "{\"$binary\":{\"base64\":\"AA\",\"subType\":\"00\"}}",
        "{\"$binary\":{\"base64\":\"AB==\",\"subType\":\"00\"}}",
        "{\"$binary\":{\"base64\":\"A_==\",\"subType\":\"00\"}}",
        "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"100\"}}",
        "{\"$binary\":{\"base64\":\"AA==\",\"subType\":0}}",
        "{\"$binary\":{\"base64\":\"AA==\"}}",
        "{\"$uuid\":\"00112233-4455-6677-8899-aabbccddeef\"}",
        "{\"$uuid\":\"00112233445566778899-aabb-ccdd-eeff-\"}",
        "{\"$timestamp\":{\"t\":4294967296,\"i\":0}}",
        "{\"$timestamp\":{\"t\":-1,\"i\":0}}",
        "{\"$timestamp\":{\"t\":1.0,\"i\":0}}",
        "{\"$timestamp\":{\"t\":1,\"i\":0,\"x\":0}}",
        "{\"$regex\":\"a\",\"$options\":\"\"}",
        "{\"$regularExpression\":{\"pattern\":\"a\"}}",
        "{\"$regularExpression\":{\"pattern\":\"a\",\"options\":\"é\"}}",
        "{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":\"" HEX "\"}}",
        "{\"$dbPointer\":{\"$ref\":\"c\",\"$id\":{\"$oid\":\"0\"}}}",
        "{\"$symbol\":null}",
        "{\"$code\":\"f\",\"$scope\":5}",
        "{\"$code\":\"f\",\"$scope\":{},\"x\":1}",
        "{\"$scope\":{}}",
        "{\"$undefined\":false}",
        "{\"$minKey\":2}",
        "{\"$maxKey\":true}",
    };

    for (size_t i = 0; i < COUNT(values); i++) {
        const struct form_case stays = { values[i], BSON_TYPE_DOCUMENT, NULL };

        check_cases(&stays, 1);
    }
}

TEST(forms__base_64_has_padding_at_its_end_only)
{
    /* So long that it is taken in pieces, of which the first would be fine by itself. */
    static const size_t lens[] = { 1020, 1024, 2044, 2048 };

    for (size_t i = 0; i < COUNT(lens); i++) {
        bson_t bson = BSON_INITIALIZER;
        struct buf value;

        buf_init(&value, 1 << 20);
        buf_text(&value, "{\"$binary\":{\"base64\":\"");
        for (size_t at = 4; at < lens[i]; at++) {
            buf_char(&value, 'A');
        }
        buf_text(&value, "AA==AAAA\",\"subType\":\"00\"}}");
        buf_char(&value, '\0');
        read_v(&bson, value.ptr, NULL);
        assert_int_equal(type_of_v(&bson), BSON_TYPE_DOCUMENT);
        assert_v_shown(&bson, value.ptr);
        buf_done(&value);
        bson_destroy(&bson);
    }
}

TEST(forms__a_member_that_is_there_twice_makes_none)
{
    bson_t bson = BSON_INITIALIZER;

    /* json_parse takes no such text, but the scanner does. */
    read_v(&bson, "{\"$timestamp\":{\"t\":1,\"t\":2}}", NULL);
    assert_int_equal(type_of_v(&bson), BSON_TYPE_DOCUMENT);
    bson_destroy(&bson);
}

TEST(forms__no_document_as_a_whole_is_one)
{
    bson_t bson = BSON_INITIALIZER;

    read_text(&bson, " {\"$oid\" : \"" HEX "\"} ", NULL);
    assert_shown(&bson, "{\"_id\":\"x\",\"$oid\":\"" HEX "\"}");
    bson_destroy(&bson);
}

TEST(forms__one_inside_many_that_fail_costs_no_more)
{
    bson_t bson = BSON_INITIALIZER;
    struct buf value;

    /* Were each level read twice, the innermost would be read 2 to the 30 times. */
    buf_init(&value, 1 << 20);
    for (int i = 0; i < 28; i++) {
        buf_text(&value, "{\"$code\":\"\",\"$scope\":");
    }
    buf_text(&value, "{}");
    for (int i = 0; i < 28; i++) {
        buf_text(&value, ",\"x\":1}");
    }
    buf_char(&value, '\0');
    read_v(&bson, value.ptr, NULL);
    assert_v_shown(&bson, value.ptr);
    buf_done(&value);
    bson_destroy(&bson);
}

TEST(read__ids_inside_are_ordinary_and_the_outermost_is_not_taken)
{
    bson_t bson = BSON_INITIALIZER;
    bson_iter_t id;

    assert_true(bson_append_int32(&bson, "_id", -1, 7));
    read_text(&bson, "{\"a\":{\"_id\":1},\"_id\":[{}],\"b\":2}", NULL);
    assert_true(bson_iter_init_find(&id, &bson, "_id"));
    assert_int_equal(bson_iter_int32(&id), 7);
    assert_int_equal(bson_count_keys(&bson), 3);
    assert_shown(&bson, "{\"_id\":\"x\",\"a\":{\"_id\":1},\"b\":2}");
    bson_destroy(&bson);
}

TEST(read__escapes_mean_what_they_mean)
{
    bson_t bson = BSON_INITIALIZER;

    read_v(&bson,
           "[\"\\b\\f\\n\\r\\t\\/"
           "\\\\\\\"\",\"a\\u00e9\\u20ACz\\ud83D\\ude00\",\"\\u0001\",{\"\\u005f\":0}]",
           NULL);
    assert_v_shown(&bson,
                   "[\"\\b\\f\\n\\r\\t/\\\\\\\"\",\"aé€z\xF0\x9F\x98\x80\",\"\\u0001\",{\"_\":0}]");
    bson_destroy(&bson);
}

TEST(read__what_is_no_object_is_refused)
{
    static const char *const texts[] = { "",  " ",          "{",     "[]",
                                         "1", "{\"a\":01}", "{} {}", "{\"a\":\"\xFF\"}" };
    bson_t bson = BSON_INITIALIZER;

    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err err = { .has_offset = false };

        assert_int_equal(extended_json_read(str_of(texts[i]), NULL, &bson, &err), ST_BROKEN);
        assert_true(err.text[0]);
        assert_true(bson_empty(&bson));
    }
    bson_destroy(&bson);
}

/* A document with one string, so long that the whole is of this size. */
static enum status read_of_size(size_t bytes, bson_t *ret_bson)
{
    struct buf text;
    enum status status;

    buf_init(&text, SIZE_MAX);
    buf_text(&text, "{\"s\":\"");
    for (size_t i = 0; i < bytes - 5 - 3 - 5; i++) {
        buf_char(&text, 'a');
    }
    buf_text(&text, "\",\"_id\":{\"not\":\"counted\"}}");
    status = extended_json_read(buf_view(&text), NULL, ret_bson, NULL);
    buf_done(&text);
    return status;
}

TEST(read__a_document_may_have_16_mib_with_what_is_there_already)
{
    bson_t bson = BSON_INITIALIZER;
    bson_t with_id = BSON_INITIALIZER;

    assert_int_equal(read_of_size(BSON_BYTES_MAX + 1, &bson), ST_TOO_LARGE);
    assert_true(bson_empty(&bson));
    assert_int_equal(read_of_size(BSON_BYTES_MAX, &bson), ST_OK);
    assert_int_equal(bson.len, BSON_BYTES_MAX);
    assert_true(bson_append_int32(&with_id, "_id", -1, 7)); /* 9 bytes */
    assert_int_equal(read_of_size(BSON_BYTES_MAX - 8, &with_id), ST_TOO_LARGE);
    assert_int_equal(bson_count_keys(&with_id), 1);
    assert_int_equal(read_of_size(BSON_BYTES_MAX - 9, &with_id), ST_OK);
    assert_int_equal(with_id.len, BSON_BYTES_MAX);
    bson_destroy(&with_id);
    bson_destroy(&bson);
}

TEST(read__what_grows_beyond_16_mib_inside_containers_is_refused)
{
    bson_t bson = BSON_INITIALIZER;
    struct buf text;

    buf_init(&text, SIZE_MAX);
    buf_text(&text, "{\"a\":[[{\"b\":[0");
    for (int i = 0; i < 1500000; i++) {
        buf_text(&text, ",\"\"");
    }
    buf_text(&text, "]},[\"c\"]],{\"$code\":\"\",\"$scope\":{\"d\":1}}]}");
    assert_int_equal(extended_json_read(buf_view(&text), NULL, &bson, NULL), ST_TOO_LARGE);
    assert_true(bson_empty(&bson));
    buf_done(&text);
    bson_destroy(&bson);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms__text_in_the_normal_form_comes_back_as_it_was),
        cmocka_unit_test(forms__what_has_another_form_comes_back_in_the_normal_one),
        cmocka_unit_test(forms__what_is_no_valid_form_stays_a_document),
        cmocka_unit_test(forms__base_64_has_padding_at_its_end_only),
        cmocka_unit_test(forms__a_member_that_is_there_twice_makes_none),
        cmocka_unit_test(forms__no_document_as_a_whole_is_one),
        cmocka_unit_test(forms__one_inside_many_that_fail_costs_no_more),
        cmocka_unit_test(read__ids_inside_are_ordinary_and_the_outermost_is_not_taken),
        cmocka_unit_test(read__escapes_mean_what_they_mean),
        cmocka_unit_test(read__what_is_no_object_is_refused),
        cmocka_unit_test(read__a_document_may_have_16_mib_with_what_is_there_already),
        cmocka_unit_test(read__what_grows_beyond_16_mib_inside_containers_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
