/*
 * Hashes for tables whose keys strangers choose: SipHash-2-4 (Aumasson and Bernstein, 2012) under a key of the
 * process's own, so that nobody can aim for one bucket. Not for anything that is kept or sent.
 */
#ifndef ORGD_BASE_HASH_H
#define ORGD_BASE_HASH_H

#include <sodium.h>
#include <stdint.h>
#include <string.h>

struct hash_key {
    unsigned char bytes[crypto_shorthash_KEYBYTES];
};

static inline void hash_key_make(struct hash_key *ret_key)
{
    crypto_shorthash_keygen(ret_key->bytes);
}

/* bytes may be NULL where len is 0. */
static inline uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t len)
{
    unsigned char raw[crypto_shorthash_BYTES];
    uint64_t hash;

    (void)crypto_shorthash(raw, bytes, len, key->bytes);
    memcpy(&hash, raw, sizeof(hash));
    return hash;
}

#endif
