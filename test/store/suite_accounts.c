/* The contract of memberships, password hashes and secrets. */
#include "suite.h"

STORE_TEST(membership__holds_the_account_and_its_organization)
{
    FIXTURE;
    struct organization acme = suite_create(f, "acme");
    struct membership by_email;
    struct membership by_ids;

    assert_status(
        store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &by_email), ST_OK);
    assert_status(store_membership_by_ids(f->store, &f->call, &acme.admin_id, &acme.id, &by_ids),
                  ST_OK);
    assert_true(oid_equal(&by_email.account.id, &acme.admin_id));
    assert_true(oid_equal(&by_ids.account.id, &acme.admin_id));
    assert_true(oid_equal(&by_email.organization.id, &acme.id));
    assert_str(by_email.role, "admin");
    assert_str(by_ids.role, "admin");
    assert_str(by_email.account.email, "Admin@acme.example");
    assert_str(by_email.account.email_key, "admin@acme.example");
    assert_str(by_ids.account.password_hash, "hash of acme");
    assert_int_equal(by_ids.account.password_version, 0);
    assert_int_equal(by_ids.account.created_ms, 1000);
    assert_int_equal(by_ids.account.updated_ms, 1000);
    assert_str(by_ids.organization.name, "Org acme");
}

STORE_TEST(membership__of_two_that_do_not_belong_together_is_none)
{
    FIXTURE;
    struct organization a = suite_create(f, "a");
    struct organization b = suite_create(f, "b");
    struct membership member;

    assert_status(store_membership_by_ids(f->store, &f->call, &a.admin_id, &b.id, &member),
                  ST_NO_ACCOUNT);
}

STORE_TEST(rehash__replaces_the_hash_it_was_made_from_and_no_other)
{
    FIXTURE;
    struct organization acme = suite_create(f, "acme");
    struct oid nobody = oid_new();
    struct membership member;

    assert_status(store_account_rehash(f->store, &f->call, &acme.admin_id, STR("hash of acme"),
                                       STR("better")),
                  ST_OK);
    assert_status(store_account_rehash(f->store, &f->call, &acme.admin_id, STR("hash of acme"),
                                       STR("too late")),
                  ST_OK);
    assert_status(store_account_rehash(f->store, &f->call, &nobody, STR("x"), STR("y")), ST_OK);
    assert_status(store_membership_by_ids(f->store, &f->call, &acme.admin_id, &acme.id, &member),
                  ST_OK);
    assert_str(member.account.password_hash, "better");
    assert_int_equal(member.account.password_version, 0);
}

STORE_TEST(secret__is_the_first_candidate_for_ever)
{
    FIXTURE;
    struct str value;

    assert_status(store_secret(f->store, &f->call, STR("jwt"), STR("one\0two"), &value), ST_OK);
    assert_int_equal(value.len, 7);
    assert_memory_equal(value.ptr, "one\0two", 7);
    assert_status(store_secret(f->store, &f->call, STR("jwt"), STR("other"), &value), ST_OK);
    assert_int_equal(value.len, 7);
    assert_status(store_secret(f->store, &f->call, STR("another"), STR("other"), &value), ST_OK);
    assert_str(value, "other");
}

const struct CMUnitTest account_tests[] = {
    suite_test(membership__holds_the_account_and_its_organization),
    suite_test(membership__of_two_that_do_not_belong_together_is_none),
    suite_test(rehash__replaces_the_hash_it_was_made_from_and_no_other),
    suite_test(secret__is_the_first_candidate_for_ever),
};
const size_t account_tests_count = sizeof(account_tests) / sizeof(account_tests[0]);
