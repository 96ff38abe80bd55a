/* document_refusal: what a client hears of a document that the server can't hold. */
#include "test.h"

#include "store/mongo/document_refusal.h"
#include "store/mongo/extended_json.h"

static void make(bson_t *bson, const char *text)
{
    bson_init(bson);
    assert_int_equal(extended_json_read(str_of(text), NULL, bson, NULL), ST_OK);
}

/* What becomes of the server's words about a document "d". */
static void check(const char *text, const char *server, const char *expected)
{
    struct err err = { .text = "" };
    bson_t bson;

    make(&bson, text);
    (void)snprintf(err.text, sizeof(err.text), "mongodb: %s", server);
    assert_int_equal(document_refused(&bson, STR("d"), "org_a", &err), ST_INVALID);
    assert_string_equal(err.text, expected);
    bson_destroy(&bson);
}

TEST(refusal__names_the_member_that_the_server_names)
{
    check("{\"a\":{\"b.c\":1}}", "invalid key: \"b.c\" (key must not contain '.' sign)",
          "The store can't hold a member of the name \"b.c\"");
    check("{\"$y\":0,\"a\":[1,{\"$x\":1}]}",
          "The dollar ($) prefixed field '$x' in 'a.1.$x' is not allowed in the context",
          "The store can't hold a member of the name \"$x\"");
}

TEST(refusal__names_the_document_where_no_member_is_known)
{
    static const char expected[] = "The store can't hold the document \"d\"";

    check("{\"a\":[[1]]}", "invalid value: { \"a\": [ [ 1 ] ] } (nested arrays are not supported)",
          expected);
    check("{\"a.b\":1,\"$\":2}", "Document failed validation, see a.b and '$x'", expected);
    check("{}", "", expected);
}

TEST(refusal__cuts_a_long_name_between_two_characters)
{
    char name[101] = "$";
    char text[128];
    char words[128];
    char expected[128];

    for (size_t i = 1; i + 2 < sizeof(name); i += 2) {
        name[i] = '\xC3';
        name[i + 1] = '\xA9';
    }
    (void)snprintf(text, sizeof(text), "{\"%s\":1}", name);
    (void)snprintf(words, sizeof(words), "invalid key: \"%s\"", name);
    (void)snprintf(expected, sizeof(expected),
                   "The store can't hold a member of the name \"%.47s…\"", name);
    check(text, words, expected);
}

static void check_types(const char *text, const char *member)
{
    struct err err = { .text = "" };
    enum status status;
    bson_t bson;

    make(&bson, text);
    status = document_types_check(&bson, &err);
    assert_int_equal(status, member ? ST_INVALID : ST_OK);
    if (member && !strstr(err.text, member)) {
        fail_msg("%s: %s", text, err.text);
    }
    bson_destroy(&bson);
}

TEST(types__that_a_server_lacks_are_named_by_their_member)
{
    check_types("{\"a\":1,\"b\":{\"price\":{\"$numberDecimal\":\"1.10\"}}}", "\"price\"");
    check_types("{\"list\":[1,[{\"$numberDouble\":\"NaN\"}]]}", "\"list\"");
    check_types("{\"list\":[{\"inside\":{\"$minKey\":1}}]}", "\"inside\"");
    check_types("{\"a\":{\"$code\":\"f\",\"$scope\":{}}}", "\"a\"");
    check_types("{\"a\":{\"$oid\":\"65f000000000000000000001\"},\"b\":[1.5,{}],\"c\":null}", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal__names_the_member_that_the_server_names),
        cmocka_unit_test(refusal__names_the_document_where_no_member_is_known),
        cmocka_unit_test(refusal__cuts_a_long_name_between_two_characters),
        cmocka_unit_test(types__that_a_server_lacks_are_named_by_their_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
