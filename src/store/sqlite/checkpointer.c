/* Passive checkpoints, now and then with the writer held for the last few pages. */
#include "store/sqlite/checkpointer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <time.h>

#define PASSES 4     /* at most, to catch up with the writer before it is held */
#define RETRY_MS 500 /* after a failure; a full disk is noticed to have space within this */
#define ROOM_MS 1000 /* how long a transaction waits at the limit */

static struct timespec timespec_of_ms(int64_t ms)
{
    return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

/* Under the mutex: what is known of the log's pages that are not copied. */
static int left_pages(const struct checkpointer *checkpointer)
{
    return checkpointer->log_pages - checkpointer->copied_pages;
}

/* Under the mutex. */
static bool is_due(const struct checkpointer *checkpointer)
{
    return checkpointer->wanted || left_pages(checkpointer) >= checkpointer->limits.copy;
}

/* Copies what no reader stands in the way of. */
static enum status copy(struct checkpointer *checkpointer, bool *ret_whole, struct err *err)
{
    int log = 0;
    int copied = 0;
    int code = sqlite3_wal_checkpoint_v2(checkpointer->connection.db, "main",
                                         SQLITE_CHECKPOINT_PASSIVE, &log, &copied);

    if (code != SQLITE_OK) {
        return connection_failed(&checkpointer->connection, code, err);
    }
    (void)pthread_mutex_lock(&checkpointer->mutex);
    /* The writer may be a commit ahead of what it has reported, or have begun a log of its own. */
    checkpointer->copied_pages =
        copied < checkpointer->log_pages ? copied : checkpointer->log_pages;
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    *ret_whole = copied == log;
    return ST_OK;
}

/*
 * Only a log that is copied to its end begins anew, and under load there is always a commit behind the
 * end. So the writer is held for what came in since the copy just made: little, and one sync.
 */
static enum status copy_to_the_end(struct checkpointer *checkpointer, struct err *err)
{
    enum status status;
    bool whole = false;

    (void)pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->held = true;
    while (checkpointer->inside) {
        (void)pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
    }
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    status = copy(checkpointer, &whole, err);
    (void)pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->held = false;
    (void)pthread_cond_broadcast(&checkpointer->changed);
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    return status;
}

/* Copies; a log that has become long to its end. */
static enum status copy_as_needed(struct checkpointer *checkpointer, struct err *err)
{
    bool whole = false;
    bool again = true;
    bool is_long = false;

    for (int i = 0; i < PASSES && again; i++) {
        TRY(copy(checkpointer, &whole, err));
        (void)pthread_mutex_lock(&checkpointer->mutex);
        is_long = checkpointer->log_pages >= checkpointer->limits.restart;
        again = is_long && left_pages(checkpointer) > checkpointer->limits.copy / 8;
        (void)pthread_mutex_unlock(&checkpointer->mutex);
    }
    return is_long ? copy_to_the_end(checkpointer, err) : ST_OK;
}

static void one_round(struct checkpointer *checkpointer)
{
    struct err err = { 0 };
    enum status status = copy_as_needed(checkpointer, &err);
    bool failing;

    (void)pthread_mutex_lock(&checkpointer->mutex);
    failing = checkpointer->status != ST_OK;
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    if (status != ST_OK && !failing) {
        log_line(LOG_WARN, "checkpoint failed", LOG_TEXT("code", status_code(status)),
                 LOG_TEXT("detail", err.text));
    } else if (status == ST_OK && failing) {
        log_line(LOG_INFO, "checkpoints work again");
    }
    (void)pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->status = status;
    checkpointer->err = err;
    checkpointer->retry_ms = status == ST_OK ? 0 : clock_monotonic_ms() + RETRY_MS;
    checkpointer->wanted = false;
    checkpointer->rounds++;
    (void)pthread_cond_broadcast(&checkpointer->changed);
    (void)pthread_mutex_unlock(&checkpointer->mutex);
}

static void *thread_main(void *argument)
{
    struct checkpointer *checkpointer = argument;

    (void)pthread_mutex_lock(&checkpointer->mutex);
    while (!checkpointer->stopping) {
        if (!is_due(checkpointer)) {
            (void)pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
        } else if (clock_monotonic_ms() < checkpointer->retry_ms) {
            struct timespec until = timespec_of_ms(checkpointer->retry_ms);

            (void)pthread_cond_timedwait(&checkpointer->changed, &checkpointer->mutex, &until);
        } else {
            (void)pthread_mutex_unlock(&checkpointer->mutex);
            one_round(checkpointer);
            (void)pthread_mutex_lock(&checkpointer->mutex);
        }
    }
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    return NULL;
}

enum status checkpointer_init(struct checkpointer *checkpointer, const char *path,
                              struct checkpoint_limits limits, struct err *err)
{
    enum status status;

