/* Locks that all instances see, against a server: one holder at a time, all or none, and nobody gives
 * away what another has taken. */
#include "store/peers_help.h"

#include "base/clock.h"

#include <stdatomic.h>

struct takers {
    struct mongo_store *engine;
    atomic_int inside;
    atomic_int mistakes;
    int turns; /* under the lock */
};

static void take_turns(void *context, int i)
{
    struct takers *takers = context;
    struct shot shot;

    shot_init(&shot);
    for (int n = 0; n < 4; n++) {
        struct lock_owner owner = lock_owner_new(takers->engine->peers);
        struct str names[] = { STR("name:a"), STR("slug:a") };

        if (i % 2) {
            struct str last = names[0];

            names[0] = names[1];
            names[1] = last;
        }
        if (locks_take(takers->engine->mongo, takers->engine->leftovers, &shot.call, &owner, names,
                       2) != ST_OK ||
            atomic_fetch_add(&takers->inside, 1) != 0) {
            (void)atomic_fetch_add(&takers->mistakes, 1);
        }
        takers->turns++;
        (void)atomic_fetch_sub(&takers->inside, 1);
        locks_give(takers->engine->mongo, takers->engine->leftovers, &shot.call, &owner, names, 2);
    }
    shot_done(&shot);
}

STORE_TEST(lock__is_held_by_one_at_a_time)
{
    SCENE;
    struct takers takers = { .engine = scene_node(s, 0) };

    suite_race(take_turns, &takers);
    assert_int_equal(atomic_load(&takers.mistakes), 0);
    assert_int_equal(takers.turns, 4 * SUITE_THREADS);
    assert_int_equal(scene_count(s, C_LOCKS), 0);
}

STORE_TEST(locks__are_taken_all_or_none)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct lock_owner one = lock_owner_new(a->peers);
    struct lock_owner two = lock_owner_new(a->peers);
    struct str names[] = { STR("name:a"), STR("name:b"), STR("name:c") };
    struct call call;

    assert_status(node_take(a, &s->shot.call, &one, "name:b"), ST_OK);
    assert_status(locks_try(a->mongo, a->leftovers, &s->shot.call, &two, names, 3), ST_BUSY);
    call = scene_soon(s, 1000);
    assert_not_in_time(locks_take(a->mongo, a->leftovers, &call, &two, names, 3));
    assert_int_equal(scene_count(s, C_LOCKS), 1);
    node_give(a, &s->shot.call, &one, "name:b");
    assert_status(locks_take(a->mongo, a->leftovers, &s->shot.call, &two, names, 3), ST_OK);
    assert_int_equal(scene_count(s, C_LOCKS), 3);
    locks_give(a->mongo, a->leftovers, &s->shot.call, &two, names, 3);
    assert_int_equal(scene_count(s, C_LOCKS), 0);
}

STORE_TEST(lock__given_back_twice_is_not_taken_from_the_next)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct lock_owner one = lock_owner_new(a->peers);
    struct lock_owner two = lock_owner_new(a->peers);

    assert_status(node_take(a, &s->shot.call, &one, "name:a"), ST_OK);
    node_give(a, &s->shot.call, &one, "name:a");
    assert_status(node_take(a, &s->shot.call, &two, "name:a"), ST_OK);
    node_give(a, &s->shot.call, &one, "name:a");
    leftovers_add_lock(a->leftovers, &one, STR("name:a"));
    sleep_ms(600); /* the keeper gives it back, too */
    assert_int_equal(leftovers_count(a->leftovers), 0);
    assert_int_equal(scene_count(s, C_LOCKS), 1);
    node_give(a, &s->shot.call, &two, "name:a");
    assert_int_equal(scene_count(s, C_LOCKS), 0);
}

STORE_TEST(locks__left_with_an_organization_are_given_back_by_the_keeper)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct lock_owner owner = lock_owner_new(a->peers);
    struct str name = lock_name_of_id(&s->shot.mem, LOCK_ORGANIZATION, &s->acme);

    assert_status(node_take(a, &s->shot.call, &owner, name.ptr), ST_OK);
    leftovers_add_organization(a->leftovers, &owner, &s->acme, &name, 1);
    (void)scene_await_count(s, C_LOCKS, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(lock__is_held_by_one_at_a_time),
        scene_test(locks__are_taken_all_or_none),
        scene_test(lock__given_back_twice_is_not_taken_from_the_next),
        scene_test(locks__left_with_an_organization_are_given_back_by_the_keeper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
