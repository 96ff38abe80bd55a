/*
 * A part of a document_memory: a log, into which documents are written one behind the other, over those kept
 * the longest ago, and a table of where they lie. What was looked up since it was written is written once
 * more instead of being lost. Its memory is the caller's, zeros at first. One thread at a time.
 */
#ifndef ORGD_STORE_DOCUMENT_SHARD_H
#define ORGD_STORE_DOCUMENT_SHARD_H

#include "store/document_memory.h"

#define DOCUMENT_SHARD_LOG_BYTES ((size_t)256 * 1024)
#define DOCUMENT_SHARD_SETS 512
#define DOCUMENT_SHARD_WAYS 4

/* Where a document lies, in units of 8 bytes and counted from 1 (0: nothing), and some bits of its hash. */
struct document_slot {
    uint16_t place;
    uint16_t tag;
};

struct document_shard {
    unsigned char *log; /* DOCUMENT_SHARD_LOG_BYTES, from where a page begins */
    size_t limit;       /* so many of them are used */
    size_t at;          /* where the next one goes */
    size_t old;         /* what lies from here to old_end was written in the round before */
    size_t old_end;
    struct document_slot slots[DOCUMENT_SHARD_SETS][DOCUMENT_SHARD_WAYS];
};

/* The document that was kept under this reading's hash and generations; its strings in mem. */
bool document_shard_find(struct document_shard *shard, const struct document_reading *reading,
                         const struct oid *organization_id, struct str id, struct arena *mem,
                         struct document *ret_document);

/* Keeps a copy in place of what it had of this document. id: of 65,535 bytes at most; with the body of
 * DOCUMENT_MEMORY_MAX_BYTES at most. */
void document_shard_keep(struct document_shard *shard, const struct document_reading *reading,
                         const struct oid *organization_id, const struct document *document);

/* How many bytes of the log are used from now on. Where they become fewer, all is forgotten, and the system
 * has the memory back. */
void document_shard_limit(struct document_shard *shard, size_t bytes);

#endif
