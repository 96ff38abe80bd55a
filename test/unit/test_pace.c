/* base/pace beside servers made up of one function: how many jobs a second they serve, given so many. */
#include "test.h"

#include "base/pace.h"

typedef double served_fn(size_t at_once);

static double more_the_more(size_t at_once)
{
    return 500.0 * (double)at_once;
}

static double one_at_a_time(size_t at_once)
{
    return 6000.0 / (1.0 + 0.02 * (double)at_once);
}

static double sixteen_at_a_time(size_t at_once)
{
    return 500.0 * (double)(at_once < 16 ? at_once : 16);
}

/* Eight a little better than four, and sixteen than eight: not worth the wait behind them. */
static double hardly_more(size_t at_once)
{
    return 5000.0 + 50.0 * (double)at_once;
}

/* Each takes a second and a half, however many there are. */
static double slow_but_many(size_t at_once)
{
    return (double)at_once / 1.5;
}

/* The same on average with any number, and stops for 20 to 60 ms after each 300 jobs or so, as a database
 * that writes its log back; *seed: of the next one. */
static double us_with_stalls(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    if ((*seed >> 8) % 300 != 0) {
        return 100.0 + (*seed >> 8) % 100;
    }
    return 20000.0 + (*seed >> 8) % 40000;
}

/* So many seconds in which jobs end at the rate that the limit allows; gives the time at its end. */
static int64_t serve(struct pace *pace, served_fn *served, int64_t from_us, int seconds, bool waits)
{
    double now_us = (double)from_us;
    double end_us = now_us + 1e6 * seconds;

    while (now_us < end_us) {
        now_us += 1e6 / served(pace->limit);
        pace_done(pace, (int64_t)now_us, waits);
        assert_in_range(pace->limit, pace->least, pace->most);
    }
    return (int64_t)now_us;
}

/* Servers by what they are, the number to begin with, and the one that comes of it. */
static const struct server {
    const char *name;
    served_fn *served;
    int seconds;
    size_t first;
    size_t least, most; /* that it may come to */
} servers[] = {
    { "more the more it has", more_the_more, 10, 8, 64, 64 },
    { "slow, and more the more it has", slow_but_many, 300, 4, 64, 64 },
    { "a queue of its own", one_at_a_time, 20, 64, 4, 4 },
    { "sixteen workers, from few", sixteen_at_a_time, 20, 8, 16, 16 },
    { "sixteen workers, from many", sixteen_at_a_time, 20, 64, 16, 16 },
    { "little gained from more", hardly_more, 20, 8, 4, 8 },
};

TEST(server__gets_as_many_as_it_serves_best)
{
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        const struct server *server = &servers[i];
        struct pace pace;

        pace_init(&pace, 4, server->first, 64);
        (void)serve(&pace, server->served, 0, server->seconds, true);
        if (pace.kept < server->least || pace.kept > server->most) {
            fail_msg("%s: %zu", server->name, pace.kept);
        }
    }
}

TEST(server__that_changes_is_followed_both_ways)
{
    struct pace pace;
    int64_t now_us;

    pace_init(&pace, 4, 8, 64);
    now_us = serve(&pace, more_the_more, 0, 10, true);
    now_us = serve(&pace, one_at_a_time, now_us, 20, true);
    assert_int_equal(pace.kept, 4);
    (void)serve(&pace, more_the_more, now_us, 20, true);
    assert_int_equal(pace.kept, 64);
}

/* It serves another rate: that is noticed at once, however long nothing else was worth keeping. */
TEST(server__that_changes_its_rate_after_a_long_time_is_followed_at_once)
{
    struct pace pace;
    int64_t now_us;

    pace_init(&pace, 4, 4, 64);
    now_us = serve(&pace, one_at_a_time, 0, 600, true);
    assert_int_equal(pace.kept, 4);
    now_us = serve(&pace, more_the_more, now_us, 10, true);
    assert_int_equal(pace.kept, 64);
    now_us = serve(&pace, more_the_more, now_us, 600, true);
    (void)serve(&pace, one_at_a_time, now_us, 10, true);
    assert_int_equal(pace.kept, 4);
}

/* It serves sixteen at a time as before, but now also more than those. */
TEST(server__that_could_serve_more_after_a_long_time_is_found_out_within_a_minute)
{
    struct pace pace;
    int64_t now_us;

    pace_init(&pace, 4, 4, 64);
    now_us = serve(&pace, sixteen_at_a_time, 0, 600, true);
    assert_int_equal(pace.kept, 16);
    (void)serve(&pace, more_the_more, now_us, 60, true);
    assert_int_equal(pace.kept, 64);
}

/* What is tried is in force for a small part of the time, and less is never tried at the least. */
TEST(server__that_is_known_is_left_alone_for_most_of_the_time)
{
    struct pace pace;
    int64_t now_us;
    size_t jobs = 0;
    size_t others = 0;

    pace_init(&pace, 4, 4, 64);
    now_us = serve(&pace, one_at_a_time, 0, 10, true);
    for (int64_t end_us = now_us + 600000000; now_us < end_us; jobs++) {
        now_us += (int64_t)(1e6 / one_at_a_time(pace.limit));
        pace_done(&pace, now_us, true);
        others += pace.limit != 4;
    }
    assert_true(others > 0);
    assert_true(100 * others < jobs);
}

/* A number that is kept for a while by chance is one that others' requests wait behind. */
TEST(server__that_stalls_now_and_then_is_not_given_more_by_chance)
{
    for (uint32_t seed = 0; seed < 20; seed++) {
        struct pace pace;
        uint32_t next = seed;
        double now_us = 0;
        size_t jobs = 0;
        size_t others = 0;

        pace_init(&pace, 4, 4, 64);
        for (; now_us < 120e6; jobs++) {
            now_us += us_with_stalls(&next);
            pace_done(&pace, (int64_t)now_us, true);
            others += pace.limit != 4;
        }
        assert_true(10 * others < jobs);
    }
}

TEST(number__stays_where_nobody_waits)
{
    struct pace pace;

    pace_init(&pace, 4, 8, 64);
    (void)serve(&pace, more_the_more, 0, 20, false);
    assert_int_equal(pace.kept, 8);
}

TEST(number__stays_where_too_little_happens)
{
    struct pace pace;

    pace_init(&pace, 4, 8, 64);
    for (int64_t second = 1; second < 100; second++) {
        pace_done(&pace, second * 3000000, true);
    }
    assert_int_equal(pace.kept, 8);
}

TEST(number__that_is_the_only_one_stays)
{
    struct pace pace;

    pace_init(&pace, 64, 8, 64);
    assert_int_equal(pace.limit, 64);
    (void)serve(&pace, one_at_a_time, 0, 10, true);
    assert_int_equal(pace.limit, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__gets_as_many_as_it_serves_best),
        cmocka_unit_test(server__that_changes_is_followed_both_ways),
        cmocka_unit_test(server__that_changes_its_rate_after_a_long_time_is_followed_at_once),
        cmocka_unit_test(
            server__that_could_serve_more_after_a_long_time_is_found_out_within_a_minute),
        cmocka_unit_test(server__that_stalls_now_and_then_is_not_given_more_by_chance),
        cmocka_unit_test(server__that_is_known_is_left_alone_for_most_of_the_time),
        cmocka_unit_test(number__stays_where_nobody_waits),
        cmocka_unit_test(number__stays_where_too_little_happens),
        cmocka_unit_test(number__that_is_the_only_one_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
