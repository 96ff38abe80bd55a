/* store/sqlite/removal_pace: how much of deleted organizations' documents goes when, in simulated time. */
#include "test.h"

#include "store/sqlite/removal_pace.h"

#define SECOND_US 1000000
#define LONG_AGO_US SECOND_US

static struct removal_pace pace;

static int set_up(void **state)
{
    (void)state;
    pace = (struct removal_pace){ 0 };
    return 0;
}

/* One portion went by itself at this time. */
static void begin(int64_t now_us)
{
    assert_true(removal_pace_alone(&pace, now_us, 0) > 0);
    removal_pace_went(&pace, now_us, 100, 0);
}

/* What goes in two seconds while somebody writes every so often; *ret_alone_us: what of it by itself. */
static int64_t removed_us(int64_t every_us, int64_t commit_us, int64_t *ret_alone_us)
{
    int64_t rode_us = 0;

    *ret_alone_us = 0;
    begin(SECOND_US);
    for (int64_t now_us = SECOND_US; now_us < 3 * SECOND_US; now_us += every_us) {
        int64_t took_us = removal_pace_ride(&pace, now_us, commit_us);

        rode_us += took_us;
        if (took_us > 0) {
            removal_pace_rode(&pace, now_us + took_us, took_us);
        }
        took_us = removal_pace_alone(&pace, now_us + commit_us, 0);
        *ret_alone_us += took_us;
        if (took_us > 0) {
            removal_pace_went(&pace, now_us + commit_us + took_us, took_us, 0);
        }
    }
    return rode_us + *ret_alone_us;
}

TEST(while_others_write__a_twentieth_of_the_time_is_taken)
{
    int64_t alone_us;
    int64_t all_us = removed_us(300, 150, &alone_us);

    assert_in_range(all_us, 2 * SECOND_US * 4 / 100, 2 * SECOND_US * 5 / 100);
    assert_int_equal(alone_us, 0);
}

TEST(while_others_write__no_portion_takes_longer_than_a_commit)
{
    begin(SECOND_US);
    assert_int_equal(removal_pace_ride(&pace, 2 * SECOND_US, 300), 300);
    assert_int_equal(removal_pace_ride(&pace, 2 * SECOND_US, 50000), 1000);
    assert_int_equal(removal_pace_ride(&pace, 2 * SECOND_US, 10), 100);
}

TEST(while_others_write_seldom__some_goes_by_itself_besides)
{
    int64_t alone_us;

    assert_true(removed_us(50000, 150, &alone_us) > 2 * 5000);
    assert_in_range(alone_us, 2 * 3000, 2 * 5000);
}

TEST(a_long_portion__has_a_long_pause_behind_it)
{
    begin(SECOND_US);
    removal_pace_rode(&pace, 2 * SECOND_US, 10000);
    assert_int_equal(removal_pace_ride(&pace, 2 * SECOND_US + 180000, 300), 0);
    assert_int_equal(removal_pace_ride(&pace, 2 * SECOND_US + 200000, 300), 300);
}

TEST(while_nobody_writes__a_sixth_of_the_time_is_taken)
{
    int64_t now_us = SECOND_US;
    int64_t taken_us = 0;

    while (now_us < 2 * SECOND_US) {
        int64_t took_us = removal_pace_alone(&pace, now_us, LONG_AGO_US);

        assert_true(took_us <= 1000);
        now_us += took_us;
        taken_us += took_us;
        if (took_us > 0) {
            removal_pace_went(&pace, now_us, took_us, LONG_AGO_US);
        }
        now_us += 100;
    }
    assert_in_range(taken_us, SECOND_US / 7, SECOND_US / 5);
}

TEST(a_failure__is_followed_by_a_second_of_rest_and_a_try_alone)
{
    begin(SECOND_US);
    removal_pace_failed(&pace, 2 * SECOND_US);
    assert_int_equal(removal_pace_alone(&pace, 3 * SECOND_US - 1, LONG_AGO_US), 0);
    assert_int_equal(removal_pace_ride(&pace, 9 * SECOND_US, 300), 0);
    begin(9 * SECOND_US);
    assert_int_equal(removal_pace_ride(&pace, 10 * SECOND_US, 300), 300);
}

#define paced(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        paced(while_others_write__a_twentieth_of_the_time_is_taken),
        paced(while_others_write__no_portion_takes_longer_than_a_commit),
        paced(while_others_write_seldom__some_goes_by_itself_besides),
        paced(a_long_portion__has_a_long_pause_behind_it),
        paced(while_nobody_writes__a_sixth_of_the_time_is_taken),
        paced(a_failure__is_followed_by_a_second_of_rest_and_a_try_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
