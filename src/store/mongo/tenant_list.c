/*
 * tenant_list: a page of organizations with their members by one look at all of them. An organization that
 * somebody changed meanwhile, or whose change is just being applied, is looked at once more by itself,
 * wholly: nothing of the first look at it is kept.
 */
#include "store/mongo/engine.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/change.h"
#include "store/mongo/tenant_look.h"

/* How long one that is being changed is waited for: an instance that died meanwhile is found out and its
 * change finished later than that. Pauses double, since each look takes memory. */
#define FIT_MS 2000
#define FIT_FIRST_MS 5

/* As look-ups show it: see rows.c. */
static void show(const struct tenant_look *look, struct tenant *ret_tenant)
{
    struct organization *organization = &ret_tenant->organization;

    *ret_tenant = look->tenant;
    for (size_t i = 0; i < ret_tenant->member_count; i++) {
        const struct account *account = &ret_tenant->members[i].account;

        if (oid_equal(&account->id, &organization->admin_id)) {
            organization->admin_email = account->email;
            if (organization->updated_ms < account->updated_ms) {
                organization->updated_ms = account->updated_ms;
            }
        }
    }
}

/* A change that nobody finishes: the organization as it is going to be. Its account is so already. */
static enum status foresee(struct mongo_store *engine, const struct call *call,
                           struct tenant_look *look)
{
    struct organization_row row = look->row;
    struct oid admin_id = look->tenant.organization.admin_id;

    TRY(change_foresee(engine, call, &row));
    if (row.version != look->row.version) {
        return ST_BUSY;
    }
    look->tenant.organization = row.organization;
    look->tenant.organization.admin_id = admin_id;
    return ST_OK;
}

/* Looks at one until it is of one moment. ST_NO_ORGANIZATION: it is gone. */
static enum status look_again(struct mongo_store *engine, const struct call *call,
                              const struct oid *id, struct tenant_look *ret_look)
{
    int64_t until_ms = clock_monotonic_ms() + FIT_MS;
    int64_t pause_ms = FIT_FIRST_MS;
    BSON_AUTO filter = BSON_INITIALIZER;
    enum status status = ST_BUSY;

    bson_put_oid(&filter, F_ID, id);
    do {
        struct tenant_looks one;

        TRY(tenant_look(engine, call, &filter, 1, SIZE_MAX, &one));
        if (one.count == 0) {
            return ST_NO_ORGANIZATION;
        }
        status = one.looks[0].is_steady && !one.looks[0].is_ahead ? ST_OK : ST_BUSY;
        if (status == ST_BUSY && one.looks[0].is_steady && clock_monotonic_ms() >= until_ms) {
            status = foresee(engine, call, &one.looks[0]);
        }
        if (status == ST_OK) {
            *ret_look = one.looks[0];
        }
        pause_ms *= 2;
    } while (status == ST_BUSY && change_pause(call, pause_ms));
    return status;
}

static enum status fill(struct mongo_store *engine, const struct call *call,
                        const struct tenant_looks *looks, struct tenant_page *ret_page)
{
    struct tenant_page page = { .more = looks->more };

    page.tenants = arena_alloc(call->mem, (looks->count + 1) * sizeof(*page.tenants));
    for (size_t i = 0; i < looks->count; i++) {
        struct tenant_look *look = &looks->looks[i];
        enum status status = ST_OK;

        if (!look->is_steady || look->is_ahead) {
            status = look_again(engine, call, &look->row.organization.id, look);
        }
        if (status != ST_OK && status != ST_NO_ORGANIZATION) {
            return status;
        }
        if (status == ST_OK) {
            show(look, &page.tenants[page.count++]);
        }
    }
    *ret_page = page;
    return ST_OK;
}

enum status mongo_tenant_list(struct store *store, const struct call *call,
                              const struct tenant_query *query, struct tenant_page *ret_page)
{
    struct mongo_store *engine = mongo_engine(store);
    struct tenant_page page = { .more = true };
    struct oid after;
    bool has_after = query->after;

    if (has_after) {
        after = *query->after;
    }
    while (page.count == 0 && page.more) { /* where all of a page went meanwhile, the next one */
        BSON_AUTO filter = BSON_INITIALIZER;
        struct tenant_looks looks;
        bson_t part;

        if (has_after) {
            bson_append_document_begin(&filter, F_ID, -1, &part);
            bson_put_oid(&part, "$gt", &after);
            bson_append_document_end(&filter, &part);
        }
        TRY(tenant_look(engine, call, &filter, query->limit, query->max_bytes, &looks));
        TRY(fill(engine, call, &looks, &page));
        if (looks.count > 0) {
            after = looks.looks[looks.count - 1].row.organization.id;
            has_after = true;
        }
    }
    *ret_page = page;
    return ST_OK;
}
