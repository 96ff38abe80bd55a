/* base/executor: work that is done without a thread, and the places that it has. */
#include "test.h"

#include "base/executor.h"

#include <pthread.h>

#define JOBS 64

static struct job jobs[JOBS];
static size_t count;

/* Where jobs with a thread stop. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t running;
    bool open;
} gate = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int set_up(void **state)
{
    (void)state;
    count = 0;
    gate.running = 0;
    gate.open = false;
    return 0;
}

static void run(struct job *job)
{
    (void)job;
    (void)pthread_mutex_lock(&gate.mutex);
    gate.running++;
    (void)pthread_cond_broadcast(&gate.changed);
    while (!gate.open) {
        (void)pthread_cond_wait(&gate.changed, &gate.mutex);
    }
    (void)pthread_mutex_unlock(&gate.mutex);
}

static void wait_for(size_t running)
{
    (void)pthread_mutex_lock(&gate.mutex);
    while (gate.running < running) {
        (void)pthread_cond_wait(&gate.changed, &gate.mutex);
    }
    (void)pthread_mutex_unlock(&gate.mutex);
}

static void open_gate(void)
{
    (void)pthread_mutex_lock(&gate.mutex);
    gate.open = true;
    (void)pthread_cond_broadcast(&gate.changed);
    (void)pthread_mutex_unlock(&gate.mutex);
}

static struct executor *shared(size_t threads, size_t waiting)
{
    struct executor *executor = NULL;

    assert_int_equal(executor_new_shared("test", threads, waiting, false, &executor, NULL), ST_OK);
    return executor;
}

static bool submit(struct executor *executor, char lane)
{
    jobs[count] = (struct job){ .run = run, .lane = (uint64_t)lane };
    return executor_submit(executor, &jobs[count++]);
}

static bool enter(struct executor *executor, char lane)
{
    jobs[count] = (struct job){ .lane = (uint64_t)lane };
    return executor_enter(executor, &jobs[count++]);
}

/* Until one is refused; how many were taken. */
static size_t fill(struct executor *executor, char lane,
                   bool (*take)(struct executor *executor, char lane))
{
    size_t taken = 0;

    while (take(executor, lane)) {
        taken++;
    }
    count--;
    return taken;
}

TEST(work__without_a_thread_takes_the_places_that_threads_and_queue_have)
{
    struct executor *executor = shared(4, 16);

    assert_int_equal(fill(executor, 'a', enter), 4 + 8);
    assert_int_equal(executor_depth(executor), 8);
    assert_int_equal(fill(executor, 'b', enter), 4);
    assert_int_equal(fill(executor, 'c', enter), 2);
    assert_int_equal(fill(executor, 'd', enter), 1);
    assert_int_equal(fill(executor, 'e', enter), 1);
    assert_int_equal(fill(executor, 'f', enter), 0);
    assert_int_equal(executor_depth(executor), 16);
    executor_leave(executor, &jobs[3]);
    assert_int_equal(fill(executor, 'f', enter), 1);
    executor_free(executor);
}

TEST(jobs__have_the_places_that_work_without_a_thread_leaves)
{
    struct executor *executor = shared(1, 16);

    assert_true(submit(executor, 'a'));
    wait_for(1);
    assert_int_equal(fill(executor, 'a', enter), 1 + 8); /* it has no thread, so none is missing */
    assert_int_equal(fill(executor, 'a', submit), 0);
    assert_true(submit(executor, 'b'));
    wait_for(2);
    assert_int_equal(fill(executor, 'b', submit), 4);
    assert_int_equal(executor_depth(executor), 12);
    assert_int_equal(fill(executor, 'c', enter), 2);
    for (size_t i = 0; i < count; i++) {
        if (!jobs[i].run) {
            executor_leave(executor, &jobs[i]);
        }
    }
    assert_int_equal(executor_depth(executor), 4);
    open_gate();
    executor_free(executor);
    assert_int_equal(gate.running, 6);
}

/* Where twelve are under way, one that took 12 s leaves its place to another each second. */
TEST(refused__are_told_when_work_without_a_thread_leaves_places)
{
    struct executor *executor = shared(4, 16);

    assert_int_equal(fill(executor, 'a', enter), 12);
    jobs[0].entered_us -= (int64_t)12 * 1000000;
    executor_leave(executor, &jobs[0]);
    assert_in_range(executor_book(executor), 1, 2);
    for (int i = 0; i < 9; i++) {
        (void)executor_book(executor);
    }
    assert_in_range(executor_book(executor), 10, 13);
    executor_free(executor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(work__without_a_thread_takes_the_places_that_threads_and_queue_have,
                               set_up),
        cmocka_unit_test_setup(jobs__have_the_places_that_work_without_a_thread_leaves, set_up),
        cmocka_unit_test_setup(refused__are_told_when_work_without_a_thread_leaves_places, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
