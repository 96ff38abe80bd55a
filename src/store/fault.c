/* Each verb: counts, and where its turn has come fails before the inner engine or after it. */
#include "store/fault.h"

#include "base/later.h"

#include <pthread.h>
#include <stdlib.h>

struct fault_store {
    struct store store;
    struct store_ops ops;
    struct store *inner;
    pthread_mutex_t mutex;
    bool armed;
    int at; /* the number of the call that fails, from 0 */
    int calls;
    enum fault_when when;
    enum status status;
};

enum turn { TURN_PASS, TURN_BEFORE, TURN_AFTER };

/* What becomes of the present call; where it fails, *ret_status is its outcome. */
static enum turn take_turn(struct fault_store *fault, const struct call *call,
                           enum status *ret_status)
{
    enum turn turn = TURN_PASS;

    (void)pthread_mutex_lock(&fault->mutex);
    if (fault->armed && fault->calls == fault->at) {
        fault->armed = false;
        turn = fault->when == FAULT_BEFORE ? TURN_BEFORE : TURN_AFTER;
        *ret_status = err_set(call->err, fault->status, "a fault of the test's making");
    }
    fault->calls++;
    (void)pthread_mutex_unlock(&fault->mutex);
    return turn;
}

/* The body of a verb without a result: the inner engine's with the same arguments. */
#define FAULTED(verb, ...)                                                                         \
    struct fault_store *fault = (struct fault_store *)store;                                       \
    enum status failure = ST_OK;                                                                   \
    enum turn turn = take_turn(fault, call, &failure);                                             \
    enum status status;                                                                            \
                                                                                                   \
    if (turn == TURN_BEFORE) {                                                                     \
        return failure;                                                                            \
    }                                                                                              \
    status = fault->inner->ops->verb(fault->inner, __VA_ARGS__);                                   \
    return turn == TURN_AFTER ? failure : status

/* The same with a result, which the caller does not see where the outcome is thrown away. */
#define FAULTED_RESULT(type, ret, verb, ...)                                                       \
    struct fault_store *fault = (struct fault_store *)store;                                       \
    enum status failure = ST_OK;                                                                   \
    enum turn turn = take_turn(fault, call, &failure);                                             \
    enum status status;                                                                            \
    type result = { 0 };                                                                           \
                                                                                                   \
    if (turn == TURN_BEFORE) {                                                                     \
        return failure;                                                                            \
    }                                                                                              \
    status = fault->inner->ops->verb(fault->inner, __VA_ARGS__, &result);                          \
    if (turn == TURN_AFTER) {                                                                      \
        return failure;                                                                            \
    }                                                                                              \
    if (status == ST_OK) {                                                                         \
        *(ret) = result;                                                                           \
    }                                                                                              \
    return status

static void fault_close(struct store *store)
{
    struct fault_store *fault = (struct fault_store *)store;

    store_close(fault->inner);
    (void)pthread_mutex_destroy(&fault->mutex);
    free(fault);
}

static enum status fault_ping(struct store *store, const struct call *call)
{
    FAULTED(ping, call);
}

static enum status fault_secret(struct store *store, const struct call *call, struct str name,
                                struct str candidate, struct str *ret_value)
{
    FAULTED_RESULT(struct str, ret_value, secret, call, name, candidate);
}

static enum status fault_organization_create(struct store *store, const struct call *call,
                                             const struct new_organization *new,
                                             struct organization *ret_organization)
{
    FAULTED_RESULT(struct organization, ret_organization, organization_create, call, new);
}

static enum status fault_organization_by_name(struct store *store, const struct call *call,
                                              struct str name_key,
                                              struct organization *ret_organization)
{
    FAULTED_RESULT(struct organization, ret_organization, organization_by_name, call, name_key);
}

static enum status fault_organization_by_id(struct store *store, const struct call *call,
                                            const struct oid *id,
                                            struct organization *ret_organization)
{
    FAULTED_RESULT(struct organization, ret_organization, organization_by_id, call, id);
}

static enum status fault_organization_by_slug(struct store *store, const struct call *call,
                                              struct str slug,
                                              struct organization *ret_organization)
{
    FAULTED_RESULT(struct organization, ret_organization, organization_by_slug, call, slug);
}

static enum status fault_organization_update(struct store *store, const struct call *call,
                                             const struct organization_change *change,
                                             struct organization *ret_organization)
{
    FAULTED_RESULT(struct organization, ret_organization, organization_update, call, change);
}

static enum status fault_organization_delete(struct store *store, const struct call *call,
                                             const struct oid *id)
{
    FAULTED(organization_delete, call, id);
}

static enum status fault_membership_by_email(struct store *store, const struct call *call,
                                             struct str email_key,
                                             struct membership *ret_membership)
{
    FAULTED_RESULT(struct membership, ret_membership, membership_by_email, call, email_key);
}

static enum status fault_membership_by_ids(struct store *store, const struct call *call,
                                           const struct oid *account_id,
                                           const struct oid *organization_id,
                                           struct membership *ret_membership)
{
    FAULTED_RESULT(struct membership, ret_membership, membership_by_ids, call, account_id,
                   organization_id);
}

static enum status fault_account_rehash(struct store *store, const struct call *call,
                                        const struct oid *account_id, struct str old_hash,
                                        struct str new_hash)
{
    FAULTED(account_rehash, call, account_id, old_hash, new_hash);
}

