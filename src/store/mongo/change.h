/*
 * Changes of an organization that touch more than one document, each journaled in the organization's own
 * document, so that any instance can finish or undo what a dead one left (docs/internals/mongodb.md).
 *
 * The member F_CHANGE (journal.h) is there while F_STATUS is not STATUS_ACTIVE. Its owner holds the
 * organization's lock (locks.h) throughout, and the locks of all keys that are being taken.
 *
 *   create   inserts the organization as STATUS_CREATING, the account, the membership, the collection;
 *            the step to STATUS_ACTIVE is the moment it happens. Before it nobody sees anything, and
 *            what is left is undone.
 *   update   STATUS_UPDATING, or STATUS_RENAMING where the collection moves: writing the journal is the
 *            moment it is decided, and nothing can fail for good after it (the locks of all new keys are
 *            held, the keys are known to be free); then the account, the collection
 *            (renameCollection), and last the organization's own members, all in one update. The old
 *            name and slug stay taken until then. An update of one document only needs no journal.
 *   delete   STATUS_DELETING with name_key and slug set aside (KEY_NONE): that is the moment it happens;
 *            then accounts without another membership, memberships, the collection, the document.
 *
 * A collection's name is taken or given up only under the lock of its slug (change_lock_collection): so
 * no collection is made under a name that somebody is still going to move or drop.
 *
 * Every update of an organization's document makes its F_VERSION one more; where filters are atomic
 * (mongo_features) the version before is in the filter, and so an owner that was taken for dead changes
 * nothing any more. It also asks peers_is before each step.
 *
 * Readers see the state before or after (rows.c): an account that changes together with an organization
 * says so in F_CHANGED_BY, with the version that the organization will have when all is done.
 */
#ifndef ORGD_STORE_MONGO_CHANGE_H
#define ORGD_STORE_MONGO_CHANGE_H

#include "store/mongo/locks.h"

#include <bson/bson.h>
#include <stdbool.h>

struct journal;
struct mongo_store;
struct organization_row;

/*
 * Finishes or undoes what is journaled in an organization. The caller holds the organization's lock by
 * the operation that the journal names or by one of its own, or the verdict on the journal's owner
 * (peers.h); the locks stay as they are.
 * ST_OK, also where there is nothing to do; ST_UNAVAILABLE, ST_BUSY, ST_UNSURE, ST_STORAGE_FULL: to be
 * tried again; ST_BROKEN: the document is damaged.
 */
MUST_CHECK enum status change_recover(struct mongo_store *engine, const struct call *call,
                                      const struct oid *organization);

/* The same for every organization whose journal names owner, a dead instance whose verdict is the
 * caller's. One that fails doesn't keep it from the others; the first failure is returned. */
MUST_CHECK enum status change_recover_of(struct mongo_store *engine, const struct call *call,
                                         const struct oid *owner);

/* Shows an organization as it will be when the change that is journaled in it is finished. row is as
 * read; it stays where there is none. */
MUST_CHECK enum status change_foresee(struct mongo_store *engine, const struct call *call,
                                      struct organization_row *row);

/* A verb's change under way, or a recovery. */
struct change {
    struct mongo_store *engine;
    const struct call *call;
    struct lock_owner owner;
    struct oid organization;
    struct str locks[LOCKS_MAX]; /* that are held */
    size_t locks_count;
    bool is_moving;   /* between moving_begin and moving_end */
    bool is_left;     /* the keeper has it now, with its locks */
    bool is_recovery; /* of somebody's journal: what of it was done already isn't known */
};

/* Waits for trust (peers.h) and takes the locks. ST_BUSY, ST_UNAVAILABLE, ST_STORAGE_FULL, ST_BROKEN. */
MUST_CHECK enum status change_begin(struct change *change, struct mongo_store *engine,
                                    const struct call *call, const struct oid *organization,
                                    const struct str names[], size_t count);

/* Opens the gates, and gives the locks back unless the keeper has them. */
void change_end(struct change *change);

/* Hands the organization and the locks over to the keeper, for change_recover. */
void change_leave(struct change *change);

/* Takes one lock more, without waiting. ST_BUSY. */
MUST_CHECK enum status change_lock(struct change *change, struct str name);
void change_unlock(struct change *change, struct str name);

/* The lock of a collection's name: that of its slug, with NULL for ptr where no slug can have it. */
struct str change_lock_collection(const struct change *change, struct str collection);

/* ST_OK while this instance is what it was when the change began, and trusts itself; otherwise
 * ST_BUSY: others may be about to take the change over. Asked before each step. */
MUST_CHECK enum status change_is_ours(const struct change *change);

/* moving_begin, once. */
MUST_CHECK enum status change_close_gates(struct change *change);

/*
 * A step of the organization's document from version to the next: update is operators, with F_VERSION in
 * $set. ST_NOT_FOUND: it isn't there in that version (on servers without atomic filters: not there);
 * ST_UNSURE, ST_UNAVAILABLE, ST_BUSY, ST_DOCUMENT_EXISTS… as for mongo_update.
 */
MUST_CHECK enum status change_step(const struct change *change, int64_t version,
                                   const bson_t *update);

/*
 * What a step that wrote the journal came to: where status (of change_step) is ST_NOT_FOUND or ST_UNSURE,
 * reads the document. ST_OK: the journal there is this change's own; ST_BUSY: nothing has happened, because
 * others were faster; ST_NO_ORGANIZATION; ST_UNSURE; otherwise status.
 */
MUST_CHECK enum status change_look_again(const struct change *change, enum status status);

/* Changes an account's document. ST_NO_ACCOUNT: it isn't there in that version; ST_DOCUMENT_EXISTS, … as
 * for mongo_update. */
struct account_change;
MUST_CHECK enum status update_account(const struct change *change,
                                      const struct account_change *account);

/* What a failure means where nothing that anybody sees has happened or ever will. */
enum status change_nothing(enum status failure);

/* Sleeps; false, at once, where the call's deadline doesn't allow that. */
bool change_pause(const struct call *call, int64_t ms);

/* What a creation makes, in this order. */
enum created {
    CREATED_NOTHING,
    CREATED_ORGANIZATION,
    CREATED_ACCOUNT,
    CREATED_MEMBERSHIP,
    CREATED_COLLECTION
};

/* The steps behind change_recover, by status; row and journal are as in the database. Each can be done
 * again. created: how far it may have come. */
MUST_CHECK enum status create_undo(const struct change *change, const struct organization_row *row,
                                   const struct journal *journal, enum created created);
/* journal's slug and collection become others where its own can't be had. */
MUST_CHECK enum status update_finish(struct change *change, const struct organization_row *row,
                                     struct journal *journal);
MUST_CHECK enum status delete_finish(struct change *change, const struct organization_row *row);

#endif
