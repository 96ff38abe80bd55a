/* The reader: cuts the file into chunks of whole lines, in memory that doesn't grow with it. */
#include "app/import_work.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POLL_MS 100
#define BOM "\xEF\xBB\xBF"

struct reader {
    struct import *import;
    struct buf rest; /* read, and in no chunk yet */
    char *bytes;     /* what one read gives; too much for a thread's stack */
    uint64_t number; /* of the next line */
    size_t line_max;
    bool is_ended;
};

static size_t line_max_of(const struct import *import)
{
    size_t four = 4 * import->rules.document_max_bytes; /* see document_text_least */

    return four > IMPORT_LINE_BYTES ? four : IMPORT_LINE_BYTES;
}

/* Reads on behind what is in rest. ST_OK; ST_BUSY: somebody wants to stop. */
static enum status read_more(struct reader *reader, struct err *err)
{
    struct pollfd wait = { .fd = reader->import->fd, .events = POLLIN };
    ssize_t got = -1;

    while (got < 0) {
        if (import_is_stopping(reader->import)) {
            return ST_BUSY;
        }
        if (poll(&wait, 1, POLL_MS) > 0) {
            got = read(reader->import->fd, reader->bytes, IMPORT_CHUNK_BYTES);
            if (got < 0 && errno != EINTR && errno != EAGAIN) {
                return err_set(err, ST_BROKEN, "cannot read the file: %s", strerror(errno));
            }
        }
    }
    buf_append(&reader->rest, reader->bytes, (size_t)got);
    reader->is_ended = got == 0;
    return ST_OK;
}

/* The bytes of whole lines at the front of rest that make one chunk, and how many lines. */
static size_t cut(const struct reader *reader, size_t *ret_lines)
{
    struct str rest = buf_view(&reader->rest);
    size_t end = 0;
    size_t lines = 0;

    while (lines < IMPORT_CHUNK_LINES && end < IMPORT_CHUNK_BYTES && end < rest.len) {
        const char *newline = memchr(rest.ptr + end, '\n', rest.len - end);

        if (!newline) {
            break;
        }
        end = (size_t)(newline - rest.ptr) + 1;
        lines++;
    }
    *ret_lines = lines;
    return end;
}

static void drop(struct buf *buf, size_t bytes)
{
    memmove(buf->ptr, buf->ptr + bytes, buf->len - bytes);
    buf->len -= bytes;
}

/* Waits for a free chunk and for room; NULL: somebody wants to stop. */
static struct import_chunk *take_chunk(struct reader *reader, size_t bytes)
{
    struct import *import = reader->import;
    struct import_chunk *chunk = NULL;

    (void)pthread_mutex_lock(&import->mutex);
    while (!import_is_stopping(import) &&
           (import->read_count - import->free_count == IMPORT_CHUNKS ||
            (import->text_bytes > 0 && import->text_bytes + bytes > IMPORT_TEXT_BYTES))) {
        (void)pthread_cond_wait(&import->changed, &import->mutex);
    }
    if (!import_is_stopping(import)) {
        chunk = &import->chunks[import->read_count % IMPORT_CHUNKS];
        import->text_bytes += bytes;
    }
    (void)pthread_mutex_unlock(&import->mutex);
    return chunk;
}

static void hand_over(struct reader *reader, struct import_chunk *chunk)
{
    struct import *import = reader->import;

    chunk->import = import;
    chunk->job.run = import_judge;
    chunk->first_number = reader->number;
    reader->number += chunk->line_count;
    (void)pthread_mutex_lock(&import->mutex);
    chunk->is_judged = false;
    chunk->values_bytes = 0;
    chunk->place = import->read_count++;
    (void)pthread_mutex_unlock(&import->mutex);
    if (!executor_submit(import->judges, &chunk->job)) {
        import_judge(&chunk->job); /* never so: the queue has room for all */
    }
}

static enum status give_lines(struct reader *reader, size_t bytes, size_t lines, bool ends_early)
{
    struct import_chunk *chunk = take_chunk(reader, bytes);

