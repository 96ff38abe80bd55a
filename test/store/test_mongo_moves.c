/* Gates and announcements between instances, against a server: a collection moves while nobody works in
 * it anywhere. */
#include "store/peers_help.h"

#include "base/clock.h"
#include "store/mongo/moving.h"

#include <stdatomic.h>
#include <stdlib.h>

STORE_TEST(place__is_what_the_organizations_document_says)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct call call = s->shot.call;
    PLACEMENT placement = { 0 };

    assert_status(placement_enter(a->placements, &call, &s->acme, &placement), ST_NO_ORGANIZATION);
    scene_put_organization(s, STATUS_CREATING, "org_acme", false);
    assert_status(placement_enter(a->placements, &call, &s->acme, &placement), ST_NO_ORGANIZATION);
    scene_set_organization(s, STATUS_DELETING, "org_acme");
    assert_status(placement_enter(a->placements, &call, &s->acme, &placement), ST_NO_ORGANIZATION);
    scene_set_organization(s, STATUS_RENAMING, "org_acme");
    call = scene_soon(s, 3000);
    assert_not_in_time(placement_enter(a->placements, &call, &s->acme, &placement));
    scene_set_organization(s, STATUS_UPDATING, "org_acme");
    assert_status(placement_enter(a->placements, &s->shot.call, &s->acme, &placement), ST_OK);
    assert_string_equal(placement.collection, "org_acme");
}

STORE_TEST(place__of_a_shared_collection_is_forbidden)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    PLACEMENT placement = { 0 };

    scene_put_organization(s, STATUS_ACTIVE, "org_acme", true);
    assert_status(placement_enter(a->placements, &s->shot.call, &s->acme, &placement),
                  ST_FORBIDDEN);
    assert_non_null(strstr(s->shot.err.text, "doctor"));
}

STORE_TEST(move__waits_for_calls_on_other_instances_and_keeps_further_ones_out)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct mongo_store *b = scene_node(s, 1);
    struct call call = scene_soon(s, 400);
    struct placement inside = { 0 };
    PLACEMENT late = { 0 };

    scene_put_organization(s, STATUS_ACTIVE, "org_old", false);
    assert_status(placement_enter(b->placements, &s->shot.call, &s->acme, &inside), ST_OK);
    assert_not_in_time(moving_begin(a, &call, &s->acme));
    placement_leave(&inside);
    call = scene_soon(s, 2000);
    assert_status(moving_begin(a, &call, &s->acme), ST_OK);
    call = scene_soon(s, 300);
    assert_status(placement_enter(b->placements, &call, &s->acme, &late), ST_BUSY);
    assert_status(placement_enter(a->placements, &call, &s->acme, &late), ST_BUSY);
    scene_set_organization(s, STATUS_ACTIVE, "org_new");
    moving_end(a, &s->acme);
    call = scene_soon(s, 1000);
    assert_status(placement_enter(b->placements, &call, &s->acme, &late), ST_OK);
    assert_string_equal(late.collection, "org_new");
}

STORE_TEST(move__that_is_refused_leaves_the_gates_open)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct mongo_store *b = scene_node(s, 1);
    struct call call = scene_soon(s, 300);
    PLACEMENT inside = { 0 };
    PLACEMENT here = { 0 };
    PLACEMENT there = { 0 };

    scene_put_organization(s, STATUS_ACTIVE, "org_acme", false);
    assert_status(placement_enter(b->placements, &s->shot.call, &s->acme, &inside), ST_OK);
    assert_not_in_time(moving_begin(a, &call, &s->acme));
    call = scene_soon(s, 1000);
    assert_status(placement_enter(a->placements, &call, &s->acme, &here), ST_OK);
    assert_status(placement_enter(b->placements, &call, &s->acme, &there), ST_OK);
}

STORE_TEST(move__is_not_held_up_by_another_organizations_long_call)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct mongo_store *b = scene_node(s, 1);
    struct oid slow = s->acme;
    PLACEMENT inside = { 0 };
    int64_t began_ms;

    scene_put_organization(s, STATUS_ACTIVE, "org_slow", false);
    assert_status(placement_enter(b->placements, &s->shot.call, &slow, &inside), ST_OK);
    s->acme = oid_new();
    scene_put_organization(s, STATUS_ACTIVE, "org_acme", false);
    began_ms = clock_monotonic_ms();
    for (int i = 0; i < 10; i++) {
        struct call call = scene_soon(s, 150);

        assert_not_in_time(moving_begin(a, &call, &slow));
        call = scene_soon(s, 1000);
        assert_status(moving_begin(a, &call, &s->acme), ST_OK);
        moving_end(a, &s->acme);
    }
    assert_true(clock_monotonic_ms() - began_ms < 6000);
    assert_status(placement_check(&inside, &s->shot.call), ST_OK); /* and b lives all the while */
}

