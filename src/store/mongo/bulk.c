/* The commands insert, update and delete with many items. */
#include "store/mongo/bulk.h"

#include "base/clock.h"
#include "base/thread.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"

#define LOT_ITEMS 500
#define LOT_UPDATES_FERRETDB                                                                       \
    32 /* it keeps a connection of its pool of 100 for each until the last */
#define LOT_BYTES ((uint32_t)4 * 1024 * 1024)
#define LOT_MS 60000 /* for one lot, with all its tries */

static const struct {
    const char *command;
    const char *items;
} words[] = {
    [BULK_INSERT] = { "insert", "documents" },
    [BULK_UPDATE] = { "update", "updates" },
    [BULK_DELETE] = { "delete", "deletes" },
};

void bulk_init(struct bulk *bulk, struct mongo *mongo, const struct call *call,
               const char *collection, enum bulk_kind kind)
{
    *bulk = (struct bulk){ .mongo = mongo, .call = call, .collection = collection, .kind = kind };
    bson_init(&bulk->items);
}

void bulk_done(struct bulk *bulk)
{
    bson_destroy(&bulk->items);
}

static uint32_t lot_of(const struct bulk *bulk)
{
    bool is_ferretdb = !mongo_features(bulk->mongo)->filters_atomically;

    return is_ferretdb && bulk->kind == BULK_UPDATE ? LOT_UPDATES_FERRETDB : LOT_ITEMS;
}

static enum status add(struct bulk *bulk, const bson_t *item)
{
    char digits[16];
    const char *key;

    (void)bson_uint32_to_string(bulk->count, &key, digits, sizeof(digits));
    if (!bson_append_document(&bulk->items, key, -1, item)) {
        return err_set(bulk->call->err, ST_BROKEN, "no memory for a lot of writes");
    }
    bulk->count++;
    return bulk->count >= lot_of(bulk) || bulk->items.len >= LOT_BYTES ? bulk_flush(bulk) : ST_OK;
}

enum status bulk_insert(struct bulk *bulk, const bson_t *document)
{
    return add(bulk, document);
}

enum status bulk_update(struct bulk *bulk, const struct oid *id, const bson_t *set,
                        const bson_t *unset)
{
    BSON_AUTO item = BSON_INITIALIZER;
    bson_t filter;
    bson_t update;

    if (bson_empty(set) && bson_empty(unset)) {
        return ST_OK;
    }
    (void)bson_append_document_begin(&item, "q", -1, &filter);
    bson_put_oid(&filter, F_ID, id);
    (void)bson_append_document_end(&item, &filter);
    (void)bson_append_document_begin(&item, "u", -1, &update);
    if (!bson_empty(set)) {
        (void)BSON_APPEND_DOCUMENT(&update, "$set", set);
    }
    if (!bson_empty(unset)) {
        (void)BSON_APPEND_DOCUMENT(&update, "$unset", unset);
    }
    (void)bson_append_document_end(&item, &update);
    return add(bulk, &item);
}

enum status bulk_delete(struct bulk *bulk, const bson_t *filter)
{
    BSON_AUTO item = BSON_INITIALIZER;

    (void)BSON_APPEND_DOCUMENT(&item, "q", filter);
    (void)BSON_APPEND_INT32(&item, "limit", 1);
    return add(bulk, &item);
}

enum status bulk_flush(struct bulk *bulk)
{
    BSON_AUTO command = BSON_INITIALIZER;
    struct call call = *bulk->call;
    enum status status;
    bson_t concern;

    if (bulk->count == 0) {
        return ST_OK;
    }
    if (thread_stop_is_pending()) {
        return err_set(bulk->call->err, ST_BUSY, "asked to stop; the next start goes on");
    }
    (void)BSON_APPEND_UTF8(&command, words[bulk->kind].command, bulk->collection);
    (void)BSON_APPEND_ARRAY(&command, words[bulk->kind].items, &bulk->items);
    (void)BSON_APPEND_BOOL(&command, "ordered", true);
    (void)bson_append_document_begin(&command, "writeConcern", -1, &concern);
    (void)BSON_APPEND_UTF8(&concern, "w", "majority");
    (void)BSON_APPEND_BOOL(&concern, "j", true);
    (void)bson_append_document_end(&command, &concern);
    call.deadline_ms = clock_monotonic_ms() + LOT_MS;
    status = mongo_command(bulk->mongo, &call, &command, NULL);
    if (status == ST_OK) {
        bulk->sent += bulk->count;
    }
    bson_reinit(&bulk->items);
    bulk->count = 0;
    return status;
}
