/* Turns: a fixed number of mutexes, of which each document has one by its hash. */
#include "store/mongo/turns.h"

#include <stdlib.h>
#include <time.h>

#define TURNS 256 /* several times the threads that wait for a store */

struct turns {
    pthread_mutex_t mutexes[TURNS];
};

struct turns *turns_new(void)
{
    struct turns *turns = calloc(1, sizeof(*turns));

    for (size_t i = 0; turns && i < TURNS; i++) {
        (void)pthread_mutex_init(&turns->mutexes[i], NULL);
    }
    return turns;
}

void turns_free(struct turns *turns)
{
    for (size_t i = 0; turns && i < TURNS; i++) {
        (void)pthread_mutex_destroy(&turns->mutexes[i]);
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
    pthread_mutex_t *mutex = &turns->mutexes[add_to_hash(hash, id.ptr, id.len) % TURNS];
    struct timespec until = { .tv_sec = call->deadline_ms / 1000,
                              .tv_nsec = (long)(call->deadline_ms % 1000) * 1000000 };

    if (pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until) != 0) {
        return err_set(call->err, ST_BUSY, "too many changes of one document at a time");
    }
    ret_turn->mutex = mutex;
    return ST_OK;
}

void turn_give(struct turn *turn)
{
    if (turn->mutex) {
        (void)pthread_mutex_unlock(turn->mutex);
        turn->mutex = NULL;
    }
}
