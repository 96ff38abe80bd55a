/*
 * How many jobs at once something serves best that is not ours, a database's server: found by trying.
 * While jobs wait, half and twice the number are tried in turns with it for a moment; more is kept where it
 * serves clearly more jobs a second each time, less where it serves hardly fewer. What changed nothing is
 * tried less and less often, until the rate that is served is another one. So a server that has a queue of
 * its own isn't made to keep jobs in it, where nobody's turn counts; one that serves more the more it has
 * gets all there are.
 *
 * Not for several threads at once: its owner has a mutex. Nothing here blocks or reads a clock.
 */
#ifndef ORGD_BASE_PACE_H
#define ORGD_BASE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was served under one of the two numbers that are compared. */
struct pace_side {
    int64_t us;
    size_t jobs;
};

struct pace {
    size_t least;
    size_t most;
    size_t limit; /* in force */
    size_t kept;  /* the number that is good as far as is known */
    size_t tried; /* the one that it is compared with; 0: no comparison is under way */
    bool upward;  /* the next one is of twice the number, not of half */
    bool refused; /* the last one changed nothing */
    unsigned period;
    unsigned agreed;           /* rounds of the comparison that speak for the number tried */
    struct pace_side sides[2]; /* of the round: the number kept, and the one tried */
    size_t passing;            /* jobs to end that may have begun under another limit */
    int64_t begun_us;          /* the period; while nothing is compared, a time of its own */
    size_t jobs;               /* ended in it */
    size_t waited;             /* of these, how many left others waiting */
    int64_t rests_until_us;    /* where nothing is compared */
    int64_t rest_us;           /* the next rest */
    double usual_rate;         /* of this one, in jobs a µs; 0: not known yet */
};

/* A number between 1 <= least <= most; where they are the same, nothing is ever tried. */
void pace_init(struct pace *pace, size_t least, size_t start, size_t most);

/* A job has ended, now_us on a clock that never goes back; waits: others are waiting to begin. May
 * change pace->limit. */
void pace_done(struct pace *pace, int64_t now_us, bool waits);

#endif
