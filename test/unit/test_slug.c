/* org/name: which slug and which key a name gives. */
#include "name_fixture.h"

#include "base/arena.h"
#include "org/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZWJ "\u200D"

static void expect_slug(const char *raw, const char *expected, bool is_hex)
{
    struct arena mem;
    struct name name;

    arena_init(&mem, LIMIT_BYTES);
    assert_int_equal(name_make(str_of(raw), &mem, &name), NAME_OK);
    assert_str(name.slug, expected);
    assert_int_equal(name.slug_is_hex, is_hex);
    arena_done(&mem);
}

TEST(slug__is_made_of_plain_letters_and_digits)
{
    expect_slug("TestOrg", "testorg", false);
    expect_slug("Łódź", "odz", false);
    expect_slug("Org-1", "org_1", false);
    expect_slug("Org_1", "org_1", false);
    expect_slug("  --Acme &  Söhne, GmbH.-- ", "acme_sohne_gmbh", false);
    expect_slug("Cafe\u0301", "cafe", false);
    expect_slug("Ａｃｍｅ　①", "acme_1", false);
    expect_slug("İzmir \u212A", "izmir_k", false); /* the kelvin sign is a K */
    expect_slug("ﬁne ½", "fine_1_2", false);
    expect_slug("Straße", "stra_e", false);
    expect_slug("Ac\u00ADme", "ac_me", false);
}

TEST(slug__of_a_name_without_ascii_letters_is_empty)
{
    expect_slug("漢字", "", false);
    expect_slug("Компания", "", false);
    expect_slug("한국", "", false);
    expect_slug("٣", "", false);
}

TEST(slug__is_cut_at_64_and_trimmed_again)
{
    char *a63 = repeated("a", 63);
    char *a64 = repeated("a", 64);
    char *a65 = repeated("a", 65);
    char *marks = repeated("-a", 50);
    char *cut = repeated("a_", 32);
    char raw[80];

    expect_slug(a64, a64, false);
    expect_slug(a65, a64, false);
    (void)snprintf(raw, sizeof(raw), "%s-b", a63); /* the '_' is the 64th */
    expect_slug(raw, a63, false);
    (void)snprintf(raw, sizeof(raw), "%s-b", a64);
    expect_slug(raw, a64, false);
    cut[63] = '\0'; /* of a_a_…a_ the last is trimmed */
    expect_slug(marks, cut, false);
    free(a63);
    free(a64);
    free(a65);
    free(marks);
    free(cut);
}

TEST(slug__that_reads_as_an_id_is_flagged)
{
    expect_slug("0123456789abcdef01234567", "0123456789abcdef01234567", true);
    expect_slug("0123456789ABCDEF01234567!", "0123456789abcdef01234567", true);
    expect_slug("0123456789abcdef0123456", "0123456789abcdef0123456", false);
    expect_slug("0123456789abcdef012345678", "0123456789abcdef012345678", false);
    expect_slug("0123456789abcdef0123456g", "0123456789abcdef0123456g", false);
    expect_slug("0123456789abcdef0123456 7", "0123456789abcdef0123456_7", false);
}

/* A name of ASCII alone takes a shorter way. With an ignorable character at its end it is the same
 * name and takes the long one: fault, key and slug must agree. */
TEST(name__in_ascii_has_the_key_and_slug_of_the_long_way)
{
    unsigned int seed = 20240607;
    size_t names = 0;

    for (int round = 0; round < 20000; round++) {
        char plain[112];
        char longer[120];
        size_t len = 1 + (size_t)rand_r(&seed) % 99;
        bool with_controls = rand_r(&seed) % 8 == 0;
        enum name_fault fault;
        struct arena mem;
        struct name short_way;
        struct name long_way;

        for (size_t i = 0; i < len; i++) {
            plain[i] = (char)(with_controls ? 1 + rand_r(&seed) % 127 : ' ' + rand_r(&seed) % 95);
            if (rand_r(&seed) % 6 == 0) {
                plain[i] = ' ';
            }
        }
        plain[0] = plain[len - 1] = "aZ9-_"[rand_r(&seed) % 5]; /* nothing to trim */
        plain[len] = '\0';
        (void)snprintf(longer, sizeof(longer), "%s" ZWJ, plain);
        arena_init(&mem, LIMIT_BYTES);
        fault = name_make(str_of(plain), &mem, &short_way);
        assert_int_equal(name_make(str_of(longer), &mem, &long_way), fault);
        if (fault == NAME_OK) {
            assert_str(short_way.text, plain);
            assert_true(str_equal(short_way.key, long_way.key));
            assert_true(str_equal(short_way.slug, long_way.slug));
            names++;
        }
        arena_done(&mem);
    }
    assert_true(names > 10000);
}

