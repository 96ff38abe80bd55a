/* Judging the lines of a chunk, and hashing the passwords in them. */
#include "app/import_work.h"

#include "app/copy_walk.h"

#include <string.h>

/* What an organization's line takes beside its text, and its documents: see import_line_read. */
#define CHUNK_MEM_BYTES ((size_t)2 * 1024 * 1024 * 1024)

static const char *words_of(struct import_chunk *chunk, const struct import_item *item,
                            const struct err *err, bool is_cut_off)
{
    const char *text = err->text[0] ? err->text : status_detail(item->status);
    struct arena *mem = &chunk->mem;

    if (is_cut_off) {
        return arena_printf(mem, "%s, and so does the file: is it whole?", text).ptr;
    }
    if (err->has_offset) {
        return arena_printf(mem, "%s, at byte %zu", text, err->offset + 1).ptr;
    }
    return arena_str(mem, str_of(text)).ptr;
}

static void judge_line(struct import_chunk *chunk, struct str text, struct import_item *item,
                       bool is_last)
{
    struct import *import = chunk->import;
    struct err err = { .text = "" };
    bool is_cut_off;

    item->status = import_line_read(text, &import->rules, &chunk->mem, &item->line, &err);
    item->is_well_formed = item->status == ST_OK;
    if (item->status == ST_OK && item->line.kind == IMPORT_ORGANIZATION) {
        struct call call = copy_call(&chunk->mem, &err);

        item->status =
            import_prepare(import->store, &call, &import->rules, &item->line, &item->is_there);
        if (item->status != ST_OK) {
            import_fail(import, item->status, &err);
        }
    }
    if (item->status != ST_OK) {
        is_cut_off = is_last && chunk->ends_early && err.has_offset && err.offset == text.len;
        item->words = words_of(chunk, item, &err, is_cut_off);
    }
}

static void judge_lines(struct import_chunk *chunk)
{
    struct str rest = buf_view(&chunk->text);

    chunk->items = arena_alloc(&chunk->mem, chunk->line_count * sizeof(*chunk->items));
    for (chunk->count = 0; chunk->count < chunk->line_count; chunk->count++) {
        const char *newline = memchr(rest.ptr, '\n', rest.len);
        size_t len = newline ? (size_t)(newline - rest.ptr) : rest.len;
        struct import_item *item = &chunk->items[chunk->count];

        if (import_is_stopping(chunk->import)) {
            break;
        }
        item->number = chunk->first_number + chunk->count;
        judge_line(chunk, (struct str){ .ptr = rest.ptr, .len = len }, item,
                   chunk->count + 1 == chunk->line_count);
        rest.ptr += len + (newline ? 1 : 0);
        rest.len -= len + (newline ? 1 : 0);
    }
}

static void judge_overlong(struct import_chunk *chunk)
{
    chunk->items = arena_alloc(&chunk->mem, sizeof(*chunk->items));
    chunk->count = 1;
    chunk->items[0] = (struct import_item){
        .number = chunk->first_number,
        .status = ST_TOO_LARGE,
        .line = { .kind = IMPORT_ORGANIZATION },
        .words = "it is longer than a line may be: a large organization has a line for itself, and "
                 "one for each document",
    };
}

/* Under the mutex: whether the committer waits for a chunk, since all that come before are judged. */
static bool is_awaited(const struct import *import, const struct import_chunk *chunk)
{
    if (!import->is_waiting) {
        return false;
    }
    for (uint64_t place = import->free_count; place < chunk->place; place++) {
        if (!import->chunks[place % IMPORT_CHUNKS].is_judged) {
            return false;
        }
    }
    return true;
}

/* A short text may be many values ("[{},{},…]"): so their memory has a bound of its own. */
static void wait_for_room(struct import *import, const struct import_chunk *chunk)
{
    (void)pthread_mutex_lock(&import->mutex);
    while (import->values_bytes >= IMPORT_VALUES_BYTES && !is_awaited(import, chunk) &&
           !import_is_stopping(import)) {
        (void)pthread_cond_wait(&import->changed, &import->mutex);
    }
    (void)pthread_mutex_unlock(&import->mutex);
}

void import_judge(struct job *job)
{
    struct import_chunk *chunk = (struct import_chunk *)job;
    struct import *import = chunk->import;

    wait_for_room(import, chunk);
    arena_init(&chunk->mem, CHUNK_MEM_BYTES);
    if (chunk->is_overlong) {
        judge_overlong(chunk);
    } else {
        judge_lines(chunk);
    }
    (void)pthread_mutex_lock(&import->mutex);
    chunk->is_judged = true;
    chunk->values_bytes = chunk->mem.used_bytes;
    import->values_bytes += chunk->values_bytes;
    (void)pthread_cond_broadcast(&import->changed);
    (void)pthread_mutex_unlock(&import->mutex);
}
