/* The contract of moving: tenants listed and put as they are, documents put many at a time, secrets
 * set. */
#include "suite.h"

/* A tenant called tag, with an id of its own and values that no verb would have made: times that
 * differ, a password that was changed seven times. */
static struct tenant new_tenant(struct fixture *f, const char *tag)
{
    struct new_organization names = suite_new(&f->mem, tag);
    struct tenant tenant = {
        .organization = { .id = names.id,
                          .name = names.name,
                          .name_key = names.name_key,
                          .slug = names.slug,
                          .admin_id = names.account_id,
                          .admin_email = names.email,
                          .created_ms = 1111,
                          .updated_ms = 4444 },
        .members = arena_alloc(&f->mem, sizeof(struct tenant_member)),
        .member_count = 1,
    };

    tenant.members[0] = (struct tenant_member){
        .account = { .id = names.account_id,
                     .email = names.email,
                     .email_key = names.email_key,
                     .password_hash = names.password_hash,
                     .password_version = 7,
                     .created_ms = 2222,
                     .updated_ms = 3333 },
        .role = STR("admin"),
    };
    return tenant;
}

/* One member more, in order of ids. */
static void add_member(struct fixture *f, struct tenant *tenant, const struct tenant_member *member)
{
    struct tenant_member *members =
        arena_alloc(&f->mem, (tenant->member_count + 1) * sizeof(*members));
    size_t at = 0;

    while (at < tenant->member_count &&
           memcmp(tenant->members[at].account.id.bytes, member->account.id.bytes, OID_BYTES) < 0) {
        members[at] = tenant->members[at];
        at++;
    }
    members[at] = *member;
    for (; at < tenant->member_count; at++) {
        members[at + 1] = tenant->members[at];
    }
    tenant->members = members;
    tenant->member_count++;
}

static void assert_text(struct str actual, struct str expected)
{
    if (!str_equal(actual, expected)) {
        fail_msg("\"%.*s\" is not \"%.*s\"", STR_ARG(actual), STR_ARG(expected));
    }
}

static void assert_account(const struct account *actual, const struct account *expected)
{
    assert_true(oid_equal(&actual->id, &expected->id));
    assert_text(actual->email, expected->email);
    assert_text(actual->email_key, expected->email_key);
    assert_text(actual->password_hash, expected->password_hash);
    assert_int_equal(actual->password_version, expected->password_version);
    assert_int_equal(actual->created_ms, expected->created_ms);
    assert_int_equal(actual->updated_ms, expected->updated_ms);
}

static void assert_organization(const struct organization *actual,
                                const struct organization *expected)
{
    assert_true(oid_equal(&actual->id, &expected->id));
    assert_text(actual->name, expected->name);
    assert_text(actual->name_key, expected->name_key);
    assert_text(actual->slug, expected->slug);
    assert_true(oid_equal(&actual->admin_id, &expected->admin_id));
    assert_text(actual->admin_email, expected->admin_email);
    assert_int_equal(actual->created_ms, expected->created_ms);
    assert_int_equal(actual->updated_ms, expected->updated_ms);
}

static void assert_tenant(const struct tenant *actual, const struct tenant *expected)
{
    assert_organization(&actual->organization, &expected->organization);
    assert_int_equal(actual->member_count, expected->member_count);
    for (size_t i = 0; i < expected->member_count; i++) {
        assert_account(&actual->members[i].account, &expected->members[i].account);
        assert_text(actual->members[i].role, expected->members[i].role);
    }
}

static void put(struct fixture *f, const struct tenant *tenant)
{
    enum status status = store_tenant_put(f->store, &f->call, tenant);

    if (status != ST_OK) {
        fail_msg("tenant_put: %s: %s", status_code(status), f->err.text);
    }
}

/* The one tenant of an id, as the list has it. */
static struct tenant listed(struct fixture *f, const struct oid *id)
{
    struct tenant_page page;

