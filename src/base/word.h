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

/* All bytes of a text of less than eight, some of them twice: to learn whether any of them is
 * such and such, not which. An ordinary character stands in for what it lacks. */
static inline uint64_t word_of_short(struct str s)
{
    uint64_t word = WORD_OF('x');

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

/* Whether a test finds something (gives other than 0) in any eight bytes of a text. Inline, so that the test
 * is. */
__attribute__((always_inline)) static inline bool word_any(struct str s, uint64_t (*test)(uint64_t))
{
    if (s.len < sizeof(uint64_t)) {
        return test(word_of_short(s)) != 0;
    }
    for (size_t at = 0; s.len - at > sizeof(uint64_t); at += sizeof(uint64_t)) {
        if (test(word_at(s.ptr + at)) != 0) {
            return true;
        }
    }
    return test(word_at(s.ptr + s.len - sizeof(uint64_t))) != 0;
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
