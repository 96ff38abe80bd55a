/*
 * What the tests of settings share: one struct settings, a file of their own, and words for loading
 * and for being refused. Each program that includes it has its own copy.
 */
#ifndef ORGD_TEST_UNIT_SETTINGS_FIXTURE_H
#define ORGD_TEST_UNIT_SETTINGS_FIXTURE_H

#include "test.h"

#include "base/buf.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES ((size_t)256 * 1024)

/* Words of a command line, or variables; each list ends in NULL. */
#define WORDS(...) ((const char *[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })

static char file_path[] = "/tmp/orgd-test-settings-XXXXXX";
static struct settings settings;
static struct err err;

static inline enum status load(const char **words, const char **environment)
{
    int count = 0;

    while (words[count]) {
        count++;
    }
    err.text[0] = '\0';
    return settings_load(&settings, count, (char *const *)(const void *)words,
                         (char *const *)(const void *)environment, &err);
}

static inline void load_well(const char **words, const char **environment)
{
    if (load(words, environment) != ST_OK) {
        fail_msg("refused: %s", err.text);
    }
}

/* What is loaded is refused, in one line that holds each of the texts. */
static inline void assert_refused(const char **words, const char **environment, const char **texts)
{
    assert_int_equal(load(words, environment), ST_INVALID);
    assert_null(strchr(err.text, '\n'));
    assert_in_range(strlen(err.text), 1, sizeof(err.text) - 2);
    for (; *texts; texts++) {
        if (!strstr(err.text, *texts)) {
            fail_msg("no \"%s\" in: %s", *texts, err.text);
        }
    }
    settings_done(&settings);
}

#define ASSERT_REFUSED(words, environment, ...)                                                    \
    assert_refused((words), (environment), (const char *[]){ __VA_ARGS__, NULL })

static inline void write_bytes(const char *bytes, size_t len)
{
    FILE *file = fopen(file_path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static inline void write_file(const char *text)
{
    write_bytes(text, strlen(text));
}

/* The file with this text is refused on this line. */
static inline void assert_file_refused(const char *text, int line, const char *why)
{
    char where[128];

    write_file(text);
    (void)snprintf(where, sizeof(where), "file %s line %d: ", file_path, line);
    ASSERT_REFUSED(WORDS("--config", file_path), WORDS(), where, why, "allowed: ");
}

/* The line of `orgd config` for a key, in ret_line. */
static inline void config_line(const char *key, char *ret_line, size_t size)
{
    struct buf out;
    size_t len = strlen(key);

    buf_init(&out, TEXT_BYTES);
    settings_print(&settings, &out);
    buf_char(&out, '\0');
    for (char *line = out.ptr; *line;) {
        char *end = strchr(line, '\n');

        assert_non_null(end);
        *end = '\0';
        if (strncmp(line, key, len) == 0 && line[len] == ' ') {
            (void)snprintf(ret_line, size, "%s", line);
            buf_done(&out);
            return;
        }
        line = end + 1;
    }
    fail_msg("no line for %s", key);
}

static inline void assert_config(const char *key, const char *value, const char *source)
{
    char line[512];
    const char *at = line + strlen(key);

    config_line(key, line, sizeof(line));
    at += strspn(at, " ");
    assert_int_equal(strncmp(at, value, strlen(value)), 0);
    at += strlen(value);
    assert_string_equal(at + strspn(at, " "), source);
}

/* Runs the tests with an empty file at file_path; gives the exit code. */
#define RUN_WITH_FILE(tests)                                                                       \
    ({                                                                                             \
        int file_ = mkstemp(file_path);                                                            \
        int failed_ = 1;                                                                           \
        if (file_ >= 0) {                                                                          \
            (void)close(file_);                                                                    \
            failed_ = cmocka_run_group_tests(tests, NULL, NULL);                                   \
            (void)unlink(file_path);                                                               \
        }                                                                                          \
        failed_;                                                                                   \
    })

#endif
