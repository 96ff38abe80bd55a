/* The contract of organization_update: names and credentials in one step. */
#include "suite.h"

STORE_TEST(rename__moves_name_and_slug_and_keeps_the_rest)
{
    FIXTURE;
    struct organization old = suite_create(f, "old");
    struct organization_change change = suite_rename(&f->mem, &old, "new");
    struct organization now;
    struct document document;

    assert_status(suite_put(f->store, &f->call, &old.id, "a", DOC("a", "1")), ST_OK);
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_true(oid_equal(&now.id, &old.id));
    assert_str(now.name, "Org new");
    assert_str(now.slug, "new");
    assert_str(now.collection, "org_new");
    assert_str(now.admin_email, "Admin@old.example");
    assert_int_equal(now.created_ms, 1000);
    assert_int_equal(now.updated_ms, 2000);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org new"), &now), ST_OK);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("new"), &now), ST_OK);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org old"), &now),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("old"), &now),
                  ST_NO_ORGANIZATION);
    assert_status(store_document_get(f->store, &f->call, &old.id, STR("a"), &document), ST_OK);
    assert_int_equal(suite_count(f, &old.id), 1);
}

STORE_TEST(rename__frees_the_old_name_and_slug_at_once)
{
    FIXTURE;
    struct organization first = suite_create(f, "acme");
    struct organization_change change = suite_rename(&f->mem, &first, "later");
    struct new_organization new = suite_new(&f->mem, "acme");
    struct organization now;

    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    new.email_key = STR("other@acme.example");
    assert_status(store_organization_create(f->store, &f->call, &new, &now), ST_OK);
    assert_str(now.slug, "acme");
}

STORE_TEST(rename__to_a_held_name_is_refused_and_changes_nothing)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization held = suite_create(f, "held");
    struct organization_change change = suite_rename(&f->mem, &mine, "held");
    struct organization now;
    struct membership member;

    change.email = change.email_key = STR("new@mine.example");
    change.password_hash = STR("new hash");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_NEW_NAME_TAKEN);
    assert_status(store_membership_by_ids(f->store, &f->call, &mine.admin_id, &mine.id, &member),
                  ST_OK);
    assert_str(member.organization.name, "Org mine");
    assert_int_equal(member.organization.updated_ms, 1000);
    assert_str(member.account.email, "Admin@mine.example");
    assert_str(member.account.password_hash, "hash of mine");
    assert_int_equal(member.account.password_version, 0);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org held"), &now), ST_OK);
    assert_true(oid_equal(&now.id, &held.id));
    change.email_key = STR("admin@held.example"); /* both are held: the name is named */
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_NEW_NAME_TAKEN);
}

STORE_TEST(rename__of_the_own_name_in_another_spelling_is_no_conflict)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_change(&mine, 0);
    struct organization now;

    change.name = STR("ORG MINE");
    change.name_key = STR("org mine");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_str(now.name, "ORG MINE");
    assert_str(now.slug, "mine"); /* none was given */
    assert_status(store_organization_by_name(f->store, &f->call, STR("org mine"), &now), ST_OK);
}

STORE_TEST(rename__to_a_held_slug_gets_suffix)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_rename(&f->mem, &mine, "other");
    struct organization now;

    (void)suite_create(f, "held");
    change.slug = STR("held");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_int_equal(now.slug.len, 4 + SLUG_SUFFIX_LEN);
    assert_memory_equal(now.slug.ptr, "held_", 5);
    assert_str(now.collection, arena_printf(&f->mem, "org_%.*s", STR_ARG(now.slug)).ptr);
    change.slug = STR("free");
    change.slug_needs_suffix = true;
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_int_equal(now.slug.len, 4 + SLUG_SUFFIX_LEN);
    assert_memory_equal(now.slug.ptr, "free_", 5);
}

STORE_TEST(update__of_a_held_address_is_refused_and_changes_nothing)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_rename(&f->mem, &mine, "renamed");
    struct membership member;
    struct organization now;

    (void)suite_create(f, "held");
    change.email = change.email_key = STR("admin@held.example");
    change.password_hash = STR("new hash");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_EMAIL_TAKEN);
    assert_status(store_membership_by_ids(f->store, &f->call, &mine.admin_id, &mine.id, &member),
                  ST_OK);
    assert_str(member.organization.name, "Org mine");
    assert_str(member.organization.slug, "mine");
    assert_str(member.account.password_hash, "hash of mine");
}

STORE_TEST(update__of_the_address_frees_the_old_one_and_keeps_the_password_version)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_change(&mine, 0);
    struct new_organization other = suite_new(&f->mem, "other");
    struct organization now;
    struct membership member;

    change.email = STR("New@Mine.example");
    change.email_key = STR("new@mine.example");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_str(now.admin_email, "New@Mine.example");
    assert_int_equal(now.updated_ms, 2000); /* what the organization shows has changed */
    assert_status(store_membership_by_email(f->store, &f->call, change.email_key, &member), ST_OK);
    assert_int_equal(member.account.password_version, 0);
    assert_int_equal(member.account.updated_ms, 2000);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@mine.example"), &member),
                  ST_NO_ACCOUNT);
    other.email_key = STR("admin@mine.example");
    assert_status(store_organization_create(f->store, &f->call, &other, &now), ST_OK);
}

