/*
 * store/mongo/census: what the migration decides of names, accounts and addresses that a seed's program
 * wrote. What it then writes is tested in test/mongo/test_seed_databases.py.
 */
#include "census_fixture.h"

#include <sodium.h>

TEST(name__of_two_is_the_older_ones)
{
    struct census *census = begin();

    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"ACME\", "
                                                                "\"created_at\": \"2024-02-01\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("2") "\"}, \"name\": \" acme\", "
                                                                "\"createdAt\": \"2024-01-01\"}");
    plan(census);
    assert_str(organization(census, ORG("2"))->name_key, "acme");
    assert_true(has_no_key(organization(census, ORG("1"))->name_key));
    census_free(census);
}

TEST(name__that_an_organization_of_orgd_has_stays_its)
{
    struct census *census = begin();

    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"Acme\", "
                                                                "\"created_at\": \"2000-01-01\"}");
    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG(
                         "2") "\"}, \"organization_name\": \"Acme\","
                              "\"name_key\": \"acme\", \"slug\": \"acme\", \"status\": \"active\","
                              "\"collection_name\": \"org_acme\"}");
    plan(census);
    assert_true(has_no_key(organization(census, ORG("1"))->name_key));
    assert_str(organization(census, ORG("1"))->collection, "org_acme_000001");
    census_free(census);
}

TEST(name__that_breaks_the_rules_is_kept_and_has_a_key_where_there_can_be_one)
{
    struct census *census = begin();

    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"A\\tb\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("2") "\"}, \"name\": \"--\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("3") "\"}, \"name\": \"a\\u0007b\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("4") "\"}, \"name\": \" \"}");
    plan(census);
    assert_str(organization(census, ORG("1"))->name, "A\tb");
    assert_str(organization(census, ORG("1"))->name_key, "a b");
    assert_str(organization(census, ORG("2"))->name_key, "--");
    assert_str(organization(census, ORG("3"))->name, "a\ab");
    assert_true(has_no_key(organization(census, ORG("3"))->name_key));
    assert_true(has_no_key(organization(census, ORG("4"))->name_key));
    census_free(census);
}

TEST(account__is_found_by_each_form_of_its_id)
{
    struct census *census = begin();

    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("1") "\"}, \"email\": \"a@x.com\"}");
    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("2") "\"}, \"email\": \"b@x.com\"}");
    see_account(census, "{\"_id\": \"admin-3\", \"email\": \"c@x.com\"}");
    see_organization(
        census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"One\", "
                                                   "\"admin_id\": {\"$oid\": \"" ADM("1") "\"}}");
    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG("2") "\"}, \"name\": \"Two\", "
                                                        "\"admin_user_id\": \"" ADM("2") "\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("3") "\"}, \"name\": \"Three\", "
                                                                "\"admin_id\": \"admin-3\"}");
    plan(census);
    assert_true(belongs(census, ORG("1"), ADM("1")));
    assert_true(belongs(census, ORG("2"), ADM("2")));
    assert_int_equal(organization(census, ORG("3"))->admins, 1);
    assert_int_equal(census->stray_count, 1);
    census_free(census);
}

TEST(account__says_itself_where_it_belongs)
{
    struct census *census = begin();

    see_account(census,
                "{\"_id\": {\"$oid\": \"" ADM("1") "\"}, \"email\": \"a@x.com\", "
                                                   "\"organization_id\": \"" ORG("1") "\"}");
    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("2") "\"}, \"email\": \"b@x.com\", "
                                                           "\"org_name\": \"Two\"}");
    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("3") "\"}, \"email\": \"c@x.com\", "
                                                           "\"organization_name\": \"Twice\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"One\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("2") "\"}, \"name\": \"Two\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("3") "\"}, \"name\": \"Twice\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("4") "\"}, \"name\": \"Twice\"}");
    plan(census);
    assert_true(belongs(census, ORG("1"), ADM("1")));
    assert_true(belongs(census, ORG("2"), ADM("2")));
    assert_int_equal(account(census, ADM("3"))->organizations, 0); /* nobody knows which */
    assert_true(organization(census, ORG("1"))->has_admin_id);
    census_free(census);
}

