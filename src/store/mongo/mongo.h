/*
 * The connection to a MongoDB deployment (a server, a replica set, a sharded cluster, or something that
 * speaks its protocol): libmongoc's client pool, and the few commands that the engine is made of, each
 * with the request's deadline and with what a failure means for the caller.
 *
 * Failures. A read that meets a lost connection, a change of primary or a server that is not there is
 * tried again until call->deadline_ms, then it is ST_UNAVAILABLE. A write is tried again while it is
 * known that nothing happened (no server selected, "not primary", refused before it ran); what is
 * then left is ST_UNAVAILABLE. Where it may have happened (the connection was lost after sending, the
 * reply timed out, a majority was not confirmed): AGAIN writes, which may be repeated without harm, are
 * tried again; otherwise, and at the deadline, the answer is ST_UNSURE. A full disk is ST_STORAGE_FULL,
 * ST_BROKEN anything else that the server refuses, with its words in call->err. The connection string's
 * password is in no err and no log line.
 *
 * Time. No try is begun at or after call->deadline_ms (where there is none at all: ST_UNAVAILABLE), and a
 * server that answers stops by itself. One that is silent altogether can hold a call for about four
 * seconds past its deadline: with less than 20 seconds left, connections with short time-outs are used.
 *
 * Writes are acknowledged by a majority and journaled, whatever the connection string says; reads that
 * decide something go to the primary.
 *
 * Threads: any, any number at once. bson_t arguments stay the caller's; a ret_ bson_t is made by ST_OK
 * only and is then the caller's to bson_destroy (BSON_AUTO does).
 */
#ifndef ORGD_STORE_MONGO_MONGO_H
#define ORGD_STORE_MONGO_MONGO_H

#include "base/call.h"
#include "base/oid.h"
#include "base/str.h"

#include <bson/bson.h>
#include <stdbool.h>
#include <stdint.h>

struct mongo;

/* A bson_t on the stack that its scope's end destroys; must be initialised (BSON_INITIALIZER). */
#define BSON_AUTO __attribute__((cleanup(bson_destroy))) bson_t

/*
 * Connects, and finds out what kind of server it is. url: MONGO_URL; database: MONGO_DB. What the URL
 * says of pool size, time-outs, TLS, authentication, replica set, SRV and read preference is followed;
 * what it leaves open gets defaults that suit a request's deadline.
 * ST_OK; ST_INVALID for a URL that is none, or with options this program can't work with (such as w=0);
 * ST_UNAVAILABLE where no server answers until deadline_ms (of clock_monotonic_ms); ST_BROKEN (a server
 * too old, a refused login). err names the setting and never shows a password.
 */
MUST_CHECK enum status mongo_open(const char *url, const char *database, int64_t deadline_ms,
                                  struct mongo **ret_mongo, struct err *err);
void mongo_close(struct mongo *mongo); /* after the last call has returned; NULL is fine */

/* What the server can do, found out at mongo_open. */
struct mongo_features {
    bool
        filters_atomically; /* an update's or delete's filter and its effect are one step, as MongoDB
                                promises; FerretDB 1 reads first and writes by _id then */
    bool holds_all_types;   /* every type of BSON; FerretDB 1 ends the connection over some */
    bool compares_roots;    /* {$expr: {$eq: ["$$ROOT", …]}} works */
    bool indexes_members;   /* filters on members other than _id may be narrow: FerretDB on SQLite
                                only finds by {_id: …} alone without reading everything */
    bool joins; /* $lookup works between collections of ours: FerretDB 1 has none, and before
                                MongoDB 5.1 none that finds in a sharded collection */
};
const struct mongo_features *mongo_features(const struct mongo *mongo);

/* Says that the commands of the calling thread are not a request's; for the metrics. */
void mongo_thread_is_keeper(void);

/* The histogram of commands' durations, in Prometheus' text format. Any thread. */
struct buf;
void mongo_metrics(const struct mongo *mongo, struct buf *out);

/* One round trip to the server that writes go to; short: at most two seconds. */
MUST_CHECK enum status mongo_ping(struct mongo *mongo, const struct call *call);

/* Where a read may go: as the URL's read preference says, or to the primary because something is
 * decided by it. Both see only what a majority has. */
enum mongo_from { FROM_ANY, FROM_PRIMARY };

/* The first document that filter matches. projection: NULL for all of it. ST_NOT_FOUND. */
MUST_CHECK enum status mongo_find_one(struct mongo *mongo, const struct call *call,
                                      enum mongo_from from, const char *collection,
                                      const bson_t *filter, const bson_t *projection,
                                      bson_t *ret_document);

/* Another document to find with one: that of a collection whose _id the found one's member is. */
struct mongo_join {
    const char *member;
    const char *collection;
};

/*
 * As mongo_find_one, and the other document with it, in one round trip; the other is read no earlier than
 * the first. *ret_has_other: whether there is one. Only where mongo_features has joins, and also there an
 * operator may have sharded a collection since: then ST_BROKEN.
 */
MUST_CHECK enum status mongo_find_joined(struct mongo *mongo, const struct call *call,
                                         enum mongo_from from, const char *collection,
                                         const bson_t *filter, const struct mongo_join *join,
                                         bson_t *ret_document, bson_t *ret_other,
                                         bool *ret_has_other);

/*
 * Each document that filter matches, in order. opts: sort, limit, projection, batchSize, as for
 * mongoc_collection_find_with_opts, or NULL. visit returns whether to go on; document is valid during
 * the call only, and visit calls none of these functions: one connection is taken until the end. Where the
 * connection is lost after the first visit, the answer is ST_UNAVAILABLE, and the caller starts over.
 */
