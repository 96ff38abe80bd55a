/* json_merge_patch: the RFC's own examples, what holds for every target and patch, and the values
 * that Extended JSON writes as objects. */
#include "test.h"

#include "json_random.h"
#include "json/json.h"
#include "json/merge_patch.h"

#include <stdlib.h>

static json_t *parsed(const char *text)
{
    json_t *value = NULL;

    assert_int_equal(json_parse(str_of(text), &value, NULL), ST_OK);
    return value;
}

/* Order included. */
static void assert_text(const json_t *value, const char *expected)
{
    struct buf buf;

    buf_init(&buf, 1 << 20);
    assert_str(random_text(&buf, value), expected);
    buf_done(&buf);
}

struct example {
    const char *target;
    const char *patch;
    const char *result;
};

static void check_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *target = parsed(examples[i].target);
        json_t *patch = parsed(examples[i].patch);
        json_t *result = json_merge_patch(target, patch);

        assert_text(result, examples[i].result);
        assert_text(target, examples[i].target);
        assert_text(patch, examples[i].patch);
        json_decref(result);
        json_decref(patch);
        json_decref(target);
    }
}

/* RFC 7396, appendix A, row by row. */
TEST(merge_patch__gives_what_the_rfc_lists)
{
    static const struct example examples[] = {
        { "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
        { "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
        { "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
        { "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
        { "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
        { "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
        { "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
        { "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
        { "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
        { "{\"a\":\"foo\"}", "null", "null" },
        { "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
        { "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
        { "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
        { "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
    };

    check_examples(examples, sizeof(examples) / sizeof(examples[0]));
}

TEST(merge_patch__keeps_order_and_nulls_inside_arrays)
{
    static const struct example examples[] = {
        { "{\"z\":1,\"a\":2,\"m\":3}", "{\"b\":4,\"a\":5}", "{\"z\":1,\"a\":5,\"m\":3,\"b\":4}" },
        { "{\"a\":1}", "{\"a\":[null,{\"b\":null}]}", "{\"a\":[null,{\"b\":null}]}" },
        { "{\"a\":7}", "{\"a\":{\"b\":null,\"c\":1}}", "{\"a\":{\"c\":1}}" },
    };

    check_examples(examples, sizeof(examples) / sizeof(examples[0]));
}

TEST(merge_patch__makes_a_value_where_nothing_was)
{
    json_t *patch = parsed("{\"a\":{\"b\":null,\"c\":[null]},\"d\":null}");
    json_t *result = json_merge_patch(NULL, patch);

    assert_text(result, "{\"a\":{\"c\":[null]}}");
    json_decref(result);
    json_decref(patch);
}

TEST(merge_patch__result_can_change_without_its_sources)
{
    json_t *target = parsed("{\"a\":{\"b\":1},\"c\":2}");
    json_t *patch = parsed("{\"a\":{\"d\":3}}");
    json_t *result = json_merge_patch(target, patch);

    (void)json_object_set_new(result, "c", json_null());
    (void)json_object_set_new(json_object_get(result, "a"), "b", json_null());
    assert_text(target, "{\"a\":{\"b\":1},\"c\":2}");
    assert_text(patch, "{\"a\":{\"d\":3}}");
    json_decref(target);
    json_decref(patch);
    assert_text(result, "{\"a\":{\"b\":null,\"d\":3},\"c\":null}");
    json_decref(result);
}

#define DATE "{\"$date\":\"2026-01-31T00:00:00Z\"}"
#define OID "{\"$oid\":\"65f000000000000000000001\"}"
#define BINARY "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"00\"}}"
#define SCOPED "{\"$code\":\"f\",\"$scope\":{\"a\":null}}"

TEST(merge_patch__an_extended_value_replaces_and_is_replaced)
{
    static const struct example examples[] = {
        { "{\"x\":" DATE "}", "{\"x\":" OID "}", "{\"x\":" OID "}" },
        { "{\"x\":{\"a\":1}}", "{\"x\":" DATE "}", "{\"x\":" DATE "}" },
        { "{\"x\":" DATE "}", "{\"x\":{\"a\":1,\"b\":null}}", "{\"x\":{\"a\":1}}" },
        { "{\"x\":" DATE "}", "{\"x\":{}}", "{\"x\":{}}" },
        { "{\"x\":" DATE "}", "{\"x\":null}", "{}" },
        { "{\"x\":" BINARY "}", "{\"x\":{\"$binary\":{\"subType\":\"04\"}}}",
          "{\"x\":{\"$binary\":{\"subType\":\"04\"}}}" },
        { "{\"x\":{\"y\":" BINARY ",\"z\":1}}", "{\"x\":{\"y\":" DATE "}}",
          "{\"x\":{\"y\":" DATE ",\"z\":1}}" },
        { "{\"x\":1}", "{\"x\":" SCOPED "}", "{\"x\":" SCOPED "}" },
        { "{}", "{\"x\":{\"y\":" SCOPED ",\"z\":null}}", "{\"x\":{\"y\":" SCOPED "}}" },
    };

    check_examples(examples, sizeof(examples) / sizeof(examples[0]));
}

TEST(merge_patch__what_has_no_extended_form_is_an_object)
{
    static const struct example examples[] = {
        { "{\"x\":{\"$date\":0}}", "{\"x\":{\"a\":1}}", "{\"x\":{\"$date\":0,\"a\":1}}" },
        { "{\"x\":{\"$oid\":\"1\",\"b\":2}}", "{\"x\":{\"$oid\":\"3\",\"b\":null}}",
          "{\"x\":{\"$oid\":\"3\"}}" },
        { "{\"x\":{\"a\":1}}", "{\"x\":{\"$code\":\"f\",\"$scope\":1}}",
          "{\"x\":{\"a\":1,\"$code\":\"f\",\"$scope\":1}}" },
        /* the outermost is a document whatever it looks like */
        { "{\"$oid\":\"1\"}", "{\"$date\":\"2\"}", "{\"$oid\":\"1\",\"$date\":\"2\"}" },
    };

    check_examples(examples, sizeof(examples) / sizeof(examples[0]));
}

TEST(merge_patch__an_empty_patch_changes_no_object)
{
    struct dice dice = { 6 };
    json_auto_t *nothing = json_object();
    int objects = 0;

    for (int i = 0; i < 20000; i++) {
        json_auto_t *target = random_tree(&dice, 4);
        json_auto_t *result = json_merge_patch(target, nothing);

        if (json_is_object(target)) {
            objects++;
            assert_true(json_equal(result, target));
        } else {
            assert_true(json_equal(result, nothing));
        }
    }
    assert_true(objects > 1000);
}

TEST(merge_patch__twice_is_once)
{
    struct dice dice = { 7 };
    int changed = 0;

    for (int i = 0; i < 50000; i++) {
        json_auto_t *target = random_tree(&dice, 4);
        json_auto_t *patch = random_tree(&dice, 4);
        json_auto_t *target_before = json_deep_copy(target);
        json_auto_t *patch_before = json_deep_copy(patch);
        json_auto_t *once = json_merge_patch(target, patch);
        json_auto_t *twice = json_merge_patch(once, patch);

        assert_true(json_equal(once, twice));
        assert_true(json_equal(target, target_before));
        assert_true(json_equal(patch, patch_before));
        changed += json_is_object(patch) && json_is_object(target) && !json_equal(once, target);
    }
    assert_true(changed > 1000);
}

/* Each member of the patch decides its member of the result, and no other does. */
TEST(merge_patch__members_go_their_own_ways)
{
    struct dice dice = { 8 };

    for (int i = 0; i < 50000; i++) {
        json_auto_t *target = random_tree(&dice, 3);
        json_auto_t *patch = random_tree(&dice, 3);
        json_auto_t *result = json_merge_patch(target, patch);
        const char *name;
        json_t *member;

        if (!json_is_object(patch)) {
            assert_true(json_equal(result, patch));
            continue;
        }
        json_object_foreach(patch, name, member)
        {
            json_t *merged = json_object_get(result, name);

            if (json_is_null(member)) {
                assert_null(merged);
            } else if (!json_is_object(member)) {
                assert_true(json_equal(merged, member));
            } else {
                assert_true(json_is_object(merged));
            }
        }
        json_object_foreach(target, name, member)
        {
            if (!json_object_get(patch, name)) {
                assert_true(json_equal(json_object_get(result, name), member));
            }
        }
        json_object_foreach(result, name, member)
        {
            assert_true(json_object_get(patch, name) || json_object_get(target, name));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merge_patch__gives_what_the_rfc_lists),
        cmocka_unit_test(merge_patch__keeps_order_and_nulls_inside_arrays),
        cmocka_unit_test(merge_patch__makes_a_value_where_nothing_was),
        cmocka_unit_test(merge_patch__result_can_change_without_its_sources),
        cmocka_unit_test(merge_patch__an_extended_value_replaces_and_is_replaced),
        cmocka_unit_test(merge_patch__what_has_no_extended_form_is_an_object),
        cmocka_unit_test(merge_patch__an_empty_patch_changes_no_object),
        cmocka_unit_test(merge_patch__twice_is_once),
        cmocka_unit_test(merge_patch__members_go_their_own_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
