/* org/name: what is a name, which names are the same, what slug a name gives, and addresses. */
#include "name_fixture.h"

#include "base/arena.h"
#include "org/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZWJ "\u200D"
#define ACUTE "\u0301"

static void expect_fault(struct str raw, enum name_fault expected)
{
    struct name name = { .text = STR("untouched") };
    struct arena mem;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(name_make(raw, &mem, &name), expected);
    assert_str(name.text, "untouched");
    arena_done(&mem);
}

static void expect_text(const char *raw, const char *expected)
{
    struct arena mem;
    struct name name;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(name_make(str_of(raw), &mem, &name), NAME_OK);
    assert_str(name.text, expected);
    arena_done(&mem);
}

static void expect_key(const char *raw, const char *expected)
{
    struct arena mem;
    struct name name;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(name_make(str_of(raw), &mem, &name), NAME_OK);
    assert_str(name.key, expected);
    arena_done(&mem);
}

static bool same_name(const char *a, const char *b)
{
    struct arena mem;
    struct name first;
    struct name second;
    bool same;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(name_make(str_of(a), &mem, &first), NAME_OK);
    assert_int_equal(name_make(str_of(b), &mem, &second), NAME_OK);
    same = str_equal(first.key, second.key);
    arena_done(&mem);
    return same;
}

TEST(name__case_does_not_tell_names_apart)
{
    assert_true(same_name("Acme", "ACME"));
    assert_true(same_name("Acme", " acme "));
    assert_true(same_name("Straße", "STRASSE"));
    assert_true(same_name("Straße", "STRAẞE"));
    assert_true(same_name("ΟΔΟΣ", "οδος")); /* the final sigma */
    assert_true(same_name("ΟΔΟΣ", "οδοσ"));
    assert_true(same_name("İzmir", "i\u0307zmir"));
    assert_true(same_name("\u1FBC\u0302", "\u03B1\u0302\u0345")); /* the iota subscript moves */
    assert_true(same_name("\u1FB3\u0302", "\u0391\u0302\u0399")); /* and is a capital by itself */
    assert_true(same_name("ǅ", "dž"));
    assert_false(same_name("İzmir", "izmir"));
    assert_false(same_name("ızmir", "izmir"));
    assert_false(same_name("Łódź", "Lodz"));
    expect_key("Straße 1", "strasse 1");
    expect_key("ΟΔΟΣ", "οδοσ");
    expect_key("İ", "i\u0307");
}

TEST(name__composed_and_decomposed_are_one)
{
    assert_true(same_name("Café", "Cafe" ACUTE));
    assert_true(same_name("가", "\u1100\u1161"));
    assert_true(same_name("e\u0301\u0323", "e\u0323\u0301"));
    expect_text("Cafe" ACUTE, "Café");
    expect_text("\u1100\u1161\u11A8", "각");
    expect_text("\u212B", "Å"); /* the angstrom sign is the letter */
}

/* utf8proc 2.8 loses this vowel. */
TEST(name__vowel_before_the_trailing_consonants_is_kept)
{
    expect_text("가\u11A7", "가\u11A7");
    expect_text("x \u1100\u1161\u11A7\u1100\u1161 e" ACUTE, "x 가\u11A7가 é");
    expect_key("가\u11A7", "가\u11A7");
    assert_false(same_name("가\u11A7", "가"));
}

TEST(name__compatibility_forms_are_one_but_kept_as_written)
{
    assert_true(same_name("Ａｃｍｅ　１", "acme 1"));
    assert_true(same_name("ﬁne", "FINE"));
    assert_true(same_name("①st", "1st"));
    assert_true(same_name("ｶﾞ", "ガ"));
    expect_text("Ａｃｍｅ", "Ａｃｍｅ");
}

TEST(name__ignorable_characters_do_not_tell_names_apart)
{
    assert_true(same_name("Ac" ZWJ "me", "acme"));
    assert_true(same_name("Ac\u00ADme", "acme"));         /* soft hyphen */
    assert_true(same_name("Acme\uFE0F", "acme"));         /* variation selector */
    assert_true(same_name("\u8FBB\U000E0100", "\u8FBB")); /* one of the other plane */
    assert_true(same_name("\uFEFF"
                          "Acme \u2060",
                          "acme"));               /* and the space before it */
    assert_true(same_name("e\u034F" ACUTE, "é")); /* a joiner between letter and mark */
    assert_true(same_name("Acme\u2065\uFFF0\U000E0FFF", "acme")); /* reserved, not assigned yet */
    assert_true(same_name("\u1FB3\u200B\u0323", "\u1FB3\u0323")); /* between marks out of order */
    expect_text("Ac" ZWJ "me", "Ac" ZWJ "me");
}

