/* The verbs of accounts and memberships. Who may come in is decided by them: they read from the primary. */
#include "store/mongo/engine.h"

#include "base/arena.h"
#include "store/mongo/change.h"
#include "store/mongo/rows.h"

#define LISTED_MAX 64 /* memberships of one account that are looked through for its first one */
#define LOOK_AGAIN_MS 5

/* Organizations of an account, in order. */
struct listed {
    struct arena *mem;
    const char *member; /* of the documents that are read: the organization's id */
    struct oid ids[LISTED_MAX];
    struct str roles[LISTED_MAX];
    size_t count;
};

static bool note(void *context, const bson_t *document)
{
    struct listed *listed = context;

    if (bson_get_oid(document, listed->member, &listed->ids[listed->count])) {
        listed->roles[listed->count] = STR("admin");
        (void)bson_get_str(document, F_ROLE, listed->mem, &listed->roles[listed->count]);
        listed->count++;
    }
    return listed->count < LISTED_MAX;
}

static enum status list(struct mongo_store *engine, const struct call *call, const char *collection,
                        const struct oid *account_id, struct listed *listed)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;
    bson_t sort;

    bson_put_oid(&filter, F_ADMIN_ID, account_id);
    bson_append_document_begin(&opts, "sort", -1, &sort);
    bson_put_int(&sort, F_ID, 1);
    bson_append_document_end(&opts, &sort);
    listed->count = 0;
    return mongo_find(engine->mongo, call, FROM_PRIMARY, collection, &filter, &opts, note, listed);
}

/* The account in an organization that it belongs to. ST_NO_ACCOUNT. */
static enum status read_membership(struct mongo_store *engine, const struct call *call,
                                   const struct oid *account_id, const struct oid *organization_id,
                                   struct str role, struct membership *ret_membership)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct organization_row row;
    struct account_row account;
    enum status found;

    bson_put_oid(&filter, F_ID, organization_id);
    found = row_whole_organization(engine, call, FROM_PRIMARY, &filter, &row, &account);
    if (found != ST_OK) {
        return found == ST_NO_ORGANIZATION ? ST_NO_ACCOUNT : found;
    }
    if (!oid_equal(&account.account.id, account_id)) {
        TRY(row_read_account(engine, call, FROM_PRIMARY, account_id, &account));
    }
    *ret_membership = (struct membership){ .account = account.account,
                                           .organization = row.organization,
                                           .role = role };
    return ST_OK;
}

/* The first of those listed that is there. ST_NO_ACCOUNT. */
static enum status first_of(struct mongo_store *engine, const struct call *call,
                            const struct oid *account_id, const struct listed *listed,
                            struct membership *ret_membership)
{
    enum status found = ST_NO_ACCOUNT;

    for (size_t i = 0; i < listed->count && found == ST_NO_ACCOUNT; i++) {
        found = read_membership(engine, call, account_id, &listed->ids[i], listed->roles[i],
                                ret_membership);
    }
    return found;
}

static enum status first_membership(struct mongo_store *engine, const struct call *call,
                                    const struct oid *account_id, struct membership *ret_membership)
{
    struct listed listed = { .mem = call->mem, .member = F_ORGANIZATION_ID };
    enum status found;

    TRY(list(engine, call, C_MEMBERSHIPS, account_id, &listed));
    found = first_of(engine, call, account_id, &listed, ret_membership);
    if (found == ST_NO_ACCOUNT) {
        /* A seed's organization knows its administrator, and has no membership. */
        listed.member = F_ID;
        TRY(list(engine, call, C_ORGANIZATIONS, account_id, &listed));
        found = first_of(engine, call, account_id, &listed, ret_membership);
    }
    return found;
}

