/* json_fields_decode: all wrong members at once, in the words that the seeds' clients know. */
#include "test.h"

#include "json/fields.h"
#include "json/json.h"

struct signup {
    struct str name;
    struct str email;
    struct str password;
    struct str nickname;
};

static const struct json_field signup_fields[] = {
    { "organization_name", offsetof(struct signup, name), FIELD_REQUIRED },
    { "email", offsetof(struct signup, email), FIELD_REQUIRED },
    { "password", offsetof(struct signup, password), FIELD_REQUIRED },
    { "nickname", offsetof(struct signup, nickname), FIELD_OPTIONAL },
    { .name = NULL },
};

struct decoded {
    struct arena mem;
    struct signup signup;
    struct invalid invalid;
    enum status status;
};

/* text NULL: no body. Ends with arena_done(&ret->mem). */
static void decode(const char *text, struct decoded *ret)
{
    json_t *body = NULL;

    memset(ret, 0, sizeof(*ret));
    arena_init(&ret->mem, 1 << 16);
    memset(&ret->signup, 0xA5, sizeof(ret->signup)); /* what was there must not matter */
    if (text) {
        assert_int_equal(json_parse(str_of(text), &body, NULL), ST_OK);
    }
    ret->status = json_fields_decode(body, signup_fields, &ret->mem, &ret->signup, &ret->invalid);
    json_decref(body); /* what was decoded outlives the tree */
}

static void assert_entry(const struct invalid_entry *entry, const char *type, const char *member,
                         const char *msg)
{
    assert_string_equal(entry->type, type);
    assert_string_equal(entry->where, "body");
    if (member) {
        assert_string_equal(entry->member, member);
    } else {
        assert_null(entry->member);
    }
    assert_string_equal(entry->msg, msg);
}

TEST(fields__decode_texts_and_ignore_unknown_members)
{
    struct decoded d;

    decode("{\"email\":\"a@b\",\"more\":[1],\"password\":\"\",\"organization_name\":\"\\u0141\"}",
           &d);
    assert_int_equal(d.status, ST_OK);
    assert_int_equal(d.invalid.count, 0);
    assert_str(d.signup.name, "\xC5\x81");
    assert_str(d.signup.email, "a@b");
    assert_int_equal(d.signup.password.len, 0);
    assert_non_null(d.signup.password.ptr); /* empty is not absent */
    assert_null(d.signup.nickname.ptr);
    assert_int_equal(d.signup.nickname.len, 0);
    arena_done(&d.mem);
}

TEST(fields__name_all_wrong_members_at_once_and_keep_the_good_ones)
{
    struct decoded d;

    decode("{\"organization_name\":7,\"password\":\"secret\",\"nickname\":null}", &d);
    assert_int_equal(d.status, ST_INVALID);
    assert_int_equal(d.invalid.count, 3);
    assert_entry(&d.invalid.entries[0], "string_type", "organization_name",
                 "Input should be a valid string");
    assert_entry(&d.invalid.entries[1], "missing", "email", "Field required");
    assert_entry(&d.invalid.entries[2], "string_type", "nickname",
                 "Input should be a valid string");
    assert_null(d.signup.name.ptr);
    assert_null(d.signup.email.ptr);
    assert_str(d.signup.password, "secret");
    assert_null(d.signup.nickname.ptr);
    arena_done(&d.mem);
}

TEST(fields__every_type_but_text_is_no_text)
{
    static const char *const values[] = {
        "null", "true", "false", "1", "1.5", "[]", "{}", "[\"x\"]"
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct decoded d;
        char text[128];

        (void)snprintf(text, sizeof(text),
                       "{\"organization_name\":\"n\",\"email\":%s,\"password\":\"p\"}", values[i]);
        decode(text, &d);
        assert_int_equal(d.status, ST_INVALID);
        assert_int_equal(d.invalid.count, 1);
        assert_entry(&d.invalid.entries[0], "string_type", "email",
                     "Input should be a valid string");
        arena_done(&d.mem);
    }
}

TEST(fields__an_empty_object_misses_each_required_member)
{
    struct decoded d;

    decode("{}", &d);
    assert_int_equal(d.status, ST_INVALID);
    assert_int_equal(d.invalid.count, 3);
    assert_entry(&d.invalid.entries[0], "missing", "organization_name", "Field required");
    assert_entry(&d.invalid.entries[1], "missing", "email", "Field required");
    assert_entry(&d.invalid.entries[2], "missing", "password", "Field required");
    arena_done(&d.mem);
}

TEST(fields__a_body_that_is_absent_or_no_object_is_one_entry)
{
    static const char *const values[] = { "null", "true", "1", "\"x\"", "[]", "[{}]" };
    struct decoded d;

    decode(NULL, &d);
    assert_int_equal(d.status, ST_INVALID);
    assert_int_equal(d.invalid.count, 1);
    assert_entry(&d.invalid.entries[0], "missing", NULL, "Field required");
    assert_null(d.signup.email.ptr);
    arena_done(&d.mem);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        decode(values[i], &d);
        assert_int_equal(d.status, ST_INVALID);
        assert_int_equal(d.invalid.count, 1);
        assert_entry(&d.invalid.entries[0], "model_attributes_type", NULL,
                     "Input should be a valid object");
        arena_done(&d.mem);
    }
}

TEST(fields__entries_join_those_that_were_there)
{
    struct decoded d;
    json_t *body = json_object();

    memset(&d, 0, sizeof(d));
    arena_init(&d.mem, 1 << 16);
    (void)invalid_add(&d.invalid, "missing", "query", "q", "Field required");
    assert_int_equal(json_fields_decode(body, signup_fields, &d.mem, &d.signup, &d.invalid),
                     ST_INVALID);
    assert_int_equal(d.invalid.count, 4);
    assert_string_equal(d.invalid.entries[0].member, "q");
    json_decref(body);
    arena_done(&d.mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields__decode_texts_and_ignore_unknown_members),
        cmocka_unit_test(fields__name_all_wrong_members_at_once_and_keep_the_good_ones),
        cmocka_unit_test(fields__every_type_but_text_is_no_text),
        cmocka_unit_test(fields__an_empty_object_misses_each_required_member),
        cmocka_unit_test(fields__a_body_that_is_absent_or_no_object_is_one_entry),
        cmocka_unit_test(fields__entries_join_those_that_were_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
