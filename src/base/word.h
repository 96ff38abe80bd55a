/* Bytes looked at eight at a time. */
#ifndef ORGD_BASE_WORD_H
#define ORGD_BASE_WORD_H

#include "base/str.h"

#include <stdint.h>

/* A word of eight such bytes. */
#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes, in the machine's order. */
static inline uint64_t word_at(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* All bytes of a text of less than eight, some of them twice, and spaces: to learn whether any of them is
 * such and such, not which. */
static inline uint64_t word_of_short(struct str s)
{
    uint64_t word = WORD_OF(' ');

    if (s.len >= 4) {
        memcpy(&word, s.ptr, 4);
        memcpy((char *)&word + 4, s.ptr + s.len - 4, 4);
    } else if (s.len > 0) {
        memcpy(&word, s.ptr, 1);
        memcpy((char *)&word + 1, s.ptr + s.len / 2, 1);
        memcpy((char *)&word + 2, s.ptr + s.len - 1, 1);
    }
    return word;
}

/* The top bit of each byte that is 0. Of bytes above one that is, it may be set wrongly; below never. */
static inline uint64_t word_zero_bytes(uint64_t word)
{
    return (word - WORD_OF(0x01)) & ~word & WORD_OF(0x80);
}

/* The same of each byte that is below ' '. */
static inline uint64_t word_low_bytes(uint64_t word)
{
    return (word - WORD_OF(' ')) & ~word & WORD_OF(0x80);
}

#endif
