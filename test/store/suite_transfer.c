/* The contract of moving: tenants listed and put as they are, documents put many at a time, secrets
 * set. */
#include "suite.h"

STORE_TEST(secret__without_a_candidate_is_only_looked_for)
{
    FIXTURE;
    struct str value = STR("untouched");

    assert_status(store_secret(f->store, &f->call, STR("s"), (struct str){ .ptr = NULL }, &value),
                  ST_NOT_FOUND);
    assert_str(value, "untouched");
    assert_status(store_secret(f->store, &f->call, STR("s"), STR("one"), &value), ST_OK);
    assert_str(value, "one");
    assert_status(store_secret(f->store, &f->call, STR("s"), (struct str){ .ptr = NULL }, &value),
                  ST_OK);
    assert_str(value, "one");
}

STORE_TEST(secret__that_is_put_is_the_secret_from_then_on)
{
    FIXTURE;
    struct str value;

    assert_status(store_secret_put(f->store, &f->call, STR("s"), STR("moved")), ST_OK);
    assert_status(store_secret(f->store, &f->call, STR("s"), STR("own"), &value), ST_OK);
    assert_str(value, "moved");
    assert_status(store_secret_put(f->store, &f->call, STR("s"), STR("again")), ST_OK);
    suite_reopen(f);
    assert_status(store_secret(f->store, &f->call, STR("s"), STR("own"), &value), ST_OK);
    assert_str(value, "again");
}

STORE_TEST(tenants__are_listed_in_order_of_ids_page_by_page)
{
    FIXTURE;
    static const char *const tags[] = { "a", "b", "c", "d", "e" };
    struct organization made[5];
    struct tenant_query query = { .limit = 2, .max_bytes = SIZE_MAX };
    struct tenant_page page = { .more = true };
    size_t seen = 0;

    for (size_t i = 0; i < 5; i++) {
        made[i] = suite_create(f, tags[i]);
    }
    while (page.more) {
        assert_status(store_tenant_list(f->store, &f->call, &query, &page), ST_OK);
        assert_in_range(page.count, 1, 2);
        for (size_t i = 0; i < page.count; i++) {
            const struct tenant *tenant = &page.tenants[i];

            suite_assert_organization(&tenant->organization, &made[seen]); /* ids grow */
            assert_int_equal(tenant->member_count, 1);
            assert_true(oid_equal(&tenant->members[0].account.id, &made[seen].admin_id));
            assert_str(tenant->members[0].role, "admin");
            seen++;
        }
        query.after = &page.tenants[page.count - 1].organization.id;
    }
    assert_int_equal(seen, 5);
    assert_status(store_tenant_list(f->store, &f->call, &query, &page), ST_OK);
    assert_int_equal(page.count, 0);
    assert_false(page.more);
}

STORE_TEST(tenants__come_in_pages_that_end_by_their_bytes_with_one_at_least)
{
    FIXTURE;
    static const char *const tags[] = { "a", "b", "c" };
    struct tenant tenants[3];
    struct tenant_query query = { .limit = 500, .max_bytes = 1 };
    struct tenant_page page = { .more = true };
    size_t seen = 0;

    for (size_t i = 0; i < 3; i++) {
        tenants[i] = suite_tenant(f, tags[i]);
        for (int n = 0; n < 20; n++) {
            char tag[16];
            struct tenant other;

            (void)snprintf(tag, sizeof(tag), "%s%d", tags[i], n);
            other = suite_tenant(f, tag);
            suite_add_member(f, &tenants[i], &other.members[0]);
        }
        suite_put_tenant(f, &tenants[i]);
    }
    while (page.more) {
        assert_status(store_tenant_list(f->store, &f->call, &query, &page), ST_OK);
        assert_int_equal(page.count, 1);
        suite_assert_tenant(&page.tenants[0], &tenants[seen]); /* ids grow */
        query.after = &page.tenants[0].organization.id;
        seen++;
    }
    assert_int_equal(seen, 3);
    query = (struct tenant_query){ .limit = 500, .max_bytes = (size_t)45 * 1024 };
    assert_status(store_tenant_list(f->store, &f->call, &query, &page), ST_OK);
    assert_in_range(page.count, 2, 3); /* some 20 KiB each */
    for (size_t i = 0; i < page.count; i++) {
        suite_assert_tenant(&page.tenants[i], &tenants[i]);
    }
}

