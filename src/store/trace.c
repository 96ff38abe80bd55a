/* Each verb: the time before, the inner engine, the time after. */
#include "store/trace.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/later.h"
#include "base/log.h"
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>

/* Every verb but close. */
#define VERB_LIST(X)                                                                               \
    X(ping)                                                                                        \
    X(secret)                                                                                      \
    X(organization_create)                                                                         \
    X(organization_by_name)                                                                        \
    X(organization_by_id)                                                                          \
    X(organization_by_slug)                                                                        \
    X(organization_update)                                                                         \
    X(organization_delete)                                                                         \
    X(membership_by_email)                                                                         \
    X(membership_by_ids)                                                                           \
    X(account_rehash)                                                                              \
    X(document_get)                                                                                \
    X(document_list)                                                                               \
    X(document_edit)                                                                               \
    X(secret_put)                                                                                  \
    X(tenant_list)                                                                                 \
    X(tenant_put)                                                                                  \
    X(documents_put)                                                                               \
    X(tenants_create)                                                                              \
    X(document_lots_put)                                                                           \
    X(tenant_estimate)                                                                             \
    X(document_as_kept)

#define VERB_ENUM(verb) VERB_##verb,
enum verb { VERB_LIST(VERB_ENUM) VERB_COUNT };
#undef VERB_ENUM

static const char *const verb_names[VERB_COUNT] = {
#define VERB_NAME(verb) [VERB_##verb] = #verb,
    VERB_LIST(VERB_NAME)
#undef VERB_NAME
};

struct trace_store {
    struct store store;
    struct store_ops ops;
    struct store *inner;
    struct histogram durations[VERB_COUNT];
};

static enum status record(struct trace_store *trace, enum verb verb, const struct call *call,
                          int64_t started_us, enum status status)
{
    int64_t took_us = clock_monotonic_us() - started_us;

    if (call->memory_only && status == ST_BUSY) {
        return status; /* it is called again, and may wait then */
    }
    histogram_record(&trace->durations[verb], took_us);
    if (log_enabled(LOG_DEBUG)) {
        log_line(LOG_DEBUG, "store", LOG_TEXT("operation", verb_names[verb]),
                 LOG_TEXT("code", status_code(status)), LOG_MS("took_ms", took_us));
    }
    return status;
}

/* The body of a verb: the inner engine's with the same arguments, measured. */
#define TRACED(verb, ...)                                                                          \
    struct trace_store *trace = (struct trace_store *)store;                                       \
    int64_t started_us = clock_monotonic_us();                                                     \
                                                                                                   \
    return record(trace, VERB_##verb, call, started_us,                                            \
                  trace->inner->ops->verb(trace->inner, __VA_ARGS__))

static void trace_close(struct store *store)
{
    store_close(((struct trace_store *)store)->inner);
    free(store);
}

static enum status trace_ping(struct store *store, const struct call *call)
{
    TRACED(ping, call);
}

static enum status trace_secret(struct store *store, const struct call *call, struct str name,
                                struct str candidate, struct str *ret_value)
{
    TRACED(secret, call, name, candidate, ret_value);
}

static enum status trace_organization_create(struct store *store, const struct call *call,
                                             const struct new_organization *new,
                                             struct organization *ret_organization)
{
    TRACED(organization_create, call, new, ret_organization);
}

static enum status trace_organization_by_name(struct store *store, const struct call *call,
                                              struct str name_key,
                                              struct organization *ret_organization)
{
    TRACED(organization_by_name, call, name_key, ret_organization);
}

static enum status trace_organization_by_id(struct store *store, const struct call *call,
                                            const struct oid *id,
                                            struct organization *ret_organization)
{
    TRACED(organization_by_id, call, id, ret_organization);
}

static enum status trace_organization_by_slug(struct store *store, const struct call *call,
                                              struct str slug,
                                              struct organization *ret_organization)
{
    TRACED(organization_by_slug, call, slug, ret_organization);
}

static enum status trace_organization_update(struct store *store, const struct call *call,
                                             const struct organization_change *change,
                                             struct organization *ret_organization)
{
    TRACED(organization_update, call, change, ret_organization);
}

static enum status trace_organization_delete(struct store *store, const struct call *call,
                                             const struct oid *id)
{
    TRACED(organization_delete, call, id);
}

static enum status trace_membership_by_email(struct store *store, const struct call *call,
                                             struct str email_key,
                                             struct membership *ret_membership)
{
    TRACED(membership_by_email, call, email_key, ret_membership);
}

