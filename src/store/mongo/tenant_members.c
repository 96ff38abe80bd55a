/* The members of a tenant that is put: their accounts and memberships, and the end of all others.
 * */
#include "store/mongo/tenant.h"

#include "base/arena.h"
#include "store/mongo/keys.h"

#include <stdlib.h>

#define LOCK_PAUSE_MS 10
#define WRITE_TRIES 8
#define OTHERS_AT_ONCE 64

static int compare_members(const void *a, const void *b)
{
    const struct tenant_member *left = a;
    const struct tenant_member *right = b;

    return memcmp(left->account.id.bytes, right->account.id.bytes, OID_BYTES);
}

const struct tenant_member *tenant_find_member(const struct tenant *tenant,
                                               const struct oid *account)
{
    struct tenant_member key = { .account = { .id = *account } };

    return tenant->member_count > 0
               ? bsearch(&key, tenant->members, tenant->member_count, sizeof(key), compare_members)
               : NULL;
}

static bool account_is(const struct account_row *row, const struct account *account)
{
    const struct account *now = &row->account;

    return str_equal(now->email, account->email) && str_equal(now->email_key, account->email_key) &&
           str_equal(now->password_hash, account->password_hash) &&
           now->password_version == account->password_version &&
           now->created_ms == account->created_ms && now->updated_ms == account->updated_ms;
}

/* Waits for one lock more; who waits here holds no lock that comes behind it (see tenant.h). */
static enum status lock(struct change *change, struct str name)
{
    enum status status;

    do {
        status = change_lock(change, name);
    } while (status == ST_BUSY && change_pause(change->call, LOCK_PAUSE_MS));
    return status;
}

static void put_account_members(bson_t *bson, const struct account *account, int64_t version)
{
    bson_put_str(bson, F_EMAIL, account->email);
    bson_put_str(bson, F_PASSWORD, account->password_hash);
    bson_put_ms(bson, F_CREATED_AT, account->created_ms);
    bson_put_str(bson, F_EMAIL_KEY, account->email_key);
    bson_put_ms(bson, F_UPDATED_AT, account->updated_ms);
    bson_put_int(bson, F_PASSWORD_VERSION, account->password_version);
    bson_put_int(bson, F_VERSION, version);
}

static enum status insert_account(const struct change *change, const struct account *account)
{
    BSON_AUTO document = BSON_INITIALIZER;
    const bson_t *documents[] = { &document };

    bson_put_oid(&document, F_ID, &account->id);
    put_account_members(&document, account, 1);
    return mongo_insert(change->engine->mongo, change->call, AGAIN, C_ADMINS, documents, 1);
}

/* ST_NOT_FOUND: it isn't there in that version any more. */
static enum status set_account(const struct change *change, const struct account_row *row,
                               const struct account *account)
{
    struct mongo *mongo = change->engine->mongo;
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO update = BSON_INITIALIZER;
    int64_t matched = 0;
    bson_t set;

    bson_put_oid(&filter, F_ID, &account->id);
    if (mongo_features(mongo)->filters_atomically && row->version > 0) {
        bson_put_int(&filter, F_VERSION, row->version);
    }
    bson_append_document_begin(&update, "$set", -1, &set);
    put_account_members(&set, account, row->version + 1);
    bson_append_document_end(&update, &set);
    TRY(mongo_update(mongo, change->call, AGAIN, C_ADMINS, &filter, &update, false, &matched));
    return matched == 1 ? ST_OK : ST_NOT_FOUND;
}

/* With the locks of the account and its address. Looks and writes until what is there is what shall
 * be: a write whose answer was lost is found out by the next look. */
static enum status write_account(const struct change *change, const struct account *account)
{
    for (int n = 0; n < WRITE_TRIES; n++) {
        struct account_row row;
        enum status status =
            row_read_account(change->engine, change->call, FROM_PRIMARY, &account->id, &row);

        if (status == ST_OK && account_is(&row, account)) {
            return ST_OK;
        }
        TRY(change_is_ours(change));
        if (status == ST_NO_ACCOUNT) {
            status = insert_account(change, account);
        } else if (status == ST_OK) {
            status = set_account(change, &row, account);
        }
        if (status == ST_DOCUMENT_EXISTS) {
            TRY(keys_email_free(change, account->email_key, &account->id));
        } else if (status != ST_OK && status != ST_NOT_FOUND && status != ST_UNSURE) {
            return status;
        }
    }
    return ST_BUSY;
}

static enum status put_account(struct change *change, const struct account *account)
{
    struct arena *mem = change->call->mem;
    struct str by_id = lock_name_of_id(mem, LOCK_ACCOUNT, &account->id);
    struct str by_email = lock_name(mem, LOCK_EMAIL, account->email_key);
    struct account_row row;
    enum status status =
        row_read_account(change->engine, change->call, FROM_PRIMARY, &account->id, &row);

