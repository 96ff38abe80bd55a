/* What moves to and from MongoDB and can't be asked of every engine: the two kinds of ids that read alike,
 * locks of accounts, and organizations that are listed while they change. */
#include "mongo_documents.h"

#include "base/clock.h"
#include "store/mongo/layout.h"
#include "store/mongo/locks.h"

#include <stdatomic.h>

#define HEX "65a0000000000000000000aa"
#define OTHER "65a0000000000000000000ab"
#define AS_TEXT "{'_id':'" HEX "','n':0}"
#define AS_OBJECT "{'_id':{'$oid':'" HEX "'},'n':0}"

/* The first document by id; the only one of that id where has_twin is false. */
static struct document first(struct tenant_fixture *t, int64_t *ret_total)
{
    struct document_query query = { .limit = 10, .max_bytes = SIZE_MAX, .with_total = true };
    struct document_page page;

    assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_OK);
    assert_true(page.count > 0);
    *ret_total = page.total;
    return page.documents[0];
}

/* Puts one of each kind of wish where these are, and looks at what is there then. */
static void check_puts(struct tenant_fixture *t, const char *const there[], size_t count)
{
    static const enum id_kind kinds[] = { ID_ANY, ID_TEXT, ID_OBJECT };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct document documents[] = {
            { .id = STR(HEX), .body = STR("{\"_id\":\"" HEX "\",\"n\":1}"), .id_kind = kinds[i] },
            { .id = STR("d"), .body = STR("{\"_id\":\"d\"}") },
        };
        struct document found;
        int64_t total;

        place_clear(&t->place, TENANT);
        place_insert(&t->place, TENANT, "{'_id':'" OTHER "'}");
        for (size_t n = 0; n < count; n++) {
            place_insert(&t->place, TENANT, there[n]);
        }
        assert_status(store_documents_put(t->f.store, &t->f.call, &t->id, documents, 2), ST_OK);
        found = first(t, &total);
        assert_int_equal(total, 3);
        assert_str(found.id, HEX);
        assert_str(found.body, "{\"_id\":\"" HEX "\",\"n\":1}");
        assert_int_equal(found.id_kind, kinds[i] == ID_ANY ? ID_OBJECT : kinds[i]);
        assert_false(found.has_twin);
        assert_int_equal(place_count(&t->place, TENANT, "{'_id':'" OTHER "'}"), 1);
    }
}

TENANT_TEST(document__of_24_digits_is_there_once_and_of_the_kind_that_was_put)
{
    TENANT_FIXTURE;
    static const char *const text[] = { AS_TEXT };
    static const char *const object[] = { AS_OBJECT };

    check_puts(t, NULL, 0);
    check_puts(t, text, 1);
    check_puts(t, object, 1);
}

TENANT_TEST(twins__of_another_program_are_listed_as_such_and_end_with_a_put)
{
    TENANT_FIXTURE;
    static const char *const both[] = { AS_TEXT, AS_OBJECT };
    struct document found;
    int64_t total;

    place_insert(&t->place, TENANT, both[0]);
    place_insert(&t->place, TENANT, both[1]);
    found = first(t, &total);
    assert_int_equal(total, 2);
    assert_int_equal(found.id_kind, ID_OBJECT);
    assert_true(found.has_twin);
    check_puts(t, both, 2);
}

