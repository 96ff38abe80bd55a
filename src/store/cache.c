/*
 * When a remembered result may be used: by the rule of cache_changes.h. cache_table.c is where it is kept.
 *
 * A change makes all of them useless at once. Such changes are rare beside look-ups; where they are not, each
 * look-up costs what it did without this file and two loads. Where nobody else has the engine, making an
 * organization is no such change: no other that was there is another for it, and what is not there is not
 * remembered. And there names are remembered by organization_memory.c, for which a change is of one
 * organization only; with what that doesn't keep this here goes on.
 */
#include "store/cache.h"

#include "base/clock.h"
#include "base/later.h"
#include "store/cache_inside.h"

#include <stdlib.h>

/* One look-up: what was so when it began. */
struct reading {
    struct cache_moment began;
    int64_t now_ms; /* 0 where age doesn't matter */
    struct cache_key key;
};

/* Begins a look-up, and ends it where its result is remembered. */
static bool recall(struct cache_store *cache, const struct call *call, enum cache_lookup lookup,
                   struct str key, struct reading *ret_reading, struct membership *ret_value)
{
    struct reading *reading = ret_reading;
    int64_t oldest_ms = 0;

    *reading = (struct reading){ .began = cache_changes_now(&cache->changes) };
    if (!reading->began.is_quiet) {
        return false;
    }
    if (cache->max_age_ms > 0) {
        reading->now_ms = clock_monotonic_ms();
        oldest_ms = reading->now_ms - cache->max_age_ms + 1;
    }
    reading->key = cache_table_key(cache->table, lookup, key);
    return cache_table_find(cache->table, &reading->key, reading->began.generation, oldest_ms,
                            call->mem, ret_value);
}

/* Remembers what the inner engine answered. */
static void remember(struct cache_store *cache, const struct reading *reading,
                     const struct membership *value)
{
    if (cache_changes_none_since(&cache->changes, &reading->began)) {
        cache_table_keep(cache->table, &reading->key, reading->began.generation, reading->now_ms,
                         value);
    }
}

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

/* Around a verb that can change an organization, an account or a membership. id: of the organization that it
 * changes, with the account that goes with it; NULL: it changes nothing that is known by name. */
static void begin_change(struct cache_store *cache, const struct oid *id,
                         const struct oid *account_id, struct organization_changing *ret_changing)
{
    cache_changes_begin(&cache->changes);
    if (id) {
        organization_memory_changing(cache->organizations, id, account_id, ret_changing);
    }
}

static void end_change(struct cache_store *cache, const struct oid *id,
                       struct organization_changing *changing)
{
    if (id) {
        organization_memory_changed(cache->organizations, changing);
    }
    cache_changes_end(&cache->changes);
}

/* The body of such a verb, which may change documents of any number as well. */
#define CHANGED(id, account_id, documents, verb, ...)                                              \
    struct cache_store *cache = (struct cache_store *)store;                                       \
    struct organization_changing changing;                                                         \
    enum status status;                                                                            \
                                                                                                   \
    WAITS(call);                                                                                   \
    begin_change(cache, id, account_id, &changing);                                                \
    document_memory_all_changing(documents);                                                       \
    status = cache->inner->ops->verb(cache->inner, __VA_ARGS__);                                   \
    document_memory_all_changed(documents);                                                        \
    end_change(cache, id, &changing);                                                              \
    return status

static void cache_close(struct store *store)
{
    struct cache_store *cache = (struct cache_store *)store;

    organization_fill_free(cache->fill);
    store_close(cache->inner);
    cache_table_free(cache->table);
    organization_memory_free(cache->organizations);
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
    if (((struct cache_store *)store)->organizations) {
        PASSED(organization_create, call, new, ret_organization); /* see above */
    }
    CHANGED(NULL, NULL, NULL, organization_create, call, new, ret_organization);
}

static enum status cache_organization_by_name(struct store *store, const struct call *call,
                                              struct str name_key,
                                              struct organization *ret_organization)
{
    struct cache_store *cache = (struct cache_store *)store;
    struct membership value = { 0 };
    struct reading reading;
    uint64_t epoch;

