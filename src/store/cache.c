/*
 * When a remembered result may be used; cache_table.c is where it is kept.
 *
 * Every verb that can change an organization, an account or a membership goes
 *
 *     changing + 1;  the inner verb, whose effect comes about in here;  generation + 1;  changing - 1
 *
 * whatever the inner verb's status is. A look-up reads `changing` (moment A), then `generation` as g
 * (moment B), in this order. Where `changing` was 0 it uses a result of generation g, and only such a
 * one. Otherwise it asks the inner engine (moment X) and then, where `changing` was 0 and `generation`
 * is still g, keeps the result as one of g. All these are sequentially consistent, so they have one
 * order, and `generation` only grows.
 *
 * Why that can't be noticed. A result kept as one of g was true at its X, and `generation` was g before
 * X and after. Let a look-up find it. If X comes after its own A, then X is within that look-up, which
 * therefore answers what was true during it. If X comes before A, take any change whose effect came
 * after X. It had not added to `generation` by B, since that was g from before X until B; so it had not
 * ended by A, which is earlier; and it was not under way at A either, as `changing` was 0. It therefore
 * began after A, and so the result was still true at A, which again is within the look-up. So every
 * answer, remembered or not, is what the inner engine had at a moment between the call and its return.
 * A look-up that begins after a change was answered sees that change, and one that begins after
 * another has seen something new does not see what was there before.
 *
 * The order of A and B matters: with `generation` read first, a change could end between the two, and
 * the result from before it would be used. A result that was read while a change was under way could
 * never be used, because that change still adds to `generation`: so it is not kept.
 *
 * A change makes everything remembered useless at once. Changes are rare beside look-ups; where they
 * are not, each look-up costs what it did without this file and two loads.
 */
#include "store/cache.h"

#include "base/clock.h"
#include "store/cache_table.h"
#include "store/document_memory.h"

#include <stdatomic.h>
#include <stdlib.h>

struct cache_store {
    struct store store;
    struct store_ops ops;
    struct store *inner;
    struct cache_table *table;
    struct document_memory *documents; /* NULL: not remembered, as others may change them */
    int64_t max_age_ms;                /* 0: for ever */
    _Atomic uint64_t changing;
    _Atomic uint64_t generation;
};

/* One look-up: what was so when it began. */
struct reading {
    bool is_quiet; /* no change was under way */
    uint64_t generation;
    int64_t now_ms; /* 0 where age doesn't matter */
    struct cache_key key;
};

/* Begins a look-up, and ends it where its result is remembered. */
static bool recall(struct cache_store *cache, const struct call *call, enum cache_lookup lookup,
                   struct str key, struct reading *ret_reading, struct membership *ret_value)
{
    struct reading *reading = ret_reading;
    int64_t oldest_ms = 0;

    *reading = (struct reading){ .is_quiet = atomic_load(&cache->changing) == 0 };
    reading->generation = atomic_load(&cache->generation); /* after changing, never before */
    if (!reading->is_quiet) {
        return false;
    }
    if (cache->max_age_ms > 0) {
        reading->now_ms = clock_monotonic_ms();
        oldest_ms = reading->now_ms - cache->max_age_ms + 1;
    }
    reading->key = cache_table_key(cache->table, lookup, key);
    return cache_table_find(cache->table, &reading->key, reading->generation, oldest_ms, call->mem,
                            ret_value);
}

/* Remembers what the inner engine answered. */
static void remember(struct cache_store *cache, const struct reading *reading,
                     const struct membership *value)
{
    if (reading->is_quiet && atomic_load(&cache->generation) == reading->generation) {
        cache_table_keep(cache->table, &reading->key, reading->generation, reading->now_ms, value);
    }
}

/* What comes now may wait, and is left out where nothing may be waited for. */
#define WAITS(call)                                                                                \
    do {                                                                                           \
        if ((call)->memory_only) {                                                                 \
            return ST_BUSY;                                                                        \
        }                                                                                          \
    } while (0)

/* The body of a look-up of an organization by key, which is the argument in another form. */
#define RECALLED_ORGANIZATION(lookup, bytes, verb, argument)                                       \
    struct cache_store *cache = (struct cache_store *)store;                                       \
    struct membership value = { 0 };                                                               \
    struct reading reading;                                                                        \
                                                                                                   \
    if (recall(cache, call, lookup, bytes, &reading, &value)) {                                    \
        *ret_organization = value.organization;                                                    \
        return ST_OK;                                                                              \
    }                                                                                              \
    WAITS(call);                                                                                   \
    TRY(cache->inner->ops->verb(cache->inner, call, argument, &value.organization));               \
    remember(cache, &reading, &value);                                                             \
    *ret_organization = value.organization;                                                        \
    return ST_OK

