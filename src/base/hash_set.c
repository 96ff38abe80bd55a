/* Open addressing with linear probing, at most half full. */
#include "base/hash_set.h"

#include "base/arena.h"

#include <string.h>

#define MASK_LEAST 1023

void hash_set_init(struct hash_set *set, struct arena *mem, size_t count)
{
    *set = (struct hash_set){ .mask = MASK_LEAST };
    while (set->mask < 2 * count) {
        set->mask = 2 * set->mask + 1;
    }
    set->hashes = arena_alloc(mem, (set->mask + 1) * sizeof(*set->hashes));
    hash_key_make(&set->key);
}

void hash_set_clear(struct hash_set *set)
{
    memset(set->hashes, 0, (set->mask + 1) * sizeof(*set->hashes));
}

bool hash_set_add(struct hash_set *set, const void *bytes, size_t len)
{
    uint64_t hash = hash_bytes(&set->key, bytes, len);
    size_t at;

    hash |= hash == 0;
    at = hash & set->mask;
    while (set->hashes[at] != 0 && set->hashes[at] != hash) {
        at = (at + 1) & set->mask;
    }
    if (set->hashes[at] == hash) {
        return false;
    }
    set->hashes[at] = hash;
    return true;
}
