/*
 * The instances side by side on one database: who is there, who is dead, and that all of them know what
 * one is about to move.
 *
 * Each has a document in C_INSTANCES, written by one thread of its own (keeper.c), and nobody else:
 *
 *     {_id, beat, moving: [{id, organization}], closed: [id], host, pid, process_start, started_at, version}
 *
 * A round is: write the own document, one more in beat; when that is acknowledged by a majority, read the
 * whole collection, which is tiny; then close the gates of what others announce (gates below). A reader
 * that wrote first can't have read from a deposed primary what was true before its own write.
 *
 * Who lives. No clocks are compared: each measures, by its own, for how long it has seen another's beat
 * unchanged; a gap between two looks counts PEER_GAP_MS at most, so that nobody is suspected because the
 * one that looks was paused or the server away. After PEER_DEAD_MS that one is suspected; after
 * PEER_GONE_MS already where it ran on this host (boot id and process-id namespace are the same) and its
 * process is gone.
 *
 * Who is dead. A suspicion can be wrong: a process was paused, or cut off. So who suspects first inserts a
 * verdict into the same collection, {_id: "dead:<id>", dead, by, at}; insert decides who is "by". A verdict
 * is final. One that sees a verdict on itself joins anew, with a new id, and what its threads were
 * doing under the old one is void (peers_is). The condemned one counts as dead when a look that was sent
 * after the verdict had been seen still has it suspected: had it ended a round since, it would have seen
 * the verdict. In turn an instance uses what it remembers, and enters gates, only within PEER_TRUST_MS of
 * the moment it sent the write of its last whole round (peers_trust). So nobody trusts itself while
 * another takes it for dead, whatever was paused when; only a call that was inside before can still be on
 * its way then, which is why it asks again before each write (placement_check).
 *
 * Recovery is the work of the verdict's "by", and of nobody else: the journals of the dead one, its locks, then its
 * document, last the verdict. One that dies half-way is condemned like any other, and who recovers it
 * first takes over its verdicts. Locks or journals whose owner has no document (one that was paused and
 * wrote something late, or the collection was dropped) make their owner suspected, condemned and
 * recovered in the same way (recovery.c).
 *
 * Gates. Who moves a collection puts {id: <new>, organization} into its document. Each other instance, when
 * it reads that, closes the organization's gate; when everybody has left, it confirms by putting that id
 * into its own closed; when the announcement is gone from the collection it opens the gate, and takes the
 * id out. The announcer goes on when each other instance in the collection has confirmed or is dead. The
 * id is the announcement's own, so a confirmation is never taken for that of another time. Who joins
 * does so with a whole round before it enters any gate: it has either a document that the announcer waits
 * for, or has read the announcement. A dead announcer's document stays until it is recovered, and so
 * its gates stay closed elsewhere. No gate that is slow to empty holds up a round or another gate.
 *
 * On servers whose filters are not atomic a write of the own document that was given up and is executed
 * late can take back an announcement until the next round; elsewhere a filter on beat prevents it.
 */
#ifndef ORGD_STORE_MONGO_PEERS_H
#define ORGD_STORE_MONGO_PEERS_H

#include "base/call.h"
#include "base/oid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_DEAD_MS 5000       /* an unchanged beat: suspected */
#define PEER_GONE_MS 500        /* the same where the process is known to be gone */
#define PEER_GAP_MS 500         /* what a gap between two looks counts at most */
#define PEER_TRUST_MS 2000      /* after a round was begun: what is remembered may be used */
#define PEER_ROUND_MS 50        /* between rounds while there are others */
#define PEER_ROUND_ALONE_MS 250 /* and while there are none */
#define PEER_CALL_MS 2000  /* the longest that a round may take; a longer one is worth nothing */
#define PEER_MOVES_MAX 256 /* announced at one time by one instance */

/* How long one write to a tenant's collection, or a move of one, is tried after it was asked for trust:
 * shorter than it takes until others act in the place of who lost it. */
#define PEER_STEP_MS ((PEER_DEAD_MS - PEER_TRUST_MS) / 2)

struct mongo;
struct peers;

/* A call with a deadline of PEER_STEP_MS from now at most. Where a step comes to ST_UNAVAILABLE or
 * ST_UNSURE, may be repeated and the call has time left (peers_step_again, which waits a little), it is
 * asked for trust anew, and made again. */
struct call peers_step(const struct call *call);
bool peers_step_again(const struct call *call, enum status status);

