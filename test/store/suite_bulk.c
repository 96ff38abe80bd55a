/* The contract of filling a store: many organizations made in one call, documents of many put in one. */
#include "suite.h"

#define MANY 40

static struct tenant_creation creation_of(const struct tenant *tenant)
{
    return (struct tenant_creation){ .tenant = tenant, .status = ST_BROKEN };
}

STORE_TEST(tenants__created_together_are_what_they_were_to_the_last_field)
{
    FIXTURE;
    struct tenant_creation creations[3];
    struct tenant tenants[3];
    struct tenant other = suite_tenant(f, "other");
    struct membership member;

    tenants[0] = suite_tenant(f, "a");
    tenants[1] = suite_tenant(f, "b");
    tenants[2] = suite_tenant(f, "c");
    suite_add_member(f, &tenants[1], &other.members[0]);
    for (size_t i = 0; i < 3; i++) {
        creations[i] = creation_of(&tenants[i]);
    }
    assert_status(store_tenants_create(f->store, &f->call, creations, 3), ST_OK);
    suite_reopen(f);
    for (size_t i = 0; i < 3; i++) {
        struct tenant now = suite_listed(f, &tenants[i].organization.id);

        assert_status(creations[i].status, ST_OK);
        suite_assert_tenant(&now, &tenants[i]);
        assert_int_equal(suite_count(f, &tenants[i].organization.id), 0);
    }
    assert_status(
        store_membership_by_email(f->store, &f->call, other.members[0].account.email_key, &member),
        ST_OK);
    assert_true(oid_equal(&member.organization.id, &tenants[1].organization.id));
}

/* Each of them is refused for another reason, and leaves nothing; those around them are made. */
STORE_TEST(tenants__that_are_refused_leave_nothing_and_do_not_keep_the_others_out)
{
    FIXTURE;
    struct tenant there = suite_tenant(f, "there");
    struct tenant extra = suite_tenant(f, "extra");
    struct tenant tenants[8];
    struct tenant_creation creations[8];
    struct tenant_page page;
    struct tenant now;

    suite_put_tenant(f, &there);
    for (size_t i = 0; i < 8; i++) {
        char tag[8];

        (void)snprintf(tag, sizeof(tag), "t%zu", i);
        tenants[i] = suite_tenant(f, tag);
    }
    tenants[1].organization.name_key = there.organization.name_key;
    suite_add_member(f, &tenants[1], &extra.members[0]); /* made first, and to be taken back */
    tenants[2].members[0].account.email_key = there.members[0].account.email_key;
    tenants[3].organization.slug = there.organization.slug;
    tenants[4].organization.id = there.organization.id;
    tenants[5].organization.admin_id = there.members[0].account.id;
    tenants[5].members[0].account.id = there.members[0].account.id;
    tenants[6].organization.admin_id = oid_new();
    for (size_t i = 0; i < 8; i++) {
        creations[i] = creation_of(&tenants[i]);
    }
    assert_status(store_tenants_create(f->store, &f->call, creations, 8), ST_OK);
    assert_status(creations[0].status, ST_OK);
    assert_status(creations[1].status, ST_NAME_TAKEN);
    assert_status(creations[2].status, ST_EMAIL_TAKEN);
    assert_status(creations[3].status, ST_NAME_TAKEN);
    assert_status(creations[4].status, ST_NAME_TAKEN);
    assert_status(creations[5].status, ST_EMAIL_TAKEN);
    assert_status(creations[6].status, ST_INVALID);
    assert_status(creations[7].status, ST_OK);
    assert_status(store_tenant_list(f->store, &f->call, &suite_all_tenants, &page), ST_OK);
    assert_int_equal(page.count, 3);
    now = suite_listed(f, &there.organization.id);
    suite_assert_tenant(&now, &there);
    /* All that they would have held is free. */
    suite_put_tenant(f, &extra);
    tenants[1].organization.name_key = STR("another name");
    tenants[1].member_count = 1;
    tenants[1].members = &(struct tenant_member[]){ suite_tenant(f, "t1").members[0] }[0];
    tenants[1].organization.admin_id = tenants[1].members[0].account.id;
    creations[1] = creation_of(&tenants[1]);
    tenants[6].organization.admin_id = tenants[6].members[0].account.id;
    creations[2] = creation_of(&tenants[6]);
    assert_status(store_tenants_create(f->store, &f->call, &creations[1], 2), ST_OK);
    assert_status(creations[1].status, ST_OK);
    assert_status(creations[2].status, ST_OK);
}