static enum status trace_membership_by_ids(struct store *store, const struct call *call,
                                           const struct oid *account_id,
                                           const struct oid *organization_id,
                                           struct membership *ret_membership)
{
    TRACED(membership_by_ids, call, account_id, organization_id, ret_membership);
}

static enum status trace_account_rehash(struct store *store, const struct call *call,
                                        const struct oid *account_id, struct str old_hash,
                                        struct str new_hash)
{
    TRACED(account_rehash, call, account_id, old_hash, new_hash);
}

static enum status trace_document_get(struct store *store, const struct call *call,
                                      const struct oid *organization_id, struct str id,
                                      struct document *ret_document)
{
    TRACED(document_get, call, organization_id, id, ret_document);
}

static enum status trace_document_list(struct store *store, const struct call *call,
                                       const struct oid *organization_id,
                                       const struct document_query *query,
                                       struct document_page *ret_page)
{
    TRACED(document_list, call, organization_id, query, ret_page);
}

/* An edit may end when its function has long returned. */
struct edit_trace {
    struct trace_store *trace;
    const struct call *call;
    int64_t started_us;
};

static enum status edit_traced(void *context, enum status status)
{
    const struct edit_trace *this = context;

    return record(this->trace, VERB_document_edit, this->call, this->started_us, status);
}

static enum status trace_document_edit(struct store *store, const struct call *call,
                                       const struct oid *organization_id, struct str id,
                                       document_edit_fn *edit, void *context)
{
    struct trace_store *trace = (struct trace_store *)store;
    struct edit_trace *this = arena_alloc(call->mem, sizeof(*this));

    *this = (struct edit_trace){ .trace = trace, .call = call, .started_us = clock_monotonic_us() };
    return call_then(
        call,
        trace->inner->ops->document_edit(trace->inner, call, organization_id, id, edit, context),
        edit_traced, this);
}

static enum status trace_secret_put(struct store *store, const struct call *call, struct str name,
                                    struct str value)
{
    TRACED(secret_put, call, name, value);
}

static enum status trace_tenant_list(struct store *store, const struct call *call,
                                     const struct tenant_query *query, struct tenant_page *ret_page)
{
    TRACED(tenant_list, call, query, ret_page);
}

static enum status trace_tenant_put(struct store *store, const struct call *call,
                                    const struct tenant *tenant)
{
    TRACED(tenant_put, call, tenant);
}

static enum status trace_documents_put(struct store *store, const struct call *call,
                                       const struct oid *organization_id,
                                       const struct document documents[], size_t count)
{
    TRACED(documents_put, call, organization_id, documents, count);
}

static enum status trace_tenants_create(struct store *store, const struct call *call,
                                        struct tenant_creation creations[], size_t count)
{
    TRACED(tenants_create, call, creations, count);
}

static enum status trace_document_lots_put(struct store *store, const struct call *call,
                                           struct document_lot lots[], size_t count)
{
    TRACED(document_lots_put, call, lots, count);
}

static enum status trace_tenant_estimate(struct store *store, const struct call *call,
                                         int64_t *ret_count)
{
    TRACED(tenant_estimate, call, ret_count);
}

static enum status trace_document_as_kept(struct store *store, const struct call *call,
                                          const struct document *document, struct str *ret_body)
{
    TRACED(document_as_kept, call, document, ret_body);
}

struct store *trace_store_new(struct store *inner)
{
    struct trace_store *trace = calloc(1, sizeof(*trace));

    if (!trace) {
        return NULL;
    }
    trace->inner = inner;
    trace->ops = (struct store_ops){ .name = inner->ops->name,
                                     .reads_block = inner->ops->reads_block,
                                     .edits_apart = inner->ops->edits_apart,
                                     .edit_pends = inner->ops->edit_pends,
                                     .close = trace_close,
#define VERB_OPS(verb) .verb = trace_##verb,
                                     VERB_LIST(VERB_OPS)
#undef VERB_OPS
    };
    trace->store.ops = &trace->ops;
    return &trace->store;
}

void trace_store_metrics(const struct store *store, struct buf *out)
{
    const struct trace_store *trace = (const struct trace_store *)store;

    metrics_head(out, "orgd_store_duration_seconds", "histogram",
                 "How long operations of the store took.");
    for (int i = 0; i < VERB_COUNT; i++) {
        char labels[64];

        (void)snprintf(labels, sizeof(labels), "operation=\"%s\"", verb_names[i]);
        histogram_write(&trace->durations[i], "orgd_store_duration_seconds", labels, out);
    }
    if (trace->inner->ops->metrics) {
        trace->inner->ops->metrics(trace->inner, out);
    }
}