STORE_TEST(move__is_known_to_an_instance_that_joins_meanwhile)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct call call;
    PLACEMENT late = { 0 };
    struct mongo_store *b;

    scene_put_organization(s, STATUS_ACTIVE, "org_acme", false);
    assert_status(moving_begin(a, &s->shot.call, &s->acme), ST_OK);
    b = scene_node(s, 1);
    call = scene_soon(s, 200);
    assert_not_in_time(placement_enter(b->placements, &call, &s->acme, &late));
    moving_end(a, &s->acme);
    call = scene_soon(s, 1000);
    assert_status(placement_enter(b->placements, &call, &s->acme, &late), ST_OK);
}

STORE_TEST(move__of_an_instance_alone_takes_no_time)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    int64_t began_ms = clock_monotonic_ms();

    for (int i = 0; i < 20; i++) {
        assert_status(moving_begin(a, &s->shot.call, &s->acme), ST_OK);
        moving_end(a, &s->acme);
    }
    assert_true(clock_monotonic_ms() - began_ms < 20 * PEER_ROUND_MS);
}

/* What two instances that move and work at once share. */
struct movers {
    struct scene *s;
    struct mongo_store *engines[2];
    atomic_int number; /* of the collection */
    atomic_int moving;
    atomic_int calls;
    atomic_int mistakes;
};

static void move_often(struct movers *movers, struct mongo_store *engine, struct shot *shot)
{
    struct lock_owner owner = lock_owner_new(engine->peers);
    struct str name = lock_name_of_id(&shot->mem, LOCK_ORGANIZATION, &movers->s->acme);

    for (int i = 0; i < 10; i++) {
        char collection[32];

        if (node_take(engine, &shot->call, &owner, name.ptr) != ST_OK ||
            moving_begin(engine, &shot->call, &movers->s->acme) != ST_OK) {
            (void)atomic_fetch_add(&movers->mistakes, 1);
            break;
        }
        (void)snprintf(collection, sizeof(collection), "org_%d",
                       atomic_fetch_add(&movers->number, 1) + 1);
        scene_set_organization(movers->s, STATUS_ACTIVE, collection);
        moving_end(engine, &movers->s->acme);
        node_give(engine, &shot->call, &owner, name.ptr);
    }
    (void)atomic_fetch_sub(&movers->moving, 1);
}

static void work_often(struct movers *movers, struct mongo_store *engine, struct shot *shot)
{
    while (atomic_load(&movers->moving) > 0) {
        PLACEMENT placement = { 0 };
        enum status status =
            placement_enter(engine->placements, &shot->call, &movers->s->acme, &placement);

        for (int i = 0; i < 5 && status == ST_OK; i++) {
            long number = strtol(placement.collection + sizeof("org_") - 1, NULL, 10);

            status = number == atomic_load(&movers->number) ? ST_OK : ST_BROKEN;
            sleep_ms(1);
        }
        (void)atomic_fetch_add(status == ST_OK ? &movers->calls : &movers->mistakes, 1);
    }
}

static void movers_body(void *context, int i)
{
    struct movers *movers = context;
    struct mongo_store *engine = movers->engines[i % 2];
    struct shot shot;

    shot_init(&shot);
    if (i < 2) {
        move_often(movers, engine, &shot);
    } else {
        work_often(movers, engine, &shot);
    }
    shot_done(&shot);
}

STORE_TEST(moves__through_two_instances_never_meet_a_call_in_the_old_place)
{
    SCENE;
    struct movers movers = { .s = s, .moving = 2 };

    movers.engines[0] = scene_node(s, 0);
    movers.engines[1] = scene_node(s, 1);
    scene_put_organization(s, STATUS_ACTIVE, "org_0", false);
    suite_race(movers_body, &movers);
    assert_int_equal(atomic_load(&movers.mistakes), 0);
    assert_int_equal(atomic_load(&movers.number), 20);
    assert_true(atomic_load(&movers.calls) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scene_test(place__is_what_the_organizations_document_says),
        scene_test(place__of_a_shared_collection_is_forbidden),
        scene_test(move__waits_for_calls_on_other_instances_and_keeps_further_ones_out),
        scene_test(move__that_is_refused_leaves_the_gates_open),
        scene_test(move__is_not_held_up_by_another_organizations_long_call),
        scene_test(move__is_known_to_an_instance_that_joins_meanwhile),
        scene_test(move__of_an_instance_alone_takes_no_time),
        scene_test(moves__through_two_instances_never_meet_a_call_in_the_old_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
