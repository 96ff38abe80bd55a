/*
 * The memory of src/store/cache.c: results of look-ups by key, each with the generation and the time it
 * belongs to. A fixed number of places: where a set is full, the result that was not asked for the
 * longest gives way. Which set a key falls into depends on a key of the process, so that nobody can
 * choose names that push each other out.
 *
 * Any thread, any number at once.
 */
#ifndef ORGD_STORE_CACHE_TABLE_H
#define ORGD_STORE_CACHE_TABLE_H

#include "store/store.h"

/* With its key and its strings; what is larger is not kept. */
#define CACHE_RESULT_MAX_BYTES 2048

/* Results at once. */
#define CACHE_RESULTS 8192

/* What a key is a key of. */
enum cache_lookup {
    CACHE_ORGANIZATION_BY_NAME,
    CACHE_ORGANIZATION_BY_ID,
    CACHE_ORGANIZATION_BY_SLUG,
    CACHE_MEMBERSHIP_BY_IDS,
};

struct cache_key {
    enum cache_lookup lookup;
    struct str bytes; /* owned by the caller */
    uint64_t hash;
};

struct cache_table;

/* NULL only where memory is out. */
struct cache_table *cache_table_new(void);

/* Wipes and frees all; table may be NULL. No other call is under way. */
void cache_table_free(struct cache_table *table);

struct cache_key cache_table_key(const struct cache_table *table, enum cache_lookup lookup,
                                 struct str bytes);

/* Looks for a result of exactly this generation that was read at oldest_ms or later. Where there is
 * one, *ret_value is a copy with its strings in mem, ended by NUL; else false, and untouched. */
bool cache_table_find(struct cache_table *table, const struct cache_key *key, uint64_t generation,
                      int64_t oldest_ms, struct arena *mem, struct membership *ret_value);

/* Keeps a copy of value in place of what the key had, unless it is too large or memory is out. An
 * organization alone is a membership with everything else zero. */
void cache_table_keep(struct cache_table *table, const struct cache_key *key, uint64_t generation,
                      int64_t read_ms, const struct membership *value);

#endif
