/*
 * The journal of a change, member F_CHANGE of an organization's document: who makes the change, and what
 * is needed to finish or undo it. change.h tells when it is written.
 */
#ifndef ORGD_STORE_MONGO_JOURNAL_H
#define ORGD_STORE_MONGO_JOURNAL_H

#include "base/call.h"
#include "store/mongo/locks.h"

#include <bson/bson.h>

/* Members. What else is in it only journal.c knows. */
#define F_CHANGE_OWNER "owner" /* the instance */
#define F_CHANGE_OPERATION "operation"

/* Credentials that change together with the organization. A string with NULL for ptr: as it is. */
struct account_change {
    struct oid id;
    int64_t version; /* of the account before */
    struct str email;
    struct str email_key;
    struct str password_hash;
    int64_t password_version; /* new */
    int64_t updated_ms;
    int64_t organization_version; /* when all is done */
};

struct journal {
    struct lock_owner owner;
    struct oid membership; /* of a creation */

    /* Of an update: what becomes of the organization. A string with NULL for ptr: as it is. */
    struct str name;
    struct str name_key;
    struct str slug;
    struct str collection;
    struct str plain_slug; /* what slug was made from, where one has to be made again */
    int64_t updated_ms;
    bool has_account;
    struct account_change account;
};

/* Appends it to parent as F_CHANGE, with the time and, for who looks, the names of locks. */
void journal_put(bson_t *parent, const struct journal *journal, const struct str locks[],
                 size_t count);

/* False where the document has none. Strings in mem. */
bool journal_get(const bson_t *document, struct arena *mem, struct journal *ret_journal);

/* Appends what the journal makes of the organization's members, for a $set. */
void journal_put_members(bson_t *set, const struct journal *journal);

/* Appends what account makes of an account's members, for a $set. */
void account_change_put(bson_t *set, const struct account_change *account,
                        const struct oid *organization);

#endif