/* The body of a verb that can change what is remembered. */
#define CHANGED(verb, ...)                                                                         \
    struct cache_store *cache = (struct cache_store *)store;                                       \
    enum status status;                                                                            \
                                                                                                   \
    WAITS(call);                                                                                   \
    (void)atomic_fetch_add(&cache->changing, 1);                                                   \
    status = cache->inner->ops->verb(cache->inner, __VA_ARGS__);                                   \
    (void)atomic_fetch_add(&cache->generation, 1);                                                 \
    (void)atomic_fetch_sub(&cache->changing, 1);                                                   \
    return status

/* The body of a verb that can change documents of any number, and what else is remembered. */
#define DOCUMENTS_CHANGED(verb, ...)                                                               \
    struct cache_store *cache = (struct cache_store *)store;                                       \
    enum status status;                                                                            \
                                                                                                   \
    WAITS(call);                                                                                   \
    (void)atomic_fetch_add(&cache->changing, 1);                                                   \
    document_memory_all_changing(cache->documents);                                                \
    status = cache->inner->ops->verb(cache->inner, __VA_ARGS__);                                   \
    document_memory_all_changed(cache->documents);                                                 \
    (void)atomic_fetch_add(&cache->generation, 1);                                                 \
    (void)atomic_fetch_sub(&cache->changing, 1);                                                   \
    return status

/* The body of every other verb. */
#define PASSED(verb, ...)                                                                          \
    struct cache_store *cache = (struct cache_store *)store;                                       \
                                                                                                   \
    WAITS(call);                                                                                   \
    return cache->inner->ops->verb(cache->inner, __VA_ARGS__)

static void cache_close(struct store *store)
{
    struct cache_store *cache = (struct cache_store *)store;

    store_close(cache->inner);
    cache_table_free(cache->table);
    document_memory_free(cache->documents);
    free(cache);
}

static void cache_metrics(struct store *store, struct buf *out)
{
    struct cache_store *cache = (struct cache_store *)store;

    if (cache->inner->ops->metrics) {
        cache->inner->ops->metrics(cache->inner, out);
    }
}

static enum status cache_ping(struct store *store, const struct call *call)
{
    PASSED(ping, call);
}

static enum status cache_secret(struct store *store, const struct call *call, struct str name,
                                struct str candidate, struct str *ret_value)
{
    PASSED(secret, call, name, candidate, ret_value);
}

static enum status cache_organization_create(struct store *store, const struct call *call,
                                             const struct new_organization *new,
                                             struct organization *ret_organization)
{
    CHANGED(organization_create, call, new, ret_organization);
}

static enum status cache_organization_by_name(struct store *store, const struct call *call,
                                              struct str name_key,
                                              struct organization *ret_organization)
{
    RECALLED_ORGANIZATION(CACHE_ORGANIZATION_BY_NAME, name_key, organization_by_name, name_key);
}

static struct str oid_bytes(const struct oid *id)
{
    return (struct str){ .ptr = (const char *)id->bytes, .len = OID_BYTES };
}

static enum status cache_organization_by_id(struct store *store, const struct call *call,
                                            const struct oid *id,
                                            struct organization *ret_organization)
{
    RECALLED_ORGANIZATION(CACHE_ORGANIZATION_BY_ID, oid_bytes(id), organization_by_id, id);
}

static enum status cache_organization_by_slug(struct store *store, const struct call *call,
                                              struct str slug,
                                              struct organization *ret_organization)
{
    RECALLED_ORGANIZATION(CACHE_ORGANIZATION_BY_SLUG, slug, organization_by_slug, slug);
}

static enum status cache_organization_update(struct store *store, const struct call *call,
                                             const struct organization_change *change,
                                             struct organization *ret_organization)
{
    CHANGED(organization_update, call, change, ret_organization);
}

static enum status cache_organization_delete(struct store *store, const struct call *call,
                                             const struct oid *id)
{
    DOCUMENTS_CHANGED(organization_delete, call, id);
}

static enum status cache_membership_by_email(struct store *store, const struct call *call,
                                             struct str email_key,
                                             struct membership *ret_membership)
{
    PASSED(membership_by_email, call, email_key, ret_membership);
}

static enum status cache_membership_by_ids(struct store *store, const struct call *call,
                                           const struct oid *account_id,
                                           const struct oid *organization_id,
                                           struct membership *ret_membership)
{
    struct cache_store *cache = (struct cache_store *)store;
    struct oid ids[2] = { *account_id, *organization_id };
    struct str key = { .ptr = (const char *)ids, .len = sizeof(ids) };
    struct reading reading;

    if (recall(cache, call, CACHE_MEMBERSHIP_BY_IDS, key, &reading, ret_membership)) {
        return ST_OK;
    }
    WAITS(call);
    TRY(cache->inner->ops->membership_by_ids(cache->inner, call, account_id, organization_id,
                                             ret_membership));
    remember(cache, &reading, ret_membership);
    return ST_OK;
}

