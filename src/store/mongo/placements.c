/* The gates: shards with a mutex each, and in them a hash table of entries by organization. */
#include "store/mongo/placements.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/thread.h"
#include "store/mongo/peers.h"
#include "store/mongo/placement_read.h"

#include <assert.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <time.h>

#define SHARDS 64
#define BUCKETS 64
#define SHARD_MAX (PLACEMENTS_MAX / SHARDS)
#define CACHE_LINE 64
#define LOOK_AGAIN_MS 15 /* while the organization's document says that it is being moved */

/* Lives as long as anybody is inside, waits or has closed it; then until it is evicted. */
struct placement_entry {
    struct placement_entry *next; /* of the bucket */
    struct oid organization;
    size_t inside;
    size_t waiting;
    size_t closed;
    int64_t used_ms;
    int64_t read_ms; /* when collection was asked for; 0: not known */
    uint64_t epoch;  /* of the peers, at that time */
    char collection[PLACEMENT_COLLECTION_SIZE];
};

struct shard {
    alignas(CACHE_LINE) pthread_mutex_t mutex;
    pthread_cond_t changed; /* a gate was opened, or the last has left a closed one */
    size_t count;
    struct placement_entry *buckets[BUCKETS];
};

struct placements {
    struct mongo *mongo;
    struct peers *peers;
    struct shard shards[SHARDS];
};

struct placements *placements_new(struct mongo *mongo, struct peers *peers)
{
    struct placements *placements =
        aligned_alloc(alignof(struct placements), sizeof(struct placements));

    if (!placements) {
        return NULL;
    }
    memset(placements, 0, sizeof(*placements));
    placements->mongo = mongo;
    placements->peers = peers;
    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&placements->shards[i].mutex, NULL);
        condition_init(&placements->shards[i].changed);
    }
    return placements;
}

void placements_free(struct placements *placements)
{
    if (!placements) {
        return;
    }
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &placements->shards[i];

        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            while (shard->buckets[bucket]) {
                struct placement_entry *entry = shard->buckets[bucket];

                shard->buckets[bucket] = entry->next;
                free(entry);
            }
        }
        (void)pthread_cond_destroy(&shard->changed);
        (void)pthread_mutex_destroy(&shard->mutex);
    }
    free(placements);
}

/* Of the bytes that differ: an id's counter and its seconds. Nobody gains by many ids of one shard: an
 * outsider doesn't choose an organization's id. */
static uint32_t hash_of(const struct oid *id)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < OID_BYTES; i++) {
        hash = (hash ^ id->bytes[i]) * 16777619U;
    }
    return hash ^ hash >> 15;
}

static struct shard *shard_of(struct placements *placements, const struct oid *id)
{
    return &placements->shards[hash_of(id) % SHARDS];
}

static struct placement_entry **bucket_of(struct shard *shard, const struct oid *id)
{
    return &shard->buckets[hash_of(id) / SHARDS % BUCKETS];
}

static struct placement_entry *find(struct shard *shard, const struct oid *id)
{
    struct placement_entry *entry = *bucket_of(shard, id);

    while (entry && !oid_equal(&entry->organization, id)) {
        entry = entry->next;
    }
    return entry;
}

static bool is_idle(const struct placement_entry *entry)
{
    return entry->inside == 0 && entry->waiting == 0 && entry->closed == 0;
}

/* Gives up the entry that was not used for longest, where there is one that nobody uses. */
static void evict(struct shard *shard)
{
    struct placement_entry **worst = NULL;
    struct placement_entry *entry;

    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        for (struct placement_entry **at = &shard->buckets[bucket]; *at; at = &(*at)->next) {
            if (is_idle(*at) && (!worst || (*at)->used_ms < (*worst)->used_ms)) {
                worst = at;
            }
        }
    }
    if (worst) {
        entry = *worst;
        *worst = entry->next;
        free(entry);
        shard->count--;
    }
}