TENANT_TEST(tenant__is_put_only_while_nobody_else_has_the_locks_of_its_accounts)
{
    TENANT_FIXTURE;
    struct tenant acme = suite_tenant(&t->f, "other");
    struct tenant with = acme;
    struct tenant mover = suite_tenant(&t->f, "mover");
    struct call brief = t->f.call;
    char hex[OID_HEX_LEN + 1];
    struct tenant now;

    suite_add_member(&t->f, &with, &mover.members[0]);
    oid_format(&mover.members[0].account.id, hex);
    for (int i = 0; i < 2; i++) { /* who puts it in, and who ends it */
        const struct tenant *before = i == 0 ? &acme : &with;
        const struct tenant *after = i == 0 ? &with : &acme;

        suite_put_tenant(&t->f, before);
        place_insert(&t->place, C_LOCKS,
                     arena_printf(&t->f.mem,
                                  "{'_id':'" LOCK_ACCOUNT "%s',"
                                  "'owner':{'$oid':'" HEX "'},'operation':{'$oid':'" HEX "'}}",
                                  hex)
                         .ptr);
        brief.deadline_ms = clock_monotonic_ms() + 500;
        assert_not_in_time(store_tenant_put(t->f.store, &brief, after));
        assert_int_equal(place_count(&t->place, C_ADMINS, "{'email_key':'admin@mover.example'}"),
                         i);
        place_clear(&t->place, C_LOCKS);
        suite_put_tenant(&t->f, after);
        now = suite_listed(&t->f, &acme.organization.id);
        suite_assert_tenant(&now, after);
        assert_int_equal(place_count(&t->place, C_LOCKS, "{}"), 0);
    }
}

/* One thread puts one and the other in turn, the others list. */
struct watch {
    struct tenant_fixture *t;
    struct tenant tenants[2];
    atomic_bool is_over;
    atomic_int wrong;
    atomic_int seen;
};

#define ROUNDS 25

static void put_in_turn(struct watch *watch)
{
    struct shot shot;

    shot_init(&shot);
    for (int i = 0; i < 2 * ROUNDS; i++) {
        if (store_tenant_put(watch->t->f.store, &shot.call, &watch->tenants[i % 2]) != ST_OK) {
            (void)atomic_fetch_add(&watch->wrong, 1);
        }
    }
    shot_done(&shot);
    atomic_store(&watch->is_over, true);
}

/* Whether its administrator is a member, under the address that the organization tells. */
static bool is_whole(const struct tenant *tenant)
{
    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        if (oid_equal(&account->id, &tenant->organization.admin_id)) {
            return str_equal(account->email, tenant->organization.admin_email);
        }
    }
    return false;
}

static void watch_body(void *context, int i)
{
    struct watch *watch = context;

    if (i == 0) {
        put_in_turn(watch);
    }
    while (i < 4 && !atomic_load(&watch->is_over)) {
        struct tenant_page page;
        struct shot shot;

        shot_init(&shot);
        if (store_tenant_list(watch->t->f.store, &shot.call, &suite_all_tenants, &page) != ST_OK) {
            (void)atomic_fetch_add(&watch->wrong, 1);
        } else {
            (void)atomic_fetch_add(&watch->seen, 1);
            for (size_t n = 0; n < page.count; n++) {
                (void)atomic_fetch_add(&watch->wrong, !is_whole(&page.tenants[n]));
            }
        }
        shot_done(&shot);
    }
}

TENANT_TEST(tenant__that_is_listed_while_it_changes_has_its_administrator_among_its_members)
{
    TENANT_FIXTURE;
    struct watch watch = { .t = t };

    watch.tenants[0] = suite_tenant(&t->f, "one");
    watch.tenants[1] = suite_tenant(&t->f, "two");
    watch.tenants[1].organization.id = watch.tenants[0].organization.id;
    suite_put_tenant(&t->f, &watch.tenants[1]);
    suite_race(watch_body, &watch);
    assert_int_equal(watch.wrong, 0);
    assert_true(watch.seen > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        tenant_test(document__of_24_digits_is_there_once_and_of_the_kind_that_was_put),
        tenant_test(tenant__is_put_only_while_nobody_else_has_the_locks_of_its_accounts),
        tenant_test(
            tenant__that_is_listed_while_it_changes_has_its_administrator_among_its_members),
    };
    const struct CMUnitTest beside_ferretdb[] = {
        /* for that both kinds are one id */
        tenant_test(twins__of_another_program_are_listed_as_such_and_end_with_a_put),
    };
    int failures;

    if (!place_init(&tenant_place, "mongo_moving")) {
        return PLACE_SKIPPED;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    if (!place_is_ferretdb(&tenant_place)) {
        failures += cmocka_run_group_tests(beside_ferretdb, NULL, NULL);
    }
    place_done(&tenant_place);
    return failures;
}
