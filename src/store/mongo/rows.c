/* Documents as structs, and how a reader of two of them sees one moment. */
#include "store/mongo/rows.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/change.h"

/* How long a reader waits for a change that is half applied, and how often it looks. An instance applies
 * one within milliseconds; one that died meanwhile is found out and its change finished later than this,
 * and then the reader completes it for itself. */
#define FIT_MS 2000
#define FIT_PAUSE_MS 5

static struct str text_at(const bson_t *document, const char *key, const struct call *call)
{
    struct str text = STR("");

    (void)bson_get_str(document, key, call->mem, &text);
    return text;
}

static enum row_status status_of(struct str word)
{
    static const struct {
        const char *word;
        enum row_status status;
    } words[] = {
        { STATUS_ACTIVE, ROW_ACTIVE },     { STATUS_CREATING, ROW_CREATING },
        { STATUS_UPDATING, ROW_UPDATING }, { STATUS_RENAMING, ROW_RENAMING },
        { STATUS_DELETING, ROW_DELETING },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_is(word, words[i].word)) {
            return words[i].status;
        }
    }
    return ROW_STRANGE;
}

enum status row_organization(const bson_t *document, const struct call *call,
                             struct organization_row *ret_row)
{
    struct organization_row row = { .status = ROW_STRANGE };
    struct organization *organization = &row.organization;
    bson_iter_t iter;

    if (!bson_get_oid(document, F_ID, &organization->id)) {
        return err_set(call->err, ST_BROKEN,
                       "an organization's _id in the database is no ObjectId");
    }
    organization->name = text_at(document, F_NAME, call);
    organization->name_key = text_at(document, F_NAME_KEY, call);
    organization->slug = text_at(document, F_SLUG, call);
    organization->admin_email = STR("");
    (void)bson_get_oid(document, F_ADMIN_ID, &organization->admin_id);
    (void)bson_get_ms(document, F_CREATED_AT, &organization->created_ms);
    organization->updated_ms = organization->created_ms;
    (void)bson_get_ms(document, F_UPDATED_AT, &organization->updated_ms);
    organization->collection = text_at(document, F_COLLECTION, call);
    row.status = status_of(text_at(document, F_STATUS, call));
    (void)bson_get_int(document, F_VERSION, &row.version);
    row.is_shared = bson_iter_init_find(&iter, document, F_SHARED) && bson_iter_as_bool(&iter);
    *ret_row = row;
    return ST_OK;
}

enum status row_account(const bson_t *document, const struct call *call,
                        struct account_row *ret_row)
{
    struct account_row row = { .version = 0 };
    struct account *account = &row.account;

    if (!bson_get_oid(document, F_ID, &account->id)) {
        return err_set(call->err, ST_BROKEN, "an account's _id in the database is no ObjectId");
    }
    account->email = text_at(document, F_EMAIL, call);
    account->email_key = text_at(document, F_EMAIL_KEY, call);
    account->password_hash = text_at(document, F_PASSWORD, call);
    (void)bson_get_int(document, F_PASSWORD_VERSION, &account->password_version);
    (void)bson_get_ms(document, F_CREATED_AT, &account->created_ms);
    account->updated_ms = account->created_ms;
    (void)bson_get_ms(document, F_UPDATED_AT, &account->updated_ms);
    (void)bson_get_int(document, F_VERSION, &row.version);
    (void)bson_get_oid(document, F_CHANGED_BY "." F_ORGANIZATION_ID, &row.changed_by);
    (void)bson_get_int(document, F_CHANGED_BY "." F_VERSION, &row.changed_version);
    *ret_row = row;
    return ST_OK;
}

bool row_is_visible(const struct organization_row *row)
{
    return row->status == ROW_ACTIVE || row_is_pending(row);
}

bool row_is_pending(const struct organization_row *row)
{
    return row->status == ROW_UPDATING || row->status == ROW_RENAMING;
}

bool row_has_admin(const struct organization_row *row)
{
    static const struct oid none;

    return !oid_equal(&row->organization.admin_id, &none);
}

bool row_owns_collection(const struct organization_row *row)
{
    static const char *const own[] = { C_ORGANIZATIONS, C_ADMINS,    C_MEMBERSHIPS,
                                       C_SECRETS,       C_INSTANCES, C_LOCKS };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (str_is(row->organization.collection, own[i])) {
            return false;
        }
    }
    return row->organization.collection.len > 0 && !row->is_shared;
}

enum status row_find_organization(struct mongo_store *engine, const struct call *call,
                                  enum mongo_from from, const bson_t *filter,
                                  struct organization_row *ret_row)
{
    BSON_AUTO document = BSON_INITIALIZER;
    enum status found =
        mongo_find_one(engine->mongo, call, from, C_ORGANIZATIONS, filter, NULL, &document);

    if (found != ST_OK) {
        return found == ST_NOT_FOUND ? ST_NO_ORGANIZATION : found;
    }
    return row_organization(&document, call, ret_row);
}

enum status row_read_organization(struct mongo_store *engine, const struct call *call,
                                  enum mongo_from from, const struct oid *id,
                                  struct organization_row *ret_row)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_oid(&filter, F_ID, id);
    return row_find_organization(engine, call, from, &filter, ret_row);
}

enum status row_read_account(struct mongo_store *engine, const struct call *call,
                             enum mongo_from from, const struct oid *id,
                             struct account_row *ret_row)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    enum status found;

    bson_put_oid(&filter, F_ID, id);
    found = mongo_find_one(engine->mongo, call, from, C_ADMINS, &filter, NULL, &document);
    if (found != ST_OK) {
        return found == ST_NOT_FOUND ? ST_NO_ACCOUNT : found;
    }
    return row_account(&document, call, ret_row);
}

