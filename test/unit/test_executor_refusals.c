/* base/executor: what those are told whom it refuses. */
#include "test.h"

#include "base/bookings.h"
#include "base/executor.h"

#include <semaphore.h>
#include <time.h>

TEST(refused__are_told_of_one_place_after_another)
{
    struct executor *executor = NULL;

    assert_int_equal(executor_new("test", 2, 6, 0, &executor, NULL), ST_OK);
    executor_expect(executor, (int64_t)2 * 10 * 1000000);
    assert_in_range(executor_book(executor), 10, 10);
    assert_in_range(executor_book(executor), 11, 20);
    assert_in_range(executor_book(executor), 12, 30);
    for (int i = 0; i < 10; i++) {
        (void)executor_book(executor);
    }
    assert_in_range(executor_book(executor), 50, 60);
    executor_free(executor);
}

/* Of a shared pool one tenant has half of the places that wait: nine to be taken at once, and as nothing is
 * known of the jobs, nine a second. Where nobody shares it, it would be seventeen. */
TEST(refused__by_a_shared_pool_are_told_what_one_tenant_can_have)
{
    struct executor *executor = NULL;
    int last = 0;

    assert_int_equal(executor_new_shared("test", 1, 16, false, &executor, NULL), ST_OK);
    for (int i = 0; i < 170; i++) {
        last = executor_book(executor);
    }
    assert_in_range(last, 12, 19);
    executor_free(executor);
}

static sem_t has_begun;

static void take_a_tenth_of_a_second(struct job *job)
{
    (void)job;
    (void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static void begin(struct job *job)
{
    (void)job;
    (void)sem_post(&has_begun);
}

/* Forty more of its kind take four seconds, however many may wait. */
TEST(refused__are_told_by_what_jobs_have_taken)
{
    struct job slow = { .run = take_a_tenth_of_a_second };
    struct job next = { .run = begin };
    struct executor *executor = NULL;
    int last = 0;

    assert_int_equal(sem_init(&has_begun, 0, 0), 0);
    assert_int_equal(executor_new("test", 1, 100000, 0, &executor, NULL), ST_OK);
    assert_true(executor_submit(executor, &slow));
    assert_true(executor_submit(executor, &next));
    assert_int_equal(sem_wait(&has_begun), 0); /* so the one before is over */
    for (int i = 0; i < 40; i++) {
        last = executor_book(executor);
    }
    assert_in_range(last, 2, BOOKINGS_LONGEST_S);
    executor_free(executor);
    (void)sem_destroy(&has_begun);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused__are_told_of_one_place_after_another),
        cmocka_unit_test(refused__by_a_shared_pool_are_told_what_one_tenant_can_have),
        cmocka_unit_test(refused__are_told_by_what_jobs_have_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
