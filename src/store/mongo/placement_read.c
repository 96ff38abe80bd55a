/* What an organization's document says about the place of its documents. */
#include "store/mongo/placement_read.h"

#include "base/arena.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/placements.h"

/* Whether a member is there and true. */
static bool is_set(const bson_t *document, const char *key)
{
    bson_iter_t member;

    return bson_iter_init_find(&member, document, key) && bson_iter_as_bool(&member);
}

/* What the organization's document says. ret_moving: that its collection is being moved. */
static enum status judge(const bson_t *document, const struct call *call,
                         struct str *ret_collection, bool *ret_moving)
{
    struct str status = { 0 };
    struct str collection;

    (void)bson_get_str(document, F_STATUS, call->mem, &status);
    if (str_is(status, STATUS_CREATING) || str_is(status, STATUS_DELETING)) {
        return ST_NO_ORGANIZATION;
    }
    if (is_set(document, F_SHARED)) {
        return err_set(call->err, ST_FORBIDDEN,
                       "two organizations share this one's collection: an operator must decide "
                       "whose the documents are (orgd doctor)");
    }
    if (!bson_get_str(document, F_COLLECTION, call->mem, &collection) || collection.len == 0 ||
        collection.len >= PLACEMENT_COLLECTION_SIZE ||
        memchr(collection.ptr, '\0', collection.len)) {
        return err_set(call->err, ST_BROKEN, "the organization's " F_COLLECTION " can't be used");
    }
    *ret_collection = collection;
    *ret_moving = str_is(status, STATUS_RENAMING);
    return ST_OK;
}

enum status placement_read(struct mongo *mongo, const struct call *call,
                           const struct oid *organization, struct str *ret_collection,
                           bool *ret_moving)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO projection = BSON_INITIALIZER;
    bson_t document;
    enum status status;

    bson_put_oid(&filter, F_ID, organization);
    bson_put_int(&projection, F_COLLECTION, 1);
    bson_put_int(&projection, F_STATUS, 1);
    bson_put_int(&projection, F_SHARED, 1);
    status =
        mongo_find_one(mongo, call, FROM_PRIMARY, C_ORGANIZATIONS, &filter, &projection, &document);
    if (status != ST_OK) {
        return status == ST_NOT_FOUND ? ST_NO_ORGANIZATION : status;
    }
    status = judge(&document, call, ret_collection, ret_moving);
    bson_destroy(&document);
    return status;
}
