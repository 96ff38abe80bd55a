/* base/executor where tenants share it: turns, threads and places of each. */
#include "test.h"

#include "base/executor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define JOBS 64

/* Where jobs stop until they are let go on, and what they noted on their way. */
static struct stage {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t running; /* jobs that wait at the gate */
    bool open;
    uint64_t held_lane;   /* whose jobs stay at the gate, */
    size_t held_until;    /* also when it is open, until so many have begun */
    char order[JOBS + 1]; /* lanes, in the order in which jobs began */
    size_t begun;
} stage = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static struct job jobs[JOBS];
static size_t count;

static int set_up(void **state)
{
    (void)state;
    stage.open = false;
    stage.held_until = 0;
    stage.running = 0;
    stage.begun = 0;
    count = 0;
    return 0;
}

static void run(struct job *job)
{
    (void)pthread_mutex_lock(&stage.mutex);
    stage.order[stage.begun++] = (char)job->lane;
    stage.order[stage.begun] = '\0';
    stage.running++;
    (void)pthread_cond_broadcast(&stage.changed);
    while (!stage.open || (job->lane == stage.held_lane && stage.begun < stage.held_until)) {
        (void)pthread_cond_wait(&stage.changed, &stage.mutex);
    }
    stage.running--;
    (void)pthread_mutex_unlock(&stage.mutex);
}

static void open_gate(void)
{
    (void)pthread_mutex_lock(&stage.mutex);
    stage.open = true;
    (void)pthread_cond_broadcast(&stage.changed);
    (void)pthread_mutex_unlock(&stage.mutex);
}

/* Waits until so many jobs are at the gate. */
static void wait_for(size_t running)
{
    (void)pthread_mutex_lock(&stage.mutex);
    while (stage.running < running) {
        (void)pthread_cond_wait(&stage.changed, &stage.mutex);
    }
    (void)pthread_mutex_unlock(&stage.mutex);
}

static bool submit(struct executor *executor, char lane)
{
    struct job *job = &jobs[count++];

    *job = (struct job){ .run = run, .lane = (uint64_t)lane };
    return executor_submit(executor, job);
}

/* Submits jobs of a lane until one is refused; how many were taken. */
static size_t fill(struct executor *executor, char lane)
{
    size_t taken = 0;

    while (submit(executor, lane)) {
        taken++;
    }
    return taken;
}

/* Fails unless so many wait, soon: a thread that was called for a job that another one took first still
 * counts as having one, until it wakes. */
static void assert_depth(struct executor *executor, size_t expected)
{
    for (int i = 0; i < 10000 && executor_depth(executor) != expected; i++) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    assert_int_equal(executor_depth(executor), expected);
}

static size_t running(void)
{
    size_t number;

    (void)pthread_mutex_lock(&stage.mutex);
    number = stage.running;
    (void)pthread_mutex_unlock(&stage.mutex);
    return number;
}

static struct executor *new_shared(size_t threads, size_t waiting, bool finds_pace)
{
    struct executor *executor = NULL;

    assert_int_equal(executor_new_shared("test", threads, waiting, finds_pace, &executor, NULL),
                     ST_OK);
    return executor;
}

static struct executor *shared(size_t threads, size_t waiting)
{
    return new_shared(threads, waiting, false);
}

TEST(lane__alone_gets_all_threads_and_no_spare_one)
{
    struct executor *executor = shared(4, 32);

    for (int i = 0; i < 12; i++) {
        assert_true(submit(executor, 'a'));
    }
    wait_for(4);
    assert_int_equal(running(), 4);
    assert_depth(executor, 8);
    open_gate();
    executor_free(executor);
    assert_int_equal(stage.begun, 12);
}

TEST(newcomer__begins_while_another_lane_has_all_threads)
{
    struct executor *executor = shared(4, 32);

    for (int i = 0; i < 12; i++) {
        assert_true(submit(executor, 'a'));
    }
    wait_for(4);
    assert_true(submit(executor, 'b'));
    wait_for(5); /* nothing of a has ended */
    assert_string_equal(stage.order, "aaaab");
    open_gate();
    executor_free(executor);
}

