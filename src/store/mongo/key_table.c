/* Open addressing with linear probing; the hash is keyed, since outsiders choose names. */
#include "store/mongo/key_table.h"

#include "base/hash.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY ((size_t)64)

struct key_table_slot {
    struct str key; /* ptr NULL: nothing here */
    uint64_t hash;
    size_t value;
};

static struct hash_key hash_key;
static pthread_once_t keyed = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
    hash_key_make(&hash_key);
}

static uint64_t hash_of(struct str key)
{
    (void)pthread_once(&keyed, make_hash_key);
    return hash_bytes(&hash_key, key.ptr, key.len);
}

/* Where the key is, or the free slot where it would go. */
static struct key_table_slot *slot_of(const struct key_table *table, struct str key, uint64_t hash)
{
    size_t at = (size_t)hash & (table->capacity - 1);

    while (table->slots[at].key.ptr &&
           (table->slots[at].hash != hash || !str_equal(table->slots[at].key, key))) {
        at = (at + 1) & (table->capacity - 1);
    }
    return &table->slots[at];
}

static void grow(struct key_table *table)
{
    struct key_table larger = {
        .count = table->count,
        .capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY,
    };

    larger.slots =
        table->count < KEY_TABLE_MAX ? calloc(larger.capacity, sizeof(*larger.slots)) : NULL;
    if (!larger.slots) {
        (void)fprintf(stderr, "level=error msg=\"no memory for a table of %zu keys\"\n",
                      table->count);
        abort();
    }
    for (size_t i = 0; i < table->capacity; i++) {
        const struct key_table_slot *old = &table->slots[i];

        if (old->key.ptr) {
            *slot_of(&larger, old->key, old->hash) = *old;
        }
    }
    free(table->slots);
    *table = larger;
}

void key_table_done(struct key_table *table)
{
    free(table->slots);
    *table = (struct key_table){ 0 };
}

bool key_table_find(const struct key_table *table, struct str key, size_t *ret_value)
{
    const struct key_table_slot *slot;

    if (table->count == 0) {
        return false;
    }
    slot = slot_of(table, key, hash_of(key));
    if (!slot->key.ptr) {
        return false;
    }
    if (ret_value) {
        *ret_value = slot->value;
    }
    return true;
}

bool key_table_add(struct key_table *table, struct str key, size_t value)
{
    uint64_t hash = hash_of(key);
    struct key_table_slot *slot;

    if (table->count >= table->capacity / 2) {
        grow(table);
    }
    slot = slot_of(table, key, hash);
    if (slot->key.ptr) {
        return false;
    }
    *slot = (struct key_table_slot){ .key = key, .hash = hash, .value = value };
    table->count++;
    return true;
}