static enum status cache_account_rehash(struct store *store, const struct call *call,
                                        const struct oid *account_id, struct str old_hash,
                                        struct str new_hash)
{
    CHANGED(account_rehash, call, account_id, old_hash, new_hash);
}

static enum status cache_document_get(struct store *store, const struct call *call,
                                      const struct oid *organization_id, struct str id,
                                      struct document *ret_document)
{
    struct cache_store *cache = (struct cache_store *)store;
    struct document_reading reading;

    if (document_memory_recall(cache->documents, call->mem, organization_id, id, &reading,
                               ret_document)) {
        return ST_OK;
    }
    WAITS(call);
    TRY(cache->inner->ops->document_get(cache->inner, call, organization_id, id, ret_document));
    document_memory_remember(cache->documents, &reading, organization_id, ret_document);
    return ST_OK;
}

static enum status cache_document_list(struct store *store, const struct call *call,
                                       const struct oid *organization_id,
                                       const struct document_query *query,
                                       struct document_page *ret_page)
{
    PASSED(document_list, call, organization_id, query, ret_page);
}

static enum status cache_document_edit(struct store *store, const struct call *call,
                                       const struct oid *organization_id, struct str id,
                                       document_edit_fn *edit, void *context)
{
    struct cache_store *cache = (struct cache_store *)store;
    enum status status;

    WAITS(call);
    document_memory_changing(cache->documents, organization_id, id);
    status =
        cache->inner->ops->document_edit(cache->inner, call, organization_id, id, edit, context);
    document_memory_changed(cache->documents, organization_id, id);
    return status;
}

static enum status cache_secret_put(struct store *store, const struct call *call, struct str name,
                                    struct str value)
{
    PASSED(secret_put, call, name, value);
}

static enum status cache_tenant_list(struct store *store, const struct call *call,
                                     const struct tenant_query *query, struct tenant_page *ret_page)
{
    PASSED(tenant_list, call, query, ret_page);
}

static enum status cache_tenant_put(struct store *store, const struct call *call,
                                    const struct tenant *tenant)
{
    DOCUMENTS_CHANGED(tenant_put, call, tenant);
}

static enum status cache_documents_put(struct store *store, const struct call *call,
                                       const struct oid *organization_id,
                                       const struct document documents[], size_t count)
{
    DOCUMENTS_CHANGED(documents_put, call, organization_id, documents, count);
}

static enum status cache_tenants_create(struct store *store, const struct call *call,
                                        struct tenant_creation creations[], size_t count)
{
    CHANGED(tenants_create, call, creations, count);
}

static enum status cache_document_lots_put(struct store *store, const struct call *call,
                                           struct document_lot lots[], size_t count)
{
    DOCUMENTS_CHANGED(document_lots_put, call, lots, count);
}

static enum status cache_tenant_estimate(struct store *store, const struct call *call,
                                         int64_t *ret_count)
{
    PASSED(tenant_estimate, call, ret_count);
}

static enum status cache_document_as_kept(struct store *store, const struct call *call,
                                          const struct document *document, struct str *ret_body)
{
    PASSED(document_as_kept, call, document, ret_body);
}

static const struct store_ops ops = {
    .close = cache_close,
    .metrics = cache_metrics,
    .ping = cache_ping,
    .secret = cache_secret,
    .organization_create = cache_organization_create,
    .organization_by_name = cache_organization_by_name,
    .organization_by_id = cache_organization_by_id,
    .organization_by_slug = cache_organization_by_slug,
    .organization_update = cache_organization_update,
    .organization_delete = cache_organization_delete,
    .membership_by_email = cache_membership_by_email,
    .membership_by_ids = cache_membership_by_ids,
    .account_rehash = cache_account_rehash,
    .document_get = cache_document_get,
    .document_list = cache_document_list,
    .document_edit = cache_document_edit,
    .secret_put = cache_secret_put,
    .tenant_list = cache_tenant_list,
    .tenant_put = cache_tenant_put,
    .documents_put = cache_documents_put,
    .tenants_create = cache_tenants_create,
    .document_lots_put = cache_document_lots_put,
    .tenant_estimate = cache_tenant_estimate,
    .document_as_kept = cache_document_as_kept,
};

struct store *cache_store_new(struct store *inner, int64_t max_age_ms)
{
    struct cache_store *cache = calloc(1, sizeof(*cache));

    if (!cache) {
        return NULL;
    }
    cache->table = cache_table_new();
    cache->documents = max_age_ms == 0 ? document_memory_new() : NULL;
    if (!cache->table || (max_age_ms == 0 && !cache->documents)) {
        cache_table_free(cache->table);
        document_memory_free(cache->documents);
        free(cache);
        return NULL;
    }
    cache->inner = inner;
    cache->max_age_ms = max_age_ms;
    cache->ops = ops;
    cache->ops.name = inner->ops->name;
    cache->ops.reads_block = inner->ops->reads_block;
    cache->store.ops = &cache->ops;
    return &cache->store;
}
