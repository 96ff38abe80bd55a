/* What cache.c and cache_moves.c share. Not for others. */
#ifndef ORGD_STORE_CACHE_INSIDE_H
#define ORGD_STORE_CACHE_INSIDE_H

#include "store/cache_changes.h"
#include "store/cache_table.h"
#include "store/document_memory.h"
#include "store/organization_fill.h"
#include "store/store.h"

struct cache_store {
    struct store store;
    struct store_ops ops;
    struct store *inner;
    struct cache_table *table;
    /* Three that are NULL where others may change what is in the engine. */
    struct document_memory *documents;
    struct organization_memory *organizations;
    struct organization_fill *fill; /* NULL: look-ups fill it */
    int64_t max_age_ms;             /* 0: for ever */
    struct cache_changes changes;
};

/* What comes now may wait, and is left out where nothing may be waited for. */
#define WAITS(call)                                                                                \
    do {                                                                                           \
        if ((call)->memory_only) {                                                                 \
            return ST_BUSY;                                                                        \
        }                                                                                          \
    } while (0)

/* The body of every other verb. */
#define PASSED(verb, ...)                                                                          \
    struct cache_store *cache = (struct cache_store *)store;                                       \
                                                                                                   \
    WAITS(call);                                                                                   \
    return cache->inner->ops->verb(cache->inner, __VA_ARGS__)

/* cache_moves.c: the verbs that carry whole tenants and many documents. */
enum status cache_tenant_list(struct store *store, const struct call *call,
                              const struct tenant_query *query, struct tenant_page *ret_page);
enum status cache_tenant_put(struct store *store, const struct call *call,
                             const struct tenant *tenant);
enum status cache_documents_put(struct store *store, const struct call *call,
                                const struct oid *organization_id,
                                const struct document documents[], size_t count);
enum status cache_tenants_create(struct store *store, const struct call *call,
                                 struct tenant_creation creations[], size_t count);
enum status cache_document_lots_put(struct store *store, const struct call *call,
                                    struct document_lot lots[], size_t count);
enum status cache_tenant_estimate(struct store *store, const struct call *call, int64_t *ret_count);
enum status cache_document_as_kept(struct store *store, const struct call *call,
                                   const struct document *document, struct str *ret_body);

#endif
