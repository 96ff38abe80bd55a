/* Two threads: the rounds, and mending. */
#include "store/mongo/keeper.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/mongo/engine.h"
#include "store/mongo/gates.h"
#include "store/mongo/recovery.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define MEND_MS 200  /* between two passes */
#define LAST_MS 1500 /* the longest that keeper_stop works on leftovers */
#define MEM_BYTES ((size_t)64 * 1024 * 1024)

/* Whether what is done over and over fails just now, so that the log tells it once. */
struct saying {
    const char *what;
    bool failing;
};

struct keeper {
    struct mongo_store *engine;
    struct gates gates;       /* the rounds' */
    struct recovery recovery; /* the mender's */
    pthread_t rounds;
    pthread_t mender;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* mender_ends */
    atomic_bool mender_ends;
    atomic_bool rounds_end; /* after that: what is mended needs trust */
};

static void say(struct saying *saying, enum status status, const struct err *err)
{
    if ((status != ST_OK) == saying->failing) {
        return;
    }
    saying->failing = status != ST_OK;
    if (saying->failing) {
        log_line(LOG_WARN, saying->what, LOG_TEXT("state", "failing"),
                 LOG_TEXT("code", status_code(status)), LOG_TEXT("error", err->text));
    } else {
        log_line(LOG_INFO, saying->what, LOG_TEXT("state", "working again"));
    }
}

static enum status make_round(struct keeper *keeper, const struct call *call)
{
    struct peers *peers = keeper->engine->peers;
    const struct announcement *announced;
    const struct oid *empty;
    size_t count = 0;

    TRY(peers_round(peers, call));
    announced = peers_announcements(peers, &count);
    TRY(gates_follow(&keeper->gates, announced, count, call->err));
    empty = gates_empty(&keeper->gates, &count);
    peers_round_done(peers, empty, count);
    return ST_OK;
}

static void *run_rounds(void *argument)
{
    struct keeper *keeper = argument;
    struct saying saying = { .what = "rounds of the instances on the database" };
    struct arena mem;

    mongo_thread_is_keeper();
    arena_init(&mem, MEM_BYTES);
    while (!atomic_load(&keeper->rounds_end)) {
        struct err err = { 0 };
        struct call call = { .mem = &mem,
                             .err = &err,
                             .deadline_ms = clock_monotonic_ms() + PEER_CALL_MS };

        say(&saying, make_round(keeper, &call), &err);
        arena_clear(&mem);
        peers_pause(keeper->engine->peers);
    }
    arena_done(&mem);
    return NULL;
}

/* Sleeps; true when it is time to end. */
static bool pause_mending(struct keeper *keeper)
{
    int64_t until_ms = clock_monotonic_ms() + MEND_MS;
    struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
    int waited = 0;

    (void)pthread_mutex_lock(&keeper->mutex);
    while (!atomic_load(&keeper->mender_ends) && waited == 0) {
        waited = pthread_cond_timedwait(&keeper->changed, &keeper->mutex, &until);
    }
    (void)pthread_mutex_unlock(&keeper->mutex);
    return atomic_load(&keeper->mender_ends);
}

static void *run_mender(void *argument)
{
    struct keeper *keeper = argument;
    struct saying saying = { .what = "finishing what instances left" };

    mongo_thread_is_keeper();
    do {
        keeper->recovery.err = (struct err){ 0 };
        say(&saying, recovery_pass(&keeper->recovery), &keeper->recovery.err);
    } while (!pause_mending(keeper));
    recovery_leftovers(&keeper->recovery, clock_monotonic_ms() + LAST_MS);
    return NULL;
}

static void stop_threads(struct keeper *keeper, const pthread_t *mender)
{
    if (mender) {
        (void)pthread_mutex_lock(&keeper->mutex);
        atomic_store(&keeper->mender_ends, true);
        (void)pthread_cond_broadcast(&keeper->changed);
        (void)pthread_mutex_unlock(&keeper->mutex);
        (void)pthread_join(*mender, NULL);
    }
    atomic_store(&keeper->rounds_end, true);
    peers_wake(keeper->engine->peers);
    (void)pthread_join(keeper->rounds, NULL);
}

static void free_keeper(struct keeper *keeper)
{
    recovery_done(&keeper->recovery);
    gates_done(&keeper->gates);
    (void)pthread_cond_destroy(&keeper->changed);
    (void)pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}

enum status keeper_start(struct mongo_store *engine, struct keeper **ret_keeper, struct err *err)
{
    struct keeper *keeper = calloc(1, sizeof(*keeper));
    struct err unused = { 0 };
    struct call call = { .err = &unused, .deadline_ms = clock_monotonic_ms() + PEER_CALL_MS };
    enum status status;

    if (!keeper) {
        return err_set(err, ST_BROKEN, "no memory for the keeper");
    }
    keeper->engine = engine;
    gates_init(&keeper->gates, engine->placements);
    recovery_init(&keeper->recovery, engine);
    (void)pthread_mutex_init(&keeper->mutex, NULL);
    condition_init(&keeper->changed);
    status = thread_start("mongo rounds", run_rounds, keeper, &keeper->rounds, err);
    if (status != ST_OK) {
        free_keeper(keeper);
        return status;
    }
    if (peers_await_trust(engine->peers, &call, NULL) != ST_OK) {
        log_line(LOG_WARN, "the first round of the instances failed; calls wait for one");
    }
    status = thread_start("mongo mender", run_mender, keeper, &keeper->mender, err);
    if (status != ST_OK) {
        stop_threads(keeper, NULL);
        free_keeper(keeper);
        return status;
    }
    *ret_keeper = keeper;
    return ST_OK;
}

void keeper_stop(struct keeper *keeper)
{
    if (!keeper) {
        return;
    }
    stop_threads(keeper, &keeper->mender);
    free_keeper(keeper);
}
