/* Pages of the engine's walk, each followed by a pause as long as it took. */
#include "store/organization_fill.h"

#include "base/clock.h"
#include "base/thread.h"

#include <stdlib.h>

#define PAGE 128
#define BEGIN_US 100000  /* a start has other things to do */
#define PAUSE_MIN_US 200 /* more than a short sleep takes anyhow */
#define FAILED_US 200000 /* before a page that could not be read is asked for again */
#define WAIT_MS 100      /* for a connection of the engine's; a stop waits as long */
#define MEMORY_BYTES ((size_t)16 << 20) /* of a page: far more than the rules for texts allow */

struct organization_fill {
    struct store *engine;
    struct organization_memory *memory;
    pthread_t thread;
};

enum page { PAGE_KEPT, PAGE_FAILED, PAGE_LAST };

/* Keeps a page of organizations. PAGE_LAST: there are no more, or the walk is of no use any more. */
static enum page fill_page(struct organization_fill *fill, struct arena *mem, uint64_t epoch,
                           int64_t *position)
{
    struct organization page[PAGE];
    struct err err;
    struct call call = { .mem = mem, .err = &err, .deadline_ms = clock_monotonic_ms() + WAIT_MS };
    size_t count = 0;

    if (fill->engine->ops->organization_walk(fill->engine, &call, *position, PAGE, page, &count,
                                             position) != ST_OK) {
        return PAGE_FAILED; /* look-ups go on filling meanwhile */
    }
    for (size_t i = 0; i < count; i++) {
        /* Of those that aren't kept, all but the ones for which there is no room are rare. */
        if (!organization_memory_keep(fill->memory, epoch, KEEP_IF_ROOM, &page[i]) &&
            organization_memory_is_full(fill->memory)) {
            return PAGE_LAST;
        }
    }
    return count > 0 && organization_memory_epoch(fill->memory) == epoch ? PAGE_KEPT : PAGE_LAST;
}

static int64_t pause_us(enum page page, int64_t took_us)
{
    int64_t least_us = page == PAGE_FAILED ? FAILED_US : PAUSE_MIN_US;

    return took_us > least_us ? took_us : least_us;
}

/* False: it is to stop. */
static bool fill_all(struct organization_fill *fill, uint64_t epoch)
{
    enum page page = PAGE_KEPT;
    bool goes_on = true;
    int64_t position = 0;
    struct arena mem;

    arena_init(&mem, MEMORY_BYTES);
    while (goes_on && page != PAGE_LAST) {
        int64_t begun_us = clock_monotonic_us();

        page = fill_page(fill, &mem, epoch, &position);
        arena_clear(&mem);
        organization_memory_learn(fill->memory);
        goes_on = organization_memory_pause(fill->memory,
                                            pause_us(page, clock_monotonic_us() - begun_us));
    }
    arena_done(&mem);
    return goes_on;
}

/* Until everything was forgotten; look-ups go on filling meanwhile. False: it is to stop. */
static bool wait_all(struct organization_fill *fill, uint64_t epoch)
{
    bool goes_on = true;

    while (goes_on && organization_memory_epoch(fill->memory) == epoch) {
        organization_memory_learn(fill->memory);
        goes_on = organization_memory_wait(fill->memory, epoch);
    }
    return goes_on;
}

static void *fill_main(void *argument)
{
    struct organization_fill *fill = argument;
    uint64_t epoch;

    do {
        if (!organization_memory_pause(fill->memory, BEGIN_US)) {
            break;
        }
        epoch = organization_memory_epoch(fill->memory);
        if (!fill_all(fill, epoch)) {
            break;
        }
        organization_memory_settle(fill->memory);
    } while (wait_all(fill, epoch));
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
    organization_memory_end_wait(fill->memory);
    (void)pthread_join(fill->thread, NULL);
    free(fill);
}