static enum status fault_document_get(struct store *store, const struct call *call,
                                      const struct oid *organization_id, struct str id,
                                      struct document *ret_document)
{
    FAULTED_RESULT(struct document, ret_document, document_get, call, organization_id, id);
}

static enum status fault_document_list(struct store *store, const struct call *call,
                                       const struct oid *organization_id,
                                       const struct document_query *query,
                                       struct document_page *ret_page)
{
    FAULTED_RESULT(struct document_page, ret_page, document_list, call, organization_id, query);
}

/* The outcome of an edit is thrown away, also where it comes later. */
static enum status edit_lost(void *context, enum status status)
{
    const enum status *lost = context;

    (void)status;
    return *lost;
}

static enum status fault_document_edit(struct store *store, const struct call *call,
                                       const struct oid *organization_id, struct str id,
                                       document_edit_fn *edit, void *context)
{
    struct fault_store *fault = (struct fault_store *)store;
    enum status failure = ST_OK;
    enum turn turn = take_turn(fault, call, &failure);
    enum status status;

    if (turn == TURN_BEFORE) {
        return failure;
    }
    status =
        fault->inner->ops->document_edit(fault->inner, call, organization_id, id, edit, context);
    if (turn == TURN_AFTER) {
        enum status *lost = arena_alloc(call->mem, sizeof(*lost));

        *lost = failure;
        return call_then(call, status, edit_lost, lost);
    }
    return status;
}

static enum status fault_secret_put(struct store *store, const struct call *call, struct str name,
                                    struct str value)
{
    FAULTED(secret_put, call, name, value);
}

static enum status fault_tenant_list(struct store *store, const struct call *call,
                                     const struct tenant_query *query, struct tenant_page *ret_page)
{
    FAULTED_RESULT(struct tenant_page, ret_page, tenant_list, call, query);
}

static enum status fault_tenant_put(struct store *store, const struct call *call,
                                    const struct tenant *tenant)
{
    FAULTED(tenant_put, call, tenant);
}

static enum status fault_documents_put(struct store *store, const struct call *call,
                                       const struct oid *organization_id,
                                       const struct document documents[], size_t count)
{
    FAULTED(documents_put, call, organization_id, documents, count);
}

static enum status fault_tenants_create(struct store *store, const struct call *call,
                                        struct tenant_creation creations[], size_t count)
{
    FAULTED(tenants_create, call, creations, count);
}

static enum status fault_document_lots_put(struct store *store, const struct call *call,
                                           struct document_lot lots[], size_t count)
{
    FAULTED(document_lots_put, call, lots, count);
}

static enum status fault_tenant_estimate(struct store *store, const struct call *call,
                                         int64_t *ret_count)
{
    FAULTED_RESULT(int64_t, ret_count, tenant_estimate, call);
}

static enum status fault_document_as_kept(struct store *store, const struct call *call,
                                          const struct document *document, struct str *ret_body)
{
    FAULTED_RESULT(struct str, ret_body, document_as_kept, call, document);
}

static const struct store_ops ops = {
    .close = fault_close,
    .ping = fault_ping,
    .secret = fault_secret,
    .organization_create = fault_organization_create,
    .organization_by_name = fault_organization_by_name,
    .organization_by_id = fault_organization_by_id,
    .organization_by_slug = fault_organization_by_slug,
    .organization_update = fault_organization_update,
    .organization_delete = fault_organization_delete,
    .membership_by_email = fault_membership_by_email,
    .membership_by_ids = fault_membership_by_ids,
    .account_rehash = fault_account_rehash,
    .document_get = fault_document_get,
    .document_list = fault_document_list,
    .document_edit = fault_document_edit,
    .secret_put = fault_secret_put,
    .tenant_list = fault_tenant_list,
    .tenant_put = fault_tenant_put,
    .documents_put = fault_documents_put,
    .tenants_create = fault_tenants_create,
    .document_lots_put = fault_document_lots_put,
    .tenant_estimate = fault_tenant_estimate,
    .document_as_kept = fault_document_as_kept,
};

struct store *fault_store_new(struct store *inner)
{
    struct fault_store *fault = calloc(1, sizeof(*fault));

    if (!fault) {
        return NULL;
    }
    fault->inner = inner;
    fault->ops = ops;
    fault->ops.name = inner->ops->name;
    fault->ops.reads_block = inner->ops->reads_block;
    fault->ops.edits_apart = inner->ops->edits_apart;
    fault->ops.edit_pends = inner->ops->edit_pends;
    fault->store.ops = &fault->ops;
    (void)pthread_mutex_init(&fault->mutex, NULL);
    return &fault->store;
}

void fault_store_arm(struct store *store, int skip, enum fault_when when, enum status status)
{
    struct fault_store *fault = (struct fault_store *)store;

    (void)pthread_mutex_lock(&fault->mutex);
    fault->armed = true;
    fault->at = skip;
    fault->calls = 0;
    fault->when = when;
    fault->status = status;
    (void)pthread_mutex_unlock(&fault->mutex);
}

int fault_store_calls(const struct store *store)
{
    struct fault_store *fault = (struct fault_store *)(uintptr_t)store;
    int calls;

    (void)pthread_mutex_lock(&fault->mutex);
    calls = fault->calls;
    (void)pthread_mutex_unlock(&fault->mutex);
    return calls;
}
