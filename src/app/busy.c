/* The pause, and its end. */
#include "app/busy.h"

#include "base/clock.h"

#include <time.h>

#define BUSY_MS 120000 /* how long one thing is tried again while others are at it */
#define BUSY_PAUSE_MS 250

bool busy_try_again(const _Atomic bool *is_stopping, const char *who, enum status status,
                    int64_t *until_ms, struct err *err)
{
    struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000L };
    int64_t now_ms = clock_monotonic_ms();

    if (status != ST_BUSY || atomic_load(is_stopping)) {
        return false;
    }
    if (*until_ms == 0) {
        *until_ms = now_ms + BUSY_MS;
    }
    if (now_ms >= *until_ms) {
        struct err why = *err;

        (void)!err_set(err, ST_BUSY, "the %s was busy for %d s%s%s", who, BUSY_MS / 1000,
                       why.text[0] ? ": " : "", why.text);
        return false;
    }
    (void)nanosleep(&pause, NULL);
    err->text[0] = '\0';
    return true;
}
