/* Organizations in few bytes: each comes out as it went in. */
#include "suite.h"

#include "store/organization_pack.h"
#include "store/organization_training.h"

static struct organization plain(const char *name, const char *key, const char *slug)
{
    static char collections[16][512];
    static int next;
    char *collection = collections[next++ % 16];

    (void)snprintf(collection, sizeof(collections[0]), "org_%s", slug);
    return (struct organization){
        .id = { .bytes = { 0x65, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 } },
        .name = str_of(name),
        .name_key = str_of(key),
        .slug = str_of(slug),
        .collection = str_of(collection),
        .admin_id = { .bytes = { 0x65, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12 } },
        .admin_email = STR("someone@acme.example"),
        .created_ms = 1700000000123,
        .updated_ms = 1700000000123,
    };
}

/* Symbols learned from a few texts. */
static const struct organization_symbols *learned(void)
{
    static struct organization_symbols symbols;
    struct organization_training *training = organization_training_new();

    assert_non_null(training);
    for (int i = 0; i < 10; i++) {
        organization_training_add(training, STR("Acme Logistics"), STR(""));
        organization_training_add(training, STR("someone@acme.example"), STR("acme_logistics"));
    }
    for (int round = 0; round < ORGANIZATION_TRAINING_ROUNDS; round++) {
        organization_training_round(training, &symbols);
    }
    organization_training_free(training);
    return &symbols;
}

/* Packs with and without symbols, by itself and by another; gives the bytes with all help. */
static size_t assert_packed(const struct organization *organization,
                            const struct organization *reference)
{
    const struct organization_symbols *symbols[] = { NULL, learned() };
    const struct organization_base bases[] = { organization_base_of(organization),
                                               organization_base_of(reference) };
    unsigned char bytes[ORGANIZATION_PACK_MAX_BYTES];
    char text[ORGANIZATION_PACK_MAX_BYTES];
    struct organization found;
    size_t len = 0;

    for (int i = 0; i < 4; i++) {
        len = organization_pack(organization, &bases[i % 2], symbols[i / 2], bytes);
        assert_in_range(len, 1, sizeof(bytes));
        assert_in_range(organization_unpack(bytes, &bases[i % 2], symbols[i / 2], text, &found), 1,
                        sizeof(text));
        suite_assert_organization(&found, organization);
        assert_int_equal(found.admin_email.ptr[found.admin_email.len], '\0');
        assert_int_equal(found.name_key.ptr[found.name_key.len], '\0');
    }
    return len;
}

TEST(pack__odd_ones_come_out_as_they_went_in)
{
    const struct organization reference = plain("Acme 1234", "acme 1234", "acme_1234");
    char longest[ORGANIZATION_PACK_TEXT_MAX + 1];
    struct organization odd[] = {
        reference,
        plain("", "", ""),
        plain("A", "a", "a"),
        plain("Acme 1234 Acme 1234", "acme 1234 acme 1234", "acme_1234_acme_1234"),
        plain("Łódź", "łódź", "odz"),
        plain("ACME  Inc.", "acme inc.", "acme_inc_0a1b2c"),
        plain("-- x --", "-- x --", "x"),
        plain("Acme", "acme", "650102030405060708090a0b"),
        plain("Straße", "strasse", "stra_e"),
    };

    memset(longest, 'Z', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        (void)assert_packed(&odd[i], &reference);
        (void)assert_packed(&reference, &odd[i]);
        odd[i].updated_ms = INT64_MAX - (int64_t)i;
        odd[i].created_ms = -(int64_t)i;
        odd[i].admin_id = (struct oid){ .bytes = { 0 } };
        odd[i].admin_email = STR("");
        (void)assert_packed(&odd[i], &reference);
        odd[i].admin_email = str_of(longest);
        odd[i].name = str_of(longest);
        (void)assert_packed(&odd[i], &odd[0]);
    }
}

TEST(pack__names_of_learned_words_take_some_twenty_bytes)
{
    struct organization reference = plain("Acme 123456", "acme 123456", "acme_123456");
    struct organization next = plain("Acme Logistics", "acme logistics", "acme_logistics");

    next.id.bytes[OID_BYTES - 1] += 8;
    next.admin_id.bytes[OID_BYTES - 1] += 8;
    next.admin_email = STR("someone@acme-logistics.example");
    next.created_ms += 40;
    next.updated_ms = next.created_ms;
    assert_in_range(assert_packed(&next, &reference), 5, 25);
}

TEST(pack__what_does_not_fit_is_refused)
{
    const struct organization_base base = { .created_ms = 0 };
    unsigned char bytes[ORGANIZATION_PACK_MAX_BYTES];
    char long_text[ORGANIZATION_PACK_TEXT_MAX + 2];
    struct organization organization = plain("Acme", "acme", "acme");

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_not_equal(organization_pack(&organization, &base, NULL, bytes), 0);
    organization.name_key = str_of(long_text);
    assert_int_equal(organization_pack(&organization, &base, NULL, bytes), 0);
    organization = plain("Acme", "acme", "acme");
    organization.collection = STR("another");
    assert_int_equal(organization_pack(&organization, &base, NULL, bytes), 0);
    organization = plain("Acme", "acme", "acme");
    organization.admin_email.ptr = NULL;
    assert_int_equal(organization_pack(&organization, &base, NULL, bytes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack__odd_ones_come_out_as_they_went_in),
        cmocka_unit_test(pack__names_of_learned_words_take_some_twenty_bytes),
        cmocka_unit_test(pack__what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
