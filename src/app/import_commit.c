/*
 * The committer: takes judged chunks in the order of the file and brings as many at a time into the
 * store as it takes for a commit to be worth it, or as there were within a moment.
 */
#include "app/import_work.h"

#include "base/clock.h"

#include <time.h>

#define BATCH_LINES 65536
#define BATCH_BYTES ((size_t)40 * 1024 * 1024)
#define BATCH_VALUES_BYTES (IMPORT_VALUES_BYTES / 2)
#define BATCH_MS 1000 /* how long lines that are ready wait for more */
#define BATCH_MEM_BYTES ((size_t)1 << 30)
#define BAD_AT_FIRST 1000 /* lines: so many without a good one, and it is another kind of file */

struct committer {
    struct import *import;
    struct import_current current;
    uint64_t first; /* chunk of the batch */
    uint64_t next;  /* behind the batch */
    size_t lines;
    size_t bytes;
    size_t values_bytes;
    int64_t begun_ms; /* the batch */
    bool has_good;
    int64_t bad;
};

/* Under the mutex: whether the next chunk is judged. */
static bool is_ready(const struct committer *committer)
{
    const struct import *import = committer->import;

    return committer->next < import->read_count &&
           import->chunks[committer->next % IMPORT_CHUNKS].is_judged;
}

static bool is_full(const struct committer *committer)
{
    return committer->lines >= BATCH_LINES || committer->bytes >= BATCH_BYTES ||
           committer->values_bytes >= BATCH_VALUES_BYTES ||
           committer->next - committer->first >= IMPORT_CHUNKS / 2;
}

/* Under the mutex: waits for the next chunk. A batch that has begun waits for a while only; false: it is
 * over. */
static bool wait_for_next(const struct committer *committer)
{
    struct import *import = committer->import;
    int64_t until_ms = committer->begun_ms + BATCH_MS;
    struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
    int failed = 0;

    import->is_waiting = true;
    (void)pthread_cond_broadcast(&import->changed); /* a judge may wait for this */
    if (committer->lines == 0) {
        (void)pthread_cond_wait(&import->changed, &import->mutex);
    } else {
        failed = pthread_cond_timedwait(&import->changed, &import->mutex, &until);
    }
    import->is_waiting = false;
    return failed == 0;
}

/* Gathers the next batch; false: there is nothing more. */
static bool gather(struct committer *committer)
{
    struct import *import = committer->import;
    bool is_ended = false;

    committer->first = committer->next;
    committer->lines = committer->bytes = committer->values_bytes = 0;
    (void)pthread_mutex_lock(&import->mutex);
    while (!is_full(committer) && !is_ended && !import_is_stopping(import)) {
        if (is_ready(committer)) {
            const struct import_chunk *chunk = &import->chunks[committer->next++ % IMPORT_CHUNKS];

            if (committer->lines == 0) {
                committer->begun_ms = clock_monotonic_ms();
            }
            committer->lines += chunk->line_count;
            committer->bytes += chunk->bytes;
            committer->values_bytes += chunk->values_bytes;
        } else if (committer->next == import->read_count && import->is_read) {
            is_ended = true;
        } else {
            is_ended = !wait_for_next(committer);
        }
    }
    (void)pthread_mutex_unlock(&import->mutex);
    return committer->lines > 0 && !import_is_stopping(import);
}

static void list_items(const struct committer *committer, struct import_batch *batch)
{
    batch->items = arena_alloc(&batch->mem, committer->lines * sizeof(struct import_item *));
    for (uint64_t n = committer->first; n < committer->next; n++) {
        struct import_chunk *chunk = &committer->import->chunks[n % IMPORT_CHUNKS];

        for (size_t i = 0; i < chunk->count; i++) {
            if (chunk->items[i].line.kind != IMPORT_BLANK || chunk->items[i].status != ST_OK) {
                batch->items[batch->count++] = &chunk->items[i];
            }
        }
    }
}