TEST(lanes__that_wait_take_turns)
{
    struct executor *executor = shared(1, 64);

    stage.held_lane = 'z';
    stage.held_until = 11;
    assert_true(submit(executor, 'a'));
    wait_for(1);
    assert_true(submit(executor, 'z'));
    wait_for(2); /* and keeps the spare thread, so that the other one begins all else in order */
    for (int i = 0; i < 6; i++) {
        assert_true(submit(executor, 'a'));
    }
    assert_true(submit(executor, 'b'));
    assert_true(submit(executor, 'c'));
    assert_true(submit(executor, 'b'));
    open_gate();
    executor_free(executor);
    assert_int_equal(stage.begun, 11);
    assert_string_equal(stage.order, "azabcabaaaa");
}

TEST(lane__alone_fills_half_the_queue_and_leaves_places_for_others)
{
    struct executor *executor = shared(1, 16);

    assert_true(submit(executor, 'a'));
    wait_for(1);
    assert_int_equal(fill(executor, 'a'), 8);
    assert_true(submit(executor, 'b')); /* the spare thread's */
    wait_for(2);
    assert_int_equal(fill(executor, 'b'), 4);
    assert_int_equal(fill(executor, 'c'), 2);
    assert_int_equal(fill(executor, 'd'), 1);
    assert_int_equal(fill(executor, 'e'), 1); /* and now it is full */
    assert_int_equal(fill(executor, 'f'), 0);
    assert_depth(executor, 16);
    open_gate();
    executor_free(executor);
    assert_int_equal(stage.begun, 18);
}

TEST(pool__that_nobody_shares_knows_no_lanes)
{
    struct executor *executor = NULL;

    assert_int_equal(executor_new("test", 1, 6, 0, &executor, NULL), ST_OK);
    assert_true(submit(executor, 'a'));
    wait_for(1);
    assert_true(submit(executor, 'a'));
    assert_true(submit(executor, 'a'));
    assert_true(submit(executor, 'a'));
    assert_true(submit(executor, 'b'));
    assert_int_equal(fill(executor, 'a'), 2);
    open_gate();
    executor_free(executor);
    assert_string_equal(stage.order, "aaaabaa");
}

/* What rest_here saw; under the stage's mutex. */
static struct {
    pthread_t worker;
    pthread_t rested;
    size_t rests;
} seen;

static void note_worker(struct job *job)
{
    (void)job;
    (void)pthread_mutex_lock(&stage.mutex);
    seen.worker = pthread_self();
    (void)pthread_mutex_unlock(&stage.mutex);
}

static void rest_here(void)
{
    (void)pthread_mutex_lock(&stage.mutex);
    seen.rested = pthread_self();
    seen.rests++;
    (void)pthread_cond_broadcast(&stage.changed);
    (void)pthread_mutex_unlock(&stage.mutex);
}

static void wait_for_rests(size_t rests)
{
    (void)pthread_mutex_lock(&stage.mutex);
    while (seen.rests < rests) {
        (void)pthread_cond_wait(&stage.changed, &stage.mutex);
    }
    (void)pthread_mutex_unlock(&stage.mutex);
}

TEST(thread__with_nothing_to_do_rests_and_works_again)
{
    struct executor *executor = NULL;

    assert_int_equal(executor_new("test", 1, 6, 0, &executor, NULL), ST_OK);
    executor_on_rest(executor, rest_here);
    for (size_t rests = 1; rests <= 2; rests++) {
        jobs[0] = (struct job){ .run = note_worker };
        assert_true(executor_submit(executor, &jobs[0]));
        wait_for_rests(rests);
    }
    executor_free(executor);
    assert_true(seen.rests >= 2);
    assert_true(pthread_equal(seen.worker, seen.rested));
}

static atomic_size_t ended;

static void end(struct job *job)
{
    (void)job;
    (void)atomic_fetch_add(&ended, 1);
}