static size_t encode(unsigned int c, char ret_text[4])
{
    if (c < 0x80) {
        ret_text[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        ret_text[0] = (char)(0xC0 | c >> 6);
        ret_text[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        ret_text[0] = (char)(0xE0 | c >> 12);
        ret_text[1] = (char)(0x80 | (c >> 6 & 0x3F));
        ret_text[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    ret_text[0] = (char)(0xF0 | c >> 18);
    ret_text[1] = (char)(0x80 | (c >> 12 & 0x3F));
    ret_text[2] = (char)(0x80 | (c >> 6 & 0x3F));
    ret_text[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

TEST(key__of_a_key_is_that_key_for_every_character)
{
    for (unsigned int first = 0; first < 0x110000; first += 0x400) {
        struct arena mem;

        if (first >= 0xD800 && first < 0xE000) {
            continue;
        }
        arena_init(&mem, LIMIT_BYTES);
        for (unsigned int c = first; c < first + 0x400; c++) {
            char text[6] = "a";
            size_t len = 1 + encode(c, text + 1);
            struct str key = name_key((struct str){ .ptr = text, .len = len }, &mem);

            assert_true(str_equal(name_key(key, &mem), key));
        }
        arena_done(&mem);
    }
}

#define OFTEN 10

/* Any bytes below 0x80, white space and control characters among them, of any length that is looked up. */
TEST(key__alone_is_found_and_is_the_same_as_by_making_the_name)
{
    unsigned int seed = 1;

    for (int round = 0; round < 20000; round++) {
        char raw[40];
        struct arena mem;
        struct name name = { .text = { .ptr = NULL } };
        struct str key = { .ptr = NULL };
        struct str text = { .ptr = raw, .len = (size_t)rand_r(&seed) % sizeof(raw) };
        static const char often[OFTEN + 1] = "aZ 9\t\x01-\xC3\xA9";
        bool is_found;

        for (size_t i = 0; i < text.len; i++) {
            int any = round % 2 ? rand_r(&seed) % 128 : often[(size_t)rand_r(&seed) % OFTEN];

            raw[i] = (char)any;
        }
        arena_init(&mem, LIMIT_BYTES);
        is_found = name_make(text, &mem, &name) == NAME_OK;
        assert_int_equal(name_make_key(text, &mem, &key), is_found);
        assert_true(!is_found || str_equal(key, name.key));
        arena_done(&mem);
    }
}

/* name_make refuses this one, but a store may hold it. */
TEST(key__is_there_for_any_text)
{
    struct arena mem;

    arena_init(&mem, LIMIT_BYTES);
    assert_str(name_key(STR(" !!\t\t?? "), &mem), "!! ??");
    assert_str(name_key(STR(ZWJ " \u00AD"), &mem), "");
    assert_str(name_key(STR(""), &mem), "");
    arena_done(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slug__is_made_of_plain_letters_and_digits),
        cmocka_unit_test(slug__of_a_name_without_ascii_letters_is_empty),
        cmocka_unit_test(slug__is_cut_at_64_and_trimmed_again),
        cmocka_unit_test(slug__that_reads_as_an_id_is_flagged),
        cmocka_unit_test(name__in_ascii_has_the_key_and_slug_of_the_long_way),
        cmocka_unit_test(key__of_a_key_is_that_key_for_every_character),
        cmocka_unit_test(key__alone_is_found_and_is_the_same_as_by_making_the_name),
        cmocka_unit_test(key__is_there_for_any_text),
    };

    return cmocka_run_group_tests_name("slug", tests, NULL, NULL);
}
