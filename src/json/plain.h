/*
 * Runs of bytes that stand for themselves inside a JSON string, found eight at a time: what the
 * scanner can skip and the writer can copy at once. Private to src/json.
 */
#ifndef ORGD_JSON_PLAIN_H
#define ORGD_JSON_PLAIN_H

#include "base/word.h"

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a byte stands for itself; high says the same of the bytes from 0x80 on. */
static inline bool json_byte_is_plain(unsigned char c, bool high)
{
    return c >= 0x20 && c != '"' && c != '\\' && (high || c < 0x80);
}

/* Not 0 where one of a word's bytes is not plain; the lowest bit that is set tells the lowest byte. */
static inline uint64_t plain_exceptions(uint64_t word, bool high)
{
    uint64_t special = word_zero_bytes(word ^ WORD_OF('"')) |
                       word_zero_bytes(word ^ WORD_OF('\\')) | word_low_bytes(word);

    return high ? special : special | (word & WORD_OF(0x80));
}

static inline uint64_t plain_escapes(uint64_t word)
{
    return plain_exceptions(word, true);
}

/* Whether all of a text is plain, with the bytes from 0x80 on. */
static inline bool json_is_plain(struct str s)
{
    return !word_any(s, plain_escapes);
}

/* How many of the first bytes are plain. With a constant for high the test of it costs nothing. */
static inline size_t json_plain_run(const char *bytes, size_t len, bool high)
{
    size_t at = 0;

    for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t special = plain_exceptions(le64toh(word_at(bytes + at)), high);

        if (special != 0) {
            return at + (size_t)__builtin_ctzll(special) / 8;
        }
    }
    while (at < len && json_byte_is_plain((unsigned char)bytes[at], high)) {
        at++;
    }
    return at;
}

#endif