TEST(account__never_joins_by_name_an_organization_of_orgd)
{
    struct census *census = begin();

    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("1") "\"}, \"email\": \"a@x.com\", "
                                                           "\"organization_name\": \"Acme\"}");
    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG(
                         "1") "\"}, \"organization_name\": \"Acme\","
                              "\"name_key\": \"acme\", \"slug\": \"acme\", \"status\": \"active\","
                              "\"collection_name\": \"org_acme\"}");
    plan(census);
    assert_false(belongs(census, ORG("1"), ADM("1")));
    census_free(census);
}

TEST(address__of_two_is_whose_belongs_somewhere_then_the_older_ones)
{
    struct census *census = begin();

    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("1") "\"}, \"email\": \"A@x.com\"}");
    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("2") "\"}, \"email\": \"a@x.com\"}");
    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("3") "\"}, \"email\": \"a@X.com\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("2") "\"}, \"name\": \"Two\", "
                                                                "\"admin_id\": \"" ADM("2") "\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("3") "\"}, \"name\": \"Three\", "
                                                                "\"admin_id\": \"" ADM("3") "\"}");
    plan(census);
    assert_true(has_no_key(account(census, ADM("1"))->email_key));
    assert_str(account(census, ADM("2"))->email_key, "a@x.com");
    assert_true(has_no_key(account(census, ADM("3"))->email_key));
    census_free(census);
}

TEST(hash__that_can_verify_is_taken_and_the_others_go)
{
    struct census *census = begin();
    const struct census_account *found;

    see_account(census, "{\"_id\": {\"$oid\": \"" ADM(
                            "1") "\"}, \"email\": \"a@x.com\", "
                                 "\"password\": \"plain\", \"hashed_password\": \"$2b$12$abc\"}");
    found = account(census, ADM("1"));
    assert_str(found->hash, "$2b$12$abc");
    assert_true(found->sets_hash);
    assert_true(bson_has_field(found->unset, "hashed_password"));
    assert_false(bson_has_field(found->unset, "password"));
    census_free(census);
}

TEST(embedded__account_gets_the_same_id_each_time)
{
    static const char json[] = "{\"_id\": {\"$oid\": \"" ORG(
        "1") "\"}, \"name\": \"One\", \"admin\": "
             "{\"email\": \"a@x.com\", \"password_hash\": \"$2b$12$q\", \"phone\": "
             "\"5\"}}";
    struct census *one = begin();
    struct census *other = begin();

    see_organization(one, json);
    plan(one);
    see_organization(other, json);
    plan(other);
    assert_int_equal(one->account_count, 1);
    assert_true(oid_equal(&one->accounts[0].id, &other->accounts[0].id));
    assert_true(oid_equal(&one->accounts[0].id, &one->organizations[0].admin_id));
    assert_true(bson_has_field(one->accounts[0].document, "phone"));
    assert_false(bson_has_field(one->accounts[0].document, "password_hash"));
    assert_true(bson_has_field(one->organizations[0].unset, "admin"));
    census_free(one);
    census_free(other);
}

TEST(embedded__account_that_has_moved_already_is_not_made_twice)
{
    struct census *first = begin();
    struct census *again = begin();
    bson_t moved = BSON_INITIALIZER;
    static const char json[] = "{\"_id\": {\"$oid\": \"" ORG(
        "1") "\"}, \"name\": \"One\", "
             "\"admin_email\": \"a@x.com\", \"admin_password\": \"$2b$12$q\"}";

    see_organization(first, json);
    bson_copy_to(first->accounts[0].document, &moved);
    census_see_account(again, C_ADMINS, &moved);
    see_organization(again, json);
    plan(again);
    assert_int_equal(again->account_count, 1);
    assert_null(again->accounts[0].document);
    assert_int_equal(again->accounts[0].organizations, 1);
    bson_destroy(&moved);
    census_free(first);
    census_free(again);
}