/* Which is looked at before and after, so that what remembers it has to notice. */
STORE_TEST(update__of_an_address_is_told_by_each_organization_of_its_administrator)
{
    FIXTURE;
    struct tenant acme = suite_tenant(f, "acme");
    struct tenant other = suite_tenant(f, "other");
    struct organization_change change = suite_change(&acme.organization, 7);
    struct organization found;

    other.members[0] = acme.members[0];
    other.organization.admin_id = acme.organization.admin_id;
    suite_put_tenant(f, &acme);
    suite_put_tenant(f, &other);
    change.email = STR("New@acme.example");
    change.email_key = STR("new@acme.example");
    assert_status(store_organization_by_name(f->store, &f->call, STR("org other"), &found), ST_OK);
    assert_str(found.admin_email, acme.organization.admin_email.ptr);
    assert_status(store_organization_update(f->store, &f->call, &change, &found), ST_OK);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org other"), &found), ST_OK);
    assert_str(found.admin_email, "New@acme.example");
    assert_true(oid_equal(&found.id, &other.organization.id));
}

STORE_TEST(update__of_the_password_raises_its_version_and_outdates_the_old_one)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_change(&mine, 0);
    struct organization now;
    struct membership member;

    change.password_hash = STR("second");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    change.password_hash = STR("third");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_BAD_TOKEN);
    assert_status(store_membership_by_ids(f->store, &f->call, &mine.admin_id, &mine.id, &member),
                  ST_OK);
    assert_str(member.account.password_hash, "second");
    assert_int_equal(member.account.password_version, 1);
    change.expected_password_version = 1;
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
}

STORE_TEST(update__by_whom_it_is_not_for_is_refused)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization other = suite_create(f, "other");
    struct organization_change change = suite_rename(&f->mem, &mine, "renamed");
    struct organization now;

    change.account_id = other.admin_id; /* an account, but no member */
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_BAD_TOKEN);
    change.account_id = oid_new();
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_BAD_TOKEN);
    change.account_id = mine.admin_id;
    change.id = oid_new();
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_NO_ORGANIZATION);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org mine"), &now), ST_OK);
    assert_status(store_organization_delete(f->store, &f->call, &mine.id), ST_OK);
    change.id = mine.id;
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_NO_ORGANIZATION);
}

STORE_TEST(update__expects_the_name_it_was_decided_upon)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_rename(&f->mem, &mine, "renamed");
    struct organization now;

    change.expected_name = STR("Org other");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_PRECONDITION);
    change.expected_name = STR("ORG MINE"); /* as shown, to the letter */
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_PRECONDITION);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org mine"), &now), ST_OK);
    change.expected_name = STR("Org mine");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_str(now.name, "Org renamed");
}

STORE_TEST(update__of_nothing_changes_nothing)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_change(&mine, 0);
    struct organization now;

    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_str(now.name, "Org mine");
    assert_str(now.slug, "mine");
    assert_int_equal(now.updated_ms, 1000);
}

STORE_TEST(update__changes_name_address_and_password_in_one_step)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization_change change = suite_rename(&f->mem, &mine, "all");
    struct organization now;
    struct membership member;

    change.email = change.email_key = STR("all@all.example");
    change.password_hash = STR("all hash");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    suite_reopen(f);
    assert_status(store_membership_by_email(f->store, &f->call, STR("all@all.example"), &member),
                  ST_OK);
    assert_str(member.organization.name, "Org all");
    assert_str(member.account.password_hash, "all hash");
    assert_int_equal(member.account.password_version, 1);
}

const struct CMUnitTest update_tests[] = {
    suite_test(rename__moves_name_and_slug_and_keeps_the_rest),
    suite_test(rename__frees_the_old_name_and_slug_at_once),
    suite_test(rename__to_a_held_name_is_refused_and_changes_nothing),
    suite_test(rename__of_the_own_name_in_another_spelling_is_no_conflict),
    suite_test(rename__to_a_held_slug_gets_suffix),
    suite_test(update__of_a_held_address_is_refused_and_changes_nothing),
    suite_test(update__of_the_address_frees_the_old_one_and_keeps_the_password_version),
    suite_test(update__of_an_address_is_told_by_each_organization_of_its_administrator),
    suite_test(update__of_the_password_raises_its_version_and_outdates_the_old_one),
    suite_test(update__by_whom_it_is_not_for_is_refused),
    suite_test(update__expects_the_name_it_was_decided_upon),
    suite_test(update__of_nothing_changes_nothing),
    suite_test(update__changes_name_address_and_password_in_one_step),
};
const size_t update_tests_count = sizeof(update_tests) / sizeof(update_tests[0]);
