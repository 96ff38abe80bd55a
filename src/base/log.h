/*
 * The log: one logfmt line for each event, to standard error.
 *
 * A line is built by its thread and handed to one writer thread, so that a slow reader of the log
 * never holds up a request. Where the reader can't keep up at all, lines are dropped, counted, and
 * the count is logged. Never hand a password, a hash or a token to it.
 *
 *     log_line(LOG_INFO, "listening", LOG_STR("addr", addr), LOG_INT("loops", 2));
 */
#ifndef ORGD_BASE_LOG_H
#define ORGD_BASE_LOG_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define LOG_BATCH_BYTES ((size_t)16 * 1024)

/* LOG_ALWAYS is information that no level hides. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_ALWAYS };

enum log_type { LOG_END, LOG_TYPE_STR, LOG_TYPE_PLAIN, LOG_TYPE_INT, LOG_TYPE_MS };

struct log_pair {
    enum log_type type;
    struct str lead; /* what stands before the value: a blank, the key ([a-z_]+) and '=' */
    union {
        struct str text;
        int64_t number;
    };
};

/* k is a literal. */
#define LOG_LEAD(k) STR(" " k "=")
#define LOG_STR(k, s) ((struct log_pair){ .type = LOG_TYPE_STR, .lead = LOG_LEAD(k), .text = (s) })
#define LOG_TEXT(k, s) LOG_STR(k, str_of(s))
/* Text that is known to be short and to need no quotes: ids, names of methods. */
#define LOG_PLAIN(k, s)                                                                            \
    ((struct log_pair){ .type = LOG_TYPE_PLAIN, .lead = LOG_LEAD(k), .text = (s) })
#define LOG_INT(k, n)                                                                              \
    ((struct log_pair){ .type = LOG_TYPE_INT, .lead = LOG_LEAD(k), .number = (n) })
/* Microseconds, shown as milliseconds with three places. */
#define LOG_MS(k, us)                                                                              \
    ((struct log_pair){ .type = LOG_TYPE_MS, .lead = LOG_LEAD(k), .number = (us) })

/* Starts and ends the writer thread; log_stop writes out what is left (for a second at most).
 * Before log_start and after log_stop lines are written at once by the caller's thread. */
void log_start(void);
void log_stop(void);

void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* The level that "debug", "info", "warn" or "error" names; false, and *ret_level untouched, for any
 * other name. */
bool log_level_find(const char *name, enum log_level *ret_level);

/* pairs ends with a pair of type LOG_END. A pair whose text has NULL for ptr is left out. */
void log_pairs(enum log_level level, const char *msg, const struct log_pair *pairs);

/* The same for an event at a known time, of clock_now_ms. */
void log_pairs_at(int64_t now_ms, enum log_level level, const char *msg,
                  const struct log_pair *pairs);

/*
 * Lines that one thread makes in a row, handed to the writer together: a lock and a signal for each
 * line would cost more than the line. Between log_batch_begin and log_batch_end the thread's lines
 * wait in the batch, or as many of them as it holds.
 */
struct log_batch {
    size_t len;
    int64_t lines;
    char bytes[LOG_BATCH_BYTES];
};

void log_batch_begin(struct log_batch *batch);
void log_batch_end(void);

#define log_line(level, msg, ...)                                                                  \
    log_pairs((level), (msg),                                                                      \
              (const struct log_pair[]){ __VA_ARGS__ __VA_OPT__(, ){ .type = LOG_END } })

#endif
