/*
 * Gates and remembered places, without a server: what a database or the other instances would
 * say is said by the test, so that the threads' races run at full speed and under every sanitizer.
 */
#include "suite.h"

#include "base/clock.h"
#include "store/mongo/peers.h"
#include "store/mongo/placement_read.h"
#include "store/mongo/placements.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* What stands for the database and for the other instances. Each organization's collection has the
 * number that the world has at the moment. */
static struct {
    atomic_int number;
    atomic_int reads;
    atomic_int status;
    atomic_bool is_moving;
    atomic_bool is_trusted;
    _Atomic uint64_t epoch;
} world;

enum status placement_read(struct mongo *mongo, const struct call *call,
                           const struct oid *organization, struct str *ret_collection,
                           bool *ret_moving)
{
    (void)mongo;
    (void)organization;
    (void)atomic_fetch_add(&world.reads, 1);
    if (atomic_load(&world.status) != ST_OK) {
        return (enum status)atomic_load(&world.status);
    }
    *ret_collection = arena_printf(call->mem, "org_%d", atomic_load(&world.number));
    *ret_moving = atomic_load(&world.is_moving);
    return ST_OK;
}

bool peers_trust(struct peers *peers, uint64_t *ret_epoch)
{
    (void)peers;
    if (ret_epoch) {
        *ret_epoch = atomic_load(&world.epoch);
    }
    return atomic_load(&world.is_trusted);
}

enum status peers_await_trust(struct peers *peers, const struct call *call, uint64_t *ret_epoch)
{
    return peers_trust(peers, ret_epoch) ? ST_OK : err_set(call->err, ST_UNAVAILABLE, "no trust");
}

struct bench {
    struct shot shot;
    struct placements *placements;
    struct oid acme;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    if (!b) {
        return -1;
    }
    atomic_store(&world.number, 0);
    atomic_store(&world.reads, 0);
    atomic_store(&world.status, ST_OK);
    atomic_store(&world.is_moving, false);
    atomic_store(&world.is_trusted, true);
    shot_init(&b->shot);
    b->placements = placements_new(NULL, NULL);
    assert_non_null(b->placements);
    b->acme = oid_new();
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    placements_free(b->placements);
    shot_done(&b->shot);
    free(b);
    return 0;
}

#define BENCH struct bench *b = *state

static struct call soon(struct bench *b, int64_t ms)
{
    struct call call = b->shot.call;

    call.deadline_ms = clock_monotonic_ms() + ms;
    return call;
}

static void sleep_ms(int64_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)nanosleep(&time, NULL);
}

static void assert_place(struct bench *b, const char *collection)
{
    PLACEMENT placement = { 0 };

    assert_status(placement_enter(b->placements, &b->shot.call, &b->acme, &placement), ST_OK);
    assert_string_equal(placement.collection, collection);
}

STORE_TEST(place__is_asked_for_once_a_second)
{
    BENCH;

    for (int i = 0; i < 100; i++) {
        assert_place(b, "org_0");
    }
    assert_int_equal(atomic_load(&world.reads), 1);
    atomic_store(&world.number, 1);
    assert_place(b, "org_0");
    sleep_ms(PLACEMENT_AGE_MS + 20);
    assert_place(b, "org_1");
    assert_int_equal(atomic_load(&world.reads), 2);
}

STORE_TEST(place__is_asked_for_again_after_the_gate_was_closed)
{
    BENCH;

    assert_place(b, "org_0");
    assert_status(placements_close(b->placements, &b->shot.call, &b->acme), ST_OK);
    atomic_store(&world.number, 1);
    placements_open(b->placements, &b->acme);
    assert_place(b, "org_1");
}

