/* Several calls at once, and what all threads say. */
#include "app/import_work.h"

#include <stdio.h>
#include <stdlib.h>

#define WORDS_BYTES 512

struct part {
    struct job job;
    struct import_parts *parts;
    struct gathering *gathering;
    size_t from;
    size_t count;
};

/* What a run waits for. */
struct gathering {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t left;
    enum status failure;
    struct err err;
};

static void run_part(struct job *job)
{
    struct part *part = (struct part *)job;
    struct gathering *gathering = part->gathering;
    struct err err = { .text = "" };
    enum status status = ST_BUSY;

    if (!import_is_stopping(part->parts->import)) {
        status = part->parts->run(part->parts, part->from, part->count, &err);
    }
    (void)pthread_mutex_lock(&gathering->mutex);
    if (status != ST_OK && gathering->failure == ST_OK) {
        gathering->failure = status;
        gathering->err = err;
    }
    gathering->left--;
    (void)pthread_cond_signal(&gathering->changed);
    (void)pthread_mutex_unlock(&gathering->mutex);
}

enum status import_run_parts(struct import_parts *parts, struct err *err)
{
    size_t size = parts->part;
    size_t count = (parts->count + size - 1) / size;
    struct gathering gathering = { .left = count, .failure = ST_OK };
    struct part *all;

    if (count == 0) {
        return ST_OK;
    }
    all = calloc(count, sizeof(*all));
    if (!all) {
        return err_set(err, ST_BROKEN, "no memory for an import");
    }
    (void)pthread_mutex_init(&gathering.mutex, NULL);
    (void)pthread_cond_init(&gathering.changed, NULL);
    for (size_t i = 0; i < count; i++) {
        size_t from = i * size;
        size_t rest = parts->count - from;

        all[i] = (struct part){ .job = { .run = run_part },
                                .parts = parts,
                                .gathering = &gathering,
                                .from = from,
                                .count = rest < size ? rest : size };
        if (!executor_submit(parts->import->callers, &all[i].job)) {
            run_part(&all[i].job);
        }
    }
    (void)pthread_mutex_lock(&gathering.mutex);
    while (gathering.left > 0) {
        (void)pthread_cond_wait(&gathering.changed, &gathering.mutex);
    }
    (void)pthread_mutex_unlock(&gathering.mutex);
    (void)pthread_cond_destroy(&gathering.changed);
    (void)pthread_mutex_destroy(&gathering.mutex);
    free(all);
    if (gathering.failure != ST_OK) {
        *err = gathering.err;
    }
    return gathering.failure;
}

bool import_is_stopping(const struct import *import)
{
    return atomic_load(&import->is_stopping);
}

void import_fail(struct import *import, enum status status, const struct err *err)
{
    (void)pthread_mutex_lock(&import->mutex);
    if (import->failure == ST_OK && !import_is_stopping(import)) {
        import->failure = status;
        import->failure_err = *err;
    }
    atomic_store(&import->is_stopping, true);
    (void)pthread_cond_broadcast(&import->changed);
    (void)pthread_mutex_unlock(&import->mutex);
}

const char *import_keep_words(struct import *import, const char *words)
{
    const char *kept;

    (void)pthread_mutex_lock(&import->mutex);
    kept = arena_str(&import->words, str_of(words)).ptr;
    (void)pthread_mutex_unlock(&import->mutex);
    return kept;
}

void import_refuse(struct import *import, const struct import_item *item)
{
    char words[WORDS_BYTES];

    (void)snprintf(words, sizeof(words), "%s",
                   item->words ? item->words : status_detail(item->status));
    progress_clean(words); /* a line's own text in it must not look like another line refused */
    (void)pthread_mutex_lock(&import->mutex);
    import->said_count++;
    if (import->said_count <= IMPORT_SAID_MAX) {
        buf_printf(&import->said, "line %llu: %s\n", (unsigned long long)item->number, words);
    }
    (void)pthread_mutex_unlock(&import->mutex);
}
