/* Shards with a mutex each, sets of a few places in them, and results of one allocation each. */
#include "store/cache_table.h"

#include "base/hash.h"

#include <pthread.h>
#include <sodium.h>
#include <stdalign.h>
#include <stdlib.h>

#define SHARDS 64
#define WAYS 8
#define SETS (CACHE_RESULTS / SHARDS / WAYS)
#define CACHE_LINE 64
#define STRINGS 9 /* of a membership */

/* One look-up's result. Its strings, each with a NUL, and then its key lie behind it. */
struct result {
    uint64_t hash;
    uint64_t generation;
    int64_t read_ms;
    uint64_t used; /* the shard's count of uses at the last one */
    enum cache_lookup lookup;
    size_t text_bytes; /* of the strings, without the key */
    size_t key_bytes;
    struct membership value;
    char text[];
};

struct shard {
    alignas(CACHE_LINE) pthread_mutex_t mutex;
    uint64_t uses;
    struct result *places[SETS][WAYS];
};

struct cache_table {
    struct hash_key key;
    struct shard shards[SHARDS];
};

static size_t result_bytes(size_t text_bytes, size_t key_bytes)
{
    return sizeof(struct result) + text_bytes + key_bytes;
}

static void result_free(struct result *result)
{
    if (result) {
        sodium_memzero(result, result_bytes(result->text_bytes, result->key_bytes));
        free(result);
    }
}

static void strings_of(struct membership *value, struct str *ret_strings[STRINGS])
{
    ret_strings[0] = &value->organization.name;
    ret_strings[1] = &value->organization.name_key;
    ret_strings[2] = &value->organization.slug;
    ret_strings[3] = &value->organization.collection;
    ret_strings[4] = &value->organization.admin_email;
    ret_strings[5] = &value->account.email;
    ret_strings[6] = &value->account.email_key;
    ret_strings[7] = &value->account.password_hash;
    ret_strings[8] = &value->role;
}

/* A result with copies of everything; NULL where it is too large or memory is out. */
static struct result *result_new(const struct cache_key *key, const struct membership *value)
{
    struct membership copy = *value;
    struct str *strings[STRINGS];
    struct result *result;
    size_t text_bytes = 0;
    char *at;

    strings_of(&copy, strings);
    for (int i = 0; i < STRINGS; i++) {
        if (strings[i]->len >= CACHE_RESULT_MAX_BYTES) {
            return NULL;
        }
        text_bytes += strings[i]->ptr ? strings[i]->len + 1 : 0;
    }
    if (key->bytes.len >= CACHE_RESULT_MAX_BYTES ||
        result_bytes(text_bytes, key->bytes.len) > CACHE_RESULT_MAX_BYTES) {
        return NULL;
    }
    result = malloc(result_bytes(text_bytes, key->bytes.len));
    if (!result) {
        return NULL;
    }
    *result = (struct result){ .hash = key->hash,
                               .lookup = key->lookup,
                               .text_bytes = text_bytes,
                               .key_bytes = key->bytes.len };
    at = result->text;
    for (int i = 0; i < STRINGS; i++) {
        if (strings[i]->ptr) {
            memcpy(at, strings[i]->ptr, strings[i]->len);
            at[strings[i]->len] = '\0';
            strings[i]->ptr = at;
            at += strings[i]->len + 1;
        }
    }
    if (key->bytes.len > 0) {
        memcpy(at, key->bytes.ptr, key->bytes.len);
    }
    result->value = copy;
    return result;
}

/* A copy of the value whose strings are in mem. */
static void result_copy(const struct result *result, struct arena *mem,
                        struct membership *ret_value)
{
    struct str *strings[STRINGS];
    char *text = arena_alloc(mem, result->text_bytes);

    memcpy(text, result->text, result->text_bytes);
    *ret_value = result->value;
    strings_of(ret_value, strings);
    for (int i = 0; i < STRINGS; i++) {
        if (strings[i]->ptr) {
            strings[i]->ptr = text + (strings[i]->ptr - result->text);
        }
    }
}

