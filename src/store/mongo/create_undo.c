/* Takes back a creation that nobody has seen yet. */
#include "store/mongo/change.h"
#include "store/mongo/journal.h"
#include "store/mongo/rows.h"

static enum status delete_by_id(const struct change *change, const char *collection,
                                const struct oid *id)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_oid(&filter, F_ID, id);
    return mongo_delete_one(change->engine->mongo, change->call, AGAIN, collection, &filter, NULL);
}

static enum status drop_if_empty(const struct change *change, const char *collection)
{
    BSON_AUTO all = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    enum status found = mongo_find_one(change->engine->mongo, change->call, FROM_PRIMARY,
                                       collection, &all, NULL, &document);

    if (found == ST_NOT_FOUND) {
        struct call step = peers_step(change->call);

        TRY(change_is_ours(change));
        return mongo_collection_drop(change->engine->mongo, &step, collection);
    }
    return found;
}

/* The organization's document goes last: it holds the keys. */
enum status create_undo(const struct change *change, const struct organization_row *row,
                        const struct journal *journal, enum created created)
{
    struct account_row account;

    TRY(change_is_ours(change));
    if (created >= CREATED_MEMBERSHIP) {
        TRY(delete_by_id(change, C_MEMBERSHIPS, &journal->membership));
    }
    if (created >= CREATED_ACCOUNT) {
        enum status found = row_read_account(change->engine, change->call, FROM_PRIMARY,
                                             &row->organization.admin_id, &account);

        if (found == ST_OK && oid_equal(&account.changed_by, &row->organization.id)) {
            found = delete_by_id(change, C_ADMINS, &row->organization.admin_id);
        }
        if (found != ST_OK && found != ST_NO_ACCOUNT) {
            return found;
        }
    }
    if (created >= CREATED_COLLECTION) {
        TRY(drop_if_empty(change, row->organization.collection.ptr));
    }
    return delete_by_id(change, C_ORGANIZATIONS, &row->organization.id);
}
