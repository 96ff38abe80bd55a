/* Shards with a mutex each, and sets of a few places of a fixed size in them. */
#include "auth/token_memory.h"

#include "base/hash.h"

#include <pthread.h>
#include <sodium.h>
#include <stdalign.h>
#include <stdlib.h>

#define SHARDS 64
#define WAYS 8
#define SETS (TOKEN_MEMORY_PLACES / SHARDS / WAYS)
#define CACHE_LINE 64

struct place {
    uint64_t hash;
    uint64_t used; /* the shard's count of uses at the last one; 0: nothing is here */
    struct token_grant grant;
    size_t len;
    char token[TOKEN_MEMORY_MAX_BYTES];
};

struct shard {
    alignas(CACHE_LINE) pthread_mutex_t mutex;
    uint64_t uses;
    struct token_counts counts;
    struct place (*sets)[WAYS]; /* SETS of them */
};

struct token_memory {
    const struct token_signer *signer;
    struct place *places; /* of all shards */
    struct hash_key key;
    struct shard shards[SHARDS];
};

struct token_memory *token_memory_new(const struct token_signer *signer)
{
    struct token_memory *memory = aligned_alloc(alignof(struct token_memory), sizeof(*memory));

    if (!memory) {
        return NULL;
    }
    memset(memory, 0, sizeof(*memory));
    memory->places = calloc(TOKEN_MEMORY_PLACES, sizeof(*memory->places));
    if (!memory->places) {
        free(memory);
        return NULL;
    }
    memory->signer = signer;
    hash_key_make(&memory->key);
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &memory->shards[i];

        (void)pthread_mutex_init(&shard->mutex, NULL);
        shard->sets = (struct place(*)[WAYS])(memory->places + i * SETS * WAYS);
    }
    return memory;
}

void token_memory_free(struct token_memory *memory)
{
    if (!memory) {
        return;
    }
    for (size_t i = 0; i < TOKEN_MEMORY_PLACES; i++) {
        if (memory->places[i].used) { /* writing to the others would make them resident */
            sodium_memzero(&memory->places[i], sizeof(memory->places[i]));
        }
    }
    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&memory->shards[i].mutex);
    }
    free(memory->places);
    sodium_memzero(&memory->key, sizeof(memory->key));
    free(memory);
}

static uint64_t hash_of(const struct token_memory *memory, struct str token)
{
    return hash_bytes(&memory->key, token.ptr, token.len);
}

static struct place *set_of(const struct shard *shard, uint64_t hash)
{
    return shard->sets[hash / SHARDS % SETS];
}

static bool has(const struct place *place, uint64_t hash, struct str token)
{
    return place->used && place->hash == hash && place->len == token.len &&
           memcmp(place->token, token.ptr, token.len) == 0;
}

/* Whether the token is remembered and its time is now; counts which it is. */
static bool find(struct shard *shard, uint64_t hash, struct str token, int64_t now_s,
                 struct token_grant *ret_grant)
{
    struct place *set = set_of(shard, hash);
    bool found = false;

    (void)pthread_mutex_lock(&shard->mutex);
    for (int way = 0; way < WAYS && !found; way++) {
        struct place *place = &set[way];

        if (has(place, hash, token) && place->grant.not_before <= now_s &&
            now_s < place->grant.expires_at) {
            place->used = ++shard->uses;
            *ret_grant = place->grant;
            found = true;
        }
    }
    if (found) {
        shard->counts.remembered++;
    } else {
        shard->counts.verified++;
    }
    (void)pthread_mutex_unlock(&shard->mutex);
    return found;
}

static void keep(struct shard *shard, uint64_t hash, struct str token,
                 const struct token_grant *grant)
{
    struct place *set = set_of(shard, hash);
    struct place *place = &set[0];

    (void)pthread_mutex_lock(&shard->mutex);
    for (int way = 0; way < WAYS; way++) {
        if (has(&set[way], hash, token)) { /* another thread was faster */
            place = &set[way];
            break;
        }
        if (set[way].used < place->used) {
            place = &set[way];
        }
    }
    place->hash = hash;
    place->used = ++shard->uses;
    place->grant = *grant;
    place->len = token.len;
    memcpy(place->token, token.ptr, token.len);
    (void)pthread_mutex_unlock(&shard->mutex);
}

enum status token_memory_verify(struct token_memory *memory, struct str token, int64_t now_s,
                                struct arena *mem, struct token_grant *ret_grant)
{
    bool fits = token.len > 0 && token.len <= TOKEN_MEMORY_MAX_BYTES;
    uint64_t hash = fits ? hash_of(memory, token) : 0; /* a longer one is counted somewhere too */
    struct shard *shard = &memory->shards[hash % SHARDS];
    struct token_claims claims;
    struct token_grant grant;

    if (find(shard, hash, token, now_s, ret_grant)) {
        return ST_OK;
    }
    TRY(token_verify(memory->signer, token, now_s, mem, &claims));
    grant = (struct token_grant){ .account_id = claims.account_id,
                                  .organization_id = claims.organization_id,
                                  .not_before = claims.not_before,
                                  .expires_at = claims.expires_at,
                                  .password_version = claims.password_version };
    if (fits) {
        keep(shard, hash, token, &grant);
    }
    *ret_grant = grant;
    return ST_OK;
}

struct token_counts token_memory_counts(struct token_memory *memory)
{
    struct token_counts sum = { 0 };

    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &memory->shards[i];

        (void)pthread_mutex_lock(&shard->mutex);
        sum.remembered += shard->counts.remembered;
        sum.verified += shard->counts.verified;
        (void)pthread_mutex_unlock(&shard->mutex);
    }
    return sum;
}
