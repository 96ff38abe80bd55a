/* base: strings, buffers, arenas, ids, clocks, executors. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/hash_set.h"
#include "base/oid.h"
#include "base/status.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

TEST(str__utf8_is_judged_by_unicodes_table)
{
    assert_true(str_is_utf8(STR("")));
    assert_true(str_is_utf8(STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")));
    assert_false(str_is_utf8(STR("\xC0\x80")));         /* overlong */
    assert_false(str_is_utf8(STR("\xE0\x9F\xBF")));     /* overlong */
    assert_false(str_is_utf8(STR("\xED\xA0\x80")));     /* surrogate */
    assert_false(str_is_utf8(STR("\xF4\x90\x80\x80"))); /* above U+10FFFF */
    assert_false(str_is_utf8(STR("\xF5\x80\x80\x80")));
    assert_false(str_is_utf8(STR("a\xE2\x82"))); /* cut */
    assert_false(str_is_utf8(STR("\x80")));
}

/* Texts are looked at eight bytes at a time: each byte at each place of each length. */
TEST(str__each_byte_is_judged_wherever_it_stands)
{
    char text[20];

    assert_true(str_is_ascii(STR("")));
    assert_false(str_has_control(STR("")));
    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            for (int byte = 0; byte < 0x100; byte++) {
                struct str s = { .ptr = text, .len = len };

                memset(text, 'x', sizeof(text));
                text[at] = (char)byte;
                assert_int_equal(str_is_ascii(s), byte < 0x80);
                assert_int_equal(str_has_control(s), byte < ' ' || byte == 0x7F);
                assert_int_equal(str_is_utf8(s), byte < 0x80);
            }
        }
    }
}

TEST(str__order_is_by_bytes_with_prefixes_first)
{
    assert_true(str_compare(STR("a"), STR("ab")) < 0);
    assert_true(str_compare(STR("b"), STR("ab")) > 0);
    assert_true(str_compare(STR("\xC3"), STR("z")) > 0);
    assert_int_equal(str_compare(STR("a"), STR("a")), 0);
}

TEST(buf__never_grows_past_its_limit)
{
    struct buf buf;

    buf_init(&buf, 300);
    for (int i = 0; i < 300; i++) {
        buf_char(&buf, 'x');
    }
    assert_false(buf_overflowed(&buf));
    buf_char(&buf, 'y');
    assert_true(buf_overflowed(&buf));
    assert_int_equal(buf.len, 300);
    buf_done(&buf);
}

/* As where a limit is set to less once there is memory for more. */
TEST(buf__keeps_to_a_limit_below_what_it_has_allocated)
{
    struct buf buf;

    buf_init(&buf, 1000);
    buf_text(&buf, "0123456789");
    buf.limit = 12;
    buf_char(&buf, 'a');
    buf_char(&buf, 'b');
    buf_char(&buf, 'c');
    assert_true(buf_overflowed(&buf));
    assert_int_equal(buf.len, 12);
    buf_done(&buf);
}

TEST(buf__printf_takes_lines_longer_than_its_scratch)
{
    struct buf buf;

    buf_init(&buf, 4096);
    buf_printf(&buf, "%0*d|", 1000, 7);
    assert_int_equal(buf.len, 1001);
    assert_int_equal(buf.ptr[1000], '|');
    buf_done(&buf);
}

TEST(arena__memory_is_zeroed_and_aligned)
{
    struct arena arena;

    arena_init(&arena, 1 << 20);
    for (size_t n = 1; n < 5000; n += 37) {
        unsigned char *p = arena_alloc(&arena, n);

        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xAA, n);
    }
    arena_done(&arena);
}

TEST(arena__memory_is_zeroed_again_when_it_is_used_again)
{
    static const size_t sizes[] = { 1, 100, 4000, 5000, 100, 20000 };
    struct arena arena;

    arena_init(&arena, 1 << 20);
    for (size_t rounds = 0; rounds < 2 * sizeof(sizes) / sizeof(sizes[0]); rounds++) {
        for (size_t i = 0; i <= rounds % (sizeof(sizes) / sizeof(sizes[0])); i++) {
            unsigned char *p = arena_alloc(&arena, sizes[i]);

            for (size_t at = 0; at < sizes[i]; at++) {
                assert_int_equal(p[at], 0);
            }
            memset(p, 0xAA, sizes[i]);
        }
        arena_clear(&arena);
    }
    arena_done(&arena);
}

TEST(hash_set__takes_each_string_once)
{
    struct hash_set set;
    struct arena arena;

    arena_init(&arena, 1 << 20);
    hash_set_init(&set, &arena, 5000);
    for (int rounds = 0; rounds < 2; rounds++) {
        assert_true(hash_set_add(&set, NULL, 0));
        assert_false(hash_set_add(&set, "", 0));
        for (int i = 0; i < 4999; i++) {
            assert_true(hash_set_add(&set, &i, sizeof(i)));
        }
        for (int i = 0; i < 4999; i++) {
            assert_false(hash_set_add(&set, &i, sizeof(i)));
        }
        hash_set_clear(&set);
    }
    arena_done(&arena);
}

TEST(oid__shows_as_24_digits_and_reads_back)
{
    struct oid oid = oid_new();
    struct oid again;
    char hex[OID_HEX_LEN + 1];

    oid_format(&oid, hex);
    assert_int_equal(strlen(hex), 24);
    assert_true(oid_parse(str_of(hex), &again));
    assert_true(oid_equal(&oid, &again));
    assert_true(oid_parse(STR("ABCDEFabcdef012345678901"), &again));
    assert_false(oid_parse(STR("ABCDEFabcdef01234567890"), &again));
    assert_false(oid_parse(STR("ABCDEFabcdef01234567890g"), &again));
}