    if (!chunk) {
        return ST_BUSY;
    }
    buf_clear(&chunk->text);
    buf_append(&chunk->text, reader->rest.ptr, bytes);
    chunk->bytes = bytes;
    chunk->line_count = lines;
    chunk->is_overlong = false;
    chunk->ends_early = ends_early;
    drop(&reader->rest, bytes);
    hand_over(reader, chunk);
    return ST_OK;
}

/* A line that is longer than allowed: named at once, and passed over. */
static enum status pass_over(struct reader *reader, struct err *err)
{
    struct import_chunk *chunk = take_chunk(reader, 0);
    size_t passed = 0;

    if (!chunk) {
        return ST_BUSY;
    }
    chunk->bytes = reader->rest.len;
    chunk->line_count = 1;
    chunk->is_overlong = true;
    chunk->ends_early = false;
    hand_over(reader, chunk);
    while (!reader->is_ended) {
        const char *newline = memchr(reader->rest.ptr, '\n', reader->rest.len);

        if (newline) {
            drop(&reader->rest, (size_t)(newline - reader->rest.ptr) + 1);
            return ST_OK;
        }
        passed += reader->rest.len;
        if (passed > IMPORT_ENDLESS_BYTES) {
            return err_set(err, ST_INVALID,
                           "line %llu has no end within %zu MiB: this is no file of lines",
                           (unsigned long long)(reader->number - 1), IMPORT_ENDLESS_BYTES >> 20);
        }
        progress_add_bytes(&reader->import->progress, (int64_t)reader->rest.len);
        buf_clear(&reader->rest);
        TRY(read_more(reader, err));
    }
    buf_clear(&reader->rest);
    return ST_OK;
}

/* What a Windows editor puts before the text. */
static void drop_mark(struct reader *reader)
{
    struct str rest = buf_view(&reader->rest);

    if (reader->number == 1 && rest.len >= sizeof(BOM) - 1 &&
        memcmp(rest.ptr, BOM, sizeof(BOM) - 1) == 0) {
        drop(&reader->rest, sizeof(BOM) - 1);
    }
}

static enum status give_next(struct reader *reader, struct err *err)
{
    size_t lines = 0;
    size_t bytes;

    while (!reader->is_ended && reader->rest.len < IMPORT_CHUNK_BYTES) {
        TRY(read_more(reader, err));
    }
    drop_mark(reader);
    bytes = cut(reader, &lines);
    if (lines > 0) {
        return give_lines(reader, bytes, lines, false);
    }
    while (!reader->is_ended && lines == 0 && reader->rest.len <= reader->line_max) {
        TRY(read_more(reader, err));
        bytes = cut(reader, &lines);
    }
    if (lines > 0) {
        return bytes > reader->line_max ? pass_over(reader, err)
                                        : give_lines(reader, bytes, lines, false);
    }
    if (reader->rest.len > reader->line_max) {
        return pass_over(reader, err);
    }
    return reader->rest.len > 0 ? give_lines(reader, reader->rest.len, 1, true) : ST_OK;
}

void *import_read(void *argument)
{
    struct import *import = argument;
    struct reader reader = { .import = import,
                             .number = 1,
                             .line_max = line_max_of(import),
                             .bytes = malloc(IMPORT_CHUNK_BYTES) };
    struct err err = { .text = "" };
    enum status status = reader.bytes ? ST_OK : err_set(&err, ST_BROKEN, "no memory for an import");

    buf_init(&reader.rest, reader.line_max + 2 * IMPORT_CHUNK_BYTES);
    while (status == ST_OK && (!reader.is_ended || reader.rest.len > 0)) {
        status = give_next(&reader, &err);
    }
    if (status != ST_OK && status != ST_BUSY) {
        import_fail(import, status, &err);
    }
    (void)pthread_mutex_lock(&import->mutex);
    import->is_read = true;
    (void)pthread_cond_broadcast(&import->changed);
    (void)pthread_mutex_unlock(&import->mutex);
    buf_done(&reader.rest);
    free(reader.bytes);
    return NULL;
}
