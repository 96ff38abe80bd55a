/* Unique and other indexes, made where they are missing. */
#include "store/mongo/mongo_internal.h"

#define NAMESPACE_NOT_FOUND 26 /* the collection isn't there, nor an index */

struct index {
    const char *collection;
    const char *name;
    const bson_t *keys;
    bool unique;
    bool is_there;      /* one with the same keys and the same uniqueness, whatever it's called */
    bool is_other;      /* one of this name, and not as it is wanted */
    bson_error_t error; /* of the last try to make it */
};

/* The same members in the same order; 1 may come as an integer or as a double. */
static bool has_keys(const bson_t *keys, const bson_t *wanted)
{
    bson_iter_t a;
    bson_iter_t b;

    if (bson_count_keys(keys) != bson_count_keys(wanted) || !bson_iter_init(&a, keys) ||
        !bson_iter_init(&b, wanted)) {
        return false;
    }
    while (bson_iter_next(&a) && bson_iter_next(&b)) {
        if (strcmp(bson_iter_key(&a), bson_iter_key(&b)) != 0 ||
            bson_iter_as_int64(&a) != bson_iter_as_int64(&b)) {
            return false;
        }
    }
    return true;
}

/* Whether an index from the server's list is as good as the one that is wanted. */
static bool is_as_good(const bson_t *row, const struct index *this)
{
    bson_iter_t at;
    const uint8_t *bytes = NULL;
    uint32_t len = 0;
    bson_t keys;
    bool unique = bson_iter_init_find(&at, row, "unique") && bson_iter_as_bool(&at);

    if (unique != this->unique || bson_has_field(row, "partialFilterExpression") ||
        bson_has_field(row, "sparse") || bson_has_field(row, "collation") ||
        !bson_iter_init_find(&at, row, "key") || !BSON_ITER_HOLDS_DOCUMENT(&at)) {
        return false;
    }
    bson_iter_document(&at, &len, &bytes);
    return bson_init_static(&keys, bytes, len) && has_keys(&keys, this->keys);
}

static bool has_name(const bson_t *row, const char *name)
{
    bson_iter_t at;

    return bson_iter_init_find(&at, row, "name") && BSON_ITER_HOLDS_UTF8(&at) &&
           strcmp(bson_iter_utf8(&at, NULL), name) == 0;
}

static bool try_look(struct mongo_try *try, void *context)
{
    struct index *this = context;
    mongoc_collection_t *collection =
        mongoc_client_get_collection(try->client, try->mongo->database, this->collection);
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(collection, NULL);
    const bson_t *row;
    bool ok;

    this->is_there = false;
    this->is_other = false;
    while (mongoc_cursor_next(cursor, &row)) {
        if (is_as_good(row, this)) {
            this->is_there = true;
        } else if (has_name(row, this->name)) {
            this->is_other = true;
        }
    }
    bson_init(&try->reply);
    ok = !mongoc_cursor_error(cursor, &try->error) || try->error.code == NAMESPACE_NOT_FOUND;
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(collection);
    return ok;
}

static bool try_make(struct mongo_try *try, void *context)
{
    struct index *this = context;
    BSON_AUTO command = BSON_INITIALIZER;
    BSON_AUTO row = BSON_INITIALIZER;
    bool ok;

    (void)BSON_APPEND_DOCUMENT(&row, "key", this->keys);
    (void)BSON_APPEND_UTF8(&row, "name", this->name);
    if (this->unique) {
        (void)BSON_APPEND_BOOL(&row, "unique", true);
    }
    BCON_APPEND(&command, "createIndexes", BCON_UTF8(this->collection), "indexes", "[",
                BCON_DOCUMENT(&row), "]");
    ok = mongoc_client_write_command_with_opts(try->client, try->mongo->database, &command, NULL,
                                               &try->reply, &try->error);
    this->error = try->error;
    return ok;
}

enum status mongo_index_ensure(struct mongo *mongo, const struct call *call, const char *collection,
                               const char *name, const bson_t *keys, bool unique)
{
    struct index this = { .collection = collection, .name = name, .keys = keys, .unique = unique };
    struct mongo_operation making = { .effect = EFFECT_ONE, .repeat = AGAIN, .meets_itself = true };
    struct mongo_operation looking = { .effect = EFFECT_NONE };
    enum status status;

    TRY(mongo_run(mongo, call, looking, try_look, &this, NULL));
    if (this.is_there) {
        return ST_OK;
    }
    if (this.is_other) { /* asked here, because not every server minds */
        return err_set(
            call->err, ST_BROKEN,
            "the index %s of the collection %s is there already, and is not as it must be", name,
            collection);
    }
    status = mongo_run(mongo, call, making, try_make, &this, NULL);
    return status == ST_DOCUMENT_EXISTS
               ? err_set(call->err, status, "mongodb: %s", this.error.message)
               : status;
}
