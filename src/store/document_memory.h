/*
 * Documents that were read, remembered by src/store/cache.c for engines that one process has to itself.
 *
 * When one may be used is decided as for look-ups (the argument is in cache_changes.h): a change adds to
 * `changing` before and to `generation` after, a reading looks at both, and what it finds or keeps is of
 * the same generation. But changes of documents are usual where those of organizations are seldom, so
 * there are many such pairs: each document has one of them by a keyed hash, which it shares with a few
 * others, and there is one more for changes that may concern any document. A result is used only where
 * both pairs say so; each change adds to one of them; and the argument holds for each pair by itself.
 *
 * Bounded in bytes, and by what the owner says there is room for; documents of more bytes than
 * DOCUMENT_MEMORY_MAX_BYTES are not kept. What was kept the longest ago and not looked up since gives way.
 * Any thread, any number at once. memory may be NULL everywhere: then nothing is remembered.
 */
#ifndef ORGD_STORE_DOCUMENT_MEMORY_H
#define ORGD_STORE_DOCUMENT_MEMORY_H

#include "store/store.h"

/* All documents at most, with some 50 bytes beside the id and the body of each; and the largest. */
#define DOCUMENT_MEMORY_BYTES ((size_t)16 << 20)
#define DOCUMENT_MEMORY_MAX_BYTES 2048

struct document_memory;

/* How many bytes documents may take now, asked now and then by any thread that reads one. */
typedef size_t document_memory_room(void *context);

/* NULL where memory is out. room: NULL where there is room for DOCUMENT_MEMORY_BYTES, the most at any rate. */
struct document_memory *document_memory_new(document_memory_room *room, void *context);

/* No other call is under way. */
void document_memory_free(struct document_memory *memory);

/* One reading: what was so when it began. */
struct document_reading {
    bool is_quiet; /* no change was under way that may concern the document */
    uint64_t hash;
    uint64_t generation;        /* of the document's pair */
    uint64_t common_generation; /* of the pair for all */
};

/* Begins a reading, and ends it where the document is remembered: then *ret_document has its strings in
 * mem. */
bool document_memory_recall(struct document_memory *memory, struct arena *mem,
                            const struct oid *organization_id, struct str id,
                            struct document_reading *ret_reading, struct document *ret_document);

/* Remembers what the engine answered to a reading, where nothing has changed since it began. */
void document_memory_remember(struct document_memory *memory,
                              const struct document_reading *reading,
                              const struct oid *organization_id, const struct document *document);

/* Around a change of one document. */
void document_memory_changing(struct document_memory *memory, const struct oid *organization_id,
                              struct str id);
void document_memory_changed(struct document_memory *memory, const struct oid *organization_id,
                             struct str id);

/* Around a change of any number of them. */
void document_memory_all_changing(struct document_memory *memory);
void document_memory_all_changed(struct document_memory *memory);

#endif
