/*
 * Writing: each verb is one command on the wire. The collection helpers of the driver are used rather
 * than plain commands, because only they repeat a write safely where the server has retryable writes.
 */
#include "store/mongo/mongo_internal.h"

#define INSERT_MAX 1000                             /* documents in one command */
#define INSERT_BYTES_MAX ((size_t)16 * 1024 * 1024) /* but for a single document that is larger */

/* One of the three verbs on its way. */
struct write {
    const char *collection;
    const bson_t *filter;
    const bson_t *update;
    bool upsert;
    bool many;
    const bson_t *const *documents;
    size_t count;
    int64_t matched; /* or deleted */
};

static mongoc_collection_t *collection_of(struct mongo_try *try, const struct write *this)
{
    return mongoc_client_get_collection(try->client, try->mongo->database, this->collection);
}

static bool try_insert(struct mongo_try *try, void *context)
{
    const struct write *this = context;
    mongoc_collection_t *collection = collection_of(try, this);
    bool ok;

    if (this->count == 1) {
        ok = mongoc_collection_insert_one(collection, this->documents[0], &try->mongo->unchecked,
                                          &try->reply, &try->error);
    } else {
        ok =
            mongoc_collection_insert_many(collection, (const bson_t **)this->documents, this->count,
                                          &try->mongo->unchecked, &try->reply, &try->error);
    }
    mongoc_collection_destroy(collection);
    return ok;
}

/* How many of the documents go into one command. */
static size_t batch_of(const bson_t *const documents[], size_t count)
{
    size_t bytes = documents[0]->len;
    size_t taken = 1;

    while (taken < count && taken < INSERT_MAX &&
           bytes + documents[taken]->len <= INSERT_BYTES_MAX) {
        bytes += documents[taken]->len;
        taken++;
    }
    return taken;
}

enum status mongo_insert(struct mongo *mongo, const struct call *call, enum mongo_repeat repeat,
                         const char *collection, const bson_t *const documents[], size_t count)
{
    size_t done = 0;

    while (done < count) {
        struct write this = { .collection = collection,
                              .documents = documents + done,
                              .count = batch_of(documents + done, count - done) };
        struct mongo_operation operation = {
            .effect = this.count == 1 ? EFFECT_ONE : EFFECT_MANY,
            .repeat = repeat,
            .meets_itself = true,
        };
        enum status status = mongo_run(mongo, call, operation, try_insert, &this, NULL);

        if (status == ST_DOCUMENT_EXISTS || status == ST_INVALID) {
            return status;
        }
        if (status != ST_OK) {
            return done > 0 ? ST_UNSURE : status;
        }
        done += this.count;
    }
    return ST_OK;
}

static bool try_update(struct mongo_try *try, void *context)
{
    struct write *this = context;
    mongoc_collection_t *collection = collection_of(try, this);
    BSON_AUTO opts = BSON_INITIALIZER;
    bson_iter_t first;
    bool is_operators = bson_iter_init(&first, this->update) && bson_iter_next(&first) &&
                        bson_iter_key(&first)[0] == '$';
    bool ok;

    (void)bson_concat(&opts, &try->mongo->unchecked);
    if (this->upsert) {
        (void)BSON_APPEND_BOOL(&opts, "upsert", true);
    }
    ok = is_operators ? mongoc_collection_update_one(collection, this->filter, this->update, &opts,
                                                     &try->reply, &try->error)
                      : mongoc_collection_replace_one(collection, this->filter, this->update, &opts,
                                                      &try->reply, &try->error);
    mongoc_collection_destroy(collection);
    if (ok) {
        this->matched = 0;
        (void)bson_get_int(&try->reply, "matchedCount", &this->matched);
        this->matched += bson_has_field(&try->reply, "upsertedId") ? 1 : 0;
    }
    return ok;
}

enum status mongo_update(struct mongo *mongo, const struct call *call, enum mongo_repeat repeat,
                         const char *collection, const bson_t *filter, const bson_t *update,
                         bool upsert, int64_t *ret_matched)
{
    struct write this = {
        .collection = collection, .filter = filter, .update = update, .upsert = upsert
    };
    struct mongo_operation operation = { .effect = EFFECT_ONE, .repeat = repeat };
    bool is_repeated = false;

    TRY(mongo_run(mongo, call, operation, try_update, &this, &is_repeated));
    if (is_repeated && this.matched == 0) {
        return err_set(call->err, ST_UNSURE,
                       "mongodb: an update whose answer was lost matches nothing any more");
    }
    if (ret_matched) {
        *ret_matched = this.matched;
    }
    return ST_OK;
}

static bool try_delete(struct mongo_try *try, void *context)
{
    struct write *this = context;
    mongoc_collection_t *collection = collection_of(try, this);
    bool ok = this->many ? mongoc_collection_delete_many(collection, this->filter, NULL,
                                                         &try->reply, &try->error)
                         : mongoc_collection_delete_one(collection, this->filter, NULL, &try->reply,
                                                        &try->error);

    mongoc_collection_destroy(collection);
    if (ok) {
        this->matched = 0;
        (void)bson_get_int(&try->reply, "deletedCount", &this->matched);
    }
    return ok;
}

static enum status delete_matching(struct mongo *mongo, const struct call *call,
                                   enum mongo_repeat repeat, struct write *this,
                                   int64_t *ret_deleted)
{
    struct mongo_operation operation = {
        .effect = this->many ? EFFECT_MANY : EFFECT_ONE,
        .repeat = repeat,
    };

    TRY(mongo_run(mongo, call, operation, try_delete, this, NULL));
    if (ret_deleted) {
        *ret_deleted = this->matched;
    }
    return ST_OK;
}

enum status mongo_delete_one(struct mongo *mongo, const struct call *call, enum mongo_repeat repeat,
                             const char *collection, const bson_t *filter, int64_t *ret_deleted)
{
    struct write this = { .collection = collection, .filter = filter };

    return delete_matching(mongo, call, repeat, &this, ret_deleted);
}

enum status mongo_delete_many(struct mongo *mongo, const struct call *call,
                              enum mongo_repeat repeat, const char *collection,
                              const bson_t *filter, int64_t *ret_deleted)
{
    struct write this = { .collection = collection, .filter = filter, .many = true };

    return delete_matching(mongo, call, repeat, &this, ret_deleted);
}
