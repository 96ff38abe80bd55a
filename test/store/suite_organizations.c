/* The contract of making, finding and deleting organizations. */
#include "suite.h"

#include <ctype.h>

static void assert_collection_follows_slug(const struct organization *organization)
{
    char expected[128];

    (void)snprintf(expected, sizeof(expected), "org_%.*s", STR_ARG(organization->slug));
    assert_str(organization->collection, expected);
}

static void assert_organization(const struct organization *organization,
                                const struct new_organization *new)
{
    assert_true(oid_equal(&organization->id, &new->id));
    assert_true(str_equal(organization->name, new->name));
    assert_true(str_equal(organization->name_key, new->name_key));
    assert_true(oid_equal(&organization->admin_id, &new->account_id));
    assert_true(str_equal(organization->admin_email, new->email));
    assert_int_equal(organization->created_ms, new->now_ms);
    assert_int_equal(organization->updated_ms, new->now_ms);
    assert_collection_follows_slug(organization);
}

/* base, '_' and six lower-case hex digits. */
static void assert_suffixed(struct str slug, const char *base)
{
    size_t len = strlen(base);

    assert_int_equal(slug.len, len + SLUG_SUFFIX_LEN);
    assert_memory_equal(slug.ptr, base, len);
    assert_int_equal(slug.ptr[len], '_');
    for (size_t i = len + 1; i < slug.len; i++) {
        assert_true(isdigit((unsigned char)slug.ptr[i]) ||
                    (slug.ptr[i] >= 'a' && slug.ptr[i] <= 'f'));
    }
}

STORE_TEST(store__answers_when_asked_and_names_its_engine)
{
    FIXTURE;

    assert_status(store_ping(f->store, &f->call), ST_OK);
    assert_string_equal(f->store->ops->name, f->engine->name);
}

STORE_TEST(create__is_found_in_every_way)
{
    FIXTURE;
    struct new_organization new = suite_new(&f->mem, "acme");
    struct organization made;
    struct organization found;
    struct membership member;

    assert_status(store_organization_create(f->store, &f->call, &new, &made), ST_OK);
    assert_organization(&made, &new);
    assert_str(made.slug, "acme");
    assert_status(store_organization_by_name(f->store, &f->call, STR("org acme"), &found), ST_OK);
    assert_organization(&found, &new);
    assert_status(store_organization_by_id(f->store, &f->call, &new.id, &found), ST_OK);
    assert_organization(&found, &new);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("acme"), &found), ST_OK);
    assert_organization(&found, &new);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &member),
                  ST_OK);
    assert_organization(&member.organization, &new);
    assert_int_equal(suite_count(f, &new.id), 0);
}

STORE_TEST(look_ups__of_nothing_find_nothing_and_touch_no_output)
{
    FIXTURE;
    struct oid id = oid_new();
    struct organization organization;
    struct organization before;
    struct membership member;
    struct membership member_before;

    (void)suite_create(f, "other");
    memset(&organization, 0x5A, sizeof(organization));
    memset(&member, 0x5A, sizeof(member));
    before = organization;
    member_before = member;
    assert_status(store_organization_by_name(f->store, &f->call, STR("none"), &organization),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("none"), &organization),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_by_id(f->store, &f->call, &id, &organization),
                  ST_NO_ORGANIZATION);
    assert_status(store_membership_by_email(f->store, &f->call, STR("none"), &member),
                  ST_NO_ACCOUNT);
    assert_status(store_membership_by_ids(f->store, &f->call, &id, &id, &member), ST_NO_ACCOUNT);
    assert_memory_equal(&organization, &before, sizeof(before));
    assert_memory_equal(&member, &member_before, sizeof(member_before));
}

STORE_TEST(create__taken_name_is_refused_and_leaves_nothing)
{
    FIXTURE;
    struct organization first = suite_create(f, "acme");
    struct new_organization second = suite_new(&f->mem, "second");
    struct organization found;
    struct organization before;
    struct membership member;

    memset(&found, 0x5A, sizeof(found));
    before = found;
    second.name = STR("ORG ACME");
    second.name_key = STR("org acme");
    assert_status(store_organization_create(f->store, &f->call, &second, &found), ST_NAME_TAKEN);
    assert_memory_equal(&found, &before, sizeof(before));
    assert_status(store_organization_by_id(f->store, &f->call, &second.id, &found),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("second"), &found),
                  ST_NO_ORGANIZATION);
    assert_status(store_membership_by_email(f->store, &f->call, second.email_key, &member),
                  ST_NO_ACCOUNT);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org acme"), &found), ST_OK);
    assert_true(oid_equal(&found.id, &first.id));
    (void)suite_create(f, "second"); /* the loser's address and slug are free */
}

