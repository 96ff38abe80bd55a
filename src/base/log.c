/* The log's writer: two buffers, one being filled under a mutex while the other is written out. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES ((size_t)4096)               /* longest line; longer values are cut */
#define VALUE_BYTES ((size_t)1024)              /* longest value */
#define WAITING_BYTES ((size_t)4 * 1024 * 1024) /* lines that may wait for the writer */
#define LAST_WORDS_MS 1000                      /* how long log_stop waits for a reader */
#define FILE_BYTES ((size_t)256 * 1024)         /* written to a file at once */
#define WAIT_MS 100 /* how long a slow reader is waited for before looking again */
#define GATHER_MS 5 /* lines that come within this are written together */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct buf waiting;
    int64_t dropped; /* lines since the last report */
    bool running;
    bool stopping;
    bool idle;                  /* the writer sleeps and wants a signal */
    _Atomic int64_t give_up_ms; /* when a stop no longer waits for a reader; 0: it always does */
    pthread_t writer;
} log_state = { .mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER };

static atomic_int log_level = LOG_INFO;

static const char *const level_names[] = { "debug", "info", "warn", "error", "info" };

void log_set_level(enum log_level level)
{
    atomic_store(&log_level, (int)level);
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&log_level, memory_order_relaxed);
}

bool log_level_find(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(level_names[i], name) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/*
 * Writes all. A pipe whose reader is slow is waited for, but never in write itself: poll's word is good
 * for PIPE_BUF bytes (POSIX), so that log_stop can put an end to it. The lines of a reader that is gone
 * are lost, and the server goes on. A file has no reader.
 */
static void write_out(struct str bytes)
{
    struct stat target;
    bool is_file = fstat(STDERR_FILENO, &target) == 0 && S_ISREG(target.st_mode);
    size_t most = is_file ? FILE_BYTES : PIPE_BUF;

    while (bytes.len > 0) {
        struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
        int64_t deadline_ms = atomic_load(&log_state.give_up_ms);
        ssize_t n;

        if (deadline_ms && clock_monotonic_ms() > deadline_ms) {
            return;
        }
        if (poll(&fd, 1, WAIT_MS) == 0) {
            continue;
        }
        n = write(STDERR_FILENO, bytes.ptr, bytes.len < most ? bytes.len : most);
        if (n > 0) {
            bytes.ptr += n;
            bytes.len -= (size_t)n;
        } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
    }
}

/* Bytes that stand for themselves in a value without quotes. */
static const bool plain_bytes[256] = {
    ['!'] = true,         ['#' ... '<'] = true,   ['>' ... '['] = true,
    [']' ... '~'] = true, [0x80 ... 0xFF] = true,
};

static bool needs_quotes(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!plain_bytes[(unsigned char)s.ptr[i]]) {
            return true;
        }
    }
    return s.len == 0;
}

static void put_quoted(struct buf *line, struct str s)
{
    buf_char(line, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c == '"' || c == '\\') {
            buf_char(line, '\\');
            buf_char(line, (char)c);
        } else if (c == '\n') {
            buf_text(line, "\\n");
        } else if (c < ' ' || c == 0x7F) {
            buf_printf(line, "\\x%02x", c);
        } else {
            buf_char(line, (char)c);
        }
    }
    buf_char(line, '"');
}

static void put_value(struct buf *line, struct str s)
{
    if (s.len > VALUE_BYTES) {
        s.len = VALUE_BYTES;
    }
    if (needs_quotes(s)) {
        put_quoted(line, s);
    } else {
        buf_str(line, s);
    }
}

/* The part of a time that changes once a second is made once a second by each thread. */
static void put_time(struct buf *line, int64_t now_ms)
{
    static _Thread_local int64_t second = -1;
    static _Thread_local char text[CLOCK_TEXT_SIZE];
    unsigned int rest_ms = (unsigned int)(now_ms % 1000);

    if (now_ms / 1000 != second) {
        second = now_ms / 1000;
        clock_format_ms(now_ms, text);
    }
    text[20] = (char)('0' + rest_ms / 100);
    text[21] = (char)('0' + rest_ms / 10 % 10);
    text[22] = (char)('0' + rest_ms % 10);
    buf_append(line, text, CLOCK_TEXT_SIZE - 1);
}

/* Milliseconds with three places. */
static void put_ms(struct buf *line, int64_t us)
{
    unsigned int rest = (unsigned int)(us % 1000);
    char places[] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                      (char)('0' + rest % 10) };

    buf_int(line, us / 1000);
    buf_append(line, places, sizeof(places));
}

static void put_pair(struct buf *line, const struct log_pair *pair)
{
    buf_str(line, pair->lead);
    if (pair->type == LOG_TYPE_STR) {
        put_value(line, pair->text);
    } else if (pair->type == LOG_TYPE_PLAIN) {
        buf_str(line, pair->text);
    } else if (pair->type == LOG_TYPE_INT) {
        buf_int(line, pair->number);
    } else {
        put_ms(line, pair->number);
    }
}

/* What a level's lines have between the time and the message. */
#define LEVEL_LEAD(name)                                                                           \
    {                                                                                              \
        " level=" name " msg=", sizeof(" level=" name " msg=") - 1                                 \
    }
static const struct str level_leads[] = { LEVEL_LEAD("debug"), LEVEL_LEAD("info"),
                                          LEVEL_LEAD("warn"), LEVEL_LEAD("error"),
                                          LEVEL_LEAD("info") };

