/* base/bookings: when each of a crowd that found a queue full is told to come back. */
#include "test.h"

#include "base/bookings.h"

#define SECOND_US 1000000
#define NOW_US (7 * (int64_t)SECOND_US)

TEST(crowd__is_told_to_come_as_fast_as_it_is_served)
{
    struct bookings bookings = { 0 };

    bookings_ended(&bookings, 50000); /* four at once: 80 in a second */
    for (int n = 1; n <= 800; n++) {
        assert_int_equal(bookings_make(&bookings, NOW_US, 4, 1000), (n + 79) / 80);
    }
}

TEST(crowd__is_not_told_to_come_faster_than_places_can_take_it)
{
    struct bookings bookings = { 0 };

    bookings_ended(&bookings, 20000); /* four at once: 200 in a second, but there are 50 places */
    for (int n = 1; n <= 500; n++) {
        assert_int_equal(bookings_make(&bookings, NOW_US, 4, 50), (n + 49) / 50);
    }
}

TEST(places__alone_count_while_nobody_knows_what_a_job_takes)
{
    struct bookings bookings = { 0 };

    for (int n = 1; n <= 20; n++) {
        assert_int_equal(bookings_make(&bookings, NOW_US, 1, 2), (n + 1) / 2);
    }
}

TEST(slow_jobs__have_the_next_come_when_one_has_ended)
{
    struct bookings bookings = { 0 };

    bookings_ended(&bookings, 5 * SECOND_US);
    assert_int_equal(bookings_make(&bookings, NOW_US, 1, 65), 5);
    assert_int_equal(bookings_make(&bookings, NOW_US, 1, 65), 10);
    assert_int_equal(bookings_make(&bookings, NOW_US + SECOND_US, 1, 65), 14);
}

TEST(bookings__are_over_when_their_time_has_come)
{
    struct bookings bookings = { 0 };

    bookings_ended(&bookings, SECOND_US);
    for (int n = 1; n <= 10; n++) {
        assert_int_equal(bookings_make(&bookings, NOW_US, 1, 65), n);
    }
    assert_int_equal(bookings_make(&bookings, NOW_US + (int64_t)9 * SECOND_US, 1, 65), 2);
    assert_int_equal(bookings_make(&bookings, NOW_US + (int64_t)60 * SECOND_US, 1, 65), 1);
}

/* Nobody waits longer for those who were told the longest and don't come. */
TEST(bookings__are_bounded_and_what_is_beyond_takes_nothing)
{
    struct bookings bookings = { 0 };
    int last = 0;

    bookings_ended(&bookings, SECOND_US);
    for (int n = 0; n < 1000; n++) {
        last = bookings_make(&bookings, NOW_US, 1, 65);
    }
    assert_int_equal(last, BOOKINGS_LONGEST_S);
    assert_int_equal(bookings_make(&bookings, NOW_US + (int64_t)50 * SECOND_US, 1, 65), 11);
}

TEST(jobs__that_take_longer_than_before_are_believed_soon)
{
    struct bookings bookings = { 0 };

    bookings_ended(&bookings, 0);
    assert_int_equal(bookings_make(&bookings, NOW_US, 1, 1000000), 1);
    for (int n = 0; n < 100; n++) {
        bookings_ended(&bookings, 3 * SECOND_US);
    }
    assert_int_equal(bookings_make(&bookings, NOW_US, 1, 1000000), 3);
    for (int n = 0; n < 200; n++) {
        bookings_ended(&bookings, 10);
    }
    bookings.next_us = 0;
    assert_int_equal(bookings_make(&bookings, NOW_US, 1, 1000000), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowd__is_told_to_come_as_fast_as_it_is_served),
        cmocka_unit_test(crowd__is_not_told_to_come_faster_than_places_can_take_it),
        cmocka_unit_test(places__alone_count_while_nobody_knows_what_a_job_takes),
        cmocka_unit_test(slow_jobs__have_the_next_come_when_one_has_ended),
        cmocka_unit_test(bookings__are_over_when_their_time_has_come),
        cmocka_unit_test(bookings__are_bounded_and_what_is_beyond_takes_nothing),
        cmocka_unit_test(jobs__that_take_longer_than_before_are_believed_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
