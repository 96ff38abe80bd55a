/*
 * A hash table from strings to numbers, for what is looked at as a whole: the migration and the
 * doctor find duplicates with it in one pass. A machine without memory ends the process, as with an
 * arena. One thread at a time.
 */
#ifndef ORGD_STORE_MONGO_KEY_TABLE_H
#define ORGD_STORE_MONGO_KEY_TABLE_H

#include "base/oid.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

#define KEY_TABLE_MAX ((size_t)1 << 26) /* keys; one more ends the process */

struct key_table_slot;

struct key_table {
    struct key_table_slot *slots; /* owned; NULL while empty */
    size_t count;
    size_t capacity; /* a power of two, or 0 */
};

/* A table is empty when all zero. */
void key_table_done(struct key_table *table);

/* The key's number; false, and *ret_value untouched, where it isn't in. ret_value may be NULL. */
bool key_table_find(const struct key_table *table, struct str key, size_t *ret_value);

/* Puts a key in; false where it is in already, and its number stays. The key's bytes are not
 * copied: they must outlive the table. */
bool key_table_add(struct key_table *table, struct str key, size_t value);

/* An id's bytes as a key. */
static inline struct str key_of_id(const struct oid *id)
{
    return (struct str){ .ptr = (const char *)id->bytes, .len = OID_BYTES };
}

#endif
