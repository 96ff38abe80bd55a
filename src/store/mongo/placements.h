/*
 * Where an organization's documents are, remembered for a second, and the gate in front of them.
 *
 * Every call on documents enters and leaves; while a collection is being moved or dropped its gate is
 * closed: nobody enters, and who closes it waits until everybody has left. So no insert can reach the old
 * name after it is gone, where MongoDB would make it a new collection, or another tenant's. Other
 * instances close their gates when they read the announcement (peers.h); moving.h does both.
 *
 * Any thread. Entering with a remembered place is one lock of one of several mutexes.
 */
#ifndef ORGD_STORE_MONGO_PLACEMENTS_H
#define ORGD_STORE_MONGO_PLACEMENTS_H

#include "base/call.h"
#include "base/oid.h"

#include <stdbool.h>
#include <stdint.h>

#define PLACEMENT_AGE_MS 1000
#define PLACEMENT_COLLECTION_SIZE 256 /* MongoDB allows 255 bytes with the database's name */
#define PLACEMENTS_MAX 8192           /* remembered; those in use or closed are always */

struct mongo;
struct peers;
struct placement_entry;
struct placements;

struct placements *placements_new(struct mongo *mongo, struct peers *peers); /* NULL: no memory */
void placements_free(struct placements *placements); /* after everybody has left */

/* A call on documents between enter and leave. */
struct placement {
    struct placements *placements;
    struct placement_entry *entry;
    struct oid organization;
    uint64_t epoch;
    char collection[PLACEMENT_COLLECTION_SIZE];
};

/*
 * Lets a call on documents in. It must leave again before it waits for anything that isn't bounded by
 * its deadline, and never enters twice.
 * ST_OK; ST_NO_ORGANIZATION; ST_FORBIDDEN: two organizations share the collection (a seed's database),
 * and nobody gets at it before an operator has decided (orgd doctor); ST_BUSY at call->deadline_ms while
 * the collection is being moved; ST_UNAVAILABLE, also where this instance can't show the others that it
 * lives (peers_trust).
 */
MUST_CHECK enum status placement_enter(struct placements *placements, const struct call *call,
                                       const struct oid *organization,
                                       struct placement *ret_placement);
void placement_leave(struct placement *placement); /* a zeroed one, or again: does nothing */
#define PLACEMENT __attribute__((cleanup(placement_leave))) struct placement

/*
 * Whether the collection is still where it was at the enter: to be asked right before each write to it (a
 * retry is one), and after a read. It is as long as others wait for this call to leave; but an instance
 * that was paused or cut off for seconds may have been taken for dead meanwhile.
 * ST_OK; ST_UNAVAILABLE: nothing may be written any more, and what was read says nothing.
 */
MUST_CHECK enum status placement_check(const struct placement *placement, const struct call *call);

/* Closes the gate of an organization and waits until everybody has left. Counted: closed twice, it opens
 * with the second open. ST_BUSY at call->deadline_ms, ST_BROKEN without memory: it isn't closed then. */
MUST_CHECK enum status placements_close(struct placements *placements, const struct call *call,
                                        const struct oid *organization);

/* The same in two steps, for who must not wait. false: no memory, and not closed. */
MUST_CHECK bool placements_shut(struct placements *placements, const struct oid *organization);
bool placements_is_empty(struct placements *placements, const struct oid *organization);

/* Opens it and forgets what was remembered. */
void placements_open(struct placements *placements, const struct oid *organization);

#endif