static bool is_of(const struct result *result, const struct cache_key *key)
{
    struct str bytes = { .ptr = result->text + result->text_bytes, .len = result->key_bytes };

    return result->hash == key->hash && result->lookup == key->lookup &&
           str_equal(bytes, key->bytes);
}

static struct shard *shard_of(struct cache_table *table, const struct cache_key *key)
{
    return &table->shards[key->hash % SHARDS];
}

static struct result **set_of(struct shard *shard, const struct cache_key *key)
{
    return shard->places[key->hash / SHARDS % SETS];
}

struct cache_table *cache_table_new(void)
{
    struct cache_table *table = aligned_alloc(alignof(struct cache_table), sizeof(*table));

    if (!table) {
        return NULL;
    }
    memset(table, 0, sizeof(*table));
    hash_key_make(&table->key);
    for (int i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&table->shards[i].mutex, NULL);
    }
    return table;
}

void cache_table_free(struct cache_table *table)
{
    if (!table) {
        return;
    }
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = &table->shards[i];

        for (int place = 0; place < SETS * WAYS; place++) {
            result_free(shard->places[place / WAYS][place % WAYS]);
        }
        (void)pthread_mutex_destroy(&shard->mutex);
    }
    free(table);
}

struct cache_key cache_table_key(const struct cache_table *table, enum cache_lookup lookup,
                                 struct str bytes)
{
    struct cache_key key = { .lookup = lookup, .bytes = bytes };

    /* A name and its slug are often the same bytes: other shards. */
    key.hash = hash_bytes(&table->key, bytes.ptr, bytes.len) + (uint64_t)lookup;
    return key;
}

bool cache_table_find(struct cache_table *table, const struct cache_key *key, uint64_t generation,
                      int64_t oldest_ms, struct arena *mem, struct membership *ret_value)
{
    struct shard *shard = shard_of(table, key);
    struct result **set = set_of(shard, key);
    bool found = false;

    (void)pthread_mutex_lock(&shard->mutex);
    for (int way = 0; way < WAYS; way++) {
        struct result *result = set[way];

        if (result && is_of(result, key)) {
            found = result->generation == generation && result->read_ms >= oldest_ms;
            if (found) {
                result->used = ++shard->uses;
                result_copy(result, mem, ret_value);
            }
            break;
        }
    }
    (void)pthread_mutex_unlock(&shard->mutex);
    return found;
}

/* Whether a is to be given up rather than b: it is empty, or its last use is longer ago. What a change
 * made useless was last used before that change, and so goes before what was kept since. */
static bool is_worse(const struct result *a, const struct result *b)
{
    if (!a || !b) {
        return !a && b;
    }
    return a->used < b->used;
}

/* The place for a key: the one it has, or else the worst. Under the shard's mutex. */
static struct result **place_for(struct result **set, const struct cache_key *key)
{
    struct result **worst = &set[0];

    for (int way = 0; way < WAYS; way++) {
        if (set[way] && is_of(set[way], key)) {
            return &set[way];
        }
        if (is_worse(set[way], *worst)) {
            worst = &set[way];
        }
    }
    return worst;
}

void cache_table_keep(struct cache_table *table, const struct cache_key *key, uint64_t generation,
                      int64_t read_ms, const struct membership *value)
{
    struct shard *shard = shard_of(table, key);
    struct result *result = result_new(key, value);
    struct result **place;
    struct result *old;

    if (!result) {
        return;
    }
    result->generation = generation;
    result->read_ms = read_ms;
    (void)pthread_mutex_lock(&shard->mutex);
    place = place_for(set_of(shard, key), key);
    old = *place;
    result->used = ++shard->uses;
    *place = result;
    (void)pthread_mutex_unlock(&shard->mutex);
    result_free(old); /* after the mutex: wiping takes a while */
}
