/*
 * Members of a BSON document by name: asked for in the document's order each is found at once, out of
 * order by an index that is sorted when it is first needed. The document must stay while this is used.
 * One thread at a time.
 */
#ifndef ORGD_STORE_MONGO_BSON_MEMBERS_H
#define ORGD_STORE_MONGO_BSON_MEMBERS_H

#include <bson/bson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bson_member; /* an entry of the index */

struct bson_members {
    const uint8_t *data; /* the document; NULL: one without members */
    size_t len;
    bson_iter_t next; /* the one that is expected to be asked for */
    bool has_next;
    struct bson_member *sorted; /* by name, then by place; owned; NULL: not needed so far */
    size_t count;               /* of sorted */
};

/* Damage ends the document where it is. */
void bson_members_init(struct bson_members *members, const uint8_t *data, size_t len);
void bson_members_done(struct bson_members *members);

/* Goes past the next member, if it has this name. */
bool bson_members_pass(struct bson_members *members, const char *name);

/* The next member if it has this name, else the first that has; the one behind it is then the next. */
bool bson_members_find(struct bson_members *members, const char *name, bson_iter_t *ret_member);

/* The first member with this name, by the index in any case; the next stays what it is. */
bool bson_members_first(struct bson_members *members, const char *name, bson_iter_t *ret_member);

#endif