STORE_TEST(tenants__of_one_name_or_address_in_one_call_are_the_first_ones)
{
    FIXTURE;
    struct tenant tenants[3];
    struct tenant_creation creations[3];
    struct tenant_page page;

    tenants[0] = suite_tenant(f, "acme");
    tenants[1] = suite_tenant(f, "acme"); /* the address is the same, too */
    tenants[2] = suite_tenant(f, "other");
    tenants[2].organization.name_key = tenants[0].organization.name_key;
    for (size_t i = 0; i < 3; i++) {
        creations[i] = creation_of(&tenants[i]);
    }
    assert_status(store_tenants_create(f->store, &f->call, creations, 3), ST_OK);
    assert_status(creations[0].status, ST_OK);
    assert_true(creations[1].status == ST_NAME_TAKEN || creations[1].status == ST_EMAIL_TAKEN);
    assert_status(creations[2].status, ST_NAME_TAKEN);
    assert_status(store_tenant_list(f->store, &f->call, &suite_all_tenants, &page), ST_OK);
    assert_int_equal(page.count, 1);
    suite_assert_tenant(&page.tenants[0], &tenants[0]);
}

/* Whatever order an engine makes them in. */
STORE_TEST(tenants__of_one_address_or_slug_are_decided_by_their_place_not_their_name)
{
    FIXTURE;
    struct tenant tenants[4];
    struct tenant_creation creations[4];
    static const char *const tags[] = { "zeta", "yota", "beta", "alpha" };

    for (size_t i = 0; i < 4; i++) {
        tenants[i] = suite_tenant(f, tags[i]);
        creations[i] = creation_of(&tenants[i]);
        creations[i].slug_may_vary = true;
    }
    tenants[3].members[0].account.email_key = tenants[0].members[0].account.email_key;
    tenants[2].organization.slug = tenants[1].organization.slug;
    assert_status(store_tenants_create(f->store, &f->call, creations, 4), ST_OK);
    assert_status(creations[0].status, ST_OK);
    assert_status(creations[1].status, ST_OK);
    assert_status(creations[2].status, ST_OK);
    assert_status(creations[3].status, ST_EMAIL_TAKEN);
    suite_assert_text(suite_listed(f, &tenants[1].organization.id).organization.slug, STR("yota"));
    assert_true(suite_listed(f, &tenants[2].organization.id).organization.slug.len > 4);
}

/* Whether a slug is the plain one with '_' and six hex digits. */
static void assert_suffixed(struct str slug, struct str plain)
{
    assert_int_equal(slug.len, plain.len + SLUG_SUFFIX_LEN);
    assert_memory_equal(slug.ptr, plain.ptr, plain.len);
    assert_int_equal(slug.ptr[plain.len], '_');
    for (size_t i = plain.len + 1; i < slug.len; i++) {
        assert_true(str_hex_value(slug.ptr[i]) >= 0);
    }
}

STORE_TEST(tenants__whose_plain_slug_is_held_get_a_suffix_where_it_may_vary)
{
    FIXTURE;
    struct tenant tenants[3];
    struct tenant_creation creations[3];

    for (size_t i = 0; i < 3; i++) {
        char tag[8];

        (void)snprintf(tag, sizeof(tag), "t%zu", i);
        tenants[i] = suite_tenant(f, tag);
        tenants[i].organization.slug = STR("same");
        creations[i] = creation_of(&tenants[i]);
        creations[i].slug_may_vary = true;
    }
    creations[2].slug_needs_suffix = true;
    tenants[2].organization.slug = STR("free");
    assert_status(store_tenants_create(f->store, &f->call, creations, 3), ST_OK);
    for (size_t i = 0; i < 3; i++) {
        assert_status(creations[i].status, ST_OK);
    }
    suite_assert_text(suite_listed(f, &tenants[0].organization.id).organization.slug, STR("same"));
    assert_suffixed(suite_listed(f, &tenants[1].organization.id).organization.slug, STR("same"));
    assert_suffixed(suite_listed(f, &tenants[2].organization.id).organization.slug, STR("free"));
}

