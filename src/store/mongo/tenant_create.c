/*
 * tenants_create and document_lots_put: one after the other, since nothing here is cheaper for many at
 * once. Callers make several calls at a time.
 */
#include "store/mongo/tenant.h"

#include "base/arena.h"

/* What takes memory for each of many is freed after each. */
#define ONE_BYTES ((size_t)64 * 1024 * 1024)

/* ST_NAME_TAKEN, ST_EMAIL_TAKEN: an id of it is there already. */
static enum status check_ids(struct store *store, const struct call *call,
                             const struct tenant *tenant)
{
    struct organization organization;
    enum status found =
        mongo_organization_by_id(store, call, &tenant->organization.id, &organization);

    if (found != ST_NO_ORGANIZATION) {
        return found == ST_OK ? ST_NAME_TAKEN : found;
    }
    for (size_t i = 0; i < tenant->member_count; i++) {
        struct account_row row;

        found = row_read_account(mongo_engine(store), call, FROM_PRIMARY,
                                 &tenant->members[i].account.id, &row);
        if (found != ST_NO_ACCOUNT) {
            return found == ST_OK ? ST_EMAIL_TAKEN : found;
        }
    }
    return ST_OK;
}

/* What organization_create has no word for: further members, roles, versions and times. Where that is
 * refused, the organization goes again, unless another import has gone on with it: it is theirs now. */
static enum status complete(struct store *store, const struct call *call,
                            const struct tenant *tenant, const struct organization *made)
{
    struct tenant whole = *tenant;
    enum status status;

    if (tenant_is_simple(tenant)) {
        return ST_OK;
    }
    whole.organization.slug = made->slug;
    status = mongo_tenant_put(store, call, &whole);
    if (status == ST_NAME_TAKEN || status == ST_EMAIL_TAKEN || status == ST_INVALID) {
        enum status removed = mongo_organization_take_back(store, call, tenant);

        return removed == ST_OK || removed == ST_NO_ORGANIZATION ? status : removed;
    }
    return status;
}

static enum status create_one(struct store *store, const struct call *call,
                              const struct tenant_creation *creation)
{
    const struct tenant *tenant = creation->tenant;
    const struct organization *organization = &tenant->organization;
    const struct tenant_member *admin = tenant_find_member(tenant, &organization->admin_id);
    struct organization made;
    struct new_organization new = {
        .id = organization->id,
        .name = organization->name,
        .name_key = organization->name_key,
        .slug = organization->slug,
        .slug_needs_suffix = creation->slug_may_vary && creation->slug_needs_suffix,
        .now_ms = organization->created_ms,
    };

    if (!admin) {
        return ST_INVALID;
    }
    new.account_id = admin->account.id;
    new.email = admin->account.email;
    new.email_key = admin->account.email_key;
    new.password_hash = admin->account.password_hash;
    TRY(check_ids(store, call, tenant));
    TRY(mongo_organization_create(store, call, &new, &made));
    if (!creation->slug_may_vary && !str_equal(made.slug, organization->slug)) {
        TRY(mongo_organization_take_back(store, call, tenant));
        return ST_NAME_TAKEN;
    }
    return complete(store, call, tenant, &made);
}

enum status mongo_tenants_create(struct store *store, const struct call *call,
                                 struct tenant_creation creations[], size_t count)
{
    struct arena mem;
    struct call one = { .mem = &mem, .err = call->err, .deadline_ms = call->deadline_ms };
    enum status status = ST_OK;

    arena_init(&mem, ONE_BYTES);
    for (size_t i = 0; i < count && status == ST_OK; i++) {
        status = create_one(store, &one, &creations[i]);
        creations[i].status = status;
        if (status == ST_NAME_TAKEN || status == ST_EMAIL_TAKEN || status == ST_INVALID) {
            status = ST_OK;
        }
        arena_clear(&mem);
    }
    arena_done(&mem);
    return status;
}

enum status mongo_document_lots_put(struct store *store, const struct call *call,
                                    struct document_lot lots[], size_t count)
{
    struct arena mem;
    struct call one = { .mem = &mem, .err = call->err, .deadline_ms = call->deadline_ms };
    enum status status = ST_OK;

    arena_init(&mem, (size_t)512 * 1024 * 1024);
    for (size_t i = 0; i < count && status == ST_OK; i++) {
        status = mongo_documents_put(store, &one, &lots[i].organization_id, lots[i].documents,
                                     lots[i].count);
        lots[i].status = status;
        if (status == ST_NO_ORGANIZATION || status == ST_INVALID || status == ST_TOO_LARGE) {
            status = ST_OK;
        }
        arena_clear(&mem);
    }
    arena_done(&mem);
    return status;
}

/* The server's own count of a collection, which it keeps. */
enum status mongo_tenant_estimate(struct store *store, const struct call *call, int64_t *ret_count)
{
    BSON_AUTO command = BSON_INITIALIZER;
    BSON_AUTO reply = BSON_INITIALIZER;
    int64_t count = 0;

    bson_put_str(&command, "count", STR(C_ORGANIZATIONS));
    TRY(mongo_command(mongo_engine(store)->mongo, call, &command, &reply));
    if (!bson_get_int(&reply, "n", &count)) {
        return err_set(call->err, ST_BROKEN, "the server gave no count of organizations");
    }
    *ret_count = count;
    return ST_OK;
}
