/*
 * A set of byte strings of which only their hashes are kept (base/hash.h, under a key of its own), for
 * finding out whether two things in a batch want the same. Two strings of one hash count as one: a caller
 * must come to no harm by that. One thread at a time.
 */
#ifndef ORGD_BASE_HASH_SET_H
#define ORGD_BASE_HASH_SET_H

#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct hash_set {
    uint64_t *hashes; /* 0: free */
    size_t mask;      /* their number, a power of two, less 1 */
    struct hash_key key;
};

/* An empty set for at most count strings; its memory, 16 to 32 bytes for each and 8 KiB at least, is of
 * mem. */
void hash_set_init(struct hash_set *set, struct arena *mem, size_t count);

/* Empties it. */
void hash_set_clear(struct hash_set *set);

/* Adds a string; false: it was in already. bytes may be NULL where len is 0. */
bool hash_set_add(struct hash_set *set, const void *bytes, size_t len);

#endif
