/*
 * tenant_put: brings an organization, its accounts and its memberships to given values, in steps
 * that each leave everything usable, so that a put that was interrupted is simply done again. One
 * that isn't there is created first, and names are changed, by the verbs that do so for everybody
 * (create.c, update.c).
 */
#include "store/mongo/tenant.h"

#include "base/arena.h"

#define LOOK_AGAIN_MS 50 /* at what others are creating or deleting */

struct put {
    struct change change;
    const struct tenant *tenant;
    struct organization_row row; /* as it is in the database */
};

static bool names_are(const struct organization *now, const struct organization *organization)
{
    return str_equal(now->name, organization->name) &&
           str_equal(now->name_key, organization->name_key) &&
           str_equal(now->slug, organization->slug);
}

static bool rest_is(const struct organization *now, const struct organization *organization)
{
    return oid_equal(&now->admin_id, &organization->admin_id) &&
           now->created_ms == organization->created_ms &&
           now->updated_ms == organization->updated_ms;
}

/* Its administrator and its times. */
static enum status put_rest(struct put *this)
{
    const struct organization *organization = &this->tenant->organization;
    const struct change *change = &this->change;
    BSON_AUTO update = BSON_INITIALIZER;
    enum status status;
    bson_t set;

    if (rest_is(&this->row.organization, organization)) {
        return ST_OK;
    }
    bson_append_document_begin(&update, "$set", -1, &set);
    bson_put_oid(&set, F_ADMIN_ID, &organization->admin_id);
    bson_put_ms(&set, F_CREATED_AT, organization->created_ms);
    bson_put_ms(&set, F_UPDATED_AT, organization->updated_ms);
    bson_put_int(&set, F_VERSION, this->row.version + 1);
    bson_append_document_end(&update, &set);
    TRY(change_is_ours(change));
    status = change_step(change, this->row.version, &update);
    if (status == ST_NOT_FOUND || status == ST_UNSURE) {
        /* Executed twice, it finds another version the second time. */
        TRY(row_read_organization(change->engine, change->call, FROM_PRIMARY, &change->organization,
                                  &this->row));
        return rest_is(&this->row.organization, organization) ? ST_OK : ST_BUSY;
    }
    return status;
}

/* Everything but the names, under the organization's lock. */
static enum status put_locked(struct put *this)
{
    const struct tenant *tenant = this->tenant;
    struct change *change = &this->change;
    struct oid former;

    TRY(change_recover(change->engine, change->call, &change->organization));
    TRY(row_read_organization(change->engine, change->call, FROM_PRIMARY, &change->organization,
                              &this->row));
    if (!row_is_visible(&this->row)) {
        return ST_BUSY; /* deleted just now */
    }
    former = this->row.organization.admin_id;
    TRY(tenant_put_members(change, tenant));
    TRY(put_rest(this));
    return tenant_cut_others(change, tenant, &former);
}

/* Whether another organization has its name or slug: asked before anything is changed. */
static enum status check_names(struct store *store, const struct call *call,
                               const struct organization *organization)
{
    struct organization holder;
    enum status found = mongo_organization_by_name(store, call, organization->name_key, &holder);

    if (found == ST_OK && !oid_equal(&holder.id, &organization->id)) {
        return ST_NAME_TAKEN;
    }
    if (found == ST_OK || found == ST_NO_ORGANIZATION) {
        found = mongo_organization_by_slug(store, call, organization->slug, &holder);
    }
    if (found == ST_OK && !oid_equal(&holder.id, &organization->id)) {
        return ST_NAME_TAKEN;
    }
    return found == ST_NO_ORGANIZATION ? ST_OK : found;
}

static enum status slug_taken(const struct call *call, const struct organization *organization)
{
    return err_set(call->err, ST_NAME_TAKEN,
                   "the slug \"%.*s\" or the collection " C_TENANT_PREFIX "%.*s is taken",
                   STR_ARG(organization->slug), STR_ARG(organization->slug));
}

static enum status put_names(struct store *store, const struct call *call, const struct put *this)
{
    const struct organization *organization = &this->tenant->organization;
    const struct organization *now = &this->row.organization;
    const struct tenant_member *admin = tenant_find_member(this->tenant, &organization->admin_id);
    struct organization_change wish = {
        .id = organization->id,
        .account_id = organization->admin_id,
        .expected_password_version = admin->account.password_version,
        .name = organization->name,
        .name_key = organization->name_key,
        .now_ms = organization->updated_ms,
    };
    struct organization after;
    enum status status;

    if (names_are(now, organization)) {
        return ST_OK;
    }
    if (!str_equal(now->slug, organization->slug)) {
        wish.slug = organization->slug;
    }
    status = mongo_organization_update(store, call, &wish, &after);
    if (status == ST_BAD_TOKEN || status == ST_NO_ORGANIZATION) {
        return ST_BUSY; /* somebody else has put or deleted it just now */
    }
    if (status != ST_OK) {
        return status == ST_NEW_NAME_TAKEN ? ST_NAME_TAKEN : status;
    }
    return str_equal(after.slug, organization->slug) ? ST_OK : slug_taken(call, organization);
}

