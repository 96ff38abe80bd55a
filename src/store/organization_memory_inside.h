/* What organization_memory.c and organization_learning.c share. Not for others. */
#ifndef ORGD_STORE_ORGANIZATION_MEMORY_INSIDE_H
#define ORGD_STORE_ORGANIZATION_MEMORY_INSIDE_H

#include "base/hash.h"
#include "store/organization_memory.h"
#include "store/organization_shard.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#define ORGANIZATION_MEMORY_SHARDS 16
#define ORGANIZATION_MEMORY_MARKS (1U << 20)
#define ORGANIZATION_MEMORY_MARK_WORD 64

struct locked_shard {
    alignas(64) pthread_mutex_t mutex;
    struct organization_shard shard;
};

struct organization_memory {
    struct hash_key key;
    unsigned char *data; /* the tables of all shards, and behind them what their logs are made of */
    struct organization_pieces pieces;
    struct organization_symbols symbols; /* what shards have symbols by */
    _Atomic uint64_t epoch;
    _Atomic uint64_t closed;
    _Atomic uint64_t kept; /* in this epoch */
    atomic_bool is_full;
    _Atomic uint64_t marks[ORGANIZATION_MEMORY_MARKS / ORGANIZATION_MEMORY_MARK_WORD];
    pthread_mutex_t mutex; /* of what follows; taken before those of shards */
    pthread_cond_t told;   /* that all was forgotten, or there is enough to learn from */
    bool waits_end;
    bool may_learn; /* there is, and nothing was learned in this epoch */
    struct organization_changing *changes;
    int changes_seen; /* in this epoch */
    struct locked_shard shards[ORGANIZATION_MEMORY_SHARDS];
};

#endif