    if (status != ST_OK && status != ST_NO_ACCOUNT) {
        return status;
    }
    if (status == ST_OK && account_is(&row, account)) {
        return ST_OK;
    }
    TRY(lock(change, by_id));
    status = lock(change, by_email);
    if (status == ST_OK) {
        status = keys_email_free(change, account->email_key, &account->id);
    }
    if (status == ST_OK) {
        status = write_account(change, account);
    }
    change_unlock(change, by_email);
    change_unlock(change, by_id);
    return status;
}

static enum status put_membership(const struct change *change, const struct tenant_member *member)
{
    struct mongo *mongo = change->engine->mongo;
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO other = BSON_INITIALIZER;
    const bson_t *documents[] = { &other };
    struct oid id = oid_new();
    struct str role = { .ptr = NULL };
    bool found = false;
    enum status status;
    bson_t set;

    TRY(row_membership(change->engine, change->call, &member->account.id, &change->organization,
                       &found, &role));
    if (found && str_equal(role, member->role)) {
        return ST_OK;
    }
    TRY(change_is_ours(change));
    if (!found) {
        bson_put_oid(&other, F_ID, &id);
        bson_put_oid(&other, F_ORGANIZATION_ID, &change->organization);
        bson_put_oid(&other, F_ADMIN_ID, &member->account.id);
        bson_put_str(&other, F_ROLE, member->role);
        status = mongo_insert(mongo, change->call, AGAIN, C_MEMBERSHIPS, documents, 1);
        return status == ST_DOCUMENT_EXISTS ? ST_OK : status; /* that was this one */
    }
    bson_put_oid(&filter, F_ORGANIZATION_ID, &change->organization);
    bson_put_oid(&filter, F_ADMIN_ID, &member->account.id);
    bson_append_document_begin(&other, "$set", -1, &set);
    bson_put_str(&set, F_ROLE, member->role);
    bson_append_document_end(&other, &set);
    return mongo_update(mongo, change->call, AGAIN, C_MEMBERSHIPS, &filter, &other, false, NULL);
}

enum status tenant_put_members(struct change *change, const struct tenant *tenant)
{
    for (size_t i = 0; i < tenant->member_count; i++) {
        TRY(put_account(change, &tenant->members[i].account));
        TRY(put_membership(change, &tenant->members[i]));
    }
    return ST_OK;
}

struct others {
    const struct tenant *tenant;
    struct oid ids[OTHERS_AT_ONCE];
    size_t count;
};

static bool note_other(void *context, const bson_t *document)
{
    struct others *others = context;

    if (bson_get_oid(document, F_ADMIN_ID, &others->ids[others->count]) &&
        !tenant_find_member(others->tenant, &others->ids[others->count])) {
        others->count++;
    }
    return others->count < OTHERS_AT_ONCE;
}

/* Ends one membership that the tenant doesn't name. The account before it: by it that is found
 * again after an interruption. */
static enum status cut_other(const struct change *change, const struct oid *account_id)
{
    struct mongo *mongo = change->engine->mongo;
    BSON_AUTO by_id = BSON_INITIALIZER;
    BSON_AUTO filter = BSON_INITIALIZER;
    struct belonging belonging = { .belongs = BELONGS };

    TRY(change_is_ours(change));
    TRY(keys_account_belongs(change, account_id, false, &belonging));
    if (belonging.belongs != BELONGS) {
        bson_put_oid(&by_id, F_ID, account_id);
        TRY(mongo_delete_one(mongo, change->call, AGAIN, C_ADMINS, &by_id, NULL));
    }
    bson_put_oid(&filter, F_ORGANIZATION_ID, &change->organization);
    bson_put_oid(&filter, F_ADMIN_ID, account_id);
    return mongo_delete_many(mongo, change->call, AGAIN, C_MEMBERSHIPS, &filter, NULL);
}

enum status tenant_cut_others(const struct change *change, const struct tenant *tenant,
                              const struct oid *former)
{
    struct others others = { .tenant = tenant };
    BSON_AUTO filter = BSON_INITIALIZER;
    static const struct oid none;

    bson_put_oid(&filter, F_ORGANIZATION_ID, &change->organization);
    do {
        others.count = 0;
        TRY(mongo_find(change->engine->mongo, change->call, FROM_PRIMARY, C_MEMBERSHIPS, &filter,
                       NULL, note_other, &others));
        for (size_t i = 0; i < others.count; i++) {
            TRY(cut_other(change, &others.ids[i]));
        }
    } while (others.count > 0);
    return oid_equal(former, &none) || tenant_find_member(tenant, former)
               ? ST_OK
               : cut_other(change, former);
}
