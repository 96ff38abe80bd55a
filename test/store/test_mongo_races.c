/* Organizations on MongoDB through two instances at once, and under readers. */
#include "mongo_place.h"
#include "suite_races.h"

#include <stdatomic.h>

#define ROUNDS 40

static struct mongo_place place;

STORE_TEST(creates__of_one_name_through_two_instances_have_one_winner)
{
    FIXTURE;
    struct race race = { .stores = { f->store, place_open(&place) },
                         .same_name = true,
                         .same_slug = true };

    for (int round = 0; round < 5; round++) {
        struct organization found[2];

        suite_race(race_create, &race);
        assert_int_equal(race_count(&race, ST_OK), 1);
        assert_int_equal(race_count(&race, ST_NAME_TAKEN), SUITE_THREADS - 1);
        place_check(&place);
        for (int i = 0; i < 2; i++) {
            assert_status(
                store_organization_by_name(race.stores[i], &f->call, STR("org one"), &found[i]),
                ST_OK);
            assert_str(found[i].slug, "one");
        }
        assert_true(oid_equal(&found[0].id, &found[1].id));
        assert_status(store_organization_delete(race.stores[round % 2], &f->call, &found[0].id),
                      ST_OK);
    }
    store_close(race.stores[1]);
}

STORE_TEST(creates_and_deletes__through_two_instances_leave_nothing)
{
    FIXTURE;
    struct race race = { .stores = { f->store, place_open(&place) },
                         .rounds = 4,
                         .same_email = true };

    suite_race(race_create_and_delete, &race);
    assert_int_equal(race_count(&race, ST_OK), SUITE_THREADS);
    assert_str(suite_create(f, "one").slug, "one");
    place_check(&place);
    store_close(race.stores[1]);
}

/* One thread changes an organization, the others look at it. Each writes only its own status. */
struct watch {
    struct store *stores[2];
    struct organization organization;
    enum status statuses[SUITE_THREADS];
    atomic_bool is_over;
    atomic_int seen;
};

/* Everything of the organization says the same state, "0" or "1". */
static bool agrees(const struct membership *member, bool has_account)
{
    struct str name = member->organization.name;
    char state = name.ptr[name.len - 1];

    return member->organization.admin_email.ptr[0] == state &&
           member->organization.name_key.ptr[member->organization.name_key.len - 1] == state &&
           (!has_account || (member->account.email.ptr[0] == state &&
                             member->account.password_hash.ptr[0] == state));
}

/* One look, each thread in another way. */
static enum status look(struct watch *watch, struct shot *shot, int i,
                        struct membership *ret_member)
{
    struct store *store = watch->stores[i / 4 % 2];
    const struct organization *made = &watch->organization;

    switch (i % 4) {
    case 0:
        return store_organization_by_id(store, &shot->call, &made->id, &ret_member->organization);
    case 1:
        return store_organization_by_name(store, &shot->call, STR("org s1"),
                                          &ret_member->organization);
    case 2:
        return store_membership_by_email(store, &shot->call, STR("1@s.example"), ret_member);
    default:
        return store_membership_by_ids(store, &shot->call, &made->admin_id, &made->id, ret_member);
    }
}

static void read_body(struct watch *watch, int i)
{
    while (!atomic_load(&watch->is_over) && watch->statuses[i] == ST_OK) {
        struct membership member = { .account = { .password_version = 0 } };
        struct shot shot;
        enum status status;

        shot_init(&shot);
        status = look(watch, &shot, i, &member);
        if (status == ST_OK) {
            watch->statuses[i] = agrees(&member, i % 4 >= 2) ? ST_OK : ST_BROKEN;
            atomic_fetch_add(&watch->seen, 1);
        } else if (status != ST_NO_ORGANIZATION && status != ST_NO_ACCOUNT) {
            watch->statuses[i] = status;
        }
        shot_done(&shot);
    }
}

/* From one state to the other, and every other time the collection stays. */
static void write_body(struct watch *watch)
{
    for (int n = 0; n < ROUNDS && watch->statuses[0] == ST_OK; n++) {
        struct organization_change change = suite_change(&watch->organization, n);
        struct organization now;
        struct shot shot;
        int state = (n + 1) % 2;

        shot_init(&shot);
        change.name = arena_printf(&shot.mem, "Org s%d", state);
        change.name_key = arena_printf(&shot.mem, "org s%d", state);
        if (n % 4 >= 2) {
            change.slug = arena_printf(&shot.mem, "s%d", state);
        }
        change.email = change.email_key = arena_printf(&shot.mem, "%d@s.example", state);
        change.password_hash = arena_printf(&shot.mem, "%d hash", state);
        watch->statuses[0] = store_organization_update(watch->stores[0], &shot.call, &change, &now);
        shot_done(&shot);
    }
    atomic_store(&watch->is_over, true);
}

static void read_or_write_body(void *context, int i)
{
    if (i == 0) {
        write_body(context);
    } else {
        read_body(context, i);
    }
}

STORE_TEST(readers__see_a_change_of_everything_before_or_after_it)
{
    FIXTURE;
    struct watch watch = { .stores = { f->store, place_open(&place) } };
    struct new_organization new = suite_new(&f->mem, "s0");

    new.email = new.email_key = STR("0@s.example");
    new.password_hash = STR("0 hash");
    assert_status(store_organization_create(f->store, &f->call, &new, &watch.organization), ST_OK);
    suite_race(read_or_write_body, &watch);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(watch.statuses[i], ST_OK);
    }
    assert_true(atomic_load(&watch.seen) > ROUNDS);
    place_check(&place);
    store_close(watch.stores[1]);
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        place_test(creates__of_one_name_through_two_instances_have_one_winner),
        place_test(creates_and_deletes__through_two_instances_leave_nothing),
        place_test(readers__see_a_change_of_everything_before_or_after_it),
    };
    int failures;

    if (!place_init(&place, "mongo_races")) {
        return PLACE_SKIPPED;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    place_done(&place);
    return failures;
}
