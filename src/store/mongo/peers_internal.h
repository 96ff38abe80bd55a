/* What peers.c (the rounds), announcing.c and verdicts.c (the dead) share. */
#ifndef ORGD_STORE_MONGO_PEERS_INTERNAL_H
#define ORGD_STORE_MONGO_PEERS_INTERNAL_H

#include "store/mongo/peer_list.h"
#include "store/mongo/peer_process.h"
#include "store/mongo/peers.h"

#include <pthread.h>
#include <stdatomic.h>

#define PEERS_HURRY_MS 200 /* after something was announced rounds are closer together */

/* What this instance announces. */
struct move {
    struct announcement announcement;
    int64_t first_beat; /* the first write that has it; 0: none yet */
    bool is_confirmed;  /* peers_announce has said so */
};

struct peers {
    struct mongo *mongo;
    struct peer_process process;
    int64_t started_ms; /* of the wall clock, for people */

    _Atomic uint64_t epoch;
    _Atomic int64_t trusted_until_ms;

    /* Under the mutex. The thread that makes the rounds is the only one that writes self, beat, sent_ms
     * and list, and so may read them without it. */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* anything of what follows */
    struct oid self;
    int64_t beat;
    int64_t sent_ms;         /* when the last round began */
    int64_t trusted_from_ms; /* the same, of the clock that trust goes by */
    int64_t done_beat;       /* of the last write that a look came after */
    struct peer_list list;
    struct move moves[PEER_MOVES_MAX]; /* oldest first */
    size_t moves_count;
    struct oid *closed; /* to be told to the others */
    size_t closed_count;
    bool is_woken;
    int64_t hurry_until_ms;
};

/* Under the mutex: waits for changed; false where the time is over. */
bool peers_wait_until(struct peers *peers, int64_t deadline_ms);

#endif
