/* Bounds for portions and the pauses between them. */
#include "store/sqlite/removal_pace.h"

/* Nobody writes: nobody has for so long. */
#define QUIET_US 100000

/* By itself while nobody writes. Who comes in a pause waits for nothing. */
#define QUIET_PORTION_US 1000
#define QUIET_PAUSE_US 5000

/* By itself while others write, but seldom: less than one request in a hundred meets it. */
#define SELDOM_PORTION_US 500
#define SELDOM_PAUSE_US 100000

/* Along with others' changes. */
#define RIDE_MIN_US 100
#define RIDE_MAX_US 1000
#define RIDE_PART 20 /* of the time */

#define RETRY_US 1000000 /* after a failure */

int64_t removal_pace_ride(const struct removal_pace *pace, int64_t now_us, int64_t commit_us)
{
    if (!pace->may_ride || now_us < pace->ride_us) {
        return 0;
    }
    commit_us = commit_us > RIDE_MIN_US ? commit_us : RIDE_MIN_US;
    return commit_us < RIDE_MAX_US ? commit_us : RIDE_MAX_US;
}

int64_t removal_pace_alone(struct removal_pace *pace, int64_t now_us, int64_t quiet_us)
{
    int64_t rode_us = pace->rode_us;

    if (now_us < pace->alone_us) {
        return 0;
    }
    pace->rode_us = 0;
    if (quiet_us > QUIET_US) {
        return QUIET_PORTION_US;
    }
    if (rode_us < SELDOM_PORTION_US) {
        return SELDOM_PORTION_US;
    }
    pace->alone_us = now_us + SELDOM_PAUSE_US; /* enough went with others' changes */
    return 0;
}

/* A document of a MiB may take far longer than the portion was to: then the pause is longer too. */
static int64_t next_ride_us(int64_t now_us, int64_t took_us)
{
    return now_us + took_us * (RIDE_PART - 1);
}

void removal_pace_rode(struct removal_pace *pace, int64_t now_us, int64_t took_us)
{
    pace->may_ride = true;
    pace->rode_us += took_us;
    pace->ride_us = next_ride_us(now_us, took_us);
}

void removal_pace_went(struct removal_pace *pace, int64_t now_us, int64_t took_us, int64_t quiet_us)
{
    pace->may_ride = true;
    pace->ride_us = next_ride_us(now_us, took_us);
    pace->alone_us = now_us + (quiet_us > QUIET_US ? QUIET_PAUSE_US : SELDOM_PAUSE_US);
}

void removal_pace_failed(struct removal_pace *pace, int64_t now_us)
{
    pace->may_ride = false;
    pace->alone_us = now_us + RETRY_US;
}
