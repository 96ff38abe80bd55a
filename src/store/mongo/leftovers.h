/*
 * What this process could not finish when the server was lost: locks to give back, and organizations
 * whose journal (change.h) must be finished or undone before the locks of their change are given back.
 * The keeper works them off. Memory: bounded by the requests that failed. Any thread.
 */
#ifndef ORGD_STORE_MONGO_LEFTOVERS_H
#define ORGD_STORE_MONGO_LEFTOVERS_H

#include "base/oid.h"
#include "base/str.h"
#include "store/mongo/locks.h"

#include <stdbool.h>

struct leftovers;

struct leftovers *leftovers_new(void); /* NULL: no memory */
void leftovers_free(struct leftovers *leftovers);

/* Notes a lock to give back. */
void leftovers_add_lock(struct leftovers *leftovers, const struct lock_owner *owner,
                        struct str name);

/*
 * Hands over an organization that a verb leaves with its journal, or without it being known whether the
 * journal is there, and the locks that the verb holds (its owner's, LOCKS_MAX at most): the verb doesn't
 * give them back. The keeper calls change_recover, which finds owner's journal, another's, or none, and
 * when that has succeeded gives the locks back. Where the instance has meanwhile been declared dead
 * (peers.h), who recovers it does that instead.
 */
void leftovers_add_organization(struct leftovers *leftovers, const struct lock_owner *owner,
                                const struct oid *organization, const struct str names[],
                                size_t count);

/* What was left. */
struct leftover {
    struct lock_owner owner;
    bool has_organization; /* to be recovered before the locks are given back */
    struct oid organization;
    struct str names[LOCKS_MAX];
    size_t count;
};

/* Takes the oldest out; false where there is none. Strings in mem. */
bool leftovers_next(struct leftovers *leftovers, struct arena *mem, struct leftover *ret_leftover);
/* Puts one back, behind the others. */
void leftovers_put(struct leftovers *leftovers, const struct leftover *leftover);
size_t leftovers_count(struct leftovers *leftovers);

#endif