static enum status account_id_of(struct mongo_store *engine, const struct call *call,
                                 struct str email_key, struct oid *ret_id)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    struct account_row row;
    enum status found;

    bson_put_str(&filter, F_EMAIL_KEY, email_key);
    found = mongo_find_one(engine->mongo, call, FROM_PRIMARY, C_ADMINS, &filter, NULL, &document);
    if (found != ST_OK) {
        return found == ST_NOT_FOUND ? ST_NO_ACCOUNT : found;
    }
    TRY(row_account(&document, call, &row));
    *ret_id = row.account.id;
    return ST_OK;
}

/* The account is read again with its organization, of one moment; the address may be another by then. */
enum status mongo_membership_by_email(struct store *store, const struct call *call,
                                      struct str email_key, struct membership *ret_membership)
{
    struct mongo_store *engine = mongo_engine(store);

    do {
        struct membership membership;
        struct oid id;

        TRY(account_id_of(engine, call, email_key, &id));
        TRY(first_membership(engine, call, &id, &membership));
        if (str_equal(membership.account.email_key, email_key)) {
            *ret_membership = membership;
            return ST_OK;
        }
    } while (change_pause(call, LOOK_AGAIN_MS));
    return ST_BUSY;
}

enum status mongo_membership_by_ids(struct store *store, const struct call *call,
                                    const struct oid *account_id, const struct oid *organization_id,
                                    struct membership *ret_membership)
{
    struct mongo_store *engine = mongo_engine(store);
    struct membership membership;
    struct str role = STR("admin");

    TRY(read_membership(engine, call, account_id, organization_id, role, &membership));
    if (!oid_equal(&membership.organization.admin_id, account_id)) {
        bool found = false;

        TRY(row_membership(engine, call, account_id, organization_id, &found, &role));
        if (!found) {
            return ST_NO_ACCOUNT;
        }
        membership.role = role;
    }
    *ret_membership = membership;
    return ST_OK;
}

/* The account's document as it is to be; its version keeps others that read it before from writing. */
static enum status set_hash(struct mongo_store *engine, const struct call *call,
                            const struct account_row *row, struct str hash)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO update = BSON_INITIALIZER;
    bson_t set;

    bson_put_oid(&filter, F_ID, &row->account.id);
    if (mongo_features(engine->mongo)->filters_atomically) {
        bson_put_str(&filter, F_PASSWORD, row->account.password_hash);
    }
    bson_append_document_begin(&update, "$set", -1, &set);
    bson_put_str(&set, F_PASSWORD, hash);
    bson_put_int(&set, F_VERSION, row->version + 1);
    bson_append_document_end(&update, &set);
    return mongo_update(engine->mongo, call, AGAIN, C_ADMINS, &filter, &update, false, NULL);
}

static enum status rehash_locked(struct mongo_store *engine, const struct call *call,
                                 const struct lock_owner *owner, const struct oid *account_id,
                                 struct str old_hash, struct str new_hash)
{
    struct account_row row;
    enum status found = row_read_account(engine, call, FROM_PRIMARY, account_id, &row);

    if (found != ST_OK) {
        return found == ST_NO_ACCOUNT ? ST_OK : found;
    }
    if (!str_equal(row.account.password_hash, old_hash)) {
        return ST_OK;
    }
    return peers_is(engine->peers, &owner->instance) ? set_hash(engine, call, &row, new_hash)
                                                     : ST_BUSY;
}

enum status mongo_account_rehash(struct store *store, const struct call *call,
                                 const struct oid *account_id, struct str old_hash,
                                 struct str new_hash)
{
    struct mongo_store *engine = mongo_engine(store);
    struct str name = lock_name_of_id(call->mem, LOCK_ACCOUNT, account_id);
    struct lock_owner owner;
    enum status status;

    TRY(peers_await_trust(engine->peers, call, NULL));
    owner = lock_owner_new(engine->peers);
    TRY(locks_take(engine->mongo, engine->leftovers, call, &owner, &name, 1));
    status = rehash_locked(engine, call, &owner, account_id, old_hash, new_hash);
    locks_give(engine->mongo, engine->leftovers, call, &owner, &name, 1);
    return status;
}
