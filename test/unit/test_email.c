/* org/name: what is an e-mail address, and which addresses are the same. */
#include "test.h"

#include "base/arena.h"
#include "org/name.h"

#include <string.h>

#define LIMIT_BYTES ((size_t)1024 * 1024)

static void expect_key(const char *raw, const char *expected)
{
    struct arena mem;
    struct str key;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(email_make(str_of(raw), &mem, &key), EMAIL_OK);
    assert_str(key, expected);
    arena_done(&mem);
}

static void expect_fault(struct str raw, enum email_fault expected)
{
    struct str key = STR("untouched");
    struct arena mem;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(email_make(raw, &mem, &key), expected);
    assert_str(key, "untouched");
    arena_done(&mem);
}

TEST(email__needs_text_on_both_sides_of_one_at)
{
    static const char *const refused[] = {
        "", "a", "@", "@b", "a@", "a@@b", "a@b@c", "a@b@", "@a@b", "a.example", "a\uFF20b",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        expect_fault(str_of(refused[i]), EMAIL_FORM);
    }
    expect_fault((struct str){ .ptr = NULL, .len = 0 }, EMAIL_FORM);
    expect_key("a@b", "a@b");
    expect_key("a@localhost", "a@localhost");
    expect_key("\"a,b\"+c%d@[::1]", "\"a,b\"+c%d@[::1]");
}

TEST(email__is_not_only_ascii)
{
    expect_key("用户@例子.中国", "用户@例子.中国");
    expect_key("jürgen@müller.example", "jürgen@müller.example");
}

TEST(email__compares_by_full_case_folding)
{
    expect_key("Admin@Example.COM", "admin@example.com");
    expect_key("STRASSE@x", "strasse@x");
    expect_key("straße@x", "strasse@x");
    expect_key("STRAẞE@x", "strasse@x");
    expect_key("ΟΔΟΣ@x", "οδοσ@x");
    expect_key("οδος@x", "οδοσ@x");
    expect_key("İ@x", "i\u0307@x");
    expect_key("JÜRGEN@X", "jürgen@x");
}

TEST(email__composed_and_decomposed_are_one)
{
    expect_key("jose\u0301@x", "josé@x");
    expect_key("JOSÉ@x", "josé@x");
    expect_key("e\u0323\u0301@x", "\u1EB9\u0301@x");
    expect_key("e\u0301\u0323@x", "\u1EB9\u0301@x");
    expect_key("가\u11A7@x", "가\u11A7@x");
}

/* Another mailbox may hide behind each of these, so they are other addresses. */
TEST(email__compatibility_forms_and_ignorable_characters_are_kept)
{
    expect_key("ａ@x", "ａ@x");
    expect_key("ﬁ@x", "fi@x"); /* by case folding, not by compatibility */
    expect_key("①@x", "①@x");
    expect_key("a\u00ADb@x", "a\u00ADb@x");
}

TEST(email__254_bytes_are_the_most)
{
    char raw[256];

    memset(raw, 'a', sizeof(raw));
    raw[1] = '@';
    raw[255] = '\0';
    expect_fault(str_of(raw), EMAIL_TOO_LONG);
    raw[254] = '\0';
    expect_key(raw, raw);
    memcpy(raw + 252, "é", 2); /* still 254 bytes, one character fewer */
    expect_key(raw, raw);
    memcpy(raw + 252, "aé", 4);
    expect_fault(str_of(raw), EMAIL_TOO_LONG);
}

TEST(email__white_space_of_any_kind_is_refused)
{
    static const char *const refused[] = {
        " a@b",      "a@b ",      "a b@c",     "a@b\n",     "\ta@b",
        "a@\u00A0b", "a\u1680@b", "a\u2003@b", "a\u2007@b", "a\u2028@b",
        "a\u2029@b", "a\u202F@b", "a\u205F@b", "a@b\u3000", "a\xC2\x85@b",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        expect_fault(str_of(refused[i]), EMAIL_SPACE);
    }
}

TEST(email__control_characters_are_refused)
{
    expect_fault(STR("a\0@b"), EMAIL_SPACE);
    expect_fault(STR("a\x01@b"), EMAIL_SPACE);
    expect_fault(STR("a@b\x1F"), EMAIL_SPACE);
    expect_fault(STR("a\x7F@b"), EMAIL_SPACE);
    expect_fault(STR("a\xC2\x80@b"), EMAIL_SPACE);
    expect_fault(STR("a@b\xC2\x9F"), EMAIL_SPACE);
}

TEST(email__malformed_utf8_is_refused)
{
    static const char *const refused[] = {
        "a\x80@b",        "a@b\xC3",        "a@\xE2\x82",
        "\xC0\xAF@b",     "a\xFF@b",        "\xF4\x90\x80\x80@b",
        "\xED\xA0\x80@b", "\xE0\x80\x80@b",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        expect_fault(str_of(refused[i]), EMAIL_FORM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(email__needs_text_on_both_sides_of_one_at),
        cmocka_unit_test(email__is_not_only_ascii),
        cmocka_unit_test(email__compares_by_full_case_folding),
        cmocka_unit_test(email__composed_and_decomposed_are_one),
        cmocka_unit_test(email__compatibility_forms_and_ignorable_characters_are_kept),
        cmocka_unit_test(email__254_bytes_are_the_most),
        cmocka_unit_test(email__white_space_of_any_kind_is_refused),
        cmocka_unit_test(email__control_characters_are_refused),
        cmocka_unit_test(email__malformed_utf8_is_refused),
    };

    return cmocka_run_group_tests_name("email", tests, NULL, NULL);
}
