/*
 * How much of deleted organizations' documents goes when, so that nobody notices and it ends all the same.
 *
 * While others write, a portion goes along with their changes, in the same transaction: no longer than a
 * commit takes, so that a request never waits for much more than it would anyway, and a twentieth of the
 * time in all. While nobody does, it goes by itself and faster. Arithmetic only: all times are given.
 */
#ifndef ORGD_STORE_SQLITE_REMOVAL_PACE_H
#define ORGD_STORE_SQLITE_REMOVAL_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing was removed yet. Times are of the monotonic clock. */
struct removal_pace {
    int64_t alone_us; /* by itself: not before this time */
    int64_t ride_us;  /* along with others' changes: not before this time */
    int64_t rode_us;  /* how long that took in all since it could have gone by itself last */
    bool may_ride;    /* the last portion did not fail */
};

/* How long a portion may take that goes along with the changes that are written now; 0: none may.
 * commit_us: what a commit takes. */
int64_t removal_pace_ride(const struct removal_pace *pace, int64_t now_us, int64_t commit_us);

/* How long a portion may take that goes by itself; 0: none may, until pace->alone_us.
 * quiet_us: for how long nobody has written. */
int64_t removal_pace_alone(struct removal_pace *pace, int64_t now_us, int64_t quiet_us);

/* A portion was removed, along with others' changes or by itself, in so long. */
void removal_pace_rode(struct removal_pace *pace, int64_t now_us, int64_t took_us);
void removal_pace_went(struct removal_pace *pace, int64_t now_us, int64_t took_us,
                       int64_t quiet_us);

/* One failed: the next goes by itself, in a while, so that no change of others' fails with it again. */
void removal_pace_failed(struct removal_pace *pace, int64_t now_us);

#endif
