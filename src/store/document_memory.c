/* Counters by hash, and shards with a mutex each. */
#include "store/document_memory.h"

#include "base/arena.h"
#include "base/hash.h"
#include "store/document_shard.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define PAIRS 4096 /* so that two documents that are written and read at once seldom share one */
#define SHARDS (DOCUMENT_MEMORY_BYTES / DOCUMENT_SHARD_LOG_BYTES)
#define ROOM_USES 1024 /* of a shard, between two looks at how much room there is */
#define CACHE_LINE 64
#define KEY_MAX                                                                                    \
    (OID_BYTES + 256) /* ids that the rules allow have 128 bytes; longer ones aren't kept */

struct pair {
    _Atomic uint64_t changing;
    _Atomic uint64_t generation;
};

struct locked_shard {
    alignas(CACHE_LINE) pthread_mutex_t mutex;
    uint64_t uses;
    struct document_shard shard;
};

struct document_memory {
    struct hash_key key;
    document_memory_room *room;
    void *context;
    alignas(CACHE_LINE) struct pair common;
    alignas(CACHE_LINE) struct pair pairs[PAIRS];
    struct locked_shard shards[SHARDS];
    alignas(4096) unsigned char logs[SHARDS][DOCUMENT_SHARD_LOG_BYTES];
};

/* In whole pages from the system, which take space when they are touched. */
struct document_memory *document_memory_new(document_memory_room *room, void *context)
{
    struct document_memory *memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        return NULL;
    }
    hash_key_make(&memory->key);
    memory->room = room;
    memory->context = context;
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&memory->shards[i].mutex, NULL);
        memory->shards[i].shard.log = memory->logs[i];
    }
    return memory;
}

void document_memory_free(struct document_memory *memory)
{
    if (!memory) {
        return;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&memory->shards[i].mutex);
    }
    (void)munmap(memory, sizeof(*memory));
}

/* Ids longer than the rules allow share the hashes of their beginnings. */
static uint64_t hash_of(const struct document_memory *memory, const struct oid *organization_id,
                        struct str id)
{
    unsigned char bytes[KEY_MAX];
    size_t len = id.len < KEY_MAX - OID_BYTES ? id.len : KEY_MAX - OID_BYTES;

    memcpy(bytes, organization_id->bytes, OID_BYTES);
    if (len > 0) {
        memcpy(bytes + OID_BYTES, id.ptr, len);
    }
    return hash_bytes(&memory->key, bytes, OID_BYTES + len);
}

static struct pair *pair_of(struct document_memory *memory, uint64_t hash)
{
    return &memory->pairs[(hash >> 32) % PAIRS];
}

/* The shard of a document, with its mutex held: now and then it gets the size that there is room for. */
static struct locked_shard *lock_shard(struct document_memory *memory, uint64_t hash)
{
    struct locked_shard *shard = &memory->shards[hash % SHARDS];

    (void)pthread_mutex_lock(&shard->mutex);
    if (shard->uses++ % ROOM_USES == 0) {
        size_t room = memory->room ? memory->room(memory->context) : DOCUMENT_MEMORY_BYTES;

        room = room < DOCUMENT_MEMORY_BYTES ? room : DOCUMENT_MEMORY_BYTES;
        document_shard_limit(&shard->shard, room / SHARDS);
    }
    return shard;
}

static bool find(struct document_memory *memory, const struct document_reading *reading,
                 const struct oid *organization_id, struct str id, struct arena *mem,
                 struct document *ret_document)
{
    struct locked_shard *shard = lock_shard(memory, reading->hash);
    bool found =
        document_shard_find(&shard->shard, reading, organization_id, id, mem, ret_document);

    (void)pthread_mutex_unlock(&shard->mutex);
    return found;
}

bool document_memory_recall(struct document_memory *memory, struct arena *mem,
                            const struct oid *organization_id, struct str id,
                            struct document_reading *ret_reading, struct document *ret_document)
{
    struct document_reading reading = { .is_quiet = false };
    struct pair *pair;

    *ret_reading = reading;
    if (!memory) {
        return false;
    }
    reading.hash = hash_of(memory, organization_id, id);
    pair = pair_of(memory, reading.hash);
    reading.is_quiet =
        atomic_load(&memory->common.changing) == 0 && atomic_load(&pair->changing) == 0;
    /* After both, never before. */
    reading.common_generation = atomic_load(&memory->common.generation);
    reading.generation = atomic_load(&pair->generation);
    *ret_reading = reading;
    return reading.is_quiet && find(memory, &reading, organization_id, id, mem, ret_document);
}

void document_memory_remember(struct document_memory *memory,
                              const struct document_reading *reading,
                              const struct oid *organization_id, const struct document *document)
{
    size_t id_bytes = document->id.len;
    size_t body_bytes = document->body.len;
    struct locked_shard *shard;

    if (!memory || !reading->is_quiet || id_bytes > KEY_MAX - OID_BYTES ||
        body_bytes > DOCUMENT_MEMORY_MAX_BYTES ||
        id_bytes + body_bytes > DOCUMENT_MEMORY_MAX_BYTES ||
        atomic_load(&memory->common.generation) != reading->common_generation ||
        atomic_load(&pair_of(memory, reading->hash)->generation) != reading->generation) {
        return;
    }
    shard = lock_shard(memory, reading->hash);
    document_shard_keep(&shard->shard, reading, organization_id, document);
    (void)pthread_mutex_unlock(&shard->mutex);
}

void document_memory_changing(struct document_memory *memory, const struct oid *organization_id,
                              struct str id)
{
    if (memory) {
        uint64_t hash = hash_of(memory, organization_id, id);

        (void)atomic_fetch_add(&pair_of(memory, hash)->changing, 1);
    }
}

void document_memory_changed(struct document_memory *memory, const struct oid *organization_id,
                             struct str id)
{
    if (memory) {
        struct pair *pair = pair_of(memory, hash_of(memory, organization_id, id));

        (void)atomic_fetch_add(&pair->generation, 1);
        (void)atomic_fetch_sub(&pair->changing, 1);
    }
}

void document_memory_all_changing(struct document_memory *memory)
{
    if (memory) {
        (void)atomic_fetch_add(&memory->common.changing, 1);
    }
}

void document_memory_all_changed(struct document_memory *memory)
{
    if (memory) {
        (void)atomic_fetch_add(&memory->common.generation, 1);
        (void)atomic_fetch_sub(&memory->common.changing, 1);
    }
}