STORE_TEST(tenants__of_an_empty_store_are_none)
{
    FIXTURE;
    struct tenant_page page;

    assert_status(store_tenant_list(f->store, &f->call, &suite_all_tenants, &page), ST_OK);
    assert_int_equal(page.count, 0);
    assert_false(page.more);
}

STORE_TEST(tenant__that_is_put_is_what_it_was_to_the_last_field)
{
    FIXTURE;
    struct tenant acme = suite_tenant(f, "acme");
    struct organization found;
    struct membership member;
    struct tenant now;

    suite_put_tenant(f, &acme);
    suite_reopen(f);
    now = suite_listed(f, &acme.organization.id);
    suite_assert_tenant(&now, &acme);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org acme"), &found), ST_OK);
    suite_assert_organization(&found, &acme.organization);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("acme"), &found), ST_OK);
    suite_assert_organization(&found, &acme.organization);
    assert_status(
        store_membership_by_email(f->store, &f->call, acme.members[0].account.email_key, &member),
        ST_OK);
    suite_assert_account(&member.account, &acme.members[0].account);
    assert_int_equal(suite_count(f, &acme.organization.id), 0);
    assert_status(suite_put(f->store, &f->call, &acme.organization.id, "d", "{\"_id\":\"d\"}"),
                  ST_OK);
}

STORE_TEST(tenant__that_is_put_again_stays_as_it_is)
{
    FIXTURE;
    struct tenant acme = suite_tenant(f, "acme");
    struct tenant now;

    suite_put_tenant(f, &acme);
    assert_status(suite_put(f->store, &f->call, &acme.organization.id, "d", "{\"_id\":\"d\"}"),
                  ST_OK);
    suite_put_tenant(f, &acme);
    now = suite_listed(f, &acme.organization.id);
    suite_assert_tenant(&now, &acme);
    assert_int_equal(suite_count(f, &acme.organization.id), 1);
}

STORE_TEST(tenant__that_is_there_is_brought_up_to_date_and_keeps_its_documents)
{
    FIXTURE;
    struct tenant acme = suite_tenant(f, "acme");
    struct tenant other = suite_tenant(f, "other");
    struct organization found;
    struct membership member;
    struct tenant now;

    suite_put_tenant(f, &acme);
    assert_status(suite_put(f->store, &f->call, &acme.organization.id, "d", "{\"_id\":\"d\"}"),
                  ST_OK);
    other.organization.id = acme.organization.id;
    other.organization.admin_id = acme.organization.admin_id;
    other.members[0].account.id = acme.members[0].account.id;
    other.members[0].account.password_version = 8;
    other.members[0].account.updated_ms = 5555;
    other.members[0].role = STR("owner");
    other.organization.updated_ms = 6666;
    suite_put_tenant(f, &other);
    now = suite_listed(f, &acme.organization.id);
    suite_assert_tenant(&now, &other);
    assert_int_equal(suite_count(f, &acme.organization.id), 1);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org acme"), &found),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("acme"), &found),
                  ST_NO_ORGANIZATION);
    assert_status(
        store_membership_by_email(f->store, &f->call, acme.members[0].account.email_key, &member),
        ST_NO_ACCOUNT);
    (void)suite_create(f, "acme"); /* all of it is free again */
}

STORE_TEST(tenant__goes_back_in_time_where_it_is_told_to)
{
    FIXTURE;
    struct tenant acme = suite_tenant(f, "acme");
    struct tenant now;

    suite_put_tenant(f, &acme);
    acme.organization.created_ms = 1000;
    acme.organization.updated_ms = 1300;
    acme.members[0].account.created_ms = 1001;
    acme.members[0].account.updated_ms = 1200;
    acme.members[0].account.password_version = 1;
    suite_put_tenant(f, &acme);
    now = suite_listed(f, &acme.organization.id);
    suite_assert_tenant(&now, &acme);
}

