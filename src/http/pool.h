/*
 * How much of a connection's memory is cleared for each request.
 *
 * libmicrohttpd keeps a piece of memory for each connection, large enough for the longest head that the
 * limits allow, and clears it for each request: first what its read buffer has free when the answer
 * begins, then all of it. With 32 KiB that takes longer than all the rest of a small request. But a small
 * request touches little: its head, its body and the answer's head at the front, an entry for each header
 * at the back. What lies between is as clear as it was, and needs no clearing; and what was never touched
 * takes no memory, so that a connection takes 9 KB instead of 32.
 *
 * The build hands the library these in place of memset and malloc (see meson.build); where it can't, the
 * library clears everything itself. docs/internals/performance.md has the measurement.
 *
 * Calls are for the loop's thread, about the connection whose callback is running.
 */
#ifndef ORGD_HTTP_POOL_H
#define ORGD_HTTP_POOL_H

#include <stddef.h>

struct exchange;

/* The answer is about to be queued: the library clears its free read buffer next. */
void pool_expect_answer(struct exchange *ex);

/* The exchange is over: the library clears the connection's memory next, or frees it. Where no answer was
 * queued, all of it. */
void pool_expect_reset(const struct exchange *ex);

/* What the library calls instead of malloc: connections' memory is clear from the start. */
void *http_pool_malloc(size_t bytes);

/* What the library calls instead of memset, for its connections' memory only. */
void *http_pool_clear(void *at, int byte, size_t len);

#endif
