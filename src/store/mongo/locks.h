/*
 * Locks that every instance on the database sees: a lock is a document of C_LOCKS whose _id is what is
 * locked, {_id: "name:acme", owner: <instance>, operation: <id>, at, owner_clock}. Inserting it takes it; the
 * unique index of _id decides, which is atomic on every server, also on one that has no atomic filters.
 *
 * Whoever is going to take a unique key (a name, a slug, an address) holds the lock of that key until it
 * is in its unique index or given up, and whoever changes an organization holds the organization's.
 *
 * Who removes a lock. An owner is an instance (whose death frees the lock, see peers.h) and an operation,
 * which no other taking of the same lock ever has. So who gives a lock back late or twice, because an
 * answer of the server was lost, never gives away what somebody has taken since, a thread of the same
 * process included. A dead instance's locks are removed only by the instance that holds its verdict,
 * after what they protected was finished or undone. What an insert left behind that the server executed
 * after it was given up is found by the keeper: a lock of this instance that is older than any operation
 * can be (LOCK_LOST_MS).
 */
#ifndef ORGD_STORE_MONGO_LOCKS_H
#define ORGD_STORE_MONGO_LOCKS_H

#include "base/call.h"
#include "base/oid.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct leftovers;
struct mongo;
struct peers;

#define LOCKS_MAX 8                   /* taken in one call */
#define LOCK_LOST_MS INT64_C(7200000) /* no operation lasts that long, a migration included */

/* Names of locks, in mem. LOCK_ORGANIZATION and LOCK_ACCOUNT take an id's hex digits. */
#define LOCK_ORGANIZATION "organization:"
#define LOCK_ACCOUNT "account:"
#define LOCK_NAME "name:"
#define LOCK_SLUG "slug:"
#define LOCK_EMAIL "email:"
#define LOCK_DOCUMENT "document:" /* organization's id, ':' and the document's id */
#define LOCK_MIGRATION "migration"
struct str lock_name(struct arena *mem, const char *kind, struct str what);
struct str lock_name_of_id(struct arena *mem, const char *kind, const struct oid *id);

/* Who takes locks. A journal (change.h) keeps both, so that who recovers it can give its locks back. */
struct lock_owner {
    struct oid instance;
    struct oid operation;
};

/* A new operation of this instance. A verb makes one when it begins, and takes all its locks by it. */
struct lock_owner lock_owner_new(struct peers *peers);

/*
 * Takes all of them or none, waiting while others hold one, until call->deadline_ms.
 * ST_OK; ST_BUSY: still held by others at the deadline; ST_UNAVAILABLE, ST_STORAGE_FULL, ST_BROKEN. In
 * all but ST_OK nothing stays taken (what could not be given back is noted in leftovers). Waiting
 * while it holds nothing, it can't deadlock; a holder that wants further ones uses locks_try. names: no
 * two alike, and none that this operation holds already (it would lose it).
 */
MUST_CHECK enum status locks_take(struct mongo *mongo, struct leftovers *leftovers,
                                  const struct call *call, const struct lock_owner *owner,
                                  const struct str names[], size_t count);

/* The same without waiting: ST_BUSY at once. */
MUST_CHECK enum status locks_try(struct mongo *mongo, struct leftovers *leftovers,
                                 const struct call *call, const struct lock_owner *owner,
                                 const struct str names[], size_t count);

/* Gives them back, also shortly past the deadline; those that owner doesn't hold (any more) are passed
 * over. Never fails for the caller: what could not be given back is noted in leftovers and given back by
 * the keeper as soon as the server answers. */
void locks_give(struct mongo *mongo, struct leftovers *leftovers, const struct call *call,
                const struct lock_owner *owner, const struct str names[], size_t count);

/* Gives one back, for the keeper: ST_OK when it is known not to be owner's any more. */
MUST_CHECK enum status locks_remove(struct mongo *mongo, const struct call *call,
                                    const struct lock_owner *owner, struct str name);

/* Each lock that is there. visit returns whether to go on; name is valid during the call only; taken_ms is
 * of the owner's clock_monotonic_ms, so of use for this process's own locks. What a lock doesn't have is
 * shown as zeros. */
typedef bool locks_visit_fn(void *context, struct str name, const struct lock_owner *owner,
                            int64_t taken_ms);
MUST_CHECK enum status locks_each(struct mongo *mongo, const struct call *call,
                                  locks_visit_fn *visit, void *context);

#endif
