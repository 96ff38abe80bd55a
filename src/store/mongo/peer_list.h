/*
 * One look at C_INSTANCES: who is there, who is suspected or condemned, what is announced and confirmed.
 * peers.h says what it all means. A list belongs to who read it; one thread at a time.
 */
#ifndef ORGD_STORE_MONGO_PEER_LIST_H
#define ORGD_STORE_MONGO_PEER_LIST_H

#include "base/call.h"
#include "base/oid.h"
#include "store/mongo/peers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mongo;
struct peer_process;

#define PEER_LIST_MAX 4096           /* instances, the dead ones included */
#define PEER_ANNOUNCEMENTS_MAX 65536 /* of all of them; the same number of confirmations */

/* An id that has a document, a verdict, or both. */
struct peer {
    struct oid id;
    bool has_document;
    int64_t beat;
    int64_t unchanged_ms; /* for how long the beat has been seen as it is */
    bool is_process_gone;
    bool is_suspected;

    bool has_verdict;
    bool had_verdict; /* in an earlier look already */
    struct oid verdict_by;
};

/* That an instance has closed the gate of an announcement. */
struct confirmation {
    struct oid by;
    struct oid announcement;
};

struct peer_list {
    int64_t read_ms; /* when the look ended */
    struct peer *peers;
    size_t count;
    struct announcement *announcements; /* of all but self */
    size_t announcements_count;
    struct confirmation *confirmations;
    size_t confirmations_count;
};

/*
 * Looks. before: the look before this one, or an empty list; self and process: of this instance.
 * ST_OK; ST_UNAVAILABLE; ST_BROKEN: no memory, more than the limits above, or a document that can't be
 * understood (an announcement must not be missed).
 */
MUST_CHECK enum status peer_list_read(struct mongo *mongo, const struct call *call,
                                      const struct peer_list *before, const struct oid *self,
                                      const struct peer_process *process,
                                      struct peer_list *ret_list);
void peer_list_done(struct peer_list *list); /* a zeroed one is fine */

/* NULL: neither document nor verdict. */
const struct peer *peer_list_find(const struct peer_list *list, const struct oid *id);

/* Whether what it does can't matter any more: condemned, and suspected after that was there to be seen,
 * or without a document. */
bool peer_is_dead(const struct peer *peer);

/* Whether every instance that isn't dead, but self, has confirmed an announcement. */
bool peer_list_all_confirmed(const struct peer_list *list, const struct oid *self,
                             const struct oid *announcement);

#endif
