/* An import from its beginning to its end; the main thread's part. */
#include "app/import.h"

#include "app/import_work.h"
#include "app/place.h"
#include "app/stop.h"
#include "auth/password.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "config/settings.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_MS 50
#define SAID_BYTES ((size_t)1024 * 1024)
#define WORDS_BYTES ((size_t)64 * 1024 * 1024)
#define NETWORK_CALLERS 16 /* calls at once of a store behind a network */
#define QUEUE_MAX 100000

/* *ret_bytes: 0 where that isn't known. */
static enum status open_file(const char *path, int *ret_fd, int64_t *ret_bytes, struct err *err)
{
    struct stat about;
    int fd = STDIN_FILENO;

    if (strcmp(path, "-") != 0) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0 || fstat(fd, &about) != 0) {
        return err_set(err, ST_NOT_FOUND, "cannot open \"%s\": %s", path, strerror(errno));
    }
    if (S_ISDIR(about.st_mode)) {
        (void)close(fd);
        return err_set(err, ST_NOT_FOUND, "\"%s\" is a directory", path);
    }
    *ret_fd = fd;
    *ret_bytes = S_ISREG(about.st_mode) ? (int64_t)about.st_size : 0;
    return ST_OK;
}

/* Shows what the others have said meanwhile. */
static void say(struct import *import, struct buf *scratch)
{
    struct str rest;

    buf_clear(scratch);
    (void)pthread_mutex_lock(&import->mutex);
    buf_str(scratch, buf_view(&import->said));
    buf_clear(&import->said);
    (void)pthread_mutex_unlock(&import->mutex);
    rest = buf_view(scratch);
    while (rest.len > 0) {
        size_t len = (size_t)((const char *)memchr(rest.ptr, '\n', rest.len) - rest.ptr);

        progress_say(&import->progress, "%.*s", (int)len, rest.ptr);
        rest = (struct str){ .ptr = rest.ptr + len + 1, .len = rest.len - len - 1 };
    }
}

/* Until the committer has ended; *ret_interrupted: by a signal. */
static void watch(struct import *import, bool *ret_interrupted)
{
    struct buf scratch;
    bool is_done = false;

    buf_init(&scratch, SAID_BYTES);
    while (!is_done) {
        int64_t until_ms = clock_monotonic_ms() + TICK_MS;
        struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };

        (void)pthread_mutex_lock(&import->mutex);
        while (!import->is_done && clock_monotonic_ms() < until_ms) {
            (void)pthread_cond_timedwait(&import->changed, &import->mutex, &until);
        }
        is_done = import->is_done;
        (void)pthread_mutex_unlock(&import->mutex);
        if (!*ret_interrupted && stop_was_asked()) {
            *ret_interrupted = true;
            import_fail(import, ST_BUSY, &(struct err){ .text = "interrupted" });
        }
        say(import, &scratch);
        progress_draw(&import->progress);
    }
    if (import->said_count > IMPORT_SAID_MAX) {
        progress_say(&import->progress, "and %lld lines more",
                     (long long)(import->said_count - IMPORT_SAID_MAX));
    }
    buf_done(&scratch);
}

static enum status start_executors(struct import *import, struct err *err)
{
    size_t cores = thread_cores();
    size_t callers = import->store->ops->reads_block ? NETWORK_CALLERS : cores;

    TRY(executor_new("judge", cores, IMPORT_CHUNKS, 0, &import->judges, err));
    return executor_new("call", callers, QUEUE_MAX, 0, &import->callers, err);
}

static enum status run(struct import *import, bool *ret_interrupted, struct err *err)
{
    pthread_t reader;
    pthread_t committer;
    enum status status;

    TRY(start_executors(import, err));
    TRY(thread_start("reader", import_read, import, &reader, err));
    status = thread_start("committer", import_commit, import, &committer, err);
    if (status == ST_OK) {
        watch(import, ret_interrupted);
        (void)pthread_join(committer, NULL);
    } else {
        import_fail(import, status, err);
    }
    (void)pthread_join(reader, NULL);
    if (import->failure != ST_OK) {
        *err = import->failure_err;
    }
    return import->failure;
}

static enum status set_up(struct import *import, const struct settings *settings, struct err *err)
{
    import->chunks = calloc(IMPORT_CHUNKS, sizeof(*import->chunks));
    if (!import->chunks) {
        return err_set(err, ST_BROKEN, "no memory for an import");
    }
    for (size_t i = 0; i < IMPORT_CHUNKS; i++) {
        buf_init(&import->chunks[i].text, SIZE_MAX);
    }
    import->rules = (struct import_rules){
        .password_min_bytes = settings->password_min_bytes,
        .document_max_bytes = (size_t)settings->max_document_bytes,
        .large = &import->large,
        .is_stopping = &import->is_stopping,
    };
    return ST_OK;
}

static void take_down(struct import *import)
{
    executor_free(import->judges);
    executor_free(import->callers);
    for (size_t i = 0; import->chunks && i < IMPORT_CHUNKS; i++) {
        arena_done(&import->chunks[i].mem);
        buf_done(&import->chunks[i].text);
    }
    free(import->chunks);
    arena_done(&import->words);
    buf_done(&import->said);
    store_close(import->store);
    if (import->fd > STDIN_FILENO) {
        (void)close(import->fd);
    }
}

enum status app_import(const struct settings *settings, const char *path,
                       struct import_report *ret_report, struct err *err)
{
    struct import import = { .fd = -1,
                             .large = PTHREAD_MUTEX_INITIALIZER,
                             .mutex = PTHREAD_MUTEX_INITIALIZER };
    int64_t begun_ms = clock_monotonic_ms();
    bool is_interrupted = false;
    int64_t bytes = 0;
    enum status status;

    TRY(password_init(err));
    TRY(open_file(path, &import.fd, &bytes, err));
    stop_block();
    log_set_level(LOG_ERROR);
    condition_init(&import.changed);
    buf_init(&import.said, SAID_BYTES);
    arena_init(&import.words, WORDS_BYTES);
    progress_init(&import.progress);
    status = set_up(&import, settings, err);
    if (status == ST_OK) {
        status = place_open_to_write(settings, &import.store, err);
    }
    if (status == ST_OK) {
        progress_begin_file(&import.progress, "importing", bytes, 0);
        status = run(&import, &is_interrupted, err);
        progress_end(&import.progress);
    }
    take_down(&import);
    import.report.took_ms = clock_monotonic_ms() - begun_ms;
    *ret_report = import.report;
    return is_interrupted
               ? err_set(err, ST_BUSY, "interrupted; the same command again goes on from here")
               : status;
}