    assert_status(store_tenant_list(f->store, &f->call, NULL, 500, &page), ST_OK);
    for (size_t i = 0; i < page.count; i++) {
        if (oid_equal(&page.tenants[i].organization.id, id)) {
            return page.tenants[i];
        }
    }
    fail_msg("a tenant is not listed");
    return (struct tenant){ .member_count = 0 };
}

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
    struct tenant_page page = { .more = true };
    const struct oid *after = NULL;
    size_t seen = 0;

    for (size_t i = 0; i < 5; i++) {
        made[i] = suite_create(f, tags[i]);
    }
    while (page.more) {
        assert_status(store_tenant_list(f->store, &f->call, after, 2, &page), ST_OK);
        assert_in_range(page.count, 1, 2);
        for (size_t i = 0; i < page.count; i++) {
            const struct tenant *tenant = &page.tenants[i];

            assert_organization(&tenant->organization, &made[seen]); /* ids grow */
            assert_int_equal(tenant->member_count, 1);
            assert_true(oid_equal(&tenant->members[0].account.id, &made[seen].admin_id));
            assert_str(tenant->members[0].role, "admin");
            seen++;
        }
        after = &page.tenants[page.count - 1].organization.id;
    }
    assert_int_equal(seen, 5);
    assert_status(store_tenant_list(f->store, &f->call, after, 2, &page), ST_OK);
    assert_int_equal(page.count, 0);
    assert_false(page.more);
}

STORE_TEST(tenants__of_an_empty_store_are_none)
{
    FIXTURE;
    struct tenant_page page;

    assert_status(store_tenant_list(f->store, &f->call, NULL, 500, &page), ST_OK);
    assert_int_equal(page.count, 0);
    assert_false(page.more);
}

STORE_TEST(tenant__that_is_put_is_what_it_was_to_the_last_field)
{
    FIXTURE;
    struct tenant acme = new_tenant(f, "acme");
    struct organization found;
    struct membership member;
    struct tenant now;

    put(f, &acme);
    suite_reopen(f);
    now = listed(f, &acme.organization.id);
    assert_tenant(&now, &acme);
    assert_status(store_organization_by_name(f->store, &f->call, STR("org acme"), &found), ST_OK);
    assert_organization(&found, &acme.organization);
    assert_status(store_organization_by_slug(f->store, &f->call, STR("acme"), &found), ST_OK);
    assert_organization(&found, &acme.organization);
    assert_status(
        store_membership_by_email(f->store, &f->call, acme.members[0].account.email_key, &member),
        ST_OK);
    assert_account(&member.account, &acme.members[0].account);
    assert_int_equal(suite_count(f, &acme.organization.id), 0);
    assert_status(suite_put(f->store, &f->call, &acme.organization.id, "d", "{\"_id\":\"d\"}"),
                  ST_OK);
}

STORE_TEST(tenant__that_is_put_again_stays_as_it_is)
{
    FIXTURE;
    struct tenant acme = new_tenant(f, "acme");
    struct tenant now;

    put(f, &acme);
    assert_status(suite_put(f->store, &f->call, &acme.organization.id, "d", "{\"_id\":\"d\"}"),
                  ST_OK);
    put(f, &acme);
    now = listed(f, &acme.organization.id);
    assert_tenant(&now, &acme);
    assert_int_equal(suite_count(f, &acme.organization.id), 1);
}

STORE_TEST(tenant__that_is_there_is_brought_up_to_date_and_keeps_its_documents)
{
    FIXTURE;
    struct tenant acme = new_tenant(f, "acme");
    struct tenant other = new_tenant(f, "other");
    struct organization found;
    struct membership member;
    struct tenant now;

    put(f, &acme);
    assert_status(suite_put(f->store, &f->call, &acme.organization.id, "d", "{\"_id\":\"d\"}"),
                  ST_OK);
    other.organization.id = acme.organization.id;
    other.organization.admin_id = acme.organization.admin_id;
    other.members[0].account.id = acme.members[0].account.id;
    other.members[0].account.password_version = 8;
    other.members[0].account.updated_ms = 5555;
    other.members[0].role = STR("owner");
    other.organization.updated_ms = 6666;
    put(f, &other);
    now = listed(f, &acme.organization.id);
    assert_tenant(&now, &other);
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
    struct tenant acme = new_tenant(f, "acme");
    struct tenant now;

    put(f, &acme);
    acme.organization.created_ms = 1000;
    acme.organization.updated_ms = 1300;
    acme.members[0].account.created_ms = 1001;
    acme.members[0].account.updated_ms = 1200;
    acme.members[0].account.password_version = 1;
    put(f, &acme);
    now = listed(f, &acme.organization.id);
    assert_tenant(&now, &acme);
}

