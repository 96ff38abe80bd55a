/* log: lines in logfmt, whatever is in the values, and from many threads at once. */
#include "test.h"

#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int stderr_copy = -1;
static char path[] = "/tmp/orgd-test-log-XXXXXX";

/* Sends standard error into a file, runs, and gives what was written. */
static char *captured(void (*act)(void))
{
    int fd = mkstemp(path);
    char *text = calloc(1, 4 * 1024 * 1024);
    ssize_t len;

    assert_true(fd >= 0);
    stderr_copy = dup(STDERR_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    act();
    (void)dup2(stderr_copy, STDERR_FILENO);
    (void)close(stderr_copy);
    len = pread(fd, text, 4 * 1024 * 1024 - 1, 0);
    assert_true(len >= 0);
    (void)close(fd);
    (void)unlink(path);
    memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
    return text;
}

static void say_hostile_values(void)
{
    log_line(LOG_WARN, "two words", LOG_TEXT("plain", "a/b-c"), LOG_TEXT("quoted", "a \"b\"\n\x01"),
             LOG_TEXT("empty", ""), LOG_TEXT("absent", NULL), LOG_INT("number", INT64_MIN),
             LOG_MS("duration_ms", 1234567));
    log_line(LOG_DEBUG, "not shown");
}

TEST(log__values_are_quoted_so_that_one_event_is_one_line)
{
    char *text = captured(say_hostile_values);

    assert_non_null(strstr(text, " level=warn msg=\"two words\" plain=a/b-c "
                                 "quoted=\"a \\\"b\\\"\\n\\x01\" empty=\"\" "
                                 "number=-9223372036854775808 duration_ms=1234.567\n"));
    assert_null(strstr(text, "absent"));
    assert_null(strstr(text, "not shown"));
    free(text);
}

static void *say_much(void *argument)
{
    for (int i = 0; i < 500; i++) {
        log_line(LOG_INFO, "from a thread", LOG_INT("thread", (int64_t)(intptr_t)argument),
                 LOG_INT("i", i));
    }
    return NULL;
}

static void say_from_threads(void)
{
    pthread_t threads[8];

    log_start();
    for (intptr_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, say_much, (void *)i), 0);
    }
    for (int i = 0; i < 8; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    log_stop();
}

TEST(log__stopping_writes_out_every_line_whole)
{
    char *text = captured(say_from_threads);
    int lines = 0;

    for (char *line = text; *line; lines++) {
        char *end = strchr(line, '\n');

        assert_non_null(end);
        assert_memory_equal(line, "ts=", 3);
        line = end + 1;
    }
    assert_int_equal(lines, 8 * 500);
    free(text);
}

static void *say_in_batches(void *argument)
{
    static _Thread_local struct log_batch batch;

    for (int i = 0; i < 20; i++) {
        log_batch_begin(&batch);
        for (int line = 0; line < 200; line++) { /* more than a batch holds */
            log_line(LOG_INFO, "in a batch", LOG_INT("thread", (int64_t)(intptr_t)argument),
                     LOG_INT("i", i * 200 + line),
                     LOG_TEXT("filler", "0123456789012345678901234567890123456789"));
        }
        log_batch_end();
    }
    log_line(LOG_INFO, "alone", LOG_INT("thread", (int64_t)(intptr_t)argument), LOG_INT("i", 4000));
    return NULL;
}

static void say_batches_from_threads(void)
{
    pthread_t threads[4];

    log_start();
    for (intptr_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, say_in_batches, (void *)i), 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    log_stop();
}

TEST(log__batches_come_whole_and_each_threads_lines_in_order)
{
    char *text = captured(say_batches_from_threads);
    long next[4] = { 0 };

    for (char *line = text; *line;) {
        char *end = strchr(line, '\n');
        char *thread = strstr(line, " thread=");
        long number;

        assert_non_null(end);
        assert_memory_equal(line, "ts=", 3);
        assert_true(thread && thread < end);
        number = strtol(thread + 8, NULL, 10);
        assert_in_range(number, 0, 3);
        assert_int_equal(strtol(strstr(line, " i=") + 3, NULL, 10), next[number]);
        next[number]++;
        line = end + 1;
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(next[i], 4001);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__values_are_quoted_so_that_one_event_is_one_line),
        cmocka_unit_test(log__stopping_writes_out_every_line_whole),
        cmocka_unit_test(log__batches_come_whole_and_each_threads_lines_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
