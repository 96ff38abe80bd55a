/*
 * What is mended from time to time, by keeper.c's second thread and no other:
 *
 *   - this process's leftovers (leftovers.h);
 *   - instances that are suspected are condemned, and those whose verdict is this instance's recovered
 *     (peers.h): their verdicts, journals, locks, document, in this order, each of which may be done again
 *     where this one dies half-way;
 *   - strays: owners of locks, journals or verdicts that have neither a document nor a verdict, for longer
 *     than PEER_DEAD_MS, are condemned, too;
 *   - locks of this instance that no operation can hold any more.
 */
#ifndef ORGD_STORE_MONGO_RECOVERY_H
#define ORGD_STORE_MONGO_RECOVERY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/oid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRAYS_MAX 64 /* under observation at one time */
#define STRAY_LOCKS_MS 2000
#define STRAY_JOURNALS_MS 300000 /* a walk over all organizations, where there is no index for it */
#define RECOVERY_CALL_MS 5000    /* the longest that one recovery may take; then it begins again */

struct mongo_store;

/* An owner that nobody knows. */
struct stray {
    struct oid id;
    int64_t unknown_ms; /* for how long */
};

struct recovery {
    struct mongo_store *engine;
    struct arena mem;
    struct err err;
    struct stray strays[STRAYS_MAX];
    size_t strays_count;
    int64_t passed_ms; /* the last pass */
    int64_t locks_ms;  /* when locks are to be looked through again */
    int64_t journals_ms;
};

void recovery_init(struct recovery *recovery, struct mongo_store *engine);
void recovery_done(struct recovery *recovery);

/* Does everything once. ST_OK, or the first failure, with its words in recovery->err; what failed is
 * done again in the next pass. Does nothing without trust. */
MUST_CHECK enum status recovery_pass(struct recovery *recovery);

/* Only the leftovers, until_ms of clock_monotonic_ms at most. */
void recovery_leftovers(struct recovery *recovery, int64_t until_ms);

#endif