TEST(name__runs_of_white_space_are_one_space)
{
    assert_true(same_name("A  B", "a b"));
    assert_true(same_name("A\u00A0B", "a b"));
    assert_true(same_name("A\u3000\u2003 B", "a b"));
    assert_true(same_name("A\u1680B", "a b"));
    assert_true(same_name("A\u2028\u2029\u202F\u205FB", "a b"));
    assert_false(same_name("AB", "a b"));
    expect_text("A \u00A0 B", "A \u00A0 B"); /* inside it is kept as written */
}

TEST(name__white_space_at_the_ends_is_trimmed)
{
    static const char *const spaces[] = {
        "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\xC2\x85", "\u00A0", "\u1680",
        "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",   "\u2007", "\u2008",
        "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000",
    };

    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        char raw[32];

        (void)snprintf(raw, sizeof(raw), "%s Acme %s", spaces[i], spaces[i]);
        expect_text(raw, "Acme");
        expect_fault(str_of(spaces[i]), NAME_EMPTY);
    }
    expect_text("\u180E"
                "A",
                "\u180E"
                "A"); /* was white space before Unicode 6.3 */
    expect_fault(STR(""), NAME_EMPTY);
    expect_fault((struct str){ .ptr = NULL, .len = 0 }, NAME_EMPTY);
    expect_fault(STR(" \t\r\n \u3000"), NAME_EMPTY);
}

TEST(name__control_characters_inside_are_refused)
{
    for (unsigned int c = 1; c < 0xA0; c++) {
        char raw[8];

        if (c >= 0x20 && c < 0x7F) {
            continue;
        }
        if (c < 0x80) {
            (void)snprintf(raw, sizeof(raw), "a%cb", (int)c);
        } else {
            (void)snprintf(raw, sizeof(raw), "a\xC2%cb", (int)c);
        }
        expect_fault(str_of(raw), NAME_CONTROL);
    }
    expect_fault(STR("Acme\x1F"), NAME_CONTROL); /* no white space, so not trimmed */
    expect_fault(STR("\x1B"), NAME_CONTROL);
    expect_text("a\u00A0b", "a\u00A0b"); /* the first after C1 */
    assert_true(text_has_control(STR("\x7F")));
    assert_true(text_has_control(STR("a\0b")));
    assert_false(text_has_control(STR("é \u00A0~")));
}

TEST(name__length_is_counted_in_code_points_after_nfc)
{
    static const char *const letters[] = {
        "a", "é", "한", "𝔄", "e" ACUTE, "\u1100\u1161\u11A8", "\u03B1\u0313\u0300\u0345"
    };

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        char *fits = repeated(letters[i], 100);
        char *over = repeated(letters[i], 101);
        struct arena mem;
        struct name name;

        arena_init(&mem, LIMIT_BYTES);
        assert_int_equal(name_make(str_of(fits), &mem, &name), NAME_OK);
        arena_done(&mem);
        expect_fault(str_of(over), NAME_TOO_LONG);
        free(fits);
        free(over);
    }
}

TEST(name__white_space_at_the_ends_does_not_count)
{
    char *letters = repeated("a", 100);
    char *raw = repeated(" ", 1000);

    memcpy(raw + 450, letters, 100);
    expect_text(raw, letters);
    free(letters);
    free(raw);
}

/* U+0958 decomposes in NFC and never composes again: 51 are 102. */
TEST(name__what_nfc_makes_longer_counts_in_full)
{
    char *fits = repeated("\u0958", 50);
    char *over = repeated("\u0958", 51);

    assert_true(same_name(fits, fits));
    expect_fault(str_of(over), NAME_TOO_LONG);
    free(fits);
    free(over);
}

/* Before anything is normalised, which takes quadratic time: no memory was asked for. */
TEST(name__huge_run_of_marks_is_refused_at_once)
{
    char *raw = repeated("\u0301\u0323", 16 * 1024);
    struct arena mem;
    struct name name;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(name_make(str_of(raw), &mem, &name), NAME_TOO_LONG);
    assert_int_equal(mem.used_bytes, 0);
    arena_done(&mem);
    free(raw);
}

/* The last four are letters by category, but fill a place and show nothing. */
TEST(name__without_letter_or_digit_is_refused)
{
    static const char *const refused[] = {
        "-",      "!!!",        "…",      "№",      "½",      "😀",        ACUTE,
        "\u200B", "\u00AD" ZWJ, "\u3164", "\u115F", "\u1160", "\uFFA0 -",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        expect_fault(str_of(refused[i]), NAME_NO_LETTER);
    }
    expect_text("7", "7");
    expect_text("٣", "٣"); /* any script's digits */
    expect_text("漢", "漢");
    expect_text("ª", "ª");
    expect_text("ʰ", "ʰ");
    expect_text("\u3164"
                "a",
                "\u3164"
                "a");
}

