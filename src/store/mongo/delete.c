/*
 * organization_delete: once the document says STATUS_DELETING there is no such organization any more. What
 * is left of it goes at once, or, where the server is lost, as soon as the keeper gets at it.
 */
#include "store/mongo/engine.h"

#include "base/arena.h"
#include "store/mongo/change.h"
#include "store/mongo/journal.h"
#include "store/mongo/keys.h"
#include "store/mongo/rows.h"
#include "store/mongo/tenant.h"
#include "store/tenant.h"

#define MEMBERS_AT_ONCE 64
#define SETTLE_TRIES 8

struct members {
    struct oid ids[MEMBERS_AT_ONCE];
    size_t count;
};

static bool note_member(void *context, const bson_t *document)
{
    struct members *members = context;

    if (bson_get_oid(document, F_ADMIN_ID, &members->ids[members->count])) {
        members->count++;
    }
    return members->count < MEMBERS_AT_ONCE;
}

/* Of two deletions at once the later one finds that the account belongs to nothing that stays. */
static enum status cut_account(const struct change *change, const struct oid *account_id)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct belonging belonging = { .belongs = BELONGS };

    TRY(keys_account_belongs(change, account_id, false, &belonging));
    if (belonging.belongs == BELONGS) {
        return ST_OK;
    }
    bson_put_oid(&filter, F_ID, account_id);
    return mongo_delete_one(change->engine->mongo, change->call, AGAIN, C_ADMINS, &filter, NULL);
}

/* The memberships of one account (NULL: of all that are left). */
static enum status cut_memberships(const struct change *change, const struct oid *account_id)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_oid(&filter, F_ORGANIZATION_ID, &change->organization);
    if (account_id) {
        bson_put_oid(&filter, F_ADMIN_ID, account_id);
    }
    return mongo_delete_many(change->engine->mongo, change->call, AGAIN, C_MEMBERSHIPS, &filter,
                             NULL);
}

/* Accounts before their memberships: by these they are found again after an interruption. */
static enum status cut_members(const struct change *change, const struct organization_row *row)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct members members;
    bool met_admin = false;

    bson_put_oid(&filter, F_ORGANIZATION_ID, &change->organization);
    do {
        members.count = 0;
        TRY(mongo_find(change->engine->mongo, change->call, FROM_PRIMARY, C_MEMBERSHIPS, &filter,
                       NULL, note_member, &members));
        for (size_t i = 0; i < members.count; i++) {
            met_admin = met_admin || oid_equal(&members.ids[i], &row->organization.admin_id);
            TRY(cut_account(change, &members.ids[i]));
            if (members.count == MEMBERS_AT_ONCE) {
                TRY(cut_memberships(change, &members.ids[i]));
            }
        }
    } while (members.count == MEMBERS_AT_ONCE);
    if (!met_admin && row_has_admin(row)) {
        TRY(cut_account(change, &row->organization.admin_id));
    }
    return cut_memberships(change, NULL);
}

static enum status drop_collection(const struct change *change, const char *collection)
{
    enum status status;

    do {
        struct call step = peers_step(change->call);

        TRY(change_is_ours(change));
        status = mongo_collection_drop(change->engine->mongo, &step, collection);
    } while (peers_step_again(change->call, status));
    return status;
}

enum status delete_finish(struct change *change, const struct organization_row *row)
{
    struct mongo *mongo = change->engine->mongo;
    BSON_AUTO filter = BSON_INITIALIZER;

    TRY(change_is_ours(change));
    TRY(cut_members(change, row));
    if (row_owns_collection(row)) {
        TRY(change_close_gates(change));
        TRY(drop_collection(change, row->organization.collection.ptr));
    }
    bson_put_oid(&filter, F_ID, &change->organization);
    return mongo_delete_one(mongo, change->call, AGAIN, C_ORGANIZATIONS, &filter, NULL);
}

/* The moment it happens. ST_UNSURE where that can't be said. */
static enum status decide(struct change *change, struct organization_row *row)
{
    struct journal journal = { .owner = change->owner, .updated_ms = row->organization.updated_ms };
    BSON_AUTO update = BSON_INITIALIZER;
    char hex[OID_HEX_LEN + 1];
    struct str aside;
    enum status status;
    bson_t set;