/* Under the shard's mutex. NULL: no memory. */
static struct placement_entry *find_or_make(struct shard *shard, const struct oid *id)
{
    struct placement_entry *entry = find(shard, id);
    struct placement_entry **bucket;

    if (entry) {
        return entry;
    }
    if (shard->count >= SHARD_MAX) {
        evict(shard);
    }
    entry = calloc(1, sizeof(*entry));
    if (entry) {
        bucket = bucket_of(shard, id);
        entry->organization = *id;
        entry->next = *bucket;
        *bucket = entry;
        shard->count++;
    }
    return entry;
}

/* Waits for the shard's condition; false where the deadline is over. */
static bool wait_until(struct shard *shard, int64_t deadline_ms)
{
    struct timespec until = { .tv_sec = deadline_ms / 1000,
                              .tv_nsec = deadline_ms % 1000 * 1000000 };

    return pthread_cond_timedwait(&shard->changed, &shard->mutex, &until) == 0;
}

/* Goes in as soon as the gate is open. ret_known: ret_placement has a remembered collection. */
static enum status go_in(struct placements *placements, const struct call *call,
                         const struct oid *organization, uint64_t epoch,
                         struct placement *ret_placement, bool *ret_known)
{
    struct shard *shard = shard_of(placements, organization);
    struct placement_entry *entry;
    bool in_time = true;
    enum status status = ST_OK;

    (void)pthread_mutex_lock(&shard->mutex);
    entry = find_or_make(shard, organization);
    while (entry && entry->closed > 0 && in_time) {
        entry->waiting++;
        in_time = wait_until(shard, call->deadline_ms);
        entry->waiting--;
    }
    if (!entry) {
        status = err_set(call->err, ST_BROKEN, "no memory for a place");
    } else if (entry->closed > 0) {
        status = err_set(call->err, ST_BUSY, "the organization's collection is being moved");
    } else {
        entry->inside++;
        entry->used_ms = clock_monotonic_ms();
        ret_placement->placements = placements;
        ret_placement->entry = entry;
        ret_placement->organization = *organization;
        ret_placement->epoch = epoch;
        *ret_known = entry->read_ms > 0 && entry->epoch == epoch &&
                     entry->used_ms - entry->read_ms < PLACEMENT_AGE_MS;
        if (*ret_known) {
            memcpy(ret_placement->collection, entry->collection, sizeof(entry->collection));
        }
    }
    (void)pthread_mutex_unlock(&shard->mutex);
    return status;
}

void placement_leave(struct placement *placement)
{
    struct shard *shard;

    if (!placement->entry) {
        return;
    }
    shard = shard_of(placement->placements, &placement->organization);
    (void)pthread_mutex_lock(&shard->mutex);
    placement->entry->inside--;
    if (placement->entry->inside == 0 && placement->entry->closed > 0) {
        (void)pthread_cond_broadcast(&shard->changed);
    }
    (void)pthread_mutex_unlock(&shard->mutex);
    placement->entry = NULL;
}

/* Asks the primary where the organization's documents are. Inside the gate: nobody moves them before
 * this call has left, so what it reads stays true. */
static enum status look_up(struct placements *placements, const struct call *call,
                           struct placement *placement, bool *ret_moving)
{
    struct shard *shard = shard_of(placements, &placement->organization);
    int64_t read_ms = clock_monotonic_ms();
    struct str collection;

    assert(placement->entry);
    TRY(placement_read(placements->mongo, call, &placement->organization, &collection, ret_moving));
    if (*ret_moving) {
        return ST_OK;
    }
    memcpy(placement->collection, collection.ptr, collection.len + 1);
    (void)pthread_mutex_lock(&shard->mutex);
    memcpy(placement->entry->collection, placement->collection, sizeof(placement->collection));
    placement->entry->read_ms = read_ms;
    placement->entry->epoch = placement->epoch;
    (void)pthread_mutex_unlock(&shard->mutex);
    return ST_OK;
}

