/*
 * The members of a tenant that is put: their accounts and memberships, and the end of all others.
 *
 * Why no account is lost while organizations that share it are put, cut and deleted at the same time. Puts
 * and cuts of it exclude each other by its lock. A deletion or the undoing of a creation takes no account's
 * lock; but it decides first, in its organization's status, and then asks whether the account belongs to
 * another. So a put makes the membership, and then looks whether the account belongs to an organization that
 * is coming or going. If not, whoever decides from then on will find the membership; if so, it waits for the
 * end of that, and makes the account anew where it went.
 */
#include "store/mongo/tenant.h"

#include "base/arena.h"
#include "store/mongo/keys.h"

#include <stdlib.h>

#define LOCK_PAUSE_MS 10
#define PASSING_PAUSE_MS 20
#define WRITE_TRIES 8
#define OTHERS_AT_ONCE 64
#define MEMBER_MEM_BYTES ((size_t)256 * 1024 * 1024) /* what is looked at for one member */

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
    struct err before = *change->call->err;
    enum status status = change_lock(change, name);

    while (status == ST_BUSY && change_pause(change->call, LOCK_PAUSE_MS)) {
        *change->call->err = before; /* of having waited nothing is told */
        status = change_lock(change, name);
    }
    return status;
}

static void put_account_members(bson_t *bson, const struct change *change,
                                const struct account *account, int64_t version)
{
    bson_t by;

    bson_put_str(bson, F_EMAIL, account->email);
    bson_put_str(bson, F_PASSWORD, account->password_hash);
    bson_put_ms(bson, F_CREATED_AT, account->created_ms);
    bson_put_str(bson, F_EMAIL_KEY, account->email_key);
    bson_put_ms(bson, F_UPDATED_AT, account->updated_ms);
    bson_put_int(bson, F_PASSWORD_VERSION, account->password_version);
    bson_put_int(bson, F_VERSION, version);
    bson_append_document_begin(bson, F_CHANGED_BY, -1, &by); /* and no reader waits for more */
    bson_put_oid(&by, F_ORGANIZATION_ID, &change->organization);
    bson_put_int(&by, F_VERSION, 0);
    bson_append_document_end(bson, &by);
}

static enum status insert_account(const struct change *change, const struct account *account)
{
    BSON_AUTO document = BSON_INITIALIZER;
    const bson_t *documents[] = { &document };

    bson_put_oid(&document, F_ID, &account->id);
    put_account_members(&document, change, account, 1);
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
    put_account_members(&set, change, account, row->version + 1);
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

/* Whether a member is what the tenant says, and nobody has begun anything that could still end that.
 * In this order: see above. */
static enum status is_put(const struct change *change, const struct tenant_member *member,
                          bool *ret_put)
{
    struct belonging others = { .belongs = BELONGS };
    struct str role = { .ptr = NULL };
    struct account_row row;
    enum status found;
    bool is_member = false;

    *ret_put = false;
    TRY(row_membership(change->engine, change->call, &member->account.id, &change->organization,
                       &is_member, &role));
    if (!is_member || !str_equal(role, member->role)) {
        return ST_OK;
    }
    TRY(keys_account_belongs(change, &member->account.id, false, &others));
    if (others.belongs == BELONGS_PASSING) {
        return ST_OK;
    }
    found = row_read_account(change->engine, change->call, FROM_PRIMARY, &member->account.id, &row);
    if (found != ST_OK) {
        return found == ST_NO_ACCOUNT ? ST_OK : found;
    }
    *ret_put = account_is(&row, &member->account);
    return ST_OK;
}

/* With the lock of the account. The membership comes first: an account without one would keep its
 * address, and a membership without an account keeps nothing and is cut by the next put. */
static enum status put_locked(struct change *change, const struct tenant_member *member)
{
    const struct account *account = &member->account;
    struct str by_email = lock_name(change->call->mem, LOCK_EMAIL, account->email_key);
    bool is_done = false;
    enum status status;

    TRY(lock(change, by_email));
    status = keys_email_free(change, account->email_key, &account->id);
    while (status == ST_OK && !is_done) {
        status = put_membership(change, member);
        if (status == ST_OK) {
            status = write_account(change, account);
        }
        if (status == ST_OK) {
            status = is_put(change, member, &is_done);
        }
        if (status == ST_OK && !is_done && !change_pause(change->call, PASSING_PAUSE_MS)) {
            status = ST_BUSY;
        }
    }
    change_unlock(change, by_email);
    return status;
}

/* One that is put already costs reads only: so a put of thousands that was interrupted gets on. */
static enum status put_member(struct change *change, const struct tenant_member *member)
{
    struct str by_id = lock_name_of_id(change->call->mem, LOCK_ACCOUNT, &member->account.id);
    bool is_done = false;
    enum status status;