    oid_format(&change->organization, hex);
    aside = arena_printf(change->call->mem, KEY_NONE "%s", hex);
    bson_append_document_begin(&update, "$set", -1, &set);
    bson_put_str(&set, F_STATUS, STR(STATUS_DELETING));
    bson_put_str(&set, F_NAME_KEY, aside);
    bson_put_str(&set, F_SLUG, aside);
    bson_put_int(&set, F_VERSION, row->version + 1);
    journal_put(&set, &journal, change->locks, change->locks_count);
    bson_append_document_end(&update, &set);
    TRY(change_is_ours(change));
    status = change_step(change, row->version, &update);
    TRY(change_look_again(change, status));
    row->version++;
    row->status = ROW_DELETING;
    return ST_OK;
}

/* The organization as it is, under its locks. ST_PRECONDITION: to be begun again, because its collection
 * is another now, or an earlier change of it had to be finished first. */
static enum status read_locked(const struct change *change, struct str collection,
                               struct organization_row *ret_row)
{
    struct organization_row row;

    TRY(row_read_organization(change->engine, change->call, FROM_PRIMARY, &change->organization,
                              &row));
    if (!row_is_visible(&row)) {
        return ST_NO_ORGANIZATION;
    }
    if (row_is_pending(&row)) {
        TRY(change_recover(change->engine, change->call, &change->organization));
        return ST_PRECONDITION;
    }
    *ret_row = row;
    return str_equal(row.organization.collection, collection) ? ST_OK : ST_PRECONDITION;
}

/* Under its lock, which who puts members has: nobody else's are on their way. */
static enum status check_nobody_else(struct store *store, const struct change *change,
                                     const struct tenant *mine)
{
    struct tenant there;

    TRY(tenant_find(store, change->call, &change->organization, &there));
    for (size_t i = 0; i < there.member_count; i++) {
        if (!tenant_find_member(mine, &there.members[i].account.id)) {
            return ST_NAME_TAKEN;
        }
    }
    return ST_OK;
}

/* With the locks of the organization and of its collection's name. mine: see delete_unless_taken. */
static enum status delete_locked(struct store *store, struct change *change, struct str collection,
                                 const struct tenant *mine)
{
    struct organization_row row;
    enum status status;

    TRY(read_locked(change, collection, &row));
    if (mine) {
        TRY(check_nobody_else(store, change, mine));
    }
    if (row_owns_collection(&row)) {
        TRY(change_close_gates(change));
    }
    status = decide(change, &row);
    if (status != ST_OK) {
        if (status == ST_UNSURE) {
            change_leave(change);
        }
        return status;
    }
    if (delete_finish(change, &row) != ST_OK) {
        change_leave(change);
    }
    return ST_OK;
}

/* mine: see mongo_organization_take_back; NULL: in any case. */
static enum status delete_unless_taken(struct store *store, const struct call *call,
                                       const struct oid *id, const struct tenant *mine)
{
    struct mongo_store *engine = mongo_engine(store);
    enum status status = ST_PRECONDITION;

    for (int n = 0; n < SETTLE_TRIES && status == ST_PRECONDITION; n++) {
        struct organization_row row;
        struct change change = { .call = call };
        struct str names[2] = { lock_name_of_id(call->mem, LOCK_ORGANIZATION, id) };

        TRY(row_read_organization(engine, call, FROM_PRIMARY, id, &row));
        if (!row_is_visible(&row)) {
            return ST_NO_ORGANIZATION;
        }
        names[1] = change_lock_collection(&change, row.organization.collection);
        TRY(change_begin(&change, engine, call, id, names, names[1].ptr ? 2 : 1));
        status = delete_locked(store, &change, row.organization.collection, mine);
        change_end(&change);
    }
    return status == ST_PRECONDITION ? ST_BUSY : status;
}

enum status mongo_organization_delete(struct store *store, const struct call *call,
                                      const struct oid *id)
{
    return delete_unless_taken(store, call, id, NULL);
}

enum status mongo_organization_take_back(struct store *store, const struct call *call,
                                         const struct tenant *mine)
{
    return delete_unless_taken(store, call, &mine->organization.id, mine);
}
