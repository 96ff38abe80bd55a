/* Counters by hash; shards with a mutex each, sets of a few places in them, one allocation for each
 * document. */
#include "store/document_memory.h"

#include "base/arena.h"

#include <pthread.h>
#include <sodium.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

#define PAIRS 4096 /* so that two documents that are written and read at once seldom share one */
#define SHARDS 64
#define WAYS 4
#define SETS (DOCUMENT_MEMORY_PLACES / SHARDS / WAYS)
#define CACHE_LINE 64
#define KEY_MAX                                                                                    \
    (OID_BYTES + 256) /* ids that the rules allow have 128 bytes; longer ones aren't kept */

struct pair {
    _Atomic uint64_t changing;
    _Atomic uint64_t generation;
};

/* A document. Behind it lie its id and its body, each with a NUL. */
struct kept {
    struct document_reading reading;
    uint64_t used; /* the shard's count of uses at the last one */
    struct oid organization_id;
    struct document document;
    size_t text_bytes;
    char text[];
};

struct shard {
    alignas(CACHE_LINE) pthread_mutex_t mutex;
    uint64_t uses;
    struct kept *places[SETS][WAYS];
};

struct document_memory {
    unsigned char key[crypto_shorthash_KEYBYTES];
    alignas(CACHE_LINE) struct pair common;
    alignas(CACHE_LINE) struct pair pairs[PAIRS];
    struct shard shards[SHARDS];
};

struct document_memory *document_memory_new(void)
{
    struct document_memory *memory =
        aligned_alloc(alignof(struct document_memory), sizeof(*memory));

    if (!memory) {
        return NULL;
    }
    memset(memory, 0, sizeof(*memory));
    crypto_shorthash_keygen(memory->key);
    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&memory->shards[i].mutex, NULL);
    }
    return memory;
}

void document_memory_free(struct document_memory *memory)
{
    if (!memory) {
        return;
    }
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &memory->shards[i];

        for (int place = 0; place < SETS * WAYS; place++) {
            free(shard->places[place / WAYS][place % WAYS]);
        }
        (void)pthread_mutex_destroy(&shard->mutex);
    }
    free(memory);
}

/* Ids longer than the rules allow share the hashes of their beginnings. */
static uint64_t hash_of(const struct document_memory *memory, const struct oid *organization_id,
                        struct str id)
{
    unsigned char bytes[KEY_MAX];
    unsigned char hash[crypto_shorthash_BYTES];
    size_t len = id.len < KEY_MAX - OID_BYTES ? id.len : KEY_MAX - OID_BYTES;
    uint64_t number;

    memcpy(bytes, organization_id->bytes, OID_BYTES);
    if (len > 0) {
        memcpy(bytes + OID_BYTES, id.ptr, len);
    }
    (void)crypto_shorthash(hash, bytes, OID_BYTES + len, memory->key);
    memcpy(&number, hash, sizeof(number));
    return number;
}

static struct pair *pair_of(struct document_memory *memory, uint64_t hash)
{
    return &memory->pairs[hash / SHARDS / SETS % PAIRS];
}

static struct shard *shard_of(struct document_memory *memory, uint64_t hash)
{
    return &memory->shards[hash % SHARDS];
}

static struct kept **set_of(struct shard *shard, uint64_t hash)
{
    return shard->places[hash / SHARDS % SETS];
}

static bool is_of(const struct kept *kept, uint64_t hash, const struct oid *organization_id,
                  struct str id)
{
    return kept->reading.hash == hash && oid_equal(&kept->organization_id, organization_id) &&
           str_equal(kept->document.id, id);
}

static void copy_to(const struct kept *kept, struct arena *mem, struct document *ret_document)
{
    char *text = arena_alloc(mem, kept->text_bytes);

    memcpy(text, kept->text, kept->text_bytes);
    *ret_document = kept->document;
    ret_document->id.ptr = text;
    ret_document->body.ptr = text + kept->document.id.len + 1;
}

static bool find(struct document_memory *memory, const struct document_reading *reading,
                 const struct oid *organization_id, struct str id, struct arena *mem,
                 struct document *ret_document)
{
    struct shard *shard = shard_of(memory, reading->hash);
    struct kept **set = set_of(shard, reading->hash);
    bool found = false;

    (void)pthread_mutex_lock(&shard->mutex);
    for (int way = 0; way < WAYS; way++) {
        struct kept *kept = set[way];

        if (kept && is_of(kept, reading->hash, organization_id, id)) {
            found = kept->reading.generation == reading->generation &&
                    kept->reading.common_generation == reading->common_generation;
            if (found) {
                kept->used = ++shard->uses;
                copy_to(kept, mem, ret_document);
            }
            break;
        }
    }
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

/* A copy of the document; NULL where it is too large or memory is out. */
static struct kept *kept_new(const struct document_reading *reading,
                             const struct oid *organization_id, const struct document *document)
{
    struct str id = document->id;
    struct str body = document->body;
    struct kept *kept;
    size_t text_bytes;

    if (id.len > KEY_MAX - OID_BYTES || body.len > DOCUMENT_MEMORY_MAX_BYTES ||
        sizeof(*kept) + id.len + body.len + 2 > DOCUMENT_MEMORY_MAX_BYTES) {
        return NULL;
    }
    text_bytes = id.len + 1 + body.len + 1;
    kept = malloc(sizeof(*kept) + text_bytes);
    if (!kept) {
        return NULL;
    }
    *kept = (struct kept){ .reading = *reading,
                           .organization_id = *organization_id,
                           .document = *document,
                           .text_bytes = text_bytes };
    memcpy(kept->text, id.ptr, id.len);
    kept->text[id.len] = '\0';
    memcpy(kept->text + id.len + 1, body.ptr, body.len);
    kept->text[text_bytes - 1] = '\0';
    kept->document.id.ptr = kept->text;
    kept->document.body.ptr = kept->text + id.len + 1;
    return kept;
}

/* The place that the document has, or else an empty one, or that of the one unused for the longest. */
static struct kept **place_for(struct kept **set, const struct kept *kept)
{
    struct kept **worst = &set[0];

    for (int way = 0; way < WAYS; way++) {
        if (set[way] &&
            is_of(set[way], kept->reading.hash, &kept->organization_id, kept->document.id)) {
            return &set[way];
        }
        if (*worst && (!set[way] || set[way]->used < (*worst)->used)) {
            worst = &set[way];
        }
    }
    return worst;
}

void document_memory_remember(struct document_memory *memory,
                              const struct document_reading *reading,
                              const struct oid *organization_id, const struct document *document)
{
    struct shard *shard;
    struct kept **place;
    struct kept *kept;
    struct kept *old;

    if (!memory || !reading->is_quiet ||
        atomic_load(&memory->common.generation) != reading->common_generation ||
        atomic_load(&pair_of(memory, reading->hash)->generation) != reading->generation) {
        return;
    }
    kept = kept_new(reading, organization_id, document);
    if (!kept) {
        return;
    }
    shard = shard_of(memory, reading->hash);
    (void)pthread_mutex_lock(&shard->mutex);
    kept->used = ++shard->uses;
    place = place_for(set_of(shard, reading->hash), kept);
    old = *place;
    *place = kept;
    (void)pthread_mutex_unlock(&shard->mutex);
    free(old);
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