static void pause_before_next_look(void)
{
    struct timespec time = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };

    (void)nanosleep(&time, NULL);
}

enum status placement_enter(struct placements *placements, const struct call *call,
                            const struct oid *organization, struct placement *ret_placement)
{
    bool was_moving = false;

    for (;;) {
        struct placement placement = { 0 };
        bool is_known = false;
        bool is_moving = false;
        uint64_t epoch = 0;
        enum status status = ST_OK;

        TRY(peers_await_trust(placements->peers, call, &epoch));
        TRY(go_in(placements, call, organization, epoch, &placement, &is_known));
        if (!is_known) {
            status = look_up(placements, call, &placement, &is_moving);
            if (status != ST_OK || is_moving) {
                placement_leave(&placement);
            }
        }
        if (status == ST_OK && !is_moving) {
            *ret_placement = placement;
            return ST_OK;
        }
        /* Where a look had too little time left, what the one before saw is what kept the call. */
        if ((is_moving || (was_moving && status == ST_UNAVAILABLE)) &&
            clock_monotonic_ms() + LOOK_AGAIN_MS >= call->deadline_ms) {
            return err_set(call->err, ST_BUSY, "the organization's collection is being moved");
        }
        TRY(status);
        was_moving = true;
        pause_before_next_look();
    }
}

enum status placement_check(const struct placement *placement, const struct call *call)
{
    uint64_t epoch = 0;

    if (peers_trust(placement->placements->peers, &epoch) && epoch == placement->epoch) {
        return ST_OK;
    }
    return err_set(call->err, ST_UNAVAILABLE, "this instance may have been taken for dead");
}

bool placements_shut(struct placements *placements, const struct oid *organization)
{
    struct shard *shard = shard_of(placements, organization);
    struct placement_entry *entry;

    (void)pthread_mutex_lock(&shard->mutex);
    entry = find_or_make(shard, organization);
    if (entry) {
        entry->closed++;
    }
    (void)pthread_mutex_unlock(&shard->mutex);
    return entry != NULL;
}

bool placements_is_empty(struct placements *placements, const struct oid *organization)
{
    struct shard *shard = shard_of(placements, organization);
    const struct placement_entry *entry;
    bool is_empty;

    (void)pthread_mutex_lock(&shard->mutex);
    entry = find(shard, organization);
    is_empty = !entry || entry->inside == 0;
    (void)pthread_mutex_unlock(&shard->mutex);
    return is_empty;
}

enum status placements_close(struct placements *placements, const struct call *call,
                             const struct oid *organization)
{
    struct shard *shard = shard_of(placements, organization);
    const struct placement_entry *entry;
    bool is_empty;
    bool in_time = true;

    if (!placements_shut(placements, organization)) {
        return err_set(call->err, ST_BROKEN, "no memory for a gate");
    }
    (void)pthread_mutex_lock(&shard->mutex);
    entry = find(shard, organization); /* closed, it isn't evicted */
    while (entry->inside > 0 && in_time) {
        in_time = wait_until(shard, call->deadline_ms);
    }
    is_empty = entry->inside == 0;
    (void)pthread_mutex_unlock(&shard->mutex);
    if (!is_empty) {
        placements_open(placements, organization);
        return err_set(call->err, ST_BUSY, "calls on the organization's documents take too long");
    }
    return ST_OK;
}

void placements_open(struct placements *placements, const struct oid *organization)
{
    struct shard *shard = shard_of(placements, organization);
    struct placement_entry *entry;

    (void)pthread_mutex_lock(&shard->mutex);
    entry = find(shard, organization);
    if (entry && entry->closed > 0) {
        entry->closed--;
        entry->read_ms = 0;
        (void)pthread_cond_broadcast(&shard->changed);
    }
    (void)pthread_mutex_unlock(&shard->mutex);
}
