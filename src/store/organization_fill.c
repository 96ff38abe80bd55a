/* Pages of the engine's walk, each followed by a pause as long as it took. */
#include "store/organization_fill.h"

#include "base/clock.h"
#include "base/thread.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define PAGE 128
#define BEGIN_MS 100                    /* a start has other things to do */
#define PAUSE_MIN_US 200                /* more than a short sleep takes anyhow */
#define PAUSE_MAX_US 100000             /* a stop waits for it */
#define WAIT_MS 1000                    /* for a connection of the engine's */
#define MEMORY_BYTES ((size_t)16 << 20) /* of a page: far more than the rules for texts allow */

struct organization_fill {
    struct store *engine;
    struct organization_memory *memory;
    pthread_t thread;
    atomic_bool stopping;
};

static void pause_us(int64_t us)
{
    struct timespec pause = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

    (void)nanosleep(&pause, NULL);
}

/* Keeps a page of organizations; false: that was the last one, or the walk is of no use any more. */
static bool fill_page(struct organization_fill *fill, struct arena *mem, uint64_t epoch,
                      int64_t *position)
{
    struct organization page[PAGE];
    struct err err;
    struct call call = { .mem = mem, .err = &err, .deadline_ms = clock_monotonic_ms() + WAIT_MS };
    size_t count = 0;

    if (fill->engine->ops->organization_walk(fill->engine, &call, *position, PAGE, page, &count,
                                             position) != ST_OK) {
        return false; /* look-ups go on filling */
    }
    for (size_t i = 0; i < count; i++) {
        /* Of those that aren't kept, all but the ones for which there is no room are rare. */
        if (!organization_memory_keep(fill->memory, epoch, KEEP_IF_ROOM, &page[i]) &&
            organization_memory_is_full(fill->memory)) {
            return false;
        }
    }
    return count > 0 && organization_memory_epoch(fill->memory) == epoch;
}

static void fill_all(struct organization_fill *fill, uint64_t epoch)
{
    int64_t position = 0;
    bool goes_on = true;
    struct arena mem;

    arena_init(&mem, MEMORY_BYTES);
    while (goes_on && !atomic_load(&fill->stopping)) {
        int64_t begun_us = clock_monotonic_us();
        int64_t took_us;

        goes_on = fill_page(fill, &mem, epoch, &position);
        arena_clear(&mem);
        took_us = clock_monotonic_us() - begun_us;
        took_us = took_us > PAUSE_MIN_US ? took_us : PAUSE_MIN_US;
        pause_us(took_us < PAUSE_MAX_US ? took_us : PAUSE_MAX_US);
    }
    arena_done(&mem);
}

static void *fill_main(void *argument)
{
    struct organization_fill *fill = argument;
    uint64_t epoch;

    do {
        pause_us(BEGIN_MS * 1000);
        epoch = organization_memory_epoch(fill->memory);
        fill_all(fill, epoch);
        organization_memory_settle(fill->memory);
    } while (organization_memory_wait(fill->memory, epoch));
    return NULL;
}

struct organization_fill *organization_fill_new(struct store *engine,
                                                struct organization_memory *memory)
{
    struct organization_fill *fill = malloc(sizeof(*fill));
    struct err err;

    if (!fill) {
        return NULL;
    }
    *fill = (struct organization_fill){ .engine = engine, .memory = memory };
    if (thread_start("names", fill_main, fill, &fill->thread, &err) != ST_OK) {
        free(fill);
        return NULL;
    }
    return fill;
}

void organization_fill_free(struct organization_fill *fill)
{
    if (!fill) {
        return;
    }
    atomic_store(&fill->stopping, true);
    organization_memory_end_wait(fill->memory);
    (void)pthread_join(fill->thread, NULL);
    free(fill);
}
