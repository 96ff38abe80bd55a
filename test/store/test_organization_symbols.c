/* Texts by symbols: what was learned makes them shorter, and whatever they are they come out as they went in. */
#include "suite.h"

#include "store/organization_training.h"

static void learn(struct organization_symbols *ret_symbols)
{
    struct organization_training *training = organization_training_new();

    assert_non_null(training);
    for (int i = 0; i < 20; i++) {
        organization_training_add(training, STR("Nordale Logistics GmbH"), STR(""));
        organization_training_add(training, STR("anna.bauer@nordale.example"),
                                  STR("nordale_logistics_gmbh"));
    }
    for (int round = 0; round < ORGANIZATION_TRAINING_ROUNDS; round++) {
        organization_training_round(training, ret_symbols);
    }
    organization_training_free(training);
}

static size_t assert_comes_out(const struct organization_symbols *symbols, struct str text,
                               struct str slug)
{
    unsigned char codes[ORGANIZATION_SYMBOLS_TEXT_MAX];
    char out[ORGANIZATION_SYMBOLS_TEXT_MAX + ORGANIZATION_SYMBOLS_SLACK];
    size_t count = organization_encode(symbols, text, slug, codes);
    struct str found = { .ptr = out };

    assert_in_range(count, 0, sizeof(codes));
    found.len = organization_decode(symbols, codes, count, slug, out);
    assert_true(str_equal(found, text));
    return count;
}

TEST(symbols__texts_of_frequent_parts_take_a_third)
{
    struct organization_symbols symbols;

    learn(&symbols);
    assert_in_range(assert_comes_out(&symbols, STR("Nordale Logistics GmbH"), STR("")), 1, 7);
    assert_in_range(assert_comes_out(&symbols, STR("Other Logistics GmbH"), STR("")), 1, 14);
}

TEST(symbols__an_address_repeats_words_of_the_slug_in_two_bytes)
{
    struct organization_symbols symbols = { .lens = { 0 } }; /* a byte by itself takes two */
    const struct str slug = STR("zzyzx_quux_holding");

    assert_int_equal(assert_comes_out(&symbols, STR("zzyzxquux"), slug), 2);
    assert_int_equal(assert_comes_out(&symbols, STR("zzyzx-quux"), slug), 2);
    assert_int_equal(assert_comes_out(&symbols, STR("a@quuxholding"), slug), 4 + 2);
    assert_int_equal(assert_comes_out(&symbols, STR("holding@zzyzx-quux-holding"), slug),
                     2 + 2 + 2);
    assert_int_equal(assert_comes_out(&symbols, STR("zzyz"), slug), 8);
}

TEST(symbols__any_bytes_come_out_also_those_that_were_never_seen)
{
    struct organization_symbols symbols;
    char bytes[100];

    learn(&symbols);
    for (unsigned first = 0; first < 256; first++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (char)(first + i * i);
        }
        (void)assert_comes_out(&symbols, (struct str){ .ptr = bytes, .len = sizeof(bytes) },
                               STR("nordale"));
    }
    (void)assert_comes_out(&symbols, STR(""), STR(""));
}

TEST(symbols__sample_that_is_full_teaches_what_it_has)
{
    struct organization_training *training = organization_training_new();
    struct organization_symbols symbols;
    char text[ORGANIZATION_SYMBOLS_TEXT_MAX];

    assert_non_null(training);
    memset(text, 'x', sizeof(text));
    for (size_t bytes = 0; bytes < 2 * ORGANIZATION_TRAINING_BYTES; bytes += sizeof(text)) {
        organization_training_add(training, (struct str){ .ptr = text, .len = sizeof(text) },
                                  STR("acme"));
    }
    for (int round = 0; round < ORGANIZATION_TRAINING_ROUNDS; round++) {
        organization_training_round(training, &symbols);
    }
    organization_training_free(training);
    assert_int_equal(
        assert_comes_out(&symbols, (struct str){ .ptr = text, .len = sizeof(text) }, STR("")), 32);
}

TEST(symbols__too_many_codes_are_told_and_not_written)
{
    struct organization_symbols symbols = { .lens = { 0 } };
    unsigned char codes[ORGANIZATION_SYMBOLS_TEXT_MAX];
    char text[200];

    memset(text, 'x', sizeof(text));
    assert_true(organization_encode(&symbols, (struct str){ .ptr = text, .len = sizeof(text) },
                                    STR(""), codes) > sizeof(codes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols__texts_of_frequent_parts_take_a_third),
        cmocka_unit_test(symbols__an_address_repeats_words_of_the_slug_in_two_bytes),
        cmocka_unit_test(symbols__any_bytes_come_out_also_those_that_were_never_seen),
        cmocka_unit_test(symbols__sample_that_is_full_teaches_what_it_has),
        cmocka_unit_test(symbols__too_many_codes_are_told_and_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