/* Joins: this process has a document from now on. Trust begins with the first whole round, which the
 * keeper makes. ST_OK; ST_UNAVAILABLE, ST_BROKEN. */
MUST_CHECK enum status peers_join(struct mongo *mongo, const struct call *call,
                                  struct peers **ret_peers);

/* Removes the document (if the server answers within call->deadline_ms) and frees. After the keeper has
 * stopped. NULL is fine. */
void peers_leave(struct peers *peers, const struct call *call);

/* For the engine's verbs; any thread. */

/* This instance's id: the owner of its locks and journals. It changes where the instance was taken for
 * dead and joined anew, so a verb asks once (lock_owner_new does) and keeps it. */
struct oid peers_self(struct peers *peers);

/* Whether id is still this instance's, and trusted. A verb with a journal asks before each of its steps,
 * and where it is not so leaves the rest to the keeper: another may be about to finish it. */
bool peers_is(struct peers *peers, const struct oid *id);

/* Whether what is remembered may be used and gates may be entered. epoch: one more with each joining
 * anew; what was begun or remembered under another one is void. ret_epoch may be NULL. */
bool peers_trust(struct peers *peers, uint64_t *ret_epoch);

/* Waits for that, until call->deadline_ms at most: ST_OK or ST_UNAVAILABLE. */
MUST_CHECK enum status peers_await_trust(struct peers *peers, const struct call *call,
                                         uint64_t *ret_epoch);

/* For moving.c, with the own gate closed before; any thread. */

/* Announces that an organization's collection is going to move, and waits until every other instance has
 * confirmed that its gate is closed, or is dead. ST_OK; ST_BUSY at call->deadline_ms, or where
 * PEER_MOVES_MAX are announced; ST_UNAVAILABLE where the rounds fail, or this instance had to join anew
 * meanwhile. In all but ST_OK it isn't announced any more. */
MUST_CHECK enum status peers_announce(struct peers *peers, const struct call *call,
                                      const struct oid *organization);

/* Takes a confirmed announcement of the organization back, with the next round; doesn't wait. */
void peers_unannounce(struct peers *peers, const struct oid *organization);

/* For keeper.c's thread that makes the rounds, and no other. */

/* Writes the own document, and then looks at all of them. Where the own one is gone or condemned, joins
 * anew. ST_OK; ST_UNAVAILABLE, ST_BROKEN: the round didn't take place. */
MUST_CHECK enum status peers_round(struct peers *peers, const struct call *call);

/* What another instance announces. */
struct announcement {
    struct oid id;
    struct oid organization;
};

/* Those of the last look; valid until the next round. */
const struct announcement *peers_announcements(const struct peers *peers, size_t *ret_count);

/* Ends a round, the gates of all announcements being closed: it is trusted. ids: those whose gates are
 * empty; the next write tells them to the others. Wakes who waits in peers_announce. */
void peers_round_done(struct peers *peers, const struct oid ids[], size_t count);

/* Sleeps until the next round is due: shorter while somebody announces or confirms. */
void peers_pause(struct peers *peers);
/* Ends a peers_pause, and makes the next one end at once, too; any thread. */
void peers_wake(struct peers *peers);

/* For recovery.c; any thread. From the last round; cursor: 0 at first, then as it was left. */

/* The next that is suspected and not condemned yet. */
bool peers_next_suspect(struct peers *peers, size_t *cursor, struct oid *ret_id);

/* The next that is dead and whose verdict is this instance's: to be recovered. */
bool peers_next_dead(struct peers *peers, size_t *cursor, struct oid *ret_id);

/* The next that a verdict is by. */
bool peers_next_judge(struct peers *peers, size_t *cursor, struct oid *ret_id);

/* Whether an id has a document or a verdict. */
bool peers_knows(struct peers *peers, const struct oid *id);

/* Inserts a verdict by this instance. ST_OK, also where there is one already; else as mongo_insert. */
MUST_CHECK enum status peers_condemn(struct peers *peers, const struct call *call,
                                     const struct oid *id);

/* Makes the verdicts by a dead one, whose own is this instance's, this instance's too. */
MUST_CHECK enum status peers_inherit(struct peers *peers, const struct call *call,
                                     const struct oid *dead);

/* The last step of recovery: removes the document of a dead one, and then the verdict. */
MUST_CHECK enum status peers_forget(struct peers *peers, const struct call *call,
                                    const struct oid *dead);

#endif
