/*
 * A part of an organization_memory: a table, whose slots are places in a log and some bits of a name's hash,
 * and the log, which has the packed organizations. It is filled piece by piece; where the first piece has to
 * be filled again, what is in it is forgotten. Its memory is the caller's, zeros at first. One thread at a
 * time.
 */
#ifndef ORGD_STORE_ORGANIZATION_SHARD_H
#define ORGD_STORE_ORGANIZATION_SHARD_H

#include "store/store.h"

#define ORGANIZATION_SHARD_BUCKETS 6144
#define ORGANIZATION_SHARD_SLOTS 16 /* of a bucket: one line of the processor's cache */
#define ORGANIZATION_SHARD_PIECES 8
#define ORGANIZATION_SHARD_PIECE_BYTES ((size_t)176 * 1024)
#define ORGANIZATION_SHARD_LOG_BYTES (ORGANIZATION_SHARD_PIECES * ORGANIZATION_SHARD_PIECE_BYTES)

typedef uint32_t organization_bucket[ORGANIZATION_SHARD_SLOTS];

struct organization_shard {
    organization_bucket *buckets; /* ORGANIZATION_SHARD_BUCKETS */
    unsigned char *log;           /* ORGANIZATION_SHARD_LOG_BYTES */
    size_t at;                    /* where the log goes on */
    size_t piece_end;             /* of the piece that is being filled */
    bool has_turned;              /* the piece behind that one is full of what was kept long ago */
    size_t reference;             /* the place of the last one */
    int reference_uses;           /* it may serve so many more */
};

/* The beginning, also anew: all of the memory is zeros. */
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

#endif