struct crowd {
    struct executor *executor;
    struct job *jobs;
    size_t taken;
    char lane;
};

#define CROWD_JOBS 5000

static void *submit_many(void *context)
{
    struct crowd *crowd = context;

    for (size_t i = 0; i < CROWD_JOBS; i++) {
        crowd->jobs[i] = (struct job){ .run = end, .lane = (uint64_t)crowd->lane };
        crowd->taken += executor_submit(crowd->executor, &crowd->jobs[i]);
    }
    return NULL;
}

TEST(jobs__that_were_taken_all_run_whoever_submits_them)
{
    struct executor *executor = shared(3, 100);
    struct crowd crowds[4];
    pthread_t threads[4];
    size_t taken = 0;

    ended = 0;
    for (int i = 0; i < 4; i++) {
        crowds[i] = (struct crowd){ .executor = executor,
                                    .jobs = calloc(CROWD_JOBS, sizeof(struct job)),
                                    .lane = (char)('a' + i) };
        assert_non_null(crowds[i].jobs);
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &crowds[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        taken += crowds[i].taken;
    }
    executor_free(executor);
    assert_int_equal(ended, taken);
    for (int i = 0; i < 4; i++) {
        free(crowds[i].jobs);
    }
}

TEST(stuck_lane__of_a_pool_that_finds_its_pace_holds_up_no_other)
{
    struct executor *executor = new_shared(32, 64, true);

    for (int i = 0; i < 20; i++) {
        assert_true(submit(executor, 'a'));
    }
    wait_for(4); /* as it begins, long before all threads are busy */
    assert_int_equal(running(), 4);
    assert_int_equal(executor_limit(executor), 4);
    for (int lane = 'b'; lane <= 'f'; lane++) {
        assert_true(submit(executor, (char)lane));
        wait_for((size_t)(4 + lane - 'a'));
    }
    assert_string_equal(stage.order, "aaaabcdef");
    open_gate();
    executor_free(executor);
    assert_int_equal(stage.begun, 25);
}

#define SLEEPERS 50000

static atomic_size_t sleeping;
static atomic_bool enough;

/* As a call to a server that serves any number at once. */
static void sleep_a_little(struct job *job)
{
    (void)job;
    if (atomic_fetch_add(&sleeping, 1) + 1 >= 32) {
        atomic_store(&enough, true);
    }
    if (!atomic_load(&enough)) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
    }
    (void)atomic_fetch_sub(&sleeping, 1);
}

/* Nothing is submitted meanwhile: those that end have to call the threads that may run more. */
TEST(pool__that_finds_its_pace_runs_more_where_more_are_served)
{
    struct executor *executor = new_shared(32, 2 * SLEEPERS + 16, true);
    struct job *sleepers = calloc(SLEEPERS, sizeof(*sleepers));

    assert_non_null(sleepers);
    for (size_t i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct job){ .run = sleep_a_little, .lane = 'a' };
        assert_true(executor_submit(executor, &sleepers[i]));
    }
    while (!atomic_load(&enough) && executor_depth(executor) > 0) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    assert_true(atomic_load(&enough));
    executor_free(executor); /* runs what still waits */
    free(sleepers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lane__alone_gets_all_threads_and_no_spare_one, set_up),
        cmocka_unit_test_setup(newcomer__begins_while_another_lane_has_all_threads, set_up),
        cmocka_unit_test_setup(lanes__that_wait_take_turns, set_up),
        cmocka_unit_test_setup(lane__alone_fills_half_the_queue_and_leaves_places_for_others,
                               set_up),
        cmocka_unit_test_setup(pool__that_nobody_shares_knows_no_lanes, set_up),
        cmocka_unit_test_setup(thread__with_nothing_to_do_rests_and_works_again, set_up),
        cmocka_unit_test(jobs__that_were_taken_all_run_whoever_submits_them),
        cmocka_unit_test_setup(stuck_lane__of_a_pool_that_finds_its_pace_holds_up_no_other, set_up),
        cmocka_unit_test(pool__that_finds_its_pace_runs_more_where_more_are_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
