/*
 * Writing and reading a packed organization's values: numbers in as many bytes as they take, and what differs
 * from the value that is expected: a byte with how many bytes are the same at the front and at the end, a byte
 * with how many lie between, and these. Inline, because a look-up among many waits for little else.
 */
#ifndef ORGD_STORE_ORGANIZATION_BYTES_H
#define ORGD_STORE_ORGANIZATION_BYTES_H

#include "base/str.h"

#include <stdint.h>
#include <string.h>

#define ORGANIZATION_SAME_MAX 15
#define COPIED (ORGANIZATION_SAME_MAX + 1) /* at once */

struct writer {
    unsigned char *at;
};

struct reader {
    const unsigned char *at;
};

/* memcpy of up to 15 bytes, which are most here, for less than the call. */
static inline void copy_some(char *to, const char *from, size_t count)
{
    if (count >= 8) {
        memcpy(to, from, 8);
        memcpy(to + count - 8, from + count - 8, 8);
    } else if (count >= 4) {
        memcpy(to, from, 4);
        memcpy(to + count - 4, from + count - 4, 4);
    } else if (count > 0) {
        memcpy(to, from, 1);
        memcpy(to + count / 2, from + count / 2, 1);
        memcpy(to + count - 1, from + count - 1, 1);
    }
}

/* The same of any length: less than the call, and than what the compiler makes of one of 255 bytes at most. */
static inline void copy_text(char *to, const char *from, size_t count)
{
    if (count <= ORGANIZATION_SAME_MAX) {
        copy_some(to, from, count);
        return;
    }
    for (size_t i = 0; i + COPIED < count; i += COPIED) {
        memcpy(to + i, from + i, COPIED);
    }
    memcpy(to + count - COPIED, from + count - COPIED, COPIED);
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many bytes are the same at the front and at the end, without one counted twice. */
static inline unsigned char likeness(struct str value, struct str expected)
{
    size_t most = smaller(value.len, expected.len);
    size_t front = 0;
    size_t end = 0;

    while (front < smaller(most, ORGANIZATION_SAME_MAX) &&
           value.ptr[front] == expected.ptr[front]) {
        front++;
    }
    while (end < smaller(most - front, ORGANIZATION_SAME_MAX) &&
           value.ptr[value.len - 1 - end] == expected.ptr[expected.len - 1 - end]) {
        end++;
    }
    return (unsigned char)(front << 4 | end);
}

static inline void put_value(struct writer *out, struct str value, struct str expected)
{
    unsigned char same = likeness(value, expected);
    size_t front = same >> 4;
    size_t between = value.len - front - (same & ORGANIZATION_SAME_MAX);

    *out->at++ = same;
    *out->at++ = (unsigned char)between;
    if (between > 0) {
        memcpy(out->at, value.ptr + front, between);
    }
    out->at += between;
}

/* The value, written to ret_bytes; gives its length. */
static inline size_t take_value(struct reader *in, struct str expected, char *ret_bytes)
{
    size_t same = *in->at++;
    size_t front = same >> 4;
    size_t end = same & ORGANIZATION_SAME_MAX;
    size_t between = *in->at++;

    copy_some(ret_bytes, expected.ptr, front);
    copy_text(ret_bytes + front, (const char *)in->at, between);
    copy_some(ret_bytes + front + between, expected.ptr + expected.len - end, end);
    in->at += between;
    return front + between + end;
}

/* The least first. */
static inline void put_number(struct writer *out, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        *out->at++ = (unsigned char)(number >> 8 * i);
    }
}

static inline uint64_t take_number(struct reader *in, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number |= (uint64_t)*in->at++ << 8 * i;
    }
    return number;
}

/* Differences near 0, of either sign, as small numbers. */
static inline uint64_t folded(uint64_t difference)
{
    return difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);
}

static inline uint64_t unfolded(uint64_t number)
{
    return number >> 1 ^ (number & 1 ? UINT64_MAX : 0);
}

#endif