TEST(name__malformed_utf8_and_nul_are_refused)
{
    static const struct str refused[] = {
        { "a\0b", 3 },
        { "\0", 1 },
        { "a\x80", 2 },
        { "\xBF"
          "a",
          2 }, /* continuation alone */
        { "a\xC3", 2 },
        { "a\xE2\x82", 3 }, /* cut */
        { "a\xF0\x9F\x98", 4 },
        { "\xC3"
          "a",
          2 }, /* lead without its continuation */
        { "\xC0\x80", 2 },
        { "\xC1\xBF", 2 }, /* overlong */
        { "\xE0\x9F\xBF", 3 },
        { "\xF0\x8F\xBF\xBF", 4 },
        { "\xED\xA0\x80", 3 },
        { "\xED\xBF\xBF", 3 }, /* surrogates */
        { "\xF4\x90\x80\x80", 4 },
        { "\xF5\x80\x80\x80", 4 }, /* beyond U+10FFFF */
        { "\xF8\x88\x80\x80\x80", 5 },
        { "\xFE", 1 },
        { "\xFF", 1 },
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        expect_fault(refused[i], NAME_NOT_UTF8);
    }
    expect_text("a\uFFFF\U0010FFFF", "a\uFFFF\U0010FFFF"); /* no characters, but well-formed */
}

TEST(name__outlives_what_it_was_made_from)
{
    char raw[] = " Acme ";
    struct arena mem;
    struct name name;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(name_make(str_of(raw), &mem, &name), NAME_OK);
    memset(raw, 'x', sizeof(raw));
    assert_str(name.text, "Acme");
    assert_str(name.key, "acme");
    assert_str(name.slug, "acme");
    arena_done(&mem);
}

static void expect_stored_key(const char *raw, const char *expected)
{
    struct arena mem;
    struct name name;

    arena_init(&mem, LIMIT_BYTES);
    assert_true(name_make_stored(str_of(raw), &mem, &name));
    assert_str(name.key, expected);
    arena_done(&mem);
}

static void expect_nothing_to_find(struct str raw)
{
    struct name name = { .text = STR("untouched") };
    struct arena mem;

    arena_init(&mem, LIMIT_BYTES);
    assert_false(name_make_stored(raw, &mem, &name));
    assert_str(name.text, "untouched");
    arena_done(&mem);
}

TEST(name__that_is_stored_has_its_key_whatever_the_rules_say)
{
    char *most = repeated("a", NAME_STORED_MAX_BYTES);

    expect_stored_key(" Acme ", "acme");
    expect_stored_key("!?!", "!?!");
    expect_stored_key("Acme\tInc\n", "acme inc");
    expect_stored_key(most, most);
    free(most);
}

TEST(name__that_is_stored_keeps_its_text_and_gives_a_slug)
{
    char *raw = repeated("Acme ", 30);
    struct arena mem;
    struct name name;

    arena_init(&mem, LIMIT_BYTES);
    assert_true(name_make_stored(str_of(raw), &mem, &name));
    assert_str(name.text, raw);
    assert_str(name.slug, "acme_acme_acme_acme_acme_acme_acme_acme_acme_acme_acme_acme_acme");
    assert_false(name.slug_is_hex);
    arena_done(&mem);
    free(raw);
}

TEST(name__that_nothing_can_be_found_by_has_no_key)
{
    char *long_name = repeated("a", NAME_STORED_MAX_BYTES + 1);

    expect_nothing_to_find(str_of(""));
    expect_nothing_to_find(str_of(" \t"));
    expect_nothing_to_find(str_of("\u200B"));
    expect_nothing_to_find(str_of("bell\a"));
    expect_nothing_to_find(str_of("x\xC2\x80")); /* U+0080 */
    expect_nothing_to_find((struct str){ .ptr = "a\0b", .len = 3 });
    expect_nothing_to_find(str_of("a\x80"));
    expect_nothing_to_find(str_of(long_name));
    free(long_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name__case_does_not_tell_names_apart),
        cmocka_unit_test(name__composed_and_decomposed_are_one),
        cmocka_unit_test(name__vowel_before_the_trailing_consonants_is_kept),
        cmocka_unit_test(name__compatibility_forms_are_one_but_kept_as_written),
        cmocka_unit_test(name__ignorable_characters_do_not_tell_names_apart),
        cmocka_unit_test(name__runs_of_white_space_are_one_space),
        cmocka_unit_test(name__white_space_at_the_ends_is_trimmed),
        cmocka_unit_test(name__control_characters_inside_are_refused),
        cmocka_unit_test(name__length_is_counted_in_code_points_after_nfc),
        cmocka_unit_test(name__white_space_at_the_ends_does_not_count),
        cmocka_unit_test(name__what_nfc_makes_longer_counts_in_full),
        cmocka_unit_test(name__huge_run_of_marks_is_refused_at_once),
        cmocka_unit_test(name__without_letter_or_digit_is_refused),
        cmocka_unit_test(name__malformed_utf8_and_nul_are_refused),
        cmocka_unit_test(name__outlives_what_it_was_made_from),
        cmocka_unit_test(name__that_is_stored_has_its_key_whatever_the_rules_say),
        cmocka_unit_test(name__that_is_stored_keeps_its_text_and_gives_a_slug),
        cmocka_unit_test(name__that_nothing_can_be_found_by_has_no_key),
    };

    return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
