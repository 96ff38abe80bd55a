/* Reading: one document, many, and how many. */
#include "store/mongo/mongo_internal.h"

#define READING ((struct mongo_operation){ .effect = EFFECT_NONE })

struct find_one {
    enum mongo_from from;
    const char *collection;
    const bson_t *filter;
    const bson_t *projection;
    bool found;
    bson_t *ret_document;
};

const mongoc_read_prefs_t *mongo_preference(const struct mongo *mongo, enum mongo_from from)
{
    return from == FROM_PRIMARY ? mongo->primary : NULL;
}

bool mongo_first_of_batch(const bson_t *reply, bson_t *ret_view)
{
    bson_iter_t begin;
    bson_iter_t at;
    const uint8_t *bytes = NULL;
    uint32_t len = 0;

    if (!bson_iter_init(&begin, reply) ||
        !bson_iter_find_descendant(&begin, "cursor.firstBatch.0", &at) ||
        !BSON_ITER_HOLDS_DOCUMENT(&at)) {
        return false;
    }
    bson_iter_document(&at, &len, &bytes);
    return bson_init_static(ret_view, bytes, len);
}

static bool try_find_one(struct mongo_try *try, void *context)
{
    struct find_one *this = context;
    BSON_AUTO command = BSON_INITIALIZER;
    bson_t view;

    (void)BSON_APPEND_UTF8(&command, "find", this->collection);
    (void)BSON_APPEND_DOCUMENT(&command, "filter", this->filter);
    if (this->projection) {
        (void)BSON_APPEND_DOCUMENT(&command, "projection", this->projection);
    }
    (void)BSON_APPEND_INT32(&command, "limit", 1);
    (void)BSON_APPEND_BOOL(&command, "singleBatch", true);
    (void)BSON_APPEND_INT64(&command, "maxTimeMS", try->budget_ms);
    if (!mongoc_client_read_command_with_opts(try->client, try->mongo->database, &command,
                                              mongo_preference(try->mongo, this->from),
                                              &try->mongo->majority, &try->reply, &try->error)) {
        return false;
    }
    this->found = mongo_first_of_batch(&try->reply, &view);
    if (this->found) {
        bson_copy_to(&view, this->ret_document);
    }
    return true;
}

enum status mongo_find_one(struct mongo *mongo, const struct call *call, enum mongo_from from,
                           const char *collection, const bson_t *filter, const bson_t *projection,
                           bson_t *ret_document)
{
    struct find_one this = { .from = from,
                             .collection = collection,
                             .filter = filter,
                             .projection = projection,
                             .ret_document = ret_document };

    TRY(mongo_run(mongo, call, READING, try_find_one, &this, NULL));
    return this.found ? ST_OK : ST_NOT_FOUND;
}

struct find {
    enum mongo_from from;
    const char *collection;
    const bson_t *filter;
    const bson_t *opts;
    mongo_visit_fn *visit;
    void *context;
    bool has_visited;
    bool was_lost; /* after the first visit: no more tries */
    bson_error_t error;
};

static mongoc_cursor_t *open_cursor(struct mongo_try *try, const struct find *this,
                                    mongoc_collection_t *collection)
{
    BSON_AUTO opts = BSON_INITIALIZER;

    if (this->opts) {
        (void)bson_concat(&opts, this->opts);
    }
    (void)bson_concat(&opts, &try->mongo->majority);
    (void)BSON_APPEND_INT64(&opts, "maxTimeMS", try->budget_ms);
    return mongoc_collection_find_with_opts(collection, this->filter, &opts,
                                            mongo_preference(try->mongo, this->from));
}

static bool try_find(struct mongo_try *try, void *context)
{
    struct find *this = context;
    mongoc_collection_t *collection =
        mongoc_client_get_collection(try->client, try->mongo->database, this->collection);
    mongoc_cursor_t *cursor = open_cursor(try, this, collection);
    const bson_t *document;
    const bson_t *reply = NULL;
    bool goes_on = true;
    bool ok;

    while (goes_on && mongoc_cursor_next(cursor, &document)) {
        this->has_visited = true;
        goes_on = this->visit(this->context, document);
    }
    ok = !mongoc_cursor_error_document(cursor, &try->error, &reply);
    if (reply) {
        bson_copy_to(reply, &try->reply);
    } else {
        bson_init(&try->reply);
    }
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(collection);
    this->was_lost = !ok && this->has_visited;
    this->error = try->error;
    return ok || this->was_lost; /* no more tries then */
}

enum status mongo_find(struct mongo *mongo, const struct call *call, enum mongo_from from,
                       const char *collection, const bson_t *filter, const bson_t *opts,
                       mongo_visit_fn *visit, void *context)
{
    struct find this = { .from = from,
                         .collection = collection,
                         .filter = filter,
                         .opts = opts,
                         .visit = visit,
                         .context = context };

    TRY(mongo_run(mongo, call, READING, try_find, &this, NULL));
    return this.was_lost ? err_set(call->err, ST_UNAVAILABLE, "mongodb: %s", this.error.message)
                         : ST_OK;
}

struct count {
    const char *collection;
    const bson_t *filter;
    int64_t count;
};

static bool try_count(struct mongo_try *try, void *context)
{
    struct count *this = context;
    BSON_AUTO command = BSON_INITIALIZER;
    bson_t row;

    this->count = 0;
    BCON_APPEND(&command, "aggregate", BCON_UTF8(this->collection), "pipeline", "[", "{", "$match",
                BCON_DOCUMENT(this->filter), "}", "{", "$group", "{", "_id", BCON_NULL, "count",
                "{", "$sum", BCON_INT32(1), "}", "}", "}", "]", "cursor", "{", "}", "maxTimeMS",
                BCON_INT64(try->budget_ms));
    if (!mongoc_client_read_command_with_opts(try->client, try->mongo->database, &command,
                                              try->mongo->primary, &try->mongo->majority,
                                              &try->reply, &try->error)) {
        return false;
    }
    if (mongo_first_of_batch(&try->reply, &row)) {
        (void)bson_get_int(&row, "count", &this->count);
    }
    return true;
}

enum status mongo_count(struct mongo *mongo, const struct call *call, const char *collection,
                        const bson_t *filter, int64_t *ret_count)
{
    struct count this = { .collection = collection, .filter = filter };

    TRY(mongo_run(mongo, call, READING, try_count, &this, NULL));
    *ret_count = this.count;
    return ST_OK;
}