    TRY(is_put(change, member, &is_done));
    if (is_done) {
        return ST_OK;
    }
    TRY(lock(change, by_id));
    status = put_locked(change, member);
    change_unlock(change, by_id);
    return status;
}

enum status tenant_put_members(struct change *change, const struct tenant *tenant)
{
    const struct call *call = change->call;
    struct arena mem; /* of one member, however many there are */
    struct call brief = { .mem = &mem, .err = call->err, .deadline_ms = call->deadline_ms };
    enum status status = ST_OK;

    arena_init(&mem, MEMBER_MEM_BYTES);
    change->call = &brief;
    for (size_t i = 0; i < tenant->member_count && status == ST_OK; i++) {
        status = put_member(change, &tenant->members[i]);
        arena_clear(&mem);
    }
    change->call = call;
    arena_done(&mem);
    return status;
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

/* Ends an account that belongs to no other organization; one that is coming or going is waited for. */
static enum status end_homeless(const struct change *change, const struct oid *account_id)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct belonging others = { .belongs = BELONGS_PASSING };

    TRY(keys_account_belongs(change, account_id, false, &others));
    while (others.belongs == BELONGS_PASSING) {
        if (!change_pause(change->call, PASSING_PAUSE_MS)) {
            return ST_BUSY;
        }
        TRY(keys_account_belongs(change, account_id, false, &others));
    }
    if (others.belongs == BELONGS) {
        return ST_OK;
    }
    TRY(change_is_ours(change));
    bson_put_oid(&filter, F_ID, account_id);
    return mongo_delete_one(change->engine->mongo, change->call, AGAIN, C_ADMINS, &filter, NULL);
}

/* The account before the membership: by that it is found again after an interruption. And once more
 * behind it: a deletion of the other organization may have left the account to this one. */
static enum status cut_locked(const struct change *change, const struct oid *account_id)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    TRY(end_homeless(change, account_id));
    TRY(change_is_ours(change));
    bson_put_oid(&filter, F_ORGANIZATION_ID, &change->organization);
    bson_put_oid(&filter, F_ADMIN_ID, account_id);
    TRY(mongo_delete_many(change->engine->mongo, change->call, AGAIN, C_MEMBERSHIPS, &filter,
                          NULL));
    return end_homeless(change, account_id);
}

/* Ends one membership that the tenant doesn't name. */
static enum status cut_other(struct change *change, const struct oid *account_id)
{
    struct str by_id = lock_name_of_id(change->call->mem, LOCK_ACCOUNT, account_id);
    enum status status;

    TRY(lock(change, by_id));
    status = cut_locked(change, account_id);
    change_unlock(change, by_id);
    return status;
}

/* Some of those that the tenant doesn't name; *ret_more: there may be further ones. */
static enum status cut_some(struct change *change, const struct tenant *tenant, bool *ret_more)
{
    struct others others = { .tenant = tenant };
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_oid(&filter, F_ORGANIZATION_ID, &change->organization);
    TRY(mongo_find(change->engine->mongo, change->call, FROM_PRIMARY, C_MEMBERSHIPS, &filter, NULL,
                   note_other, &others));
    for (size_t i = 0; i < others.count; i++) {
        TRY(cut_other(change, &others.ids[i]));
    }
    *ret_more = others.count > 0;
    return ST_OK;
}

enum status tenant_cut_others(struct change *change, const struct tenant *tenant,
                              const struct oid *former)
{
    static const struct oid none;
    const struct call *call = change->call;
    struct arena mem; /* of some */
    struct call brief = { .mem = &mem, .err = call->err, .deadline_ms = call->deadline_ms };
    enum status status = ST_OK;
    bool more = true;

    arena_init(&mem, MEMBER_MEM_BYTES);
    change->call = &brief;
    while (status == ST_OK && more) {
        status = cut_some(change, tenant, &more);
        arena_clear(&mem);
    }
    if (status == ST_OK && !oid_equal(former, &none) && !tenant_find_member(tenant, former)) {
        status = cut_other(change, former);
    }
    change->call = call;
    arena_done(&mem);
    return status;
}
