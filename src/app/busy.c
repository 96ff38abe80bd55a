/* The pause, and its end. */
#include "app/busy.h"

#include "app/copy_walk.h"
#include "base/clock.h"

#include <time.h>

#define BUSY_MS 120000 /* how long one thing is tried again while others are at it */
#define BUSY_PAUSE_MS 250
#define MEM_BYTES ((size_t)512 * 1024 * 1024)

static void set_call(struct busy_call *busy, struct err *err)
{
    busy->call = copy_call(&busy->mem, err);
    busy->call.deadline_ms += busy->more_ms;
}

void busy_call_begin(struct busy_call *busy, const char *who, const _Atomic bool *is_stopping,
                     int64_t more_ms, struct err *err)
{
    *busy = (struct busy_call){ .who = who, .is_stopping = is_stopping, .more_ms = more_ms };
    arena_init(&busy->mem, MEM_BYTES);
    set_call(busy, err);
}

static bool may_try_again(struct busy_call *busy)
{
    struct err *err = busy->call.err;
    int64_t now_ms = clock_monotonic_ms();

    if (busy->until_ms == 0) {
        busy->until_ms = now_ms + BUSY_MS;
    }
    if (now_ms >= busy->until_ms) {
        struct err why = *err;

        (void)!err_set(err, ST_BUSY, "the %s was busy for %d s%s%s", busy->who, BUSY_MS / 1000,
                       why.text[0] ? ": " : "", why.text);
        return false;
    }
    return true;
}

bool busy_call_again(struct busy_call *busy, enum status status)
{
    struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000L };

    if (status != ST_BUSY || atomic_load(busy->is_stopping) || !may_try_again(busy)) {
        arena_done(&busy->mem);
        return false;
    }
    (void)nanosleep(&pause, NULL);
    busy->call.err->text[0] = '\0';
    arena_clear(&busy->mem);
    set_call(busy, busy->call.err);
    return true;
}