TEST(clock__times_are_rfc3339_with_milliseconds)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format_ms(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format_ms(INT64_C(1709210096789), text);
    assert_string_equal(text, "2024-02-29T12:34:56.789Z");
    clock_format_ms(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_format_ms(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

TEST(clock__shows_the_date_of_http_as_the_c_library_does)
{
    unsigned int seed = 7;

    for (int round = 0; round < 50000; round++) {
        /* Years 0 to 9999, in steps that no calendar knows. */
        int64_t second = INT64_C(-62167219200) + (int64_t)round * 6311390 + rand_r(&seed) % 86400;
        char text[CLOCK_HTTP_SIZE];
        char expected[64];
        struct tm parts;
        time_t at = (time_t)second;

        clock_format_http(second * 1000 + 999, text);
        (void)strftime(expected, sizeof(expected), "%a, %d %b ", gmtime_r(&at, &parts));
        (void)snprintf(expected + 12, sizeof(expected) - 12, "%04d %02d:%02d:%02d GMT",
                       parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
        assert_string_equal(text, expected);
    }
}

TEST(clock__times_that_it_writes_are_read_as_they_were)
{
    static const int64_t times[] = {
        0,
        -1,
        INT64_C(1709210096789),
        INT64_C(-62167219200000),
        INT64_C(253402300799999),
        951782400000 /* 2000-02-29 */,
    };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[CLOCK_TEXT_SIZE];
        int64_t again = 42;

        clock_format_ms(times[i], text);
        assert_true(clock_parse_ms(str_of(text), &again));
        assert_int_equal(again, times[i]);
    }
}

TEST(clock__every_form_of_rfc3339_is_read)
{
    static const struct {
        const char *text;
        int64_t ms;
    } times[] = {
        { "1970-01-01T00:00:01Z", 1000 },          { "1970-01-01T00:00:00.5Z", 500 },
        { "1970-01-01T00:00:00.123999999Z", 123 }, { "1970-01-01T02:30:00+02:30", 0 },
        { "1969-12-31T23:00:00-01:00", 0 },
    };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int64_t ms = 42;

        assert_true(clock_parse_ms(str_of(times[i].text), &ms));
        assert_int_equal(ms, times[i].ms);
    }
}

TEST(clock__what_is_no_time_is_refused)
{
    static const char *const texts[] = {
        "",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-1-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00Zx",
        "-026-01-01T00:00:00Z",
        "2026-01-01T00:00:00",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t ms = 42;

        assert_false(clock_parse_ms(str_of(texts[i]), &ms));
        assert_int_equal(ms, 42);
    }
}

TEST(status__each_has_a_code_of_its_own)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(status_code((enum status)i), status_code((enum status)j));
        }
    }
}

struct counting_job {
    struct job job;
    atomic_int *runs;
    pthread_mutex_t *gate;
};

static void count_run(struct job *job)
{
    struct counting_job *counting = (struct counting_job *)job;

    (void)pthread_mutex_lock(counting->gate);
    (void)pthread_mutex_unlock(counting->gate);
    atomic_fetch_add(counting->runs, 1);
}

TEST(executor__refuses_beyond_its_queue_and_runs_all_it_took)
{
    struct executor *executor;
    struct counting_job jobs[64];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    atomic_int runs = 0;
    int taken = 0;

    assert_int_equal(executor_new("test", 2, 4, 0, &executor, NULL), ST_OK);
    (void)usleep(50000); /* until both threads wait */
    (void)pthread_mutex_lock(&gate);
    for (int i = 0; i < 64; i++) {
        jobs[i] =
            (struct counting_job){ .job = { .run = count_run }, .runs = &runs, .gate = &gate };
        taken += executor_submit(executor, &jobs[i].job);
    }
    assert_in_range(taken, 4, 6); /* two running, four waiting */
    (void)pthread_mutex_unlock(&gate);
    executor_free(executor);
    assert_int_equal(runs, taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str__utf8_is_judged_by_unicodes_table),
        cmocka_unit_test(str__each_byte_is_judged_wherever_it_stands),
        cmocka_unit_test(str__order_is_by_bytes_with_prefixes_first),
        cmocka_unit_test(buf__never_grows_past_its_limit),
        cmocka_unit_test(buf__keeps_to_a_limit_below_what_it_has_allocated),
        cmocka_unit_test(buf__printf_takes_lines_longer_than_its_scratch),
        cmocka_unit_test(arena__memory_is_zeroed_and_aligned),
        cmocka_unit_test(arena__memory_is_zeroed_again_when_it_is_used_again),
        cmocka_unit_test(hash_set__takes_each_string_once),
        cmocka_unit_test(oid__shows_as_24_digits_and_reads_back),
        cmocka_unit_test(clock__shows_the_date_of_http_as_the_c_library_does),
        cmocka_unit_test(clock__times_are_rfc3339_with_milliseconds),
        cmocka_unit_test(clock__times_that_it_writes_are_read_as_they_were),
        cmocka_unit_test(clock__every_form_of_rfc3339_is_read),
        cmocka_unit_test(clock__what_is_no_time_is_refused),
        cmocka_unit_test(status__each_has_a_code_of_its_own),
        cmocka_unit_test(executor__refuses_beyond_its_queue_and_runs_all_it_took),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
