/* Secrets that every instance shares: {_id: name, value: text} in C_SECRETS. Insert decides whose it is. */
#include "store/mongo/engine.h"

#include "base/clock.h"

#include <time.h>

#define PAUSE_MS 20 /* between two looks, while a majority has not got the winner's yet */

/* ST_NOT_FOUND: there is none. */
static enum status read_secret(struct mongo *mongo, const struct call *call, const bson_t *filter,
                               struct str *ret_value)
{
    BSON_AUTO row = BSON_INITIALIZER;

    TRY(mongo_find_one(mongo, call, FROM_PRIMARY, C_SECRETS, filter, NULL, &row));
    if (!bson_get_str(&row, F_VALUE, call->mem, ret_value) || ret_value->len == 0) {
        return err_set(call->err, ST_BROKEN,
                       "a document of the collection " C_SECRETS " has no text in " F_VALUE);
    }
    return ST_OK;
}

enum status mongo_secret(struct store *store, const struct call *call, struct str name,
                         struct str candidate, struct str *ret_value)
{
    struct mongo *mongo = mongo_engine(store)->mongo;
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO row = BSON_INITIALIZER;
    const bson_t *const rows[] = { &row };

    bson_put_str(&filter, F_ID, name);
    bson_put_str(&row, F_ID, name);
    bson_put_str(&row, F_VALUE, candidate);
    while (clock_monotonic_ms() < call->deadline_ms) {
        enum status status = read_secret(mongo, call, &filter, ret_value);

        if (status != ST_NOT_FOUND || !candidate.ptr) {
            return status;
        }
        status = mongo_insert(mongo, call, AGAIN, C_SECRETS, rows, 1);
        if (status != ST_OK && status != ST_DOCUMENT_EXISTS) {
            return status;
        }
        if (status == ST_DOCUMENT_EXISTS) {
            (void)nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
        }
    }
    return ST_BUSY;
}

enum status mongo_secret_put(struct store *store, const struct call *call, struct str name,
                             struct str value)
{
    struct mongo *mongo = mongo_engine(store)->mongo;
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO update = BSON_INITIALIZER;
    bson_t members;
    enum status status;

    bson_put_str(&filter, F_ID, name);
    (void)BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &members);
    bson_put_str(&members, F_VALUE, value);
    (void)bson_append_document_end(&update, &members);
    status = mongo_update(mongo, call, AGAIN, C_SECRETS, &filter, &update, true, NULL);
    if (status == ST_DOCUMENT_EXISTS) { /* another one inserted it at this very moment */
        status = mongo_update(mongo, call, AGAIN, C_SECRETS, &filter, &update, false, NULL);
    }
    return status;
}
