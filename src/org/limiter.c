/* Slots by hash; a slot has the full hash, the beginning of its minute, and a count. */
#include "org/limiter.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS 16384
#define MINUTE_MS 60000

struct slot {
    uint64_t hash;
    int64_t since_ms;
    int64_t count;
};

struct limiter {
    pthread_mutex_t mutex;
    struct hash_key key;
    int64_t most;
    struct slot slots[SLOTS];
};

struct limiter *limiter_new(int64_t most)
{
    struct limiter *limiter = calloc(1, sizeof(*limiter));

    if (limiter) {
        (void)pthread_mutex_init(&limiter->mutex, NULL);
        hash_key_make(&limiter->key);
        limiter->most = most;
    }
    return limiter;
}

void limiter_free(struct limiter *limiter)
{
    if (limiter) {
        (void)pthread_mutex_destroy(&limiter->mutex);
        free(limiter);
    }
}

void limiter_set(struct limiter *limiter, int64_t most)
{
    (void)pthread_mutex_lock(&limiter->mutex);
    limiter->most = most;
    (void)pthread_mutex_unlock(&limiter->mutex);
}

/* The slot of a key, its minute begun anew where it is over. Under the mutex. */
static struct slot *slot_of(struct limiter *limiter, struct str key, int64_t now_ms)
{
    uint64_t hash = hash_bytes(&limiter->key, key.ptr, key.len);
    struct slot *slot = &limiter->slots[hash % SLOTS];

    if (slot->hash != hash || now_ms - slot->since_ms >= MINUTE_MS || now_ms < slot->since_ms) {
        *slot = (struct slot){ .hash = hash, .since_ms = now_ms };
    }
    return slot;
}

bool limiter_try(struct limiter *limiter, struct str key, int64_t now_ms, int *ret_wait_s)
{
    bool may = true;

    (void)pthread_mutex_lock(&limiter->mutex);
    if (limiter->most > 0) {
        struct slot *slot = slot_of(limiter, key, now_ms);

        may = slot->count < limiter->most;
        if (may) {
            slot->count++;
        } else {
            *ret_wait_s = (int)((slot->since_ms + MINUTE_MS - now_ms + 999) / 1000);
        }
    }
    (void)pthread_mutex_unlock(&limiter->mutex);
    return may;
}

void limiter_forgive(struct limiter *limiter, struct str key, int64_t now_ms)
{
    (void)pthread_mutex_lock(&limiter->mutex);
    if (limiter->most > 0) {
        struct slot *slot = slot_of(limiter, key, now_ms);

        slot->count -= slot->count > 0;
    }
    (void)pthread_mutex_unlock(&limiter->mutex);
}