    *checkpointer = (struct checkpointer){ .limits = limits };
    TRY(connection_init(&checkpointer->connection, path, CONNECTION_CHECKPOINT, err));
    (void)pthread_mutex_init(&checkpointer->mutex, NULL);
    condition_init(&checkpointer->changed);
    status = thread_start("checkpointer", thread_main, checkpointer, &checkpointer->thread, err);
    checkpointer->running = status == ST_OK;
    if (status != ST_OK) {
        checkpointer_done(checkpointer);
    }
    return status;
}

void checkpointer_done(struct checkpointer *checkpointer)
{
    (void)pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->stopping = true;
    (void)pthread_cond_broadcast(&checkpointer->changed);
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    if (checkpointer->running) {
        (void)pthread_join(checkpointer->thread, NULL);
    }
    connection_done(&checkpointer->connection);
    (void)pthread_cond_destroy(&checkpointer->changed);
    (void)pthread_mutex_destroy(&checkpointer->mutex);
}

/* SQLite calls this after each commit with the length of the log. */
static int log_grew(void *context, sqlite3 *db, const char *schema, int pages)
{
    struct checkpointer *checkpointer = context;

    (void)db;
    (void)schema;
    (void)pthread_mutex_lock(&checkpointer->mutex);
    if (pages < checkpointer->log_pages) {
        checkpointer->copied_pages = 0; /* the log was begun anew */
    }
    checkpointer->log_pages = pages;
    if (is_due(checkpointer)) {
        (void)pthread_cond_broadcast(&checkpointer->changed);
    }
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    return SQLITE_OK;
}

void checkpointer_watch(struct checkpointer *checkpointer, struct connection *writer)
{
    (void)sqlite3_wal_hook(writer->db, log_grew, checkpointer);
}

/* Under the mutex: whether the next transaction finds a log shorter than the limit, or may begin it
 * anew because all of it is copied. */
static bool has_room(const struct checkpointer *checkpointer, int pages)
{
    return checkpointer->log_pages < checkpointer->limits.limit - pages ||
           checkpointer->copied_pages >= checkpointer->log_pages;
}

enum status checkpointer_enter(struct checkpointer *checkpointer, int pages, struct err *err)
{
    struct timespec until = timespec_of_ms(clock_monotonic_ms() + ROOM_MS);
    enum status status = ST_OK;
    int waited = 0;

    (void)pthread_mutex_lock(&checkpointer->mutex);
    while (checkpointer->held) {
        (void)pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
    }
    while (!has_room(checkpointer, pages) && waited == 0) {
        checkpointer->wanted = true;
        (void)pthread_cond_broadcast(&checkpointer->changed);
        waited = pthread_cond_timedwait(&checkpointer->changed, &checkpointer->mutex, &until);
    }
    while (checkpointer->held) {
        (void)pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
    }
    if (has_room(checkpointer, pages)) {
        checkpointer->inside = true;
    } else if (checkpointer->status == ST_STORAGE_FULL) {
        status = err_set(err, ST_STORAGE_FULL, "%s", checkpointer->err.text);
    } else {
        status = err_set(err, ST_BUSY, "the write-ahead log is at its limit of %d pages",
                         checkpointer->limits.limit);
    }
    (void)pthread_mutex_unlock(&checkpointer->mutex);
    return status;
}

void checkpointer_leave(struct checkpointer *checkpointer)
{
    (void)pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->inside = false;
    if (checkpointer->held) {
        (void)pthread_cond_broadcast(&checkpointer->changed);
    }
    (void)pthread_mutex_unlock(&checkpointer->mutex);
}
