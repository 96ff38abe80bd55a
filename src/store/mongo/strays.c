/* In lots: read some, insert them, delete them, until a pass finds none. */
#include "store/mongo/strays.h"

#include "base/clock.h"
#include "store/mongo/bulk.h"
#include "store/mongo/census.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/seed_values.h"

#define LOT 500
#define LOT_BYTES ((size_t)8 * 1024 * 1024)
#define PASS_MS 600000

static const struct route {
    const char *from;
    const char *to;
} routes[] = {
    { C_ADMIN_USERS, C_ADMINS },
    { C_ADMINS, C_ADMINS },
    { C_ORGANIZATIONS, C_ORGANIZATIONS },
};

struct stray {
    bson_t *filter;   /* {_id: what it is} */
    bson_t *document; /* as it is to be */
    struct oid id;
};

struct pass {
    const struct route *route;
    struct arena mem;
    struct key_table kept; /* ids of those that stay */
    struct stray strays[LOT];
    size_t count;
    size_t bytes;
};

/* The document with its new _id in front. */
static bson_t *with_id(const bson_t *document, const struct oid *id, const bson_iter_t *old)
{
    bson_t *made = bson_new();
    bson_iter_t at;
    struct oid same;

    bson_put_oid(made, F_ID, id);
    if (bson_iter_init(&at, document)) {
        while (bson_iter_next(&at)) {
            if (strcmp(bson_iter_key(&at), F_ID) != 0) {
                (void)bson_append_iter(made, NULL, 0, &at);
            }
        }
    }
    if (!seed_id(old, &same)) {
        (void)bson_append_iter(made, F_FORMER_ID, -1, old);
    }
    return made;
}

static bool visit(void *context, const bson_t *document)
{
    struct pass *pass = context;
    struct stray *stray = &pass->strays[pass->count];
    bson_iter_t at;
    struct oid id;

    if (!bson_iter_init_find(&at, document, F_ID) || !seed_any_id(&at, &id) ||
        (pass->route->from == pass->route->to && BSON_ITER_HOLDS_OID(&at)) ||
        key_table_find(&pass->kept, key_of_id(&id), NULL)) {
        return true;
    }
    stray->id = id;
    stray->filter = bson_new();
    (void)bson_append_iter(stray->filter, F_ID, -1, &at);
    stray->document = with_id(document, &id, &at);
    pass->bytes += stray->document->len;
    pass->count++;
    return pass->count < LOT && pass->bytes < LOT_BYTES;
}

static void forget(struct pass *pass)
{
    for (size_t i = 0; i < pass->count; i++) {
        bson_destroy(pass->strays[i].filter);
        bson_destroy(pass->strays[i].document);
    }
    pass->count = 0;
    pass->bytes = 0;
}

static enum status insert_lot(struct mongo *mongo, const struct call *call, struct pass *pass)
{
    enum status status = ST_OK;
    struct bulk bulk;

    bulk_init(&bulk, mongo, call, pass->route->to, BULK_INSERT);
    for (size_t i = 0; i < pass->count && status == ST_OK; i++) {
        status = bulk_insert(&bulk, pass->strays[i].document);
    }
    if (status == ST_OK) {
        status = bulk_flush(&bulk);
    }
    bulk_done(&bulk);
    return status;
}

/* One by one, where a lot met something. What is there already and looks the same was inserted
 * before an interruption; ret_is_double: something else is there. */
static enum status insert_one(struct mongo *mongo, const struct call *call, const struct pass *pass,
                              const struct stray *stray, bool *ret_is_double)
{
    const bson_t *documents[] = { stray->document };
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO found = BSON_INITIALIZER;
    enum status status = mongo_insert(mongo, call, AGAIN, pass->route->to, documents, 1);

    if (status != ST_DOCUMENT_EXISTS) {
        *ret_is_double = false;
        return status;
    }
    bson_put_oid(&filter, F_ID, &stray->id);
    status = mongo_find_one(mongo, call, FROM_PRIMARY, pass->route->to, &filter, NULL, &found);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        return status;
    }
    /* Not found: FerretDB, for which text of 24 hex digits is in the way of the ObjectId. */
    *ret_is_double = status == ST_NOT_FOUND || !bson_equal(&found, stray->document);
    return ST_OK;
}

static enum status settle_lot(struct mongo *mongo, const struct call *call, struct pass *pass)
{
    for (size_t i = 0; i < pass->count; i++) {
        struct stray *stray = &pass->strays[i];
        bool is_double;

        TRY(insert_one(mongo, call, pass, stray, &is_double));
        if (is_double) {
            struct oid *key = arena_alloc(&pass->mem, sizeof(*key));

            *key = stray->id;
            (void)key_table_add(&pass->kept, key_of_id(key), 0);
        }
    }
    return ST_OK;
}

static enum status delete_lot(struct mongo *mongo, const struct call *call, struct pass *pass,
                              size_t *moved)
{
    enum status status = ST_OK;
    struct bulk bulk;

    bulk_init(&bulk, mongo, call, pass->route->from, BULK_DELETE);
    for (size_t i = 0; i < pass->count && status == ST_OK; i++) {
        if (!key_table_find(&pass->kept, key_of_id(&pass->strays[i].id), NULL)) {
            status = bulk_delete(&bulk, pass->strays[i].filter);
        }
    }
    if (status == ST_OK) {
        status = bulk_flush(&bulk);
    }
    *moved += bulk.sent;
    bulk_done(&bulk);
    return status;
}

/* ret_found: how many strays it worked on. */
static enum status run_pass(struct mongo *mongo, const struct call *call, struct pass *pass,
                            size_t *moved, size_t *ret_found)
{
    struct call own = *call;
    BSON_AUTO everything = BSON_INITIALIZER;
    enum status status;

    own.deadline_ms = clock_monotonic_ms() + PASS_MS;
    TRY(mongo_find(mongo, &own, FROM_PRIMARY, pass->route->from, &everything, NULL, visit, pass));
    status = insert_lot(mongo, &own, pass);
    if (status == ST_DOCUMENT_EXISTS) {
        status = settle_lot(mongo, &own, pass);
    }
    TRY(status);
    *ret_found = pass->count;
    return delete_lot(mongo, &own, pass, moved);
}

static enum status run_route(struct mongo *mongo, const struct call *call, struct pass *pass,
                             size_t *moved)
{
    size_t found = 0;
    enum status status;

    do {
        status = run_pass(mongo, call, pass, moved, &found);
        forget(pass);
    } while (status == ST_OK && found > 0);
    return status;
}

enum status strays_move(struct mongo *mongo, const struct call *call, size_t *ret_moved)
{
    enum status status = ST_OK;
    size_t moved = 0;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && status == ST_OK; i++) {
        struct pass pass = { .route = &routes[i] };

        arena_init(&pass.mem, (size_t)1024 * 1024 * 1024);
        status = run_route(mongo, call, &pass, &moved);
        key_table_done(&pass.kept);
        arena_done(&pass.mem);
    }
    if (status == ST_OK) {
        *ret_moved = moved;
    }
    return status;
}
