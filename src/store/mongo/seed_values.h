/*
 * What a seed's program wrote, read in each of the forms that it may have: the same thing as text
 * or as binary, an id as an ObjectId or as hex digits, a time as a Date, as ISO text or as a
 * number.
 *
 * Each function takes an iterator at a member; false, and the output untouched, where the member
 * holds nothing of the kind. Strings are copied into mem. Any thread.
 */
#ifndef ORGD_STORE_MONGO_SEED_VALUES_H
#define ORGD_STORE_MONGO_SEED_VALUES_H

#include "base/arena.h"
#include "base/oid.h"
#include "base/str.h"

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

#define SEED_TEXT_MAX 4096 /* bytes; longer text is taken for none */

/* Text that is well-formed, has no NUL and isn't empty; an integer as its digits. */
bool seed_text(const bson_iter_t *at, struct arena *mem, struct str *ret_text);

/* The same of text or of binary (Python's bytes). */
bool seed_bytes(const bson_iter_t *at, struct arena *mem, struct str *ret_text);

/* An ObjectId, or text of 24 hex digits. */
bool seed_id(const bson_iter_t *at, struct oid *ret_id);

/* An id for any value but null, always the same for the same value: seed_id where it is one; else
 * made of a hash, for documents whose _id is a UUID, a number or other text, and for what refers to
 * them. */
bool seed_any_id(const bson_iter_t *at, struct oid *ret_id);

/* The id that goes with a text: what has none of its own gets the same again after an interruption.
 * It begins like an ObjectId of that time; 0: 1970, for a time that nobody knows. */
struct oid seed_made_id(int64_t created_ms, struct str text);

/* UTC milliseconds: of a Date; of ISO text, with or without an offset, seconds and a time at all,
 * where none is UTC; of a number of seconds, or of milliseconds where it is above 10^11; years 1 to
 * 9999. */
bool seed_time(const bson_iter_t *at, int64_t *ret_ms);

/* The time in an id. */
int64_t seed_id_time(const struct oid *id);

#endif
