/* The verbs that carry whole tenants, or documents of many. They are rare: whatever they may have changed is
 * forgotten, all of it. */
#include "store/cache_inside.h"

/* The body of a verb that can change any number of organizations, with their accounts and documents. */
#define TENANTS_CHANGED(verb, ...)                                                                 \
    struct cache_store *cache = (struct cache_store *)store;                                       \
    enum status status;                                                                            \
                                                                                                   \
    WAITS(call);                                                                                   \
    organization_memory_all_changing(cache->organizations);                                        \
    cache_changes_begin(&cache->changes);                                                          \
    document_memory_all_changing(cache->documents);                                                \
    status = cache->inner->ops->verb(cache->inner, __VA_ARGS__);                                   \
    document_memory_all_changed(cache->documents);                                                 \
    cache_changes_end(&cache->changes);                                                            \
    organization_memory_all_changed(cache->organizations);                                         \
    return status

/* The body of one that changes documents only. */
#define DOCUMENTS_CHANGED(verb, ...)                                                               \
    struct cache_store *cache = (struct cache_store *)store;                                       \
    enum status status;                                                                            \
                                                                                                   \
    WAITS(call);                                                                                   \
    document_memory_all_changing(cache->documents);                                                \
    status = cache->inner->ops->verb(cache->inner, __VA_ARGS__);                                   \
    document_memory_all_changed(cache->documents);                                                 \
    return status

enum status cache_tenant_list(struct store *store, const struct call *call,
                              const struct tenant_query *query, struct tenant_page *ret_page)
{
    PASSED(tenant_list, call, query, ret_page);
}

enum status cache_tenant_put(struct store *store, const struct call *call,
                             const struct tenant *tenant)
{
    TENANTS_CHANGED(tenant_put, call, tenant);
}

/* It may complete what an earlier call left. */
enum status cache_tenants_create(struct store *store, const struct call *call,
                                 struct tenant_creation creations[], size_t count)
{
    TENANTS_CHANGED(tenants_create, call, creations, count);
}

enum status cache_documents_put(struct store *store, const struct call *call,
                                const struct oid *organization_id,
                                const struct document documents[], size_t count)
{
    DOCUMENTS_CHANGED(documents_put, call, organization_id, documents, count);
}

enum status cache_document_lots_put(struct store *store, const struct call *call,
                                    struct document_lot lots[], size_t count)
{
    DOCUMENTS_CHANGED(document_lots_put, call, lots, count);
}

enum status cache_tenant_estimate(struct store *store, const struct call *call, int64_t *ret_count)
{
    PASSED(tenant_estimate, call, ret_count);
}

enum status cache_document_as_kept(struct store *store, const struct call *call,
                                   const struct document *document, struct str *ret_body)
{
    PASSED(document_as_kept, call, document, ret_body);
}
