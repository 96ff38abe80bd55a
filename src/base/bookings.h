/*
 * When somebody who found a queue full should come back: each is told of another place, so that a crowd
 * comes back as it can be served, and not all of it at once.
 *
 * Places become free as fast as jobs end. But whoever is told a whole number of seconds comes at the same
 * moment as all who were told the same, so no more places are given away for a second than can be taken at
 * once. A place is booked at a time, not kept: who comes earlier takes what is free, and who doesn't come has
 * made the next wait a little longer than needed.
 *
 * Not for several threads at once: its owner has a mutex. Nothing here blocks or reads a clock.
 */
#ifndef ORGD_BASE_BOOKINGS_H
#define ORGD_BASE_BOOKINGS_H

#include <stddef.h>
#include <stdint.h>

#define BOOKINGS_LONGEST_S 60

/* All zero: nothing is booked or known. */
struct bookings {
    int64_t next_us; /* the last place that was booked; in the past: none is */
    int64_t job_us;  /* what a job takes, a moving mean; 0: not known */
};

/* A job has taken so long. */
void bookings_ended(struct bookings *bookings, int64_t job_us);

/*
 * Books a place; in how many seconds, 1 to BOOKINGS_LONGEST_S. What would be later is not booked.
 *
 * now_us:  on a clock that never goes back
 * at_once: jobs that run at once, 1 or more
 * places:  jobs that are taken at once where none is there, at_once or more
 */
int bookings_make(struct bookings *bookings, int64_t now_us, size_t at_once, size_t places);

#endif