    if (organization_memory_find(cache->organizations, name_key, call->mem, ret_organization)) {
        return ST_OK;
    }
    epoch = organization_memory_epoch(cache->organizations);
    if (recall(cache, call, CACHE_ORGANIZATION_BY_NAME, name_key, &reading, &value)) {
        *ret_organization = value.organization;
        return ST_OK;
    }
    WAITS(call);
    TRY(cache->inner->ops->organization_by_name(cache->inner, call, name_key, &value.organization));
    if (!organization_memory_keep(cache->organizations, epoch, KEEP_ALWAYS, &value.organization)) {
        remember(cache, &reading, &value);
    }
    *ret_organization = value.organization;
    return ST_OK;
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
    CHANGED(&change->id, &change->account_id, NULL, organization_update, call, change,
            ret_organization);
}

static enum status cache_organization_delete(struct store *store, const struct call *call,
                                             const struct oid *id)
{
    CHANGED(id, NULL, cache->documents, organization_delete, call, id);
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
    CHANGED(NULL, NULL, NULL, account_rehash, call, account_id, old_hash, new_hash);
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

/* One document is being changed, until that has an outcome. */
struct edit_change {
    struct document_memory *documents;
    const struct oid *organization_id;
    struct str id;
};

static enum status edit_changed(void *context, enum status status)
{
    const struct edit_change *this = context;

    document_memory_changed(this->documents, this->organization_id, this->id);
    return status;
}

static enum status cache_document_edit(struct store *store, const struct call *call,
                                       const struct oid *organization_id, struct str id,
                                       document_edit_fn *edit, void *context)
{
    struct cache_store *cache = (struct cache_store *)store;
    struct edit_change *this;

    WAITS(call);
    this = arena_alloc(call->mem, sizeof(*this));
    *this = (struct edit_change){ .documents = cache->documents,
                                  .organization_id = organization_id,
                                  .id = id };
    document_memory_changing(cache->documents, organization_id, id);
    return call_then(
        call,
        cache->inner->ops->document_edit(cache->inner, call, organization_id, id, edit, context),
        edit_changed, this);
}

static enum status cache_secret_put(struct store *store, const struct call *call, struct str name,
                                    struct str value)
{
    PASSED(secret_put, call, name, value);
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

/* What organizations leave of the memory that they and documents have together. */
static size_t room_for_documents(void *context)
{
    size_t organizations = organization_memory_bytes(context);

    return organizations < CACHE_BYTES - CACHE_DOCUMENT_BYTES ? CACHE_BYTES - organizations
                                                              : CACHE_DOCUMENT_BYTES;
}

struct store *cache_store_new(struct store *inner, int64_t max_age_ms)
{
    struct cache_store *cache = calloc(1, sizeof(*cache));
    bool is_alone = max_age_ms == 0;

    if (!cache) {
        return NULL;
    }
    *cache = (struct cache_store){ .ops = ops,
                                   .inner = inner,
                                   .table = cache_table_new(),
                                   .organizations = is_alone ? organization_memory_new() : NULL,
                                   .max_age_ms = max_age_ms };
    if (cache->organizations) {
        cache->documents = document_memory_new(room_for_documents, cache->organizations);
    }
    if (!cache->table || (is_alone && (!cache->documents || !cache->organizations))) {
        cache_table_free(cache->table);
        document_memory_free(cache->documents);
        organization_memory_free(cache->organizations);
        free(cache);
        return NULL;
    }
    cache->ops.name = inner->ops->name;
    cache->ops.reads_block = inner->ops->reads_block;
    cache->ops.edits_apart = inner->ops->edits_apart;
    cache->ops.edit_pends = inner->ops->edit_pends;
    cache->store.ops = &cache->ops;
    if (is_alone && inner->ops->organization_walk) {
        cache->fill = organization_fill_new(inner, cache->organizations);
    }
    return &cache->store;
}
