/*
 * Runs of bytes that stand for themselves inside a JSON string, found eight at a time: what the
 * scanner can skip and the writer can copy at once. Private to src/json.
 */
#ifndef ORGD_JSON_PLAIN_H
#define ORGD_JSON_PLAIN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PLAIN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bit of each byte that is 0. Bytes above one that is may be marked wrongly, below
 * never. */
static inline uint64_t plain_zero_bytes(uint64_t word)
{
    return (word - PLAIN_EACH(0x01)) & ~word & PLAIN_EACH(0x80);
}

/* Whether a byte stands for itself; high says the same of the bytes from 0x80 on. */
static inline bool json_byte_is_plain(unsigned char c, bool high)
{
    return c >= 0x20 && c != '"' && c != '\\' && (high || c < 0x80);
}

/* How many of the first bytes are plain. With a constant for high the test of it costs nothing. */
static inline size_t json_plain_run(const char *bytes, size_t len, bool high)
{
    size_t at = 0;

    for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word;
        uint64_t special;

        memcpy(&word, bytes + at, sizeof(word));
        word = le64toh(word);
        special = plain_zero_bytes(word ^ PLAIN_EACH('"')) |
                  plain_zero_bytes(word ^ PLAIN_EACH('\\')) |
                  ((word - PLAIN_EACH(0x20)) & ~word & PLAIN_EACH(0x80));
        if (!high) {
            special |= word & PLAIN_EACH(0x80);
        }
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
