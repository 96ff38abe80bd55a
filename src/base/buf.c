/* Growth by doubling, up to the limit. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SMALLEST_BYTES ((size_t)256)

void buf_init(struct buf *buf, size_t limit_bytes)
{
    *buf = (struct buf){ .limit = limit_bytes };
}

void buf_done(struct buf *buf)
{
    if (!buf) {
        return;
    }
    free(buf->ptr);
    *buf = (struct buf){ .limit = buf->limit };
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
}

void buf_shrink(struct buf *buf, size_t keep_bytes)
{
    buf_clear(buf);
    if (buf->capacity > keep_bytes) {
        buf_done(buf);
    }
}

bool buf_reserve(struct buf *buf, size_t more)
{
    size_t wanted = buf->capacity ? buf->capacity : SMALLEST_BYTES;
    char *grown;

    if (buf_has_room(buf, more)) {
        return true;
    }
    if (buf->overflowed || more > buf->limit - buf->len) {
        buf->overflowed = true;
        return false;
    }
    while (wanted - buf->len < more) {
        wanted *= 2;
    }
    if (wanted > buf->limit) {
        wanted = buf->limit;
    }
    assert(wanted > 0);
    grown = realloc(buf->ptr, wanted);
    if (!grown) {
        (void)fputs("level=error msg=\"out of memory\"\n", stderr);
        abort();
    }
    buf->ptr = grown;
    buf->capacity = wanted;
    return true;
}

void buf_int(struct buf *buf, int64_t value)
{
    char digits[sizeof("-9223372036854775808")];
    char *at = digits + sizeof(digits);
    /* Unsigned, because the least value has no positive one. */
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--at = '-';
    }
    buf_append(buf, at, (size_t)(digits + sizeof(digits) - at));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char small[512];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len < 0) {
        buf->overflowed = true;
        return;
    }
    if ((size_t)len < sizeof(small)) {
        buf_append(buf, small, (size_t)len);
        return;
    }
    /* vsnprintf writes a NUL behind the text: room for it, then not counted. */
    if (buf_reserve(buf, (size_t)len + 1)) {
        va_start(args, format);
        (void)vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, args);
        va_end(args);
        buf->len += (size_t)len;
    }
}