STORE_TEST(tenants__are_many_in_one_call)
{
    FIXTURE;
    struct tenant *tenants = arena_alloc(&f->mem, MANY * sizeof(*tenants));
    struct tenant_creation *creations = arena_alloc(&f->mem, MANY * sizeof(*creations));
    int64_t estimate = -1;

    for (size_t i = 0; i < MANY; i++) {
        char tag[16];

        (void)snprintf(tag, sizeof(tag), "many%zu", i);
        tenants[i] = suite_tenant(f, tag);
        creations[i] = creation_of(&tenants[i]);
    }
    assert_status(store_tenant_estimate(f->store, &f->call, &estimate), ST_OK);
    assert_int_equal(estimate, 0);
    assert_status(store_tenants_create(f->store, &f->call, creations, MANY), ST_OK);
    for (size_t i = 0; i < MANY; i++) {
        struct organization found;

        assert_status(creations[i].status, ST_OK);
        assert_status(store_organization_by_name(f->store, &f->call,
                                                 tenants[i].organization.name_key, &found),
                      ST_OK);
        assert_true(oid_equal(&found.id, &tenants[i].organization.id));
    }
    assert_status(store_tenant_estimate(f->store, &f->call, &estimate), ST_OK);
    assert_int_equal(estimate, MANY);
    assert_status(store_tenants_create(f->store, &f->call, creations, MANY), ST_OK);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(creations[i].status == ST_NAME_TAKEN || creations[i].status == ST_EMAIL_TAKEN);
    }
}

STORE_TEST(lots__put_documents_of_many_and_name_the_organization_that_is_not_there)
{
    FIXTURE;
    struct organization a = suite_create(f, "a");
    struct organization b = suite_create(f, "b");
    const struct document two[] = {
        { .id = STR("one"), .body = STR(DOC("one", "1")) },
        { .id = STR("two"), .body = STR(DOC("two", "2")) },
    };
    const struct document again[] = { { .id = STR("two"), .body = STR(DOC("two", "new")) } };
    struct document_lot lots[] = {
        { .organization_id = a.id, .documents = two, .count = 2, .status = ST_BROKEN },
        { .organization_id = oid_new(), .documents = two, .count = 2, .status = ST_BROKEN },
        { .organization_id = b.id, .documents = two, .count = 1, .status = ST_BROKEN },
        { .organization_id = a.id, .documents = again, .count = 1, .status = ST_BROKEN },
    };
    struct document now;

    assert_status(store_document_lots_put(f->store, &f->call, lots, 4), ST_OK);
    assert_status(lots[0].status, ST_OK);
    assert_status(lots[1].status, ST_NO_ORGANIZATION);
    assert_status(lots[2].status, ST_OK);
    assert_status(lots[3].status, ST_OK);
    assert_int_equal(suite_count(f, &a.id), 2);
    assert_int_equal(suite_count(f, &b.id), 1);
    suite_reopen(f);
    assert_status(store_document_get(f->store, &f->call, &a.id, STR("two"), &now), ST_OK);
    suite_assert_text(now.body, STR(DOC("two", "new")));
}

const struct CMUnitTest bulk_tests[] = {
    suite_test(tenants__created_together_are_what_they_were_to_the_last_field),
    suite_test(tenants__that_are_refused_leave_nothing_and_do_not_keep_the_others_out),
    suite_test(tenants__of_one_name_or_address_in_one_call_are_the_first_ones),
    suite_test(tenants__of_one_address_or_slug_are_decided_by_their_place_not_their_name),
    suite_test(tenants__whose_plain_slug_is_held_get_a_suffix_where_it_may_vary),
    suite_test(tenants__are_many_in_one_call),
    suite_test(lots__put_documents_of_many_and_name_the_organization_that_is_not_there),
};
const size_t bulk_tests_count = sizeof(bulk_tests) / sizeof(bulk_tests[0]);
