/* Organizations in few bytes: each comes out as it went in. */
#include "suite.h"

#include "store/organization_pack.h"

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

/* Packs with and without a reference, and gives the bytes with one. */
static size_t assert_packed(const struct organization *organization,
                            const struct organization *reference)
{
    unsigned char bytes[ORGANIZATION_PACK_MAX_BYTES];
    unsigned char reference_bytes[ORGANIZATION_PACK_MAX_BYTES];
    char text[ORGANIZATION_PACK_MAX_BYTES];
    struct organization_reference other = organization_no_reference;
    struct organization found;
    size_t len = 0;

    assert_true(organization_pack(reference, &organization_no_reference, reference_bytes) > 0);
    for (int refers = 0; refers < 2; refers++) {
        len = organization_pack(organization, &other, bytes);
        assert_in_range(len, 1, sizeof(bytes));
        assert_int_equal(bytes[0] & ORGANIZATION_PACK_FREE_BITS, 0);
        bytes[0] |= ORGANIZATION_PACK_FREE_BITS;
        assert_in_range(organization_unpack(bytes, &other, text, &found), 1, sizeof(text));
        suite_assert_organization(&found, organization);
        assert_int_equal(found.admin_email.ptr[found.admin_email.len], '\0');
        assert_int_equal(found.name_key.ptr[found.name_key.len], '\0');
        other = organization_reference_in(reference_bytes);
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

TEST(pack__neighbours_take_some_twenty_bytes)
{
    struct organization reference = plain("Acme 123456", "acme 123456", "acme_123456");
    struct organization next = plain("Acme 123512", "acme 123512", "acme_123512");

    next.id.bytes[OID_BYTES - 1] += 8;
    next.admin_id.bytes[OID_BYTES - 1] += 9;
    next.admin_email = STR("somebody@acme.example");
    next.created_ms += 40;
    next.updated_ms = next.created_ms;
    assert_in_range(assert_packed(&next, &reference), 10, 28);
}

TEST(pack__what_does_not_fit_is_refused)
{
    unsigned char bytes[ORGANIZATION_PACK_MAX_BYTES];
    char long_text[ORGANIZATION_PACK_TEXT_MAX + 2];
    struct organization organization = plain("Acme", "acme", "acme");

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_not_equal(organization_pack(&organization, &organization_no_reference, bytes), 0);
    organization.name_key = str_of(long_text);
    assert_int_equal(organization_pack(&organization, &organization_no_reference, bytes), 0);
    organization = plain("Acme", "acme", "acme");
    organization.collection = STR("another");
    assert_int_equal(organization_pack(&organization, &organization_no_reference, bytes), 0);
    organization = plain("Acme", "acme", "acme");
    organization.admin_email.ptr = NULL;
    assert_int_equal(organization_pack(&organization, &organization_no_reference, bytes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack__odd_ones_come_out_as_they_went_in),
        cmocka_unit_test(pack__neighbours_take_some_twenty_bytes),
        cmocka_unit_test(pack__what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