typedef bool mongo_visit_fn(void *context, const bson_t *document);
MUST_CHECK enum status mongo_find(struct mongo *mongo, const struct call *call,
                                  enum mongo_from from, const char *collection,
                                  const bson_t *filter, const bson_t *opts, mongo_visit_fn *visit,
                                  void *context);

/* How many documents filter matches, counted exactly. */
MUST_CHECK enum status mongo_count(struct mongo *mongo, const struct call *call,
                                   const char *collection, const bson_t *filter,
                                   int64_t *ret_count);

/* Whether a write may be repeated where it is not known if it happened. */
enum mongo_repeat { ONCE, AGAIN };

/* ST_OK; ST_DOCUMENT_EXISTS: a unique index refused one of them (the ones before it are there);
 * ST_INVALID: the server can't hold such a document, with its words in call->err; and as above.
 * Repeated, an insert may meet itself, and is ST_DOCUMENT_EXISTS then. */
MUST_CHECK enum status mongo_insert(struct mongo *mongo, const struct call *call,
                                    enum mongo_repeat repeat, const char *collection,
                                    const bson_t *const documents[], size_t count);

/*
 * Changes the first document that filter matches: update is operators ($set…) or a whole document to
 * replace it with. ret_matched: how many matched, 0 or 1 (1 for upsert: true that inserted; may be NULL).
 * ST_DOCUMENT_EXISTS and ST_INVALID as for mongo_insert. Where an update AGAIN was repeated and the
 * repetition matches nothing, nobody can say whether the first one did, and the answer is ST_UNSURE.
 */
MUST_CHECK enum status mongo_update(struct mongo *mongo, const struct call *call,
                                    enum mongo_repeat repeat, const char *collection,
                                    const bson_t *filter, const bson_t *update, bool upsert,
                                    int64_t *ret_matched);

/* Deletes the first, or every document that filter matches. ret_deleted may be NULL. */
MUST_CHECK enum status mongo_delete_one(struct mongo *mongo, const struct call *call,
                                        enum mongo_repeat repeat, const char *collection,
                                        const bson_t *filter, int64_t *ret_deleted);
MUST_CHECK enum status mongo_delete_many(struct mongo *mongo, const struct call *call,
                                         enum mongo_repeat repeat, const char *collection,
                                         const bson_t *filter, int64_t *ret_deleted);

/* Collections. Each may be repeated without harm, and is. */
MUST_CHECK enum status mongo_collection_exists(struct mongo *mongo, const struct call *call,
                                               const char *collection, bool *ret_exists);
/* ST_DOCUMENT_EXISTS where it is there already; repeated, it may meet itself. */
MUST_CHECK enum status mongo_collection_create(struct mongo *mongo, const struct call *call,
                                               const char *collection);
/* ST_OK also where it isn't there. */
MUST_CHECK enum status mongo_collection_drop(struct mongo *mongo, const struct call *call,
                                             const char *collection);
/* renameCollection, on admin. ST_NOT_FOUND: no collection from; ST_DOCUMENT_EXISTS: to is there already
 * (both are so where a repeated one meets itself; they are looked at in this order). */
MUST_CHECK enum status mongo_collection_rename(struct mongo *mongo, const struct call *call,
                                               const char *from, const char *to);
/* Names of the database's collections that begin with prefix, in mem of the call. */
MUST_CHECK enum status mongo_collection_list(struct mongo *mongo, const struct call *call,
                                             const char *prefix, struct str **ret_names,
                                             size_t *ret_count);

/* Makes an index (keys: {name_key: 1}) where there is none such. ST_DOCUMENT_EXISTS: unique, and what is
 * in the collection has two of a kind, with the server's words in call->err; ST_BROKEN: one of the same
 * name and another shape is there. */
MUST_CHECK enum status mongo_index_ensure(struct mongo *mongo, const struct call *call,
                                          const char *collection, const char *name,
                                          const bson_t *keys, bool unique);

/*
 * Any other command on the database, sent to the primary, for what only a start or an operator needs
 * (migrate.h, doctor.h). It may be repeated without harm, and is; a write's command brings its own
 * writeConcern. ST_DOCUMENT_EXISTS: a unique index refused a part of it (code 11000, or the first item of
 * writeErrors has it: the items before it are done where it was ordered); ST_NOT_FOUND: no such
 * collection (code 26); ST_UNSURE also where a majority did not confirm it until the deadline; ST_BROKEN,
 * or ST_INVALID where it is about a document, with the server's words for anything else that it
 * refuses. ret_reply may be NULL.
 */
MUST_CHECK enum status mongo_command(struct mongo *mongo, const struct call *call,
                                     const bson_t *command, bson_t *ret_reply);

/* Small help with BSON: str is copied; a time is UTC milliseconds as a Date. */
void bson_put_str(bson_t *bson, const char *key, struct str value);
void bson_put_oid(bson_t *bson, const char *key, const struct oid *value);
void bson_put_ms(bson_t *bson, const char *key, int64_t value_ms);
void bson_put_int(bson_t *bson, const char *key, int64_t value); /* int64 */

/* A member by its name or dotted path; false, and the output untouched, where it isn't there or of
 * another type. A str is copied into mem. Integers of either size and whole doubles are integers. */
bool bson_get_str(const bson_t *bson, const char *path, struct arena *mem, struct str *ret_value);
bool bson_get_oid(const bson_t *bson, const char *path, struct oid *ret_value);
bool bson_get_ms(const bson_t *bson, const char *path, int64_t *ret_value_ms);
bool bson_get_int(const bson_t *bson, const char *path, int64_t *ret_value);

#endif
