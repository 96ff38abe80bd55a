/* What the next clearing of this thread may leave out, and clearing. */
#include "http/pool.h"

#include "http/internal.h"

#include <assert.h>

#define SMALL_HEAD_BYTES 4096
#define SMALL_HEADERS 64
#define ENTRY_BYTES 64 /* what a header's entry takes, rounded up as the library does */
#define MORE_ENTRIES 4 /* the library makes one of its own for a query */

/* Of one clearing that is about to come. */
static _Thread_local struct {
    const char *head; /* where the request's head begins; NULL: everything is to be cleared */
    size_t span;      /* the connection's memory ends at most so far behind it */
    size_t front;     /* bytes to clear at both ends of what the library names */
    size_t back;
} expected;

static void expect_all(void)
{
    expected.head = NULL;
}

/*
 * Whether the request and its answer are known to have touched both ends only, on a connection whose
 * memory was cleared wholly once (the library gets it from malloc, with whatever is in it). Cookies are
 * copied to the back, and what takes a reply has a short head.
 */
static bool is_small(const struct exchange *ex)
{
    return ex->conn->was_cleared && ex->method_at && ex->head_bytes <= SMALL_HEAD_BYTES &&
           ex->req.header_count <= SMALL_HEADERS && !ex->has_body && ex->reply &&
           !request_header(&ex->req, "Cookie").ptr;
}

void pool_expect_answer(const struct exchange *ex)
{
    if (!is_small(ex)) {
        expect_all();
        return;
    }
    expected.head = ex->method_at;
    expected.span = ex->loop->pool_bytes;
    expected.front = 0; /* nothing was ever read into it */
    expected.back = 0;
}

void pool_expect_reset(const struct exchange *ex)
{
    if (!is_small(ex)) {
        expect_all();
        ex->conn->was_cleared = true; /* in a moment, if the connection goes on */
        return;
    }
    expected.head = ex->method_at;
    expected.span = ex->loop->pool_bytes;
    expected.front = ex->head_bytes + REPLY_HEAD_BYTES;
    expected.back = (ex->req.header_count + MORE_ENTRIES) * ENTRY_BYTES;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Test builds look at each byte that was left out. */
static bool is_clear(const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}
#else
static bool is_clear(const char *at, size_t len)
{
    (void)at;
    (void)len;
    return true;
}
#endif

void *http_pool_clear(void *at, int byte, size_t len)
{
    char *from = at;
    bool is_expected = expected.head && from >= expected.head &&
                       from < expected.head + expected.span && len > expected.front + expected.back;
    size_t front = is_expected ? expected.front : len;
    size_t back = is_expected ? expected.back : 0;

    expect_all();
    memset(from, byte, front);
    memset(from + len - back, byte, back);
    assert(is_clear(from, len));
    return at;
}