STORE_TEST(place__is_asked_for_again_after_the_instance_joined_anew)
{
    BENCH;
    PLACEMENT before = { 0 };

    assert_status(placement_enter(b->placements, &b->shot.call, &b->acme, &before), ST_OK);
    assert_status(placement_check(&before, &b->shot.call), ST_OK);
    (void)atomic_fetch_add(&world.epoch, 1);
    atomic_store(&world.number, 1);
    assert_place(b, "org_1");
    assert_status(placement_check(&before, &b->shot.call), ST_UNAVAILABLE);
}

STORE_TEST(gate__without_trust_lets_nobody_in_and_writes_nothing_any_more)
{
    BENCH;
    PLACEMENT inside = { 0 };
    PLACEMENT late = { 0 };

    assert_status(placement_enter(b->placements, &b->shot.call, &b->acme, &inside), ST_OK);
    atomic_store(&world.is_trusted, false);
    assert_status(placement_enter(b->placements, &b->shot.call, &b->acme, &late), ST_UNAVAILABLE);
    assert_status(placement_check(&inside, &b->shot.call), ST_UNAVAILABLE);
}

STORE_TEST(gate__closed_lets_nobody_in_until_it_is_open_as_often)
{
    BENCH;
    struct call call = soon(b, 60);
    PLACEMENT placement = { 0 };

    assert_status(placements_close(b->placements, &call, &b->acme), ST_OK);
    assert_status(placements_close(b->placements, &call, &b->acme), ST_OK);
    placements_open(b->placements, &b->acme);
    assert_status(placement_enter(b->placements, &call, &b->acme, &placement), ST_BUSY);
    placements_open(b->placements, &b->acme);
    assert_place(b, "org_0");
}

STORE_TEST(gate__closing_waits_for_who_is_inside_and_opens_again_in_vain)
{
    BENCH;
    struct call call = soon(b, 60);
    PLACEMENT inside = { 0 };

    assert_status(placement_enter(b->placements, &b->shot.call, &b->acme, &inside), ST_OK);
    assert_status(placements_close(b->placements, &call, &b->acme), ST_BUSY);
    assert_true(clock_monotonic_ms() >= call.deadline_ms);
    assert_place(b, "org_0");
    assert_true(placements_shut(b->placements, &b->acme));
    assert_false(placements_is_empty(b->placements, &b->acme));
    placement_leave(&inside);
    assert_true(placements_is_empty(b->placements, &b->acme));
    placements_open(b->placements, &b->acme);
}

STORE_TEST(gate__of_another_organization_is_another)
{
    BENCH;
    struct oid other = oid_new();

    assert_status(placements_close(b->placements, &b->shot.call, &other), ST_OK);
    assert_place(b, "org_0");
    placements_open(b->placements, &other);
}

static void *stop_moving(void *argument)
{
    (void)argument;
    sleep_ms(60);
    atomic_store(&world.number, 1);
    atomic_store(&world.is_moving, false);
    return NULL;
}

STORE_TEST(place__that_is_being_moved_is_waited_for)
{
    BENCH;
    struct call call = soon(b, 50);
    PLACEMENT placement = { 0 };
    pthread_t mover;

    atomic_store(&world.is_moving, true);
    assert_status(placement_enter(b->placements, &call, &b->acme, &placement), ST_BUSY);
    assert_true(placements_is_empty(b->placements, &b->acme));
    assert_int_equal(pthread_create(&mover, NULL, stop_moving, NULL), 0);
    assert_place(b, "org_1");
    (void)pthread_join(mover, NULL);
}

STORE_TEST(place__that_cannot_be_told_leaves_nobody_inside)
{
    BENCH;
    PLACEMENT placement = { 0 };

    atomic_store(&world.status, ST_NO_ORGANIZATION);
    assert_status(placement_enter(b->placements, &b->shot.call, &b->acme, &placement),
                  ST_NO_ORGANIZATION);
    assert_true(placements_is_empty(b->placements, &b->acme));
    atomic_store(&world.status, ST_OK);
    assert_place(b, "org_0");
}

