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

void buf_append(struct buf *buf, const char *bytes, size_t len);
void buf_str(struct buf *buf, struct str s);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
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
