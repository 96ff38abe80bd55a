/* What the next clearing of this thread may leave out, and clearing. */
#include "http/pool.h"

#include "http/internal.h"
#include "http/replies.h"

#include <assert.h>
#include <stdlib.h>

#define SMALL_REQUEST_BYTES 4096 /* head and body */
#define SMALL_HEADERS 64
#define ENTRY_BYTES 64 /* what a header's entry takes, rounded up as the library does */
#define ROUNDED_BYTES                                                                              \
    64                 /* the library rounds up what it takes for each of the parts at the front */
#define MORE_ENTRIES 4 /* the library makes one of its own for a query */
/* Of REPLY_HEAD_BYTES: the first line, the headers that all answers have, and the library's own. */
#define USUAL_HEAD_BYTES 640

/* Of one clearing that is about to come. */
static _Thread_local struct {
    const char *head; /* where the request's head begins; NULL: everything is to be cleared */
    size_t span;      /* the connection's memory ends at most so far behind it */
    size_t front;     /* bytes to clear at both ends of what the library names */
    size_t back;
    bool to_end; /* what it names goes to the end of the memory, and that begins with the head */
} expected;

static void expect_all(void)
{
    expected.head = NULL;
}

/* What takes a reply is known to have a short head. */
static bool has_short_answer(const struct exchange *ex)
{
    const struct response *resp = &ex->resp;
    size_t bytes = USUAL_HEAD_BYTES;

    if (ex->reply) {
        return true;
    }
    for (size_t i = 0; i < resp->header_count; i++) {
        bytes += strlen(resp->headers[i].name) + strlen(resp->headers[i].value) + 4;
    }
    return bytes <= REPLY_HEAD_BYTES;
}

/*
 * Whether the request and its answer are known to have touched both ends only. Cookies are copied to the
 * back, and of a chunked body nobody knows the length with its framing.
 */
static bool is_small(const struct exchange *ex)
{
    return ex->method_at && !ex->is_refused && !ex->is_chunked &&
           ex->head_bytes <= SMALL_REQUEST_BYTES &&
           ex->body_bytes <= SMALL_REQUEST_BYTES - ex->head_bytes &&
           ex->req.header_count <= SMALL_HEADERS && has_short_answer(ex) &&
           !request_header(&ex->req, "Cookie").ptr;
}

void pool_expect_answer(struct exchange *ex)
{
    ex->is_small = is_small(ex);
    if (!ex->is_small) {
        expect_all();
        return;
    }
    expected.head = ex->method_at;
    expected.span = ex->loop->pool_bytes;
    expected.front = (size_t)ex->body_bytes; /* nothing else was ever read into it */
    expected.back = 0;
    expected.to_end = false;
}

void pool_expect_reset(const struct exchange *ex)
{
    if (!ex->is_small) {
        expect_all();
        return;
    }
    expected.head = ex->method_at;
    expected.span = ex->loop->pool_bytes;
    expected.front = ex->head_bytes + (size_t)ex->body_bytes + ROUNDED_BYTES +
                     (ex->reply ? reply_head_bytes(ex->reply) : REPLY_HEAD_BYTES);
    expected.back = (ex->req.header_count + MORE_ENTRIES) * ENTRY_BYTES;
    expected.to_end = true;
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

void *http_pool_malloc(size_t bytes)
{
    /* Less is no connection's memory, whatever the limits on a head are. */
    return bytes < REPLY_HEAD_BYTES ? malloc(bytes) : calloc(1, bytes);
}

/*
 * Whether it is the clearing that was announced. Empty lines before a request, which the library skips, lie
 * before its head: then all that was written lies so much farther back, and the memory ends nearer to the
 * head than its whole size.
 */
static bool is_announced(const char *from, size_t len)
{
    const char *end = expected.head + expected.span;

    return expected.head && from >= expected.head && from < end &&
           (!expected.to_end || from + len == end) && len > expected.front + expected.back;
}

void *http_pool_clear(void *at, int byte, size_t len)
{
    char *from = at;
    bool is_expected = is_announced(from, len);
    size_t front = is_expected ? expected.front : len;
    size_t back = is_expected ? expected.back : 0;

    expect_all();
    memset(from, byte, front);
    memset(from + len - back, byte, back);
    assert(is_clear(from, len));
    return at;
}
