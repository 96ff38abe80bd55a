/* Exchanges from their making to their end, and what is kept of ended ones. */
#include "http/internal.h"

#include "http/replies.h"

#include <stdlib.h>

/* Memory for one request without its body: headers, decoded JSON strings, a page of documents. */
#define ARENA_BYTES ((size_t)160 * 1024 * 1024)
/* What a loop keeps of ended exchanges, so that a usual request allocates nothing. */
#define SPARE_MAX 128
#define SPARE_BYTES ((size_t)4096)

/* An exchange with memory of an earlier one, or a new one. */
struct exchange *exchange_take_spare(struct loop *loop)
{
    struct exchange *ex = loop->spare;

    if (!ex) {
        ex = calloc(1, sizeof(*ex));
        if (ex) {
            arena_init(&ex->arena, ARENA_BYTES);
            response_init(&ex->resp);
            buf_init(&ex->body, 0);
        }
        return ex;
    }
    loop->spare = ex->next_done;
    loop->spare_count--;
    return ex;
}

void exchange_free(struct exchange *ex)
{
    if (ex) {
        response_done(&ex->resp);
        buf_done(&ex->body);
        arena_done(&ex->arena);
        free(ex);
    }
}

/* All of an exchange but what it has allocated, and the entries of req.invalid: nobody looks at those
 * behind its count, and they are most of the bytes. */
static void clear(struct exchange *ex)
{
    const size_t begin = offsetof(struct exchange, next_done);
    const size_t end = offsetof(struct exchange, req.err);

    arena_clear(&ex->arena);
    buf_shrink(&ex->body, SPARE_BYTES);
    buf_shrink(&ex->resp.body, SPARE_BYTES);
    response_reset(&ex->resp);
    memset((char *)ex + begin, 0, end - begin);
    err_clear(&ex->req.err);
    ex->req.invalid.count = 0;
}

/* Ends an exchange; a few are kept, for what they have allocated. */
void exchange_end(struct exchange *ex)
{
    struct loop *loop = ex->loop;

    if (ex->body_charged > 0) {
        (void)atomic_fetch_sub(&loop->server->bodies_bytes, ex->body_charged);
    }
    replies_give_back(loop->replies, ex->reply);
    if (loop->spare_count == SPARE_MAX) {
        exchange_free(ex);
        return;
    }
    clear(ex);
    ex->next_done = loop->spare;
    loop->spare = ex;
    loop->spare_count++;
}
