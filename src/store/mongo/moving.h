/*
 * Moving or dropping a tenant's collection while nobody works in it, on any instance.
 *
 * Whoever renames or drops a collection (update.c, delete.c, change.c) does it in this order:
 *
 *     the organization's lock is held (locks.h), or its dead owner's verdict is ours (peers.h)
 *     TRY(moving_begin(engine, call, &id));     the gate is closed here and on every other instance
 *     ... the journal says STATUS_RENAMING or STATUS_DELETING, the collection is moved or dropped,
 *     ... the organization's document is brought to its end, or left for the keeper (leftovers.h)
 *     moving_end(engine, &id);                  always, whatever came of it
 *
 * Nothing is changed in the database by a moving_begin that fails, so a verb that has not written its
 * journal yet answers with what it returned. Between the two no call on documents of the organization
 * runs anywhere: who wants to enter (placements.h) waits. After moving_end everybody looks the
 * organization up again, and still waits where its document says STATUS_RENAMING: so gates need not stay
 * closed for a change that could not be finished, and change_recover begins with moving_begin again.
 */
#ifndef ORGD_STORE_MONGO_MOVING_H
#define ORGD_STORE_MONGO_MOVING_H

#include "base/call.h"
#include "base/oid.h"

struct mongo_store;

/*
 * Closes the organization's gate here, announces it to the other instances, and waits until each of them
 * has confirmed that its gate is closed too and everybody has left, or is dead.
 * ST_OK; ST_BUSY at call->deadline_ms, ST_UNAVAILABLE: nothing is closed or announced then.
 */
MUST_CHECK enum status moving_begin(struct mongo_store *engine, const struct call *call,
                                    const struct oid *organization);

/* Opens it again, here at once, elsewhere within a round. Doesn't wait, and can't fail: what can't be
 * written now is written by the next round. */
void moving_end(struct mongo_store *engine, const struct oid *organization);

#endif
