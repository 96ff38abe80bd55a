/*
 * Many inserts, updates or deletes in one collection, sent in order and some hundreds at a time,
 * for the migration: each is acknowledged by a majority and journaled before the next lot goes out.
 * One thread.
 */
#ifndef ORGD_STORE_MONGO_BULK_H
#define ORGD_STORE_MONGO_BULK_H

#include "base/call.h"
#include "base/oid.h"

#include <bson/bson.h>
#include <stddef.h>
#include <stdint.h>

struct mongo;

enum bulk_kind { BULK_INSERT, BULK_UPDATE, BULK_DELETE };

struct bulk {
    struct mongo *mongo;
    const struct call *call; /* its deadline doesn't matter: each lot has one of its own */
    const char *collection;
    enum bulk_kind kind;
    bson_t items;
    uint32_t count; /* in items */
    size_t sent;    /* all told */
};

void bulk_init(struct bulk *bulk, struct mongo *mongo, const struct call *call,
               const char *collection, enum bulk_kind kind);
void bulk_done(struct bulk *bulk); /* what wasn't flushed is forgotten */

/*
 * One more. Sends a lot where there are enough. ST_OK; ST_DOCUMENT_EXISTS: a unique index refused
 * one, and those before it are done; ST_BUSY: the process is asked to stop; ST_UNAVAILABLE,
 * ST_UNSURE, ST_INVALID, ST_STORAGE_FULL, ST_BROKEN.
 */
MUST_CHECK enum status bulk_insert(struct bulk *bulk, const bson_t *document);
/* Of the document with this _id. set and unset: members, either may be empty. */
MUST_CHECK enum status bulk_update(struct bulk *bulk, const struct oid *id, const bson_t *set,
                                   const bson_t *unset);
/* filter: {_id: …} */
MUST_CHECK enum status bulk_delete(struct bulk *bulk, const bson_t *filter);

/* Sends what is left. */
MUST_CHECK enum status bulk_flush(struct bulk *bulk);

#endif
