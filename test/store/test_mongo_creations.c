/* Creations of an import on MongoDB that are refused half way, while another import is at the same lines. */
#include "mongo_place.h"
#include "mongo_sends.h"

#include "base/clock.h"

#define BRIEF_MS 300

static struct mongo_place place;

/* What another import does in the middle of a creation: it brings the organization to be as its own line
 * says, with an administrator whom the other line doesn't name. */
struct other_import {
    struct store *store;
    const struct tenant *tenant;
    enum status status;
    bool was_called;
};

static void go_on(void *context)
{
    struct other_import *other = context;
    struct shot shot;

    shot_init(&shot);
    shot.call.deadline_ms =
        clock_monotonic_ms() + BRIEF_MS; /* it waits where the creation is at work */
    other->status = store_tenant_put(other->store, &shot.call, other->tenant);
    other->was_called = true;
    shot_done(&shot);
}

/* A tenant with another member, who has an address of his own, or the one that is given. */
static struct tenant with_member(struct fixture *f, const struct tenant *tenant, const char *tag,
                                 const char *email_key)
{
    struct tenant_member more = suite_tenant(f, tag).members[0];
    struct tenant both = *tenant;

    if (email_key) {
        more.account.email_key = str_of(email_key);
    }
    suite_add_member(f, &both, &more);
    return both;
}

/* Whether another import did its work before the n-th write of a refused creation; then that stays. */
STORE_TEST(late__undoing_of_a_refused_creation_takes_nothing_from_another_import)
{
    FIXTURE;
    struct other_import other = { .store = place_open(&place) };
    int worked = 0;
    int n = 0;

    if (!sends_are_plain(place.url)) {
        skip();
    }
    (void)suite_create(f, "held");
    do {
        struct tenant made = suite_tenant(f, arena_printf(&f->mem, "a%d", n).ptr);
        struct tenant refused = with_member(f, &made, "x", "admin@held.example");
        struct tenant wanted = with_member(f, &made, arena_printf(&f->mem, "z%d", n).ptr, NULL);
        struct tenant_creation creation = { .tenant = &refused };

        other.tenant = &wanted;
        other.was_called = false;
        other.status = ST_BUSY;
        sends_call_at(++n, go_on, &other);
        assert_status(store_tenants_create(f->store, &f->call, &creation, 1), ST_OK);
        sends_call_at(0, NULL, NULL);
        assert_true(creation.status == ST_NAME_TAKEN || creation.status == ST_EMAIL_TAKEN);
        if (other.was_called && other.status == ST_OK) {
            struct tenant found = suite_listed(f, &made.organization.id);

            suite_assert_tenant(&found, &wanted);
            worked++;
        } else if (!other.was_called || other.status == ST_BUSY) {
            /* any other has run out of time in its midst */
            struct organization found;

            assert_status(
                store_organization_by_id(f->store, &f->call, &made.organization.id, &found),
                ST_NO_ORGANIZATION);
        }
    } while (other.was_called);
    assert_true(worked > 1); /* before the creation, and in the middle of it */
    store_close(other.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            late__undoing_of_a_refused_creation_takes_nothing_from_another_import, place_begin,
            place_end),
    };
    int failures;

    if (!place_init(&place, "mongo_creations")) {
        return PLACE_SKIPPED;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    place_done(&place);
    return failures;
}
