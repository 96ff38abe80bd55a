/*
 * A part of an organization_memory: a table, whose slots are places in a log and some bits of a name's hash,
 * and the log, which has the packed organizations. It is filled piece by piece. Pieces are taken from what all
 * shards have together; where there are no more, the shard's first is filled again, and what is in it is
 * forgotten. Its memory is the caller's, zeros at first. One thread at a time.
 */
#ifndef ORGD_STORE_ORGANIZATION_SHARD_H
#define ORGD_STORE_ORGANIZATION_SHARD_H

#include "store/organization_symbols.h"
#include "store/store.h"

#include <stdatomic.h>

struct organization_training;

#define ORGANIZATION_SHARD_BUCKETS 6144
#define ORGANIZATION_SHARD_SLOTS 16  /* of a bucket: one line of the processor's cache */
#define ORGANIZATION_SHARD_PIECES 32 /* at most */
#define ORGANIZATION_SHARD_PIECE_BYTES ((size_t)64 * 1024)

typedef uint32_t organization_bucket[ORGANIZATION_SHARD_SLOTS];

/* What the logs of all shards are made of. The bytes and their number stay as they are. */
struct organization_pieces {
    unsigned char *bytes;
    uint32_t count;         /* 65,536 at most */
    _Atomic uint32_t taken; /* for a moment more than that, where there are no more */
};

struct organization_shard {
    organization_bucket *buckets; /* ORGANIZATION_SHARD_BUCKETS */
    struct organization_pieces *common;
    const struct organization_symbols *symbols; /* NULL: none were learned */
    size_t at;                                  /* where the log goes on; 0 before the first */
    size_t block_end;                           /* of the block that is being filled */
    uint32_t count;                             /* of pieces that are its own */
    uint16_t pieces[ORGANIZATION_SHARD_PIECES];
};

/* The beginning, also anew: all of the memory is zeros, and no piece is taken. */
void organization_shard_clear(struct organization_shard *shard);

/* The organization of a name, with its texts in ret_text (ORGANIZATION_PACK_MAX_BYTES), of which they are so
 * many bytes. hash: of the name, by a key of the process. */
bool organization_shard_find(const struct organization_shard *shard, uint64_t hash,
                             struct str name_key, char *ret_text, size_t *ret_text_bytes,
                             struct organization *ret_organization);

enum organization_kept {
    ORGANIZATION_KEPT,
    ORGANIZATION_NO_ROOM,   /* without something being forgotten */
    ORGANIZATION_TOO_LARGE, /* or otherwise one that can't be packed */
};

/* Puts an organization in the place of what its name leads to. Where it is there by the same id it stays as it
 * is. may_forget: else it is put only where there is room. */
enum organization_kept organization_shard_keep(struct organization_shard *shard, uint64_t hash,
                                               bool may_forget,
                                               const struct organization *organization);

/* Adds so many of those that it has, in no order, to a sample. */
void organization_shard_sample(const struct organization_shard *shard, int count,
                               struct organization_training *training);

#endif