STORE_TEST(create__taken_address_is_refused_and_leaves_nothing)
{
    FIXTURE;
    struct new_organization second = suite_new(&f->mem, "second");
    struct organization found;

    (void)suite_create(f, "acme");
    second.email_key = STR("admin@acme.example");
    assert_status(store_organization_create(f->store, &f->call, &second, &found), ST_EMAIL_TAKEN);
    assert_status(store_organization_by_name(f->store, &f->call, second.name_key, &found),
                  ST_NO_ORGANIZATION);
    (void)suite_create(f, "second");
}

STORE_TEST(create__where_name_and_address_are_taken_says_name)
{
    FIXTURE;
    struct new_organization second = suite_new(&f->mem, "acme");
    struct organization found;

    (void)suite_create(f, "acme");
    assert_status(store_organization_create(f->store, &f->call, &second, &found), ST_NAME_TAKEN);
}

STORE_TEST(slug__held_by_another_gets_suffix)
{
    FIXTURE;
    struct organization first = suite_create(f, "acme");
    struct organization found;

    for (int i = 0; i < 20; i++) {
        struct new_organization new = suite_new(&f->mem, arena_printf(&f->mem, "n%d", i).ptr);
        struct organization made;

        new.slug = STR("acme");
        assert_status(store_organization_create(f->store, &f->call, &new, &made), ST_OK);
        assert_suffixed(made.slug, "acme");
        assert_collection_follows_slug(&made);
        assert_status(store_organization_by_slug(f->store, &f->call, made.slug, &found), ST_OK);
        assert_true(oid_equal(&found.id, &new.id));
    }
    assert_status(store_organization_by_slug(f->store, &f->call, STR("acme"), &found), ST_OK);
    assert_true(oid_equal(&found.id, &first.id));
}

STORE_TEST(slug__that_needs_a_suffix_never_takes_the_plain_one)
{
    FIXTURE;
    struct new_organization new = suite_new(&f->mem, "hex");
    struct organization made;

    new.slug = STR("0123456789abcdef01234567");
    new.slug_needs_suffix = true;
    assert_status(store_organization_create(f->store, &f->call, &new, &made), ST_OK);
    assert_suffixed(made.slug, "0123456789abcdef01234567");
    assert_status(store_organization_by_slug(f->store, &f->call, new.slug, &made),
                  ST_NO_ORGANIZATION);
}

STORE_TEST(create__past_its_deadline_does_nothing)
{
    FIXTURE;
    struct new_organization new = suite_new(&f->mem, "late");
    struct organization made;
    struct call late = f->call;

    late.deadline_ms = 1;
    assert_status(store_organization_create(f->store, &late, &new, &made), ST_BUSY);
    assert_status(store_organization_by_name(f->store, &f->call, new.name_key, &made),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_create(f->store, &f->call, &new, &made), ST_OK);
}

STORE_TEST(delete__frees_name_slug_and_address_at_once)
{
    FIXTURE;
    struct organization old = suite_create(f, "acme");
    struct organization made;
    struct organization found;
    struct membership member;
    struct document document;

    assert_status(suite_put(f->store, &f->call, &old.id, "a", "{\"_id\":\"a\"}"), ST_OK);
    assert_status(store_organization_delete(f->store, &f->call, &old.id), ST_OK);
    assert_status(store_organization_by_id(f->store, &f->call, &old.id, &found),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_by_name(f->store, &f->call, old.name_key, &found),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_by_slug(f->store, &f->call, old.slug, &found),
                  ST_NO_ORGANIZATION);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &member),
                  ST_NO_ACCOUNT);
    assert_status(store_membership_by_ids(f->store, &f->call, &old.admin_id, &old.id, &member),
                  ST_NO_ACCOUNT);
    assert_status(store_document_get(f->store, &f->call, &old.id, STR("a"), &document),
                  ST_NO_ORGANIZATION);
    assert_status(store_organization_delete(f->store, &f->call, &old.id), ST_NO_ORGANIZATION);
    made = suite_create(f, "acme");
    assert_str(made.slug, "acme");
    assert_int_equal(suite_count(f, &made.id), 0);
    assert_status(store_document_get(f->store, &f->call, &made.id, STR("a"), &document),
                  ST_NO_DOCUMENT);
}

STORE_TEST(delete__leaves_other_organizations_alone)
{
    FIXTURE;
    struct organization gone = suite_create(f, "gone");
    struct organization stays = suite_create(f, "stays");
    struct membership member;

    assert_status(suite_put(f->store, &f->call, &gone.id, "a", DOC("a", "1")), ST_OK);
    assert_status(suite_put(f->store, &f->call, &stays.id, "a", DOC("a", "2")), ST_OK);
    assert_status(store_organization_delete(f->store, &f->call, &gone.id), ST_OK);
    assert_int_equal(suite_count(f, &stays.id), 1);
    assert_status(
        store_membership_by_email(f->store, &f->call, STR("admin@stays.example"), &member), ST_OK);
}