static void count_item(struct import_report *report, const struct import_item *item)
{
    if (item->status == ST_OK && item->line.kind == IMPORT_ORGANIZATION) {
        report->made += item->outcome == IMPORT_MADE;
        report->updated += item->outcome == IMPORT_UPDATED;
        report->unchanged += item->outcome == IMPORT_UNCHANGED;
    }
}

/* Counts, and names what was refused. ST_INVALID: this is no such file. */
static enum status settle_accounts(struct committer *committer, const struct import_batch *batch,
                                   struct err *err)
{
    struct import *import = committer->import;
    struct import_report counts = { .lines = 0 };

    for (size_t i = 0; i < batch->count; i++) {
        const struct import_item *item = batch->items[i];

        count_item(&counts, item);
        if (item->status != ST_OK || item->is_partial) {
            import_refuse(import, item);
            counts.refused++;
        }
        committer->has_good = committer->has_good || item->is_well_formed;
    }
    progress_add(&import->progress, counts.made + counts.updated + counts.unchanged, 0);
    progress_add_bytes(&import->progress, (int64_t)committer->bytes);
    (void)pthread_mutex_lock(&import->mutex);
    import->report.lines += (int64_t)committer->lines;
    import->report.made += counts.made;
    import->report.updated += counts.updated;
    import->report.unchanged += counts.unchanged;
    import->report.refused += counts.refused;
    (void)pthread_mutex_unlock(&import->mutex);
    committer->bad += counts.refused;
    if (!committer->has_good && committer->bad >= BAD_AT_FIRST) {
        return err_set(err, ST_INVALID,
                       "none of the first %lld lines is one for orgd: nothing "
                       "went in",
                       (long long)committer->bad);
    }
    return ST_OK;
}

/* What was gathered is done with. */
static void give_back(struct committer *committer)
{
    struct import *import = committer->import;

    for (uint64_t n = committer->first; n < committer->next; n++) {
        struct import_chunk *chunk = &import->chunks[n % IMPORT_CHUNKS];

        arena_done(&chunk->mem);
        buf_shrink(&chunk->text, 2 * IMPORT_CHUNK_BYTES);
    }
    (void)pthread_mutex_lock(&import->mutex);
    for (uint64_t n = committer->first; n < committer->next; n++) {
        const struct import_chunk *chunk = &import->chunks[n % IMPORT_CHUNKS];

        import->text_bytes -= chunk->is_overlong ? 0 : chunk->bytes;
        import->values_bytes -= chunk->values_bytes;
    }
    import->free_count = committer->next;
    (void)pthread_cond_broadcast(&import->changed);
    (void)pthread_mutex_unlock(&import->mutex);
}

static enum status commit(struct committer *committer, struct err *err)
{
    struct import_batch batch = { .import = committer->import };
    enum status status;

    arena_init(&batch.mem, BATCH_MEM_BYTES);
    list_items(committer, &batch);
    status = import_put_organizations(&batch, err);
    if (status == ST_OK) {
        status = import_put_documents(&batch, &committer->current, err);
    }
    if (status == ST_OK) {
        status = settle_accounts(committer, &batch, err);
    }
    arena_done(&batch.mem);
    arena_clear(&committer->import->words);
    return status;
}

void *import_commit(void *argument)
{
    struct import *import = argument;
    struct committer committer = { .import = import };
    struct err err = { .text = "" };
    enum status status = ST_OK;

    buf_init(&committer.current.name_key, NAME_STORED_MAX_BYTES * 8);
    while (status == ST_OK && gather(&committer)) {
        status = commit(&committer, &err);
        give_back(&committer);
    }
    if (status != ST_OK) {
        import_fail(import, status, &err);
    }
    buf_done(&committer.current.name_key);
    (void)pthread_mutex_lock(&import->mutex);
    import->is_done = true;
    (void)pthread_cond_broadcast(&import->changed);
    (void)pthread_mutex_unlock(&import->mutex);
    return NULL;
}