STORE_TEST(tenant__with_a_name_slug_or_address_of_another_is_refused_and_nothing_changes)
{
    FIXTURE;
    struct tenant acme = suite_tenant(f, "acme");
    struct tenant other = suite_tenant(f, "other");
    struct tenant wrong;
    struct tenant now;

    suite_put_tenant(f, &acme);
    suite_put_tenant(f, &other);
    for (int times = 0; times < 2; times++) { /* of one that is there, and of a new one */
        wrong = suite_tenant(f, "wrong");
        if (times == 0) {
            wrong.organization.id = other.organization.id;
            wrong.organization.admin_id = other.organization.admin_id;
            wrong.members[0].account = other.members[0].account;
        }
        wrong.organization.name_key = acme.organization.name_key;
        assert_status(store_tenant_put(f->store, &f->call, &wrong), ST_NAME_TAKEN);
        wrong.organization.name_key = STR("org wrong");
        wrong.organization.slug = acme.organization.slug;
        assert_status(store_tenant_put(f->store, &f->call, &wrong), ST_NAME_TAKEN);
        wrong.organization.slug = STR("wrong");
        wrong.members[0].account.email_key = acme.members[0].account.email_key;
        assert_status(store_tenant_put(f->store, &f->call, &wrong), ST_EMAIL_TAKEN);
        now = suite_listed(f, &acme.organization.id);
        suite_assert_tenant(&now, &acme);
        now = suite_listed(f, &other.organization.id);
        suite_assert_tenant(&now, &other);
    }
    wrong.members[0].account.email_key = STR("admin@wrong.example");
    suite_put_tenant(f, &wrong);
}

STORE_TEST(tenant__without_its_administrator_among_the_members_is_refused)
{
    FIXTURE;
    struct tenant acme = suite_tenant(f, "acme");
    struct tenant_page page;

    acme.organization.admin_id = oid_new();
    assert_status(store_tenant_put(f->store, &f->call, &acme), ST_INVALID);
    acme.member_count = 0;
    assert_status(store_tenant_put(f->store, &f->call, &acme), ST_INVALID);
    assert_status(store_tenant_list(f->store, &f->call, &suite_all_tenants, &page), ST_OK);
    assert_int_equal(page.count, 0);
}

STORE_TEST(account__of_two_organizations_is_one_and_stays_as_long_as_one_names_it)
{
    FIXTURE;
    struct tenant a = suite_tenant(f, "a");
    struct tenant b = suite_tenant(f, "b");
    struct tenant alone = a;
    struct tenant both = b;
    struct membership member;
    struct tenant now;

    a.members[0].role = STR("admin");
    suite_add_member(f, &both, &a.members[0]);
    suite_put_tenant(f, &a);
    suite_put_tenant(f, &both);
    now = suite_listed(f, &b.organization.id);
    suite_assert_tenant(&now, &both);
    assert_status(store_membership_by_ids(f->store, &f->call, &a.organization.admin_id,
                                          &b.organization.id, &member),
                  ST_OK);
    alone.members = b.members; /* a is b's administrator's now */
    alone.organization.admin_id = b.organization.admin_id;
    alone.organization.admin_email = b.organization.admin_email;
    suite_put_tenant(f, &alone);
    now = suite_listed(f, &a.organization.id);
    suite_assert_tenant(&now, &alone);
    now = suite_listed(f, &b.organization.id);
    suite_assert_tenant(&now, &both);
    suite_put_tenant(f, &b); /* nobody names it any more */
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@a.example"), &member),
                  ST_NO_ACCOUNT);
    now = suite_listed(f, &b.organization.id);
    suite_assert_tenant(&now, &b);
    (void)suite_create(f, "free");
}

const struct CMUnitTest transfer_tests[] = {
    suite_test(secret__without_a_candidate_is_only_looked_for),
    suite_test(secret__that_is_put_is_the_secret_from_then_on),
    suite_test(tenants__are_listed_in_order_of_ids_page_by_page),
    suite_test(tenants__come_in_pages_that_end_by_their_bytes_with_one_at_least),
    suite_test(tenants__of_an_empty_store_are_none),
    suite_test(tenant__that_is_put_is_what_it_was_to_the_last_field),
    suite_test(tenant__that_is_put_again_stays_as_it_is),
    suite_test(tenant__that_is_there_is_brought_up_to_date_and_keeps_its_documents),
    suite_test(tenant__goes_back_in_time_where_it_is_told_to),
    suite_test(tenant__with_a_name_slug_or_address_of_another_is_refused_and_nothing_changes),
    suite_test(tenant__without_its_administrator_among_the_members_is_refused),
    suite_test(account__of_two_organizations_is_one_and_stays_as_long_as_one_names_it),
};
const size_t transfer_tests_count = sizeof(transfer_tests) / sizeof(transfer_tests[0]);
