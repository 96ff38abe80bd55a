/* Secrets that every instance shares: {_id: name, value: binary} in C_SECRETS. Insert decides whose it is.
 * Binary, because not every server can hold a NUL in text. */
#include "store/mongo/engine.h"

#include "base/arena.h"
#include "base/clock.h"

#include <time.h>

#define PAUSE_MS 20 /* between two looks, while a majority has not got the winner's yet */

static void put_value(bson_t *bson, struct str value)
{
    (void)bson_append_binary(bson, F_VALUE, -1, BSON_SUBTYPE_BINARY, (const uint8_t *)value.ptr,
                             (uint32_t)value.len);
}

static bool get_value(const bson_t *bson, struct arena *mem, struct str *ret_value)
{
    const uint8_t *bytes;
    bson_iter_t iter;
    uint32_t len;

    if (!bson_iter_init_find(&iter, bson, F_VALUE) || !BSON_ITER_HOLDS_BINARY(&iter)) {
        return false;
    }
    bson_iter_binary(&iter, NULL, &len, &bytes);
    *ret_value = arena_str(mem, (struct str){ .ptr = (const char *)bytes, .len = len });
    return len > 0;
}

/* ST_NOT_FOUND: there is none. */
static enum status read_secret(struct mongo *mongo, const struct call *call, const bson_t *filter,
                               struct str *ret_value)
{
    BSON_AUTO row = BSON_INITIALIZER;

    TRY(mongo_find_one(mongo, call, FROM_PRIMARY, C_SECRETS, filter, NULL, &row));
    if (!get_value(&row, call->mem, ret_value)) {
        return err_set(call->err, ST_BROKEN,
                       "a document of the collection " C_SECRETS " has no bytes in " F_VALUE);
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
    put_value(&row, candidate);
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
    put_value(&members, value);
    (void)bson_append_document_end(&update, &members);
    status = mongo_update(mongo, call, AGAIN, C_SECRETS, &filter, &update, true, NULL);
    if (status == ST_DOCUMENT_EXISTS) { /* another one inserted it at this very moment */
        status = mongo_update(mongo, call, AGAIN, C_SECRETS, &filter, &update, false, NULL);
    }
    return status;
}