STORE_TEST(tenant__with_a_name_slug_or_address_of_another_is_refused_and_nothing_changes)
{
    FIXTURE;
    struct tenant acme = new_tenant(f, "acme");
    struct tenant other = new_tenant(f, "other");
    struct tenant wrong;
    struct tenant now;

    put(f, &acme);
    put(f, &other);
    for (int times = 0; times < 2; times++) { /* of one that is there, and of a new one */
        wrong = new_tenant(f, "wrong");
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
        now = listed(f, &acme.organization.id);
        assert_tenant(&now, &acme);
        now = listed(f, &other.organization.id);
        assert_tenant(&now, &other);
    }
    wrong.members[0].account.email_key = STR("admin@wrong.example");
    put(f, &wrong);
}

STORE_TEST(tenant__without_its_administrator_among_the_members_is_refused)
{
    FIXTURE;
    struct tenant acme = new_tenant(f, "acme");
    struct tenant_page page;

    acme.organization.admin_id = oid_new();
    assert_status(store_tenant_put(f->store, &f->call, &acme), ST_INVALID);
    acme.member_count = 0;
    assert_status(store_tenant_put(f->store, &f->call, &acme), ST_INVALID);
    assert_status(store_tenant_list(f->store, &f->call, NULL, 500, &page), ST_OK);
    assert_int_equal(page.count, 0);
}

STORE_TEST(account__of_two_organizations_is_one_and_stays_as_long_as_one_names_it)
{
    FIXTURE;
    struct tenant a = new_tenant(f, "a");
    struct tenant b = new_tenant(f, "b");
    struct tenant alone = a;
    struct tenant both = b;
    struct membership member;
    struct tenant now;

    a.members[0].role = STR("admin");
    add_member(f, &both, &a.members[0]);
    put(f, &a);
    put(f, &both);
    now = listed(f, &b.organization.id);
    assert_tenant(&now, &both);
    assert_status(store_membership_by_ids(f->store, &f->call, &a.organization.admin_id,
                                          &b.organization.id, &member),
                  ST_OK);
    alone.members = b.members; /* a is b's administrator's now */
    alone.organization.admin_id = b.organization.admin_id;
    alone.organization.admin_email = b.organization.admin_email;
    put(f, &alone);
    now = listed(f, &a.organization.id);
    assert_tenant(&now, &alone);
    now = listed(f, &b.organization.id);
    assert_tenant(&now, &both);
    put(f, &b); /* nobody names it any more */
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@a.example"), &member),
                  ST_NO_ACCOUNT);
    now = listed(f, &b.organization.id);
    assert_tenant(&now, &b);
    (void)suite_create(f, "free");
}

struct put_race {
    struct fixture *f;
    struct tenant tenant;
    enum status statuses[SUITE_THREADS];
};

static void put_body(void *context, int i)
{
    struct put_race *race = context;
    struct shot shot;

    shot_init(&shot);
    race->statuses[i] = store_tenant_put(race->f->store, &shot.call, &race->tenant);
    shot_done(&shot);
}

STORE_TEST(tenant__put_by_many_at_once_is_there_once)
{
    FIXTURE;
    struct put_race race = { .f = f, .tenant = new_tenant(f, "acme") };
    struct tenant_page page;

    suite_race(put_body, &race);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(race.statuses[i], ST_OK);
    }
    assert_status(store_tenant_list(f->store, &f->call, NULL, 500, &page), ST_OK);
    assert_int_equal(page.count, 1);
    assert_tenant(&page.tenants[0], &race.tenant);
}

#define MANY 500

static void fill(struct fixture *f, struct document documents[MANY], const char *word)
{
    for (int i = 0; i < MANY; i++) {
        documents[i].id = arena_printf(&f->mem, "d%03d", i);
        documents[i].body = arena_printf(&f->mem, "{\"_id\":\"d%03d\",\"word\":\"%s\"}", i, word);
    }
}

