/*
 * Keeps this instance in step with the others, by two threads.
 *
 * One makes the rounds (peers.h): shows that this instance lives, looks at the others, closes and opens
 * the gates of what they announce (placements.h). It does nothing that could take long.
 *
 * The other mends (recovery.h): works off this process's own leftovers, condemns those who are suspected,
 * and recovers those whose verdict is this instance's.
 *
 * Neither ends the process: what fails is tried again, and said in the log once.
 */
#ifndef ORGD_STORE_MONGO_KEEPER_H
#define ORGD_STORE_MONGO_KEEPER_H

#include "base/err.h"

struct keeper;
struct mongo_store;

/* engine has everything but the keeper. Returns when the first round was made, or after PEER_CALL_MS
 * or so: where it failed, calls wait until one succeeds. ST_OK; ST_BROKEN: no memory, no threads. */
MUST_CHECK enum status keeper_start(struct mongo_store *engine, struct keeper **ret_keeper,
                                    struct err *err);

/* After the last call has returned: makes one more attempt at the leftovers, joins the threads and frees.
 * NULL is fine. */
void keeper_stop(struct keeper *keeper);

#endif