/* Whether the account was not changed together with a later version of the organization. */
static bool fits(const struct organization_row *row, const struct account_row *admin)
{
    return !oid_equal(&admin->changed_by, &row->organization.id) ||
           admin->changed_version <= row->version;
}

/* Both in one round trip. ret_found: ST_OK or ST_NO_ACCOUNT, as for the administrator. */
static enum status read_joined(struct mongo_store *engine, const struct call *call,
                               enum mongo_from from, const bson_t *filter,
                               struct organization_row *ret_row, struct account_row *ret_admin,
                               enum status *ret_found)
{
    static const struct mongo_join administrator = { .member = F_ADMIN_ID, .collection = C_ADMINS };
    BSON_AUTO document = BSON_INITIALIZER;
    BSON_AUTO account = BSON_INITIALIZER;
    bool has_account = false;
    enum status found = mongo_find_joined(engine->mongo, call, from, C_ORGANIZATIONS, filter,
                                          &administrator, &document, &account, &has_account);

    if (found != ST_OK) {
        return found == ST_NOT_FOUND ? ST_NO_ORGANIZATION : found;
    }
    TRY(row_organization(&document, call, ret_row));
    /* $lookup takes an organization without the member for one whose member is null. */
    has_account = has_account && row_has_admin(ret_row);
    *ret_found = has_account ? ST_OK : ST_NO_ACCOUNT;
    return has_account ? row_account(&account, call, ret_admin) : ST_OK;
}

/* The organization, and then its administrator. ret_found: ST_OK or ST_NO_ACCOUNT, as for the latter. */
static enum status read_both(struct mongo_store *engine, const struct call *call,
                             enum mongo_from from, const bson_t *filter,
                             struct organization_row *ret_row, struct account_row *ret_admin,
                             enum status *ret_found)
{
    struct err before = *call->err;
    enum status found;

    if (mongo_features(engine->mongo)->joins) {
        found = read_joined(engine, call, from, filter, ret_row, ret_admin, ret_found);
        if (found != ST_BROKEN) {
            return found;
        }
        *call->err = before; /* a collection may have been sharded since: see mongo_find_joined */
    }
    TRY(row_find_organization(engine, call, from, filter, ret_row));
    *ret_found = ST_NO_ACCOUNT;
    if (row_is_visible(ret_row) && row_has_admin(ret_row)) {
        found = row_read_account(engine, call, from, &ret_row->organization.admin_id, ret_admin);
        if (found != ST_OK && found != ST_NO_ACCOUNT) {
            return found;
        }
        *ret_found = found;
    }
    return ST_OK;
}

/* One look at both. ret_fits: they are of one moment. */
static enum status look(struct mongo_store *engine, const struct call *call, enum mongo_from from,
                        const bson_t *filter, struct organization_row *ret_row,
                        struct account_row *ret_admin, bool *ret_fits)
{
    struct account_row admin = { .version = 0 };
    struct organization_row row = { .status = ROW_STRANGE };
    enum status found = ST_NO_ACCOUNT;
    bool same = true;

    TRY(read_both(engine, call, from, filter, &row, &admin, &found));
    if (!row_is_visible(&row)) {
        return ST_NO_ORGANIZATION;
    }
    if (found == ST_NO_ACCOUNT && row_has_admin(&row)) {
        /* It was gone before, or went with its organization just now. */
        struct organization_row again = { .status = ROW_STRANGE };

        TRY(row_read_organization(engine, call, FROM_PRIMARY, &row.organization.id, &again));
        same = again.version == row.version;
        row.organization.admin_id = (struct oid){ 0 };
    }
    *ret_fits = same && fits(&row, &admin);
    *ret_row = row;
    *ret_admin = admin;
    return ST_OK;
}

enum status row_whole_organization(struct mongo_store *engine, const struct call *call,
                                   enum mongo_from from, const bson_t *filter,
                                   struct organization_row *ret_row, struct account_row *ret_admin)
{
    int64_t until_ms = clock_monotonic_ms() + FIT_MS;
    struct organization_row row;
    struct account_row admin;
    bool fit = false;

    for (;;) {
        TRY(look(engine, call, from, filter, &row, &admin, &fit));
        if (fit || clock_monotonic_ms() >= until_ms || !change_pause(call, FIT_PAUSE_MS)) {
            break;
        }
        from = FROM_PRIMARY;
    }
    if (!fit) {
        TRY(change_foresee(engine, call, &row));
    }
    if (row_has_admin(&row)) {
        row.organization.admin_email = admin.account.email;
    }
    if (row.organization.updated_ms < admin.account.updated_ms) {
        row.organization.updated_ms =
            admin.account.updated_ms; /* see update.c: credentials alone */
    }
    *ret_row = row;
    if (ret_admin) {
        *ret_admin = admin;
    }
    return ST_OK;
}

enum status row_membership(struct mongo_store *engine, const struct call *call,
                           const struct oid *account_id, const struct oid *organization_id,
                           bool *ret_found, struct str *ret_role)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    enum status found;

    bson_put_oid(&filter, F_ORGANIZATION_ID, organization_id);
    bson_put_oid(&filter, F_ADMIN_ID, account_id);
    found =
        mongo_find_one(engine->mongo, call, FROM_PRIMARY, C_MEMBERSHIPS, &filter, NULL, &document);
    if (found != ST_OK && found != ST_NOT_FOUND) {
        return found;
    }
    *ret_found = found == ST_OK;
    if (found == ST_OK && ret_role) {
        *ret_role = STR("admin");
        (void)bson_get_str(&document, F_ROLE, call->mem, ret_role);
    }
    return ST_OK;
}
