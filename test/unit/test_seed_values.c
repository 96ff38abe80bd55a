/* store/mongo/seed_values: ids, times and texts in the forms that Python programs write. */
#include "test.h"

#include "store/mongo/seed_values.h"

#include <inttypes.h>

#define LIMIT_BYTES ((size_t)1024 * 1024)

/* The member v of a document given as Extended JSON. */
struct value {
    bson_t *document;
    bson_iter_t at;
    struct arena mem;
};

static void value_init(struct value *value, const char *json)
{
    bson_error_t error;

    value->document = bson_new_from_json((const uint8_t *)json, -1, &error);
    assert_non_null(value->document);
    assert_true(bson_iter_init_find(&value->at, value->document, "v"));
    arena_init(&value->mem, LIMIT_BYTES);
}

static void value_done(struct value *value)
{
    bson_destroy(value->document);
    arena_done(&value->mem);
}

static void expect_time(const char *json, int64_t expected_ms)
{
    struct value value;
    int64_t ms = -1;

    value_init(&value, json);
    if (!seed_time(&value.at, &ms)) {
        fail_msg("%s is taken for no time", json);
    }
    if (ms != expected_ms) {
        fail_msg("%s gives %" PRId64 ", not %" PRId64, json, ms, expected_ms);
    }
    value_done(&value);
}

static void expect_no_time(const char *json)
{
    struct value value;
    int64_t ms = -1;

    value_init(&value, json);
    if (seed_time(&value.at, &ms)) {
        fail_msg("%s is taken for the time %" PRId64, json, ms);
    }
    assert_int_equal(ms, -1);
    value_done(&value);
}

TEST(time__of_a_date_is_itself)
{
    expect_time("{\"v\": {\"$date\": {\"$numberLong\": \"1704164645678\"}}}", 1704164645678);
}

TEST(time__of_iso_text_without_a_zone_is_utc)
{
    expect_time("{\"v\": \"2024-01-02T03:04:05.678000\"}", 1704164645678);
    expect_time("{\"v\": \"2024-01-02 03:04:05.678901\"}", 1704164645678);
    expect_time("{\"v\": \"2024-01-02T03:04:05\"}", 1704164645000);
    expect_time("{\"v\": \"2024-01-02T03:04\"}", 1704164640000);
    expect_time("{\"v\": \"2024-01-02\"}", 1704153600000);
    expect_time("{\"v\": \" 2024-02-29 \"}", 1709164800000);
    expect_time("{\"v\": \"1969-12-31T23:59:59\"}", -1000);
}

TEST(time__of_iso_text_with_a_zone_is_moved_to_utc)
{
    expect_time("{\"v\": \"2024-01-02T03:04:05.678Z\"}", 1704164645678);
    expect_time("{\"v\": \"2024-01-02T05:04:05.678+02:00\"}", 1704164645678);
    expect_time("{\"v\": \"2024-01-01T21:34:05-0530\"}", 1704164645000);
    expect_time("{\"v\": \"2024-01-02T05:04:05+02\"}", 1704164645000);
}

TEST(time__of_a_number_is_seconds_or_milliseconds)
{
    expect_time("{\"v\": 1704164645}", 1704164645000);
    expect_time("{\"v\": 1704164645.5}", 1704164645500);
    expect_time("{\"v\": 1704164645678}", 1704164645678);
}

TEST(time__of_anything_else_is_none)
{
    expect_no_time("{\"v\": \"yesterday\"}");
    expect_no_time("{\"v\": \"2024-13-02T03:04:05\"}");
    expect_no_time("{\"v\": \"2023-02-29\"}");
    expect_no_time("{\"v\": \"2024-01-02T24:00:00\"}");
    expect_no_time("{\"v\": \"2024-01-02T03:04:05+24:00\"}");
    expect_no_time("{\"v\": \"2024-01-02T03:04:05 and more\"}");
    expect_no_time("{\"v\": \"0000-01-02\"}");
    expect_no_time("{\"v\": \"\"}");
    expect_no_time("{\"v\": 0}");
    expect_no_time("{\"v\": -5.0}");
    expect_no_time("{\"v\": {\"$numberDouble\": \"NaN\"}}");
    expect_no_time("{\"v\": 1e300}");
    expect_no_time("{\"v\": null}");
    expect_no_time("{\"v\": {\"year\": 2024}}");
}

static struct oid any_id(const char *json)
{
    struct value value;
    struct oid id;

    value_init(&value, json);
    assert_true(seed_any_id(&value.at, &id));
    value_done(&value);
    return id;
}

TEST(id__is_the_same_as_an_object_id_and_as_text)
{
    struct oid id = any_id("{\"v\": {\"$oid\": \"65a000000000000000000001\"}}");
    struct oid text = any_id("{\"v\": \"65A000000000000000000001\"}");

    assert_true(oid_equal(&id, &text));
    assert_int_equal(seed_id_time(&id), (int64_t)0x65a00000 * 1000);
}

TEST(id__of_another_value_is_made_and_always_the_same)
{
    struct oid uuid = any_id("{\"v\": \"b7f1b8f0-0000-4000-8000-000000000000\"}");
    struct oid again = any_id("{\"v\": \"b7f1b8f0-0000-4000-8000-000000000000\"}");
    struct oid number = any_id("{\"v\": 7}");
    struct oid digit = any_id("{\"v\": \"7\"}");

    assert_true(oid_equal(&uuid, &again));
    assert_false(oid_equal(&uuid, &number));
    assert_false(oid_equal(&digit, &number));
    assert_int_equal(seed_id_time(&number), 0); /* nobody knows how old it is */
}

TEST(id__of_nothing_is_none)
{
    struct value value;
    struct oid id;

    value_init(&value, "{\"v\": null}");
    assert_false(seed_any_id(&value.at, &id));
    value_done(&value);
    value_init(&value, "{\"v\": \"not an id\"}");
    assert_false(seed_id(&value.at, &id));
    value_done(&value);
}

TEST(text__may_be_binary_where_a_hash_is_meant)
{
    struct value value;
    struct str text;

    value_init(&value, "{\"v\": {\"$binary\": {\"base64\": \"JDJiJA==\", \"subType\": \"00\"}}}");
    assert_false(seed_text(&value.at, &value.mem, &text));
    assert_true(seed_bytes(&value.at, &value.mem, &text));
    assert_str(text, "$2b$");
    value_done(&value);
}

TEST(text__is_not_what_could_not_be_a_name)
{
    static const char *const others[] = {
        "{\"v\": \"\"}",
        "{\"v\": \"a\\u0000b\"}",
        "{\"v\": true}",
        "{\"v\": {\"a\": 1}}",
        "{\"v\": {\"$binary\": {\"base64\": \"//4=\", \"subType\": \"00\"}}}",
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct value value;
        struct str text;

        value_init(&value, others[i]);
        assert_false(seed_bytes(&value.at, &value.mem, &text));
        value_done(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time__of_a_date_is_itself),
        cmocka_unit_test(time__of_iso_text_without_a_zone_is_utc),
        cmocka_unit_test(time__of_iso_text_with_a_zone_is_moved_to_utc),
        cmocka_unit_test(time__of_a_number_is_seconds_or_milliseconds),
        cmocka_unit_test(time__of_anything_else_is_none),
        cmocka_unit_test(id__is_the_same_as_an_object_id_and_as_text),
        cmocka_unit_test(id__of_another_value_is_made_and_always_the_same),
        cmocka_unit_test(id__of_nothing_is_none),
        cmocka_unit_test(text__may_be_binary_where_a_hash_is_meant),
        cmocka_unit_test(text__is_not_what_could_not_be_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
