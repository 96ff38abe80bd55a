/*
 * A growing buffer with the largest size it may ever have, given at birth. Once an append would pass
 * it, nothing more is added and buf_overflowed says so: a writer checks once, at the end.
 * One thread at a time.
 */
#ifndef ORGD_BASE_BUF_H
#define ORGD_BASE_BUF_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *ptr; /* owned; NULL while empty */
    size_t len;
    size_t capacity;
    size_t limit;
    bool overflowed;
};

void buf_init(struct buf *buf, size_t limit_bytes);
void buf_done(struct buf *buf);

/* Makes room for more bytes behind those written; false where the limit forbids it. */
bool buf_reserve(struct buf *buf, size_t more);

/* Whether more bytes fit into what is allocated. */
static inline bool buf_has_room(const struct buf *buf, size_t more)
{
    size_t end = buf->capacity < buf->limit ? buf->capacity : buf->limit;

    return !buf->overflowed && buf->len <= end && more <= end - buf->len;
}

static inline void buf_append(struct buf *buf, const char *bytes, size_t len)
{
    if (len > 0 && (buf_has_room(buf, len) || buf_reserve(buf, len))) {
        memcpy(buf->ptr + buf->len, bytes, len);
        buf->len += len;
    }
}

static inline void buf_str(struct buf *buf, struct str s)
{
    buf_append(buf, s.ptr, s.len);
}

static inline void buf_text(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

static inline void buf_char(struct buf *buf, char c)
{
    buf_append(buf, &c, 1);
}

void buf_int(struct buf *buf, int64_t value); /* in decimal */
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);

/* Forgets what is in it and keeps the memory; buf_shrink keeps it only up to keep_bytes. */
void buf_clear(struct buf *buf);
void buf_shrink(struct buf *buf, size_t keep_bytes);

static inline bool buf_overflowed(const struct buf *buf)
{
    return buf->overflowed;
}

/* What has been written; valid until the next append. */
static inline struct str buf_view(const struct buf *buf)
{
    return (struct str){ .ptr = buf->ptr ? buf->ptr : "", .len = buf->len };
}

#endif