static void assert_documents(struct fixture *f, const struct oid *id,
                             const struct document documents[MANY])
{
    struct document_query query = { .limit = MANY, .max_bytes = SIZE_MAX, .with_total = true };
    struct document_page page;

    assert_status(store_document_list(f->store, &f->call, id, &query, &page), ST_OK);
    assert_int_equal(page.count, MANY);
    assert_int_equal(page.total, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_text(page.documents[i].id, documents[i].id);
        assert_text(page.documents[i].body, documents[i].body);
    }
}

STORE_TEST(documents__are_put_many_at_once_whether_they_are_there_or_not)
{
    FIXTURE;
    struct document *documents = arena_alloc(&f->mem, MANY * sizeof(*documents));
    struct document *some = arena_alloc(&f->mem, MANY * sizeof(*some));
    struct organization acme = suite_create(f, "acme");

    fill(f, documents, "old");
    assert_status(store_documents_put(f->store, &f->call, &acme.id, documents, 300), ST_OK);
    assert_int_equal(suite_count(f, &acme.id), 300);
    fill(f, some, "new");
    assert_status(store_documents_put(f->store, &f->call, &acme.id, some, MANY), ST_OK);
    assert_documents(f, &acme.id, some);
    assert_status(store_documents_put(f->store, &f->call, &acme.id, some, MANY), ST_OK);
    suite_reopen(f);
    assert_documents(f, &acme.id, some);
}

STORE_TEST(documents__of_no_organization_are_not_put)
{
    FIXTURE;
    struct document document = { .id = STR("d"), .body = STR("{\"_id\":\"d\"}") };
    struct oid nobody = oid_new();

    assert_status(store_documents_put(f->store, &f->call, &nobody, &document, 1),
                  ST_NO_ORGANIZATION);
}

STORE_TEST(document__as_kept_is_what_is_read_after_it_was_put)
{
    FIXTURE;
    static const char *const bodies[] = {
        "{\"_id\":\"d\"}",
        "{\"_id\":\"d\",\"i\":5,\"l\":9223372036854775807,\"r\":5.0,\"e\":1e300,\"s\":\"\\u0001\"}",
        "{\"_id\":\"d\",\"at\":{\"$date\":\"2026-01-31T01:00:00.000+01:00\"}}",
        "{\"_id\":\"d\",\"n\":{\"$numberInt\":\"5\"},\"a\":[{\"$oid\":\"0123456789abcdef01234567\"}"
        "]}",
    };
    struct organization acme = suite_create(f, "acme");

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct document document = { .id = STR("d"), .body = str_of(bodies[i]) };
        struct document read;
        struct str kept;

        assert_status(store_documents_put(f->store, &f->call, &acme.id, &document, 1), ST_OK);
        assert_status(store_document_get(f->store, &f->call, &acme.id, STR("d"), &read), ST_OK);
        assert_status(store_document_as_kept(f->store, &f->call, &document, &kept), ST_OK);
        assert_text(kept, read.body);
        assert_status(store_document_as_kept(f->store, &f->call, &read, &kept), ST_OK);
        assert_text(kept, read.body); /* and stays so from then on */
    }
}

const struct CMUnitTest transfer_tests[] = {
    suite_test(secret__without_a_candidate_is_only_looked_for),
    suite_test(secret__that_is_put_is_the_secret_from_then_on),
    suite_test(tenants__are_listed_in_order_of_ids_page_by_page),
    suite_test(tenants__of_an_empty_store_are_none),
    suite_test(tenant__that_is_put_is_what_it_was_to_the_last_field),
    suite_test(tenant__that_is_put_again_stays_as_it_is),
    suite_test(tenant__that_is_there_is_brought_up_to_date_and_keeps_its_documents),
    suite_test(tenant__goes_back_in_time_where_it_is_told_to),
    suite_test(tenant__with_a_name_slug_or_address_of_another_is_refused_and_nothing_changes),
    suite_test(tenant__without_its_administrator_among_the_members_is_refused),
    suite_test(account__of_two_organizations_is_one_and_stays_as_long_as_one_names_it),
    suite_test(tenant__put_by_many_at_once_is_there_once),
    suite_test(documents__are_put_many_at_once_whether_they_are_there_or_not),
    suite_test(documents__of_no_organization_are_not_put),
    suite_test(document__as_kept_is_what_is_read_after_it_was_put),
};
const size_t transfer_tests_count = sizeof(transfer_tests) / sizeof(transfer_tests[0]);