STORE_TEST(places__are_remembered_up_to_a_number_and_never_lost_in_use)
{
    BENCH;
    PLACEMENT inside = { 0 };
    struct oid last = { 0 };
    int reads;

    assert_status(placement_enter(b->placements, &b->shot.call, &b->acme, &inside), ST_OK);
    for (int i = 0; i < PLACEMENTS_MAX * 3; i++) {
        PLACEMENT placement = { 0 };

        last = oid_new();
        assert_status(placement_enter(b->placements, &b->shot.call, &last, &placement), ST_OK);
        arena_clear(&b->shot.mem);
    }
    reads = atomic_load(&world.reads);
    assert_false(
        placements_is_empty(b->placements, &b->acme)); /* it waits to be asked again only */
    for (int i = 0; i < 10; i++) {
        PLACEMENT placement = { 0 };

        assert_status(placement_enter(b->placements, &b->shot.call, &last, &placement), ST_OK);
    }
    assert_int_equal(atomic_load(&world.reads), reads);
}

#define MOVES 300

/* Calls and moves at once: what a call entered with must be true until it leaves. */
struct race {
    struct bench *b;
    atomic_int moving;
    atomic_int calls;
    atomic_int mistakes;
};

static void move_all(struct race *race, const struct call *call)
{
    struct placements *placements = race->b->placements;

    for (int i = 0; i < MOVES; i++) {
        if (placements_close(placements, call, &race->b->acme) != ST_OK) {
            (void)atomic_fetch_add(&race->mistakes, 1);
            break;
        }
        (void)atomic_fetch_add(&world.number, 1);
        placements_open(placements, &race->b->acme);
        (void)sched_yield();
    }
    (void)atomic_fetch_sub(&race->moving, 1);
}

static void call_once(struct race *race, const struct call *call)
{
    PLACEMENT placement = { 0 };

    if (placement_enter(race->b->placements, call, &race->b->acme, &placement) != ST_OK) {
        (void)atomic_fetch_add(&race->mistakes, 1);
        return;
    }
    for (int i = 0; i < 4; i++) {
        long number = strtol(placement.collection + sizeof("org_") - 1, NULL, 10);

        if (number != atomic_load(&world.number)) {
            (void)atomic_fetch_add(&race->mistakes, 1);
        }
        (void)sched_yield();
    }
    (void)atomic_fetch_add(&race->calls, 1);
}

static void race_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;

    shot_init(&shot);
    if (i < 2) {
        move_all(race, &shot.call);
    }
    while (i >= 2 && atomic_load(&race->moving) > 0) {
        call_once(race, &shot.call);
        arena_clear(&shot.mem);
    }
    shot_done(&shot);
}

/* Two movers take turns as an organization's lock would make them do. */
STORE_TEST(calls__beside_moves_never_work_in_an_old_place)
{
    BENCH;
    struct race race = { .b = b, .moving = 2 };

    suite_race(race_body, &race);
    assert_int_equal(atomic_load(&race.mistakes), 0);
    assert_true(atomic_load(&race.calls) > 0);
    assert_int_equal(atomic_load(&world.number), 2 * MOVES);
}

#define bench_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(place__is_asked_for_once_a_second),
        bench_test(place__is_asked_for_again_after_the_gate_was_closed),
        bench_test(place__is_asked_for_again_after_the_instance_joined_anew),
        bench_test(gate__without_trust_lets_nobody_in_and_writes_nothing_any_more),
        bench_test(gate__closed_lets_nobody_in_until_it_is_open_as_often),
        bench_test(gate__closing_waits_for_who_is_inside_and_opens_again_in_vain),
        bench_test(gate__of_another_organization_is_another),
        bench_test(place__that_is_being_moved_is_waited_for),
        bench_test(place__that_cannot_be_told_leaves_nobody_inside),
        bench_test(places__are_remembered_up_to_a_number_and_never_lost_in_use),
        bench_test(calls__beside_moves_never_work_in_an_old_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