static enum status account_is_there(struct store *store, const struct call *call,
                                    const struct oid *id, bool *ret_there)
{
    struct account_row row;
    enum status found = row_read_account(mongo_engine(store), call, FROM_PRIMARY, id, &row);

    if (found != ST_OK && found != ST_NO_ACCOUNT) {
        return found;
    }
    *ret_there = found == ST_OK;
    return ST_OK;
}

/* Creates it with its administrator; or, where that one has an account here already, with somebody who
 * gives way to him at once. */
static enum status create(struct store *store, const struct call *call, const struct tenant *tenant,
                          bool with_substitute)
{
    const struct organization *organization = &tenant->organization;
    const struct account *admin = &tenant_find_member(tenant, &organization->admin_id)->account;
    struct new_organization new = {
        .id = organization->id,
        .name = organization->name,
        .name_key = organization->name_key,
        .slug = organization->slug,
        .account_id = admin->id,
        .email = admin->email,
        .email_key = admin->email_key,
        .password_hash = admin->password_hash,
        .now_ms = organization->created_ms,
    };
    char hex[OID_HEX_LEN + 1];
    struct organization made;

    if (with_substitute) {
        new.account_id = oid_new();
        oid_format(&new.account_id, hex);
        new.email = new.email_key = arena_printf(call->mem, "%s@moving.invalid", hex);
    }
    TRY(mongo_organization_create(store, call, &new, &made));
    if (!str_equal(made.slug, organization->slug)) {
        struct tenant_member member = { .account = { .id = new.account_id } };
        const struct tenant mine = { .organization = { .id = organization->id },
                                     .members = &member,
                                     .member_count = 1 };

        TRY(mongo_organization_take_back(store, call, &mine));
        return slug_taken(call, organization);
    }
    return ST_OK;
}

bool tenant_is_simple(const struct tenant *tenant)
{
    const struct organization *organization = &tenant->organization;
    const struct account *admin = &tenant->members[0].account;

    return tenant->member_count == 1 && str_is(tenant->members[0].role, "admin") &&
           admin->password_version == 0 && admin->created_ms == organization->created_ms &&
           admin->updated_ms == organization->created_ms &&
           organization->updated_ms == organization->created_ms;
}

/* *ret_done: nothing is left to be put. */
static enum status make(struct store *store, const struct call *call, const struct tenant *tenant,
                        bool *ret_done)
{
    const struct oid *admin_id = &tenant->organization.admin_id;
    bool with_substitute = false;
    enum status status;

    TRY(account_is_there(store, call, admin_id, &with_substitute));
    status = create(store, call, tenant, with_substitute);
    if (status == ST_BROKEN && !with_substitute) {
        /* Perhaps because another organization of his was put at this very moment. */
        TRY(account_is_there(store, call, admin_id, &with_substitute));
        if (with_substitute) {
            call->err->text[0] = '\0';
            status = create(store, call, tenant, with_substitute);
        }
    }
    *ret_done = status == ST_OK && !with_substitute && tenant_is_simple(tenant);
    return status;
}

/* Whether it is there: ST_NO_ORGANIZATION. Where somebody creates or deletes it, or has died doing
 * so, waits for the end of that; ST_BUSY at the deadline. */
static enum status find(struct store *store, const struct call *call, const struct oid *id)
{
    do {
        struct organization_row row;

        TRY(row_read_organization(mongo_engine(store), call, FROM_PRIMARY, id, &row));
        if (row_is_visible(&row)) {
            return ST_OK;
        }
    } while (change_pause(call, LOOK_AGAIN_MS));
    return ST_BUSY;
}

static enum status find_or_make(struct store *store, const struct call *call,
                                const struct tenant *tenant, bool *ret_done)
{
    const struct oid *id = &tenant->organization.id;
    enum status status = find(store, call, id);

    if (status != ST_NO_ORGANIZATION) {
        return status;
    }
    status = make(store, call, tenant, ret_done);
    if (status == ST_NAME_TAKEN || status == ST_EMAIL_TAKEN || status == ST_BROKEN) {
        /* By another, or by itself, put by somebody else at this very moment. */
        struct err why = *call->err;

        if (find(store, call, id) == ST_OK) {
            return ST_OK;
        }
        *call->err = why;
    }
    return status;
}

enum status mongo_tenant_put(struct store *store, const struct call *call,
                             const struct tenant *tenant)
{
    const struct organization *organization = &tenant->organization;
    struct str name = lock_name_of_id(call->mem, LOCK_ORGANIZATION, &organization->id);
    struct put this = { .tenant = tenant };
    bool done = false;
    enum status status;

    if (!tenant_find_member(tenant, &organization->admin_id)) {
        return err_set(call->err, ST_INVALID, "its administrator is no account of it");
    }
    TRY(find_or_make(store, call, tenant, &done));
    if (done) {
        return ST_OK;
    }
    TRY(check_names(store, call, organization));
    TRY(change_begin(&this.change, mongo_engine(store), call, &organization->id, &name, 1));
    status = put_locked(&this);
    change_end(&this.change);
    if (status != ST_OK) {
        return status == ST_NO_ORGANIZATION ? ST_BUSY : status;
    }
    return put_names(store, call, &this);
}
