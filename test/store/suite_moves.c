/* The contract of moving, continued: tenants that are put at the same time, and documents put many at a time. */
#include "suite.h"

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
    struct put_race race = { .f = f, .tenant = suite_tenant(f, "acme") };
    struct tenant_page page;

    suite_race(put_body, &race);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(race.statuses[i], ST_OK);
    }
    assert_status(store_tenant_list(f->store, &f->call, &suite_all_tenants, &page), ST_OK);
    assert_int_equal(page.count, 1);
    suite_assert_tenant(&page.tenants[0], &race.tenant);
}

/* Two things that are done at once, each by one thread: a second put would make good what the first has
 * lost. */
struct two_race {
    struct fixture *f;
    struct tenant even;
    struct tenant odd;
    bool even_is_deleted; /* rather than put */
    enum status statuses[2];
};

static void two_body(void *context, int i)
{
    struct two_race *race = context;
    struct shot shot;

    if (i > 1) {
        return;
    }
    shot_init(&shot);
    if (i == 1) {
        race->statuses[i] = store_tenant_put(race->f->store, &shot.call, &race->odd);
    } else if (race->even_is_deleted) {
        race->statuses[i] =
            store_organization_delete(race->f->store, &shot.call, &race->even.organization.id);
    } else {
        race->statuses[i] = store_tenant_put(race->f->store, &shot.call, &race->even);
    }
    shot_done(&shot);
}

static void run_two(struct two_race *race)
{
    suite_race(two_body, race);
    assert_status(race->statuses[0], ST_OK);
    assert_status(race->statuses[1], ST_OK);
}

#define ROUNDS 12
#define MOVERS 6

/* The accounts join the one organization from the last to the first: so who cuts them, in the order in
 * which they came, meets who puts them into the other, in order of their ids. */
STORE_TEST(accounts__that_move_while_both_organizations_are_put_are_not_lost)
{
    FIXTURE;
    struct tenant from = suite_tenant(f, "from");
    struct tenant to = suite_tenant(f, "to");
    struct tenant movers[MOVERS];
    struct two_race race = { .f = f, .even = from, .odd = to };

    for (int n = 0; n < MOVERS; n++) {
        movers[n] = suite_tenant(f, arena_printf(&f->mem, "mover%d", n).ptr);
        suite_add_member(f, &race.odd, &movers[n].members[0]);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct tenant from_with = from;
        struct tenant now;

        suite_put_tenant(f, &to);
        for (int n = MOVERS - 1; n >= 0; n--) {
            suite_add_member(f, &from_with, &movers[n].members[0]);
            suite_put_tenant(f, &from_with);
        }
        run_two(&race);
        now = suite_listed(f, &to.organization.id);
        suite_assert_tenant(&now, &race.odd);
        now = suite_listed(f, &from.organization.id);
        suite_assert_tenant(&now, &from);
    }
}

STORE_TEST(accounts__stay_with_an_organization_that_is_put_while_their_former_one_is_deleted)
{
    FIXTURE;
    struct tenant to = suite_tenant(f, "to");

    for (int i = 0; i < ROUNDS; i++) {
        struct two_race race = { .f = f, .odd = to, .even_is_deleted = true };
        struct tenant movers[MOVERS];
        struct tenant now;

        for (int n = 0; n < MOVERS; n++) {
            movers[n] = suite_tenant(f, arena_printf(&f->mem, "mover%d_%d", i, n).ptr);
            suite_add_member(f, &race.odd, &movers[n].members[0]);
        }
        suite_put_tenant(f, &to);
        race.even = movers[MOVERS - 1];
        for (int n = MOVERS - 1; n >= 0; n--) {
            if (n < MOVERS - 1) {
                suite_add_member(f, &race.even, &movers[n].members[0]);
            }
            suite_put_tenant(f, &race.even);
        }
        run_two(&race);
        now = suite_listed(f, &to.organization.id);
        suite_assert_tenant(&now, &race.odd);
    }
}

STORE_TEST(organizations__of_one_administrator_can_be_put_at_once)
{
    FIXTURE;

    for (int i = 0; i < ROUNDS; i++) {
        char tag[16];
        struct tenant now;
        struct two_race race = { .f = f };

        (void)snprintf(tag, sizeof(tag), "even%d", i);
        race.even = suite_tenant(f, tag);
        (void)snprintf(tag, sizeof(tag), "odd%d", i);
        race.odd = suite_tenant(f, tag);
        race.odd.members = race.even.members;
        race.odd.organization.admin_id = race.even.organization.admin_id;
        race.odd.organization.admin_email = race.even.organization.admin_email;
        run_two(&race);
        now = suite_listed(f, &race.even.organization.id);
        suite_assert_tenant(&now, &race.even);
        now = suite_listed(f, &race.odd.organization.id);
        suite_assert_tenant(&now, &race.odd);
    }
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
        suite_assert_text(page.documents[i].id, documents[i].id);
        suite_assert_text(page.documents[i].body, documents[i].body);
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
        suite_assert_text(kept, read.body);
        assert_status(store_document_as_kept(f->store, &f->call, &read, &kept), ST_OK);
        suite_assert_text(kept, read.body); /* and stays so from then on */
    }
}

const struct CMUnitTest move_tests[] = {
    suite_test(tenant__put_by_many_at_once_is_there_once),
    suite_test(accounts__that_move_while_both_organizations_are_put_are_not_lost),
    suite_test(accounts__stay_with_an_organization_that_is_put_while_their_former_one_is_deleted),
    suite_test(organizations__of_one_administrator_can_be_put_at_once),
    suite_test(documents__are_put_many_at_once_whether_they_are_there_or_not),
    suite_test(documents__of_no_organization_are_not_put),
    suite_test(document__as_kept_is_what_is_read_after_it_was_put),
};
const size_t move_tests_count = sizeof(move_tests) / sizeof(move_tests[0]);
