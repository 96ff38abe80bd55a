/* store/sqlite/batch_pace: how many operations of each tenant a commit takes while several
 * write, and how long it waits for who was just answered. */
#include "test.h"

#include "store/sqlite/batch_pace.h"

#define US INT64_C(1000)
#define MS (1000 * US)

/* An operation runs in 5 us: 70 us of the cores are kept for its whole request. */
static struct batch_pace pace_of(int64_t commit_ns, size_t cores)
{
    return (struct batch_pace){ .run_ns = 5 * US, .commit_ns = commit_ns, .cores = cores };
}

/* Named by what it shows. */
static const struct share {
    const char *name;
    int64_t commit_ns;
    size_t cores;
    size_t expected;
} shares[] = {
    { "two cores get what they can serve in the time of a commit", 350 * US, 2, 10 },
    { "and ten times that in ten times the time", 3500 * US, 2, 100 },
    { "more cores get as many times more", 350 * US, 8, 40 },
    { "a disk that takes no time leaves a few to share a commit", 20 * US, 2, 4 },
    { "there is a bound", 400 * MS, 64, BATCH_MAX },
};

TEST(share__is_what_the_cores_serve_in_a_commit)
{
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        struct batch_pace pace = pace_of(shares[i].commit_ns, shares[i].cores);
        size_t share = batch_pace_share(&pace);

        if (share != shares[i].expected) {
            fail_msg("%s: %zu, not %zu", shares[i].name, share, shares[i].expected);
        }
    }
}

TEST(share__nothing_is_known_at_first)
{
    struct batch_pace pace = { .cores = 2 };

    assert_int_equal(batch_pace_share(&pace), 4);
}

static void learn(struct batch_pace *pace, int batches, int64_t run_ns, int64_t commit_ns)
{
    for (int i = 0; i < batches; i++) {
        batch_pace_learn(pace, 10 * run_ns, commit_ns, 10);
    }
}

TEST(learn__the_first_batch_counts_at_once)
{
    struct batch_pace pace = { .cores = 2 };

    learn(&pace, 1, 5 * US, 350 * US);
    assert_int_equal(batch_pace_share(&pace), 10);
}

TEST(learn__a_batch_that_something_held_up_changes_little)
{
    struct batch_pace pace = { .cores = 2 };

    learn(&pace, 1, 5 * US, 350 * US);
    learn(&pace, 1, 5 * US, 4000 * MS);
    assert_in_range(batch_pace_share(&pace), 10, 11);
    learn(&pace, 1, 400 * MS, 350 * US);
    assert_in_range(batch_pace_share(&pace), 9, 11);
}

TEST(learn__what_is_seldom_is_not_what_is_usual)
{
    struct batch_pace pace = { .cores = 2 };

    for (int i = 0; i < 200; i++) {
        learn(&pace, 3, 5 * US, 350 * US);
        learn(&pace, 1, 5 * US, 40 * MS);
    }
    assert_in_range(batch_pace_share(&pace), 9, 11);
}

TEST(learn__a_disk_that_became_slower_for_good_is_known_soon)
{
    struct batch_pace pace = { .cores = 2 };

    learn(&pace, 1, 5 * US, 350 * US);
    learn(&pace, 300, 5 * US, 3500 * US);
    assert_in_range(batch_pace_share(&pace), 95, 105);
}

/* A commit takes 4 ms; at 1,000,000 us so many were answered, while others waited. */
static struct batch_pace answered(size_t count, size_t waiting)
{
    struct batch_pace pace = pace_of(4 * MS, 2);

    batch_pace_answered(&pace, 1000000, count, waiting);
    return pace;
}

TEST(gather__who_was_answered_is_waited_for_for_half_a_commit)
{
    struct batch_pace pace = answered(40, 24);
    size_t wanted = 0;

    assert_int_equal(batch_pace_gather(&pace, 24, BATCH_MAX, &wanted), 1002000);
    assert_int_equal(wanted, 64);
}

TEST(gather__a_lone_client_waits_for_nobody)
{
    struct batch_pace pace = answered(1, 0);
    size_t wanted = 77;

    assert_int_equal(batch_pace_gather(&pace, 1, BATCH_MAX, &wanted), 0);
    assert_int_equal(wanted, 77);
}

TEST(gather__nobody_waits_before_anything_was_answered)
{
    struct batch_pace pace = pace_of(4 * MS, 2);
    size_t wanted = 77;

    assert_int_equal(batch_pace_gather(&pace, 1, BATCH_MAX, &wanted), 0);
}

TEST(gather__a_full_batch_waits_for_nobody)
{
    struct batch_pace pace = answered(40, 24);
    size_t wanted = 77;

    assert_int_equal(batch_pace_gather(&pace, 64, BATCH_MAX, &wanted), 0);
    assert_int_equal(batch_pace_gather(&pace, 24, 10, &wanted), 0);
    assert_true(batch_pace_gather(&pace, 9, 10, &wanted) > 0);
    assert_int_equal(wanted, 10);
}

/* How many of so many batches wait, where so many of the 40 come in time. */
static int waits(struct batch_pace *pace, int batches, size_t came)
{
    int count = 0;

    for (int i = 0; i < batches; i++) {
        size_t wanted;

        if (batch_pace_gather(pace, 24, BATCH_MAX, &wanted) > 0) {
            count++;
            batch_pace_gathered(pace, 40, came);
        }
    }
    return count;
}

TEST(gather__goes_on_while_nearly_all_come)
{
    struct batch_pace pace = answered(40, 24);

    assert_int_equal(waits(&pace, 1000, 40), 1000);
    assert_int_equal(waits(&pace, 1000, 35), 1000);
}

TEST(gather__in_vain_is_seldom_tried_and_not_given_up)
{
    struct batch_pace pace = answered(40, 24);

    assert_in_range(waits(&pace, 1000, 34), 5, 25);
    assert_in_range(waits(&pace, 6500, 34), 99, 101);
    assert_in_range(waits(&pace, 1000, 40), 900, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(share__is_what_the_cores_serve_in_a_commit),
        cmocka_unit_test(share__nothing_is_known_at_first),
        cmocka_unit_test(learn__the_first_batch_counts_at_once),
        cmocka_unit_test(learn__a_batch_that_something_held_up_changes_little),
        cmocka_unit_test(learn__what_is_seldom_is_not_what_is_usual),
        cmocka_unit_test(learn__a_disk_that_became_slower_for_good_is_known_soon),
        cmocka_unit_test(gather__who_was_answered_is_waited_for_for_half_a_commit),
        cmocka_unit_test(gather__a_lone_client_waits_for_nobody),
        cmocka_unit_test(gather__nobody_waits_before_anything_was_answered),
        cmocka_unit_test(gather__a_full_batch_waits_for_nobody),
        cmocka_unit_test(gather__goes_on_while_nearly_all_come),
        cmocka_unit_test(gather__in_vain_is_seldom_tried_and_not_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