/* More documents than any engine removes in one step. */
STORE_TEST(delete__of_many_documents_shows_none_of_them_ever_again)
{
    FIXTURE;
    struct organization gone = suite_create(f, "big");
    struct organization made;
    struct tenant_page page;
    struct document document;

    for (int i = 0; i < 250; i++) {
        assert_status(
            suite_put(f->store, &f->call, &gone.id, arena_printf(&f->mem, "d%d", i).ptr, "{}"),
            ST_OK);
    }
    assert_status(store_organization_delete(f->store, &f->call, &gone.id), ST_OK);
    made = suite_create(f, "big");
    assert_str(made.slug, "big");
    assert_status(suite_put(f->store, &f->call, &made.id, "d1", DOC("d1", "new")), ST_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(suite_count(f, &made.id), 1);
        assert_status(store_document_get(f->store, &f->call, &made.id, STR("d249"), &document),
                      ST_NO_DOCUMENT);
        assert_status(store_document_get(f->store, &f->call, &gone.id, STR("d249"), &document),
                      ST_NO_ORGANIZATION);
        assert_status(suite_put(f->store, &f->call, &gone.id, "d", "{}"), ST_NO_ORGANIZATION);
        assert_status(store_tenant_list(f->store, &f->call, &suite_all_tenants, &page), ST_OK);
        assert_int_equal(page.count, 1);
        assert_true(oid_equal(&page.tenants[0].organization.id, &made.id));
        suite_reopen(f);
    }
}

STORE_TEST(delete__leaves_an_account_that_belongs_to_another)
{
    FIXTURE;
    struct organization gone = suite_create(f, "gone");
    struct organization stays = suite_create(f, "stays");
    struct membership member;

    if (!f->engine->add_membership) {
        skip();
    }
    f->engine->add_membership(f->engine->context, &gone.admin_id, &stays.id);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@gone.example"), &member),
                  ST_OK);
    assert_true(oid_equal(&member.organization.id, &gone.id)); /* the first one */
    assert_status(store_organization_delete(f->store, &f->call, &gone.id), ST_OK);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@gone.example"), &member),
                  ST_OK);
    assert_true(oid_equal(&member.organization.id, &stays.id));
    assert_str(member.organization.admin_email, "Admin@stays.example");
    assert_true(oid_equal(&member.account.id, &gone.admin_id));
    assert_status(store_membership_by_ids(f->store, &f->call, &gone.admin_id, &stays.id, &member),
                  ST_OK);
    assert_status(store_organization_delete(f->store, &f->call, &stays.id), ST_OK);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@gone.example"), &member),
                  ST_NO_ACCOUNT);
}

STORE_TEST(reopening__finds_everything)
{
    FIXTURE;
    struct organization acme = suite_create(f, "acme");
    struct organization gone = suite_create(f, "gone");
    struct organization found;
    struct membership member;
    struct document document;
    struct str value;

    assert_status(suite_put(f->store, &f->call, &acme.id, "a", "{\"_id\":\"a\",\"n\":1}"), ST_OK);
    assert_status(store_secret(f->store, &f->call, STR("s"), STR("kept"), &value), ST_OK);
    assert_status(store_organization_delete(f->store, &f->call, &gone.id), ST_OK);
    suite_reopen(f);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org acme"), &found), ST_OK);
    assert_true(oid_equal(&found.id, &acme.id));
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &member),
                  ST_OK);
    assert_str(member.account.password_hash, "hash of acme");
    assert_status(store_document_get(f->store, &f->call, &acme.id, STR("a"), &document), ST_OK);
    assert_str(document.body, "{\"_id\":\"a\",\"n\":1}");
    assert_int_equal(suite_count(f, &acme.id), 1);
    assert_status(store_secret(f->store, &f->call, STR("s"), STR("new"), &value), ST_OK);
    assert_str(value, "kept");
    assert_status(store_organization_by_id(f->store, &f->call, &gone.id, &found),
                  ST_NO_ORGANIZATION);
}

const struct CMUnitTest organization_tests[] = {
    suite_test(store__answers_when_asked_and_names_its_engine),
    suite_test(create__is_found_in_every_way),
    suite_test(look_ups__of_nothing_find_nothing_and_touch_no_output),
    suite_test(create__taken_name_is_refused_and_leaves_nothing),
    suite_test(create__taken_address_is_refused_and_leaves_nothing),
    suite_test(create__where_name_and_address_are_taken_says_name),
    suite_test(slug__held_by_another_gets_suffix),
    suite_test(slug__that_needs_a_suffix_never_takes_the_plain_one),
    suite_test(create__past_its_deadline_does_nothing),
    suite_test(delete__frees_name_slug_and_address_at_once),
    suite_test(delete__leaves_other_organizations_alone),
    suite_test(delete__of_many_documents_shows_none_of_them_ever_again),
    suite_test(delete__leaves_an_account_that_belongs_to_another),
    suite_test(reopening__finds_everything),
};
const size_t organization_tests_count = sizeof(organization_tests) / sizeof(organization_tests[0]);