static void put_line(struct buf *line, int64_t now_ms, enum log_level level, const char *msg,
                     const struct log_pair *pairs)
{
    buf_str(line, STR("ts="));
    put_time(line, now_ms);
    buf_str(line, level_leads[level]);
    put_value(line, str_of(msg));
    for (; pairs->type != LOG_END; pairs++) {
        if (pairs->type != LOG_TYPE_STR || pairs->text.ptr) {
            put_pair(line, pairs);
        }
    }
}

/* Hands whole lines to the writer, or writes them where none runs. */
static void hand_over(struct str bytes, int64_t lines)
{
    (void)pthread_mutex_lock(&log_state.mutex);
    if (!log_state.running) {
        (void)pthread_mutex_unlock(&log_state.mutex);
        write_out(bytes);
        return;
    }
    buf_str(&log_state.waiting, bytes);
    if (buf_overflowed(&log_state.waiting)) {
        log_state.waiting.overflowed = false;
        log_state.dropped += lines;
    }
    if (log_state.idle) {
        log_state.idle = false;
        (void)pthread_cond_signal(&log_state.filled);
    }
    (void)pthread_mutex_unlock(&log_state.mutex);
}

static _Thread_local struct log_batch *thread_batch; /* NULL: lines are handed over one by one */

static void batch_flush(struct log_batch *batch)
{
    if (batch->len > 0) {
        hand_over((struct str){ .ptr = batch->bytes, .len = batch->len }, batch->lines);
        batch->len = 0;
        batch->lines = 0;
    }
}

void log_batch_begin(struct log_batch *batch)
{
    batch->len = 0;
    batch->lines = 0;
    thread_batch = batch;
}

void log_batch_end(void)
{
    batch_flush(thread_batch);
    thread_batch = NULL;
}

/* Writes the line, with its end, into the LINE_BYTES at space; gives its length. */
static size_t make_line(char *space, int64_t now_ms, enum log_level level, const char *msg,
                        const struct log_pair *pairs)
{
    struct buf line = { .ptr = space, .capacity = LINE_BYTES - 1, .limit = LINE_BYTES - 1 };

    put_line(&line, now_ms, level, msg, pairs);
    space[line.len] = '\n';
    return line.len + 1;
}

void log_pairs_at(int64_t now_ms, enum log_level level, const char *msg,
                  const struct log_pair *pairs)
{
    struct log_batch *batch = thread_batch;
    char space[LINE_BYTES];

    if (!log_enabled(level)) {
        return;
    }
    if (!batch) {
        hand_over((struct str){ .ptr = space, .len = make_line(space, now_ms, level, msg, pairs) },
                  1);
        return;
    }
    if (sizeof(batch->bytes) - batch->len < LINE_BYTES) {
        batch_flush(batch);
    }
    batch->len += make_line(batch->bytes + batch->len, now_ms, level, msg, pairs);
    batch->lines++;
}

void log_pairs(enum log_level level, const char *msg, const struct log_pair *pairs)
{
    if (log_enabled(level)) {
        log_pairs_at(clock_now_ms(), level, msg, pairs);
    }
}

static void *writer_main(void *unused)
{
    struct buf writing;
    int64_t dropped;
    bool stopping = false;

    (void)unused;
    buf_init(&writing, WAITING_BYTES);
    (void)buf_reserve(&writing, WAITING_BYTES);
    while (!stopping) {
        struct buf full;

        (void)pthread_mutex_lock(&log_state.mutex);
        while (log_state.waiting.len == 0 && !log_state.stopping) {
            log_state.idle = true;
            (void)pthread_cond_wait(&log_state.filled, &log_state.mutex);
        }
        log_state.idle = false;
        if (!log_state.stopping) {
            /* Waking for each line would cost its thread more than the line does. */
            (void)pthread_mutex_unlock(&log_state.mutex);
            (void)poll(NULL, 0, GATHER_MS);
            (void)pthread_mutex_lock(&log_state.mutex);
        }
        full = log_state.waiting;
        log_state.waiting = writing;
        dropped = log_state.dropped;
        log_state.dropped = 0;
        stopping = log_state.stopping;
        (void)pthread_mutex_unlock(&log_state.mutex);

        write_out(buf_view(&full));
        buf_clear(&full);
        writing = full;
        if (dropped > 0) {
            log_line(LOG_WARN, "log lines dropped", LOG_INT("lines", dropped));
        }
    }
    buf_done(&writing);
    return NULL;
}

void log_start(void)
{
    (void)pthread_mutex_lock(&log_state.mutex);
    buf_init(&log_state.waiting, WAITING_BYTES);
    (void)buf_reserve(&log_state.waiting,
                      WAITING_BYTES); /* so that no line has to wait for memory */
    log_state.stopping = false;
    atomic_store(&log_state.give_up_ms, 0);
    log_state.running = pthread_create(&log_state.writer, NULL, writer_main, NULL) == 0;
    (void)pthread_mutex_unlock(&log_state.mutex);
}

void log_stop(void)
{
    (void)pthread_mutex_lock(&log_state.mutex);
    if (!log_state.running) {
        (void)pthread_mutex_unlock(&log_state.mutex);
        return;
    }
    log_state.stopping = true;
    atomic_store(&log_state.give_up_ms, clock_monotonic_ms() + LAST_WORDS_MS);
    log_state.running = false; /* from here on lines go straight out */
    (void)pthread_cond_signal(&log_state.filled);
    (void)pthread_mutex_unlock(&log_state.mutex);
    (void)pthread_join(log_state.writer, NULL);
    buf_done(&log_state.waiting);
}
