/* Brings a decided update to its end: the account, the collection, the organization. Also by another
 * instance, after any of its steps. */
#include "store/mongo/change.h"

#include "store/mongo/journal.h"
#include "store/mongo/keys.h"
#include "store/mongo/rows.h"

#define MOVE_TRIES 16

enum status update_account(const struct change *change, const struct account_change *account)
{
    struct mongo *mongo = change->engine->mongo;
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO update = BSON_INITIALIZER;
    int64_t matched = 0;
    bson_t set;

    bson_put_oid(&filter, F_ID, &account->id);
    if (mongo_features(mongo)->filters_atomically) {
        if (account->version > 0) {
            bson_put_int(&filter, F_VERSION, account->version);
        } else {
            bson_append_null(&filter, F_VERSION, -1); /* a seed's: none is there */
        }
    }
    bson_append_document_begin(&update, "$set", -1, &set);
    account_change_put(&set, account, &change->organization);
    bson_append_document_end(&update, &set);
    TRY(change_is_ours(change));
    TRY(mongo_update(mongo, change->call, AGAIN, C_ADMINS, &filter, &update, false, &matched));
    return matched == 1 ? ST_OK : ST_NO_ACCOUNT;
}

/* Once only: where it was done already, the account has another version. */
static enum status finish_account(const struct change *change, const struct account_change *account)
{
    struct account_change rest = *account;
    struct account_row now;
    enum status status;

    if (change->is_recovery) {
        status = row_read_account(change->engine, change->call, FROM_PRIMARY, &account->id, &now);
        if (status != ST_OK) {
            return status == ST_NO_ACCOUNT ? ST_OK : status;
        }
        if (now.version != account->version) {
            return ST_OK;
        }
    }
    status = update_account(change, account);
    if (status == ST_DOCUMENT_EXISTS) {
        /* Taken since by a program that takes no locks: the address stays as it was. */
        rest.email.ptr = rest.email_key.ptr = NULL;
        status = update_account(change, &rest);
    }
    if (status == ST_UNSURE &&
        row_read_account(change->engine, change->call, FROM_PRIMARY, &account->id, &now) == ST_OK &&
        now.version == account->version + 1) {
        return ST_OK; /* executed twice */
    }
    return status == ST_NO_ACCOUNT ? ST_OK : status;
}

/* Another slug for a move whose target a program that takes no locks has made. The version stays, because
 * the account's F_CHANGED_BY counts on it. */
static enum status choose_again(struct change *change, const struct organization_row *row,
                                struct journal *journal)
{
    BSON_AUTO update = BSON_INITIALIZER;
    struct str slug;
    bson_t set;
    bool held = true;

    while (held) {
        TRY(keys_lock_suffixed(change, journal->plain_slug, &slug));
        TRY(keys_slug_held(change, slug, &held));
    }
    journal->slug = slug;
    journal->collection = keys_collection(change, slug);
    bson_append_document_begin(&update, "$set", -1, &set);
    journal_put(&set, journal, change->locks, change->locks_count);
    bson_append_document_end(&update, &set);
    return change_step(change, row->version, &update);
}

/* The collection isn't there under its old name: it was moved already, or nobody has ever made it. */
static enum status find_moved(const struct change *change, const struct journal *journal)
{
    struct mongo *mongo = change->engine->mongo;
    const char *name = journal->collection.ptr;
    bool exists = false;
    enum status status;

    TRY(mongo_collection_exists(mongo, change->call, name, &exists));
    if (exists) {
        return ST_OK;
    }
    status = mongo_collection_create(mongo, change->call, name);
    return status == ST_DOCUMENT_EXISTS ? ST_OK : status;
}

static enum status move_collection(struct change *change, const struct organization_row *row,
                                   struct journal *journal)
{
    TRY(change_close_gates(change));
    for (int n = 0; n < MOVE_TRIES; n++) {
        enum status status;

        do {
            struct call step = peers_step(change->call);

            TRY(change_is_ours(change));
            status =
                mongo_collection_rename(change->engine->mongo, &step,
                                        row->organization.collection.ptr, journal->collection.ptr);
        } while (peers_step_again(change->call, status));
        if (status == ST_NOT_FOUND) {
            return find_moved(change, journal);
        }
        if (status != ST_DOCUMENT_EXISTS) {
            return status;
        }
        TRY(choose_again(change, row, journal));
    }
    return ST_BUSY;
}

static enum status finish_organization(const struct change *change,
                                       const struct organization_row *row,
                                       const struct journal *journal)
{
    BSON_AUTO update = BSON_INITIALIZER;
    bson_t part;
    enum status status;

    bson_append_document_begin(&update, "$set", -1, &part);
    journal_put_members(&part, journal);
    bson_put_str(&part, F_STATUS, STR(STATUS_ACTIVE));
    bson_put_int(&part, F_VERSION, row->version + 1);
    bson_append_document_end(&update, &part);
    bson_append_document_begin(&update, "$unset", -1, &part);
    bson_put_int(&part, F_CHANGE, 1);
    bson_append_document_end(&update, &part);
    TRY(change_is_ours(change));
    status = change_step(change, row->version, &update);
    if (status == ST_NOT_FOUND || status == ST_UNSURE) {
        /* Executed twice, or another instance has finished it. */
        struct organization_row now;
        enum status found = row_read_organization(change->engine, change->call, FROM_PRIMARY,
                                                  &change->organization, &now);

        if (found == ST_NO_ORGANIZATION || (found == ST_OK && !row_is_pending(&now))) {
            return ST_OK;
        }
        return found == ST_OK && status == ST_NOT_FOUND ? ST_BUSY : ST_UNSURE;
    }
    return status;
}

enum status update_finish(struct change *change, const struct organization_row *row,
                          struct journal *journal)
{
    if (journal->has_account) {
        TRY(finish_account(change, &journal->account));
    }
    if (row->status == ROW_RENAMING) {
        TRY(move_collection(change, row, journal));
    }
    return finish_organization(change, row, journal);
}