TEST(embedded__account_that_is_another_ones_too_is_found_again_when_that_is_ready)
{
    static const char json[] = "{\"_id\": {\"$oid\": \"" ORG(
        "1") "\"}, \"name\": \"One\", \"admin\": "
             "{\"email\": \"a@x.com\", \"password\": \"$2b$12$same\"}}";
    struct census *census = begin();

    see_account(census, "{\"_id\": {\"$oid\": \"" ADM(
                            "1") "\"}, \"email\": \"a@x.com\", "
                                 "\"email_key\": \"a@x.com\", \"password\": \"$2b$12$same\"}");
    see_organization(census, json);
    plan(census);
    assert_int_equal(census->account_count, 1);
    assert_true(belongs(census, ORG("1"), ADM("1")));
    census_free(census);
}

TEST(embedded__hash_beside_a_named_account_goes_to_it_or_goes)
{
    struct census *census = begin();

    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("1") "\"}, \"email\": \"a@x.com\"}");
    see_account(census, "{\"_id\": {\"$oid\": \"" ADM("2") "\"}, \"email\": \"b@x.com\", "
                                                           "\"password\": \"$2b$12$own\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG(
                                 "1") "\"}, \"name\": \"One\", \"admin_id\": "
                                      "\"" ADM("1") "\", \"admin_password\": \"$2b$12$inside\"}");
    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG(
                         "2") "\"}, \"name\": \"Two\", \"admin_id\": "
                              "\"" ADM("2") "\", \"admin\": {\"email\": \"b@x.com\", \"password\": "
                                            "\"$2b$12$stale\"}}");
    plan(census);
    assert_int_equal(census->account_count, 2);
    assert_str(account(census, ADM("1"))->hash, "$2b$12$inside");
    assert_str(account(census, ADM("2"))->hash, "$2b$12$own");
    assert_true(bson_has_field(organization(census, ORG("1"))->unset, "admin_password"));
    assert_true(bson_has_field(organization(census, ORG("2"))->unset, "admin"));
    census_free(census);
}

TEST(words__of_another_program_are_kept_under_other_names)
{
    struct census *census = begin();
    const struct census_organization *found;

    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG(
                         "1") "\"}, \"name\": \"One\", \"status\": "
                              "\"suspended\", \"version\": \"1.0\", \"change\": {\"by\": \"me\"}}");
    found = organization(census, ORG("1"));
    assert_true(bson_has_field(found->set, "status_before"));
    assert_true(bson_has_field(found->set, "version_before"));
    assert_true(bson_has_field(found->set, "change_before"));
    assert_true(bson_has_field(found->unset, "change"));
    census_free(census);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name__of_two_is_the_older_ones),
        cmocka_unit_test(name__that_an_organization_of_orgd_has_stays_its),
        cmocka_unit_test(name__that_breaks_the_rules_is_kept_and_has_a_key_where_there_can_be_one),
        cmocka_unit_test(account__is_found_by_each_form_of_its_id),
        cmocka_unit_test(account__says_itself_where_it_belongs),
        cmocka_unit_test(account__never_joins_by_name_an_organization_of_orgd),
        cmocka_unit_test(address__of_two_is_whose_belongs_somewhere_then_the_older_ones),
        cmocka_unit_test(hash__that_can_verify_is_taken_and_the_others_go),
        cmocka_unit_test(embedded__account_gets_the_same_id_each_time),
        cmocka_unit_test(embedded__account_that_has_moved_already_is_not_made_twice),
        cmocka_unit_test(
            embedded__account_that_is_another_ones_too_is_found_again_when_that_is_ready),
        cmocka_unit_test(embedded__hash_beside_a_named_account_goes_to_it_or_goes),
        cmocka_unit_test(words__of_another_program_are_kept_under_other_names),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
