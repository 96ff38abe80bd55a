/* Turns: a fixed number of seats, of which each document has one by its hash. */
#include "store/mongo/turns.h"

#include "base/thread.h"

#include <stdlib.h>
#include <time.h>

#define TURNS 256 /* several times the threads that wait for a store */

/* A mutex that can be waited for until a time of clock_monotonic_ms: the C library's call for that is one
 * that the thread sanitizer does not know. */
struct seat {
    pthread_mutex_t mutex;
    pthread_cond_t freed;
    bool taken;
};

struct turns {
    struct seat seats[TURNS];
};

struct turns *turns_new(void)
{
    struct turns *turns = calloc(1, sizeof(*turns));

    for (size_t i = 0; turns && i < TURNS; i++) {
        (void)pthread_mutex_init(&turns->seats[i].mutex, NULL);
        condition_init(&turns->seats[i].freed);
    }
    return turns;
}

void turns_free(struct turns *turns)
{
    for (size_t i = 0; turns && i < TURNS; i++) {
        (void)pthread_mutex_destroy(&turns->seats[i].mutex);
        (void)pthread_cond_destroy(&turns->seats[i].freed);
    }
    free(turns);
}

/* FNV-1a. */
static uint32_t add_to_hash(uint32_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * UINT32_C(16777619);
    }
    return hash;
}

enum status turn_take(struct turns *turns, const struct call *call, const struct oid *organization,
                      struct str id, struct turn *ret_turn)
{
    uint32_t hash = add_to_hash(UINT32_C(2166136261), (const char *)organization->bytes, OID_BYTES);
    struct seat *seat = &turns->seats[add_to_hash(hash, id.ptr, id.len) % TURNS];
    struct timespec until = { .tv_sec = call->deadline_ms / 1000,
                              .tv_nsec = (long)(call->deadline_ms % 1000) * 1000000 };
    bool is_mine;
    int error = 0;

    (void)pthread_mutex_lock(&seat->mutex);
    while (seat->taken && error == 0) {
        error = pthread_cond_timedwait(&seat->freed, &seat->mutex, &until);
    }
    is_mine = !seat->taken;
    seat->taken = true;
    (void)pthread_mutex_unlock(&seat->mutex);
    if (!is_mine) {
        return err_set(call->err, ST_BUSY, "too many changes of one document at a time");
    }
    ret_turn->seat = seat;
    return ST_OK;
}

void turn_give(struct turn *turn)
{
    struct seat *seat = turn->seat;

    if (seat) {
        (void)pthread_mutex_lock(&seat->mutex);
        seat->taken = false;
        (void)pthread_cond_signal(&seat->freed);
        (void)pthread_mutex_unlock(&seat->mutex);
        turn->seat = NULL;
    }
}
