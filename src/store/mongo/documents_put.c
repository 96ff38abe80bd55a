/*
 * documents_put: one insert of all of them, and where some are there already, one after the other
 * in their places. Ids of 24 lower-case hex digits are those that a program made, ObjectIds; all
 * others are text.
 */
#include "store/mongo/documents.h"

#include "base/arena.h"
#include "store/mongo/extended_json.h"

static void put_id(bson_t *bson, struct str id)
{
    struct oid oid;

    if (document_id_is_oid(id, &oid)) {
        bson_put_oid(bson, F_ID, &oid);
    } else {
        bson_put_str(bson, F_ID, id);
    }
}

/* A failure with the document's id before its words. */
static enum status about(const struct call *call, struct str id, enum status status)
{
    struct err words = *call->err;

    return err_set(call->err, status, "document \"%.*s\": %s", STR_ARG(id),
                   words.text[0] ? words.text : status_detail(status));
}

static enum status to_bson(const struct call *call, const struct document *document, bson_t *bson)
{
    enum status status;

    call->err->text[0] = '\0';
    put_id(bson, document->id);
    status = extended_json_read(document->body, NULL, bson, call->err);
    return status == ST_OK ? ST_OK : about(call, document->id, ST_INVALID);
}

/* One document into its place. */
static enum status put_one(struct mongo_store *engine, const struct call *call,
                           const struct placement *placement, const struct document *document,
                           const bson_t *bson)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    bool is_there = false;
    enum status status;

    call->err->text[0] = '\0';
    put_id(&filter, document->id);
    do {
        struct call step = peers_step(call);
        int64_t matched = 0;

        TRY(document_place_check(engine, call, placement));
        status = mongo_update(engine->mongo, &step, AGAIN, placement->collection, &filter, bson,
                              !is_there, &matched);
        if (status == ST_DOCUMENT_EXISTS && !is_there) {
            is_there = true; /* somebody inserted it at this very moment; or another unique index */
            status = ST_UNSURE;
        } else if (status == ST_DOCUMENT_EXISTS || (status == ST_OK && is_there && matched == 0)) {
            return about(call, document->id, ST_INVALID);
        }
    } while (peers_step_again(call, status));
    return status == ST_INVALID ? about(call, document->id, status) : status;
}

/* All at once where none of them is there; otherwise, or where one is refused, each by itself. */
static enum status put_all(struct mongo_store *engine, const struct call *call,
                           const struct placement *placement, const struct document documents[],
                           bson_t *const bsons[], size_t count)
{
    enum status status;

    do {
        struct call step = peers_step(call);

        TRY(document_place_check(engine, call, placement));
        status = mongo_insert(engine->mongo, &step, AGAIN, placement->collection,
                              (const bson_t *const *)bsons, count);
    } while (peers_step_again(call, status));
    if (status != ST_DOCUMENT_EXISTS && status != ST_INVALID) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(put_one(engine, call, placement, &documents[i], bsons[i]));
    }
    return ST_OK;
}

enum status mongo_documents_put(struct store *store, const struct call *call,
                                const struct oid *organization_id,
                                const struct document documents[], size_t count)
{
    struct mongo_store *engine = mongo_engine(store);
    bson_t **bsons = arena_alloc(call->mem, count * sizeof(void *));
    PLACEMENT placement = { .placements = NULL };
    enum status status = ST_OK;
    size_t made = 0;

    for (; made < count && status == ST_OK; made++) {
        bsons[made] = bson_new();
        status = to_bson(call, &documents[made], bsons[made]);
    }
    if (status == ST_OK) {
        status = placement_enter(engine->placements, call, organization_id, &placement);
    }
    if (status == ST_OK) {
        status = put_all(engine, call, &placement, documents, bsons, count);
    }
    for (size_t i = 0; i < made; i++) {
        bson_destroy(bsons[i]);
    }
    return status;
}

enum status mongo_document_as_kept(struct store *store, const struct call *call,
                                   const struct document *document, struct str *ret_body)
{
    BSON_AUTO bson = BSON_INITIALIZER;
    struct buf body;
    enum status status;

    (void)store;
    buf_init(&body, DOCUMENT_TEXT_MAX);
    status = to_bson(call, document, &bson);
    if (status == ST_OK) {
        status = document_write(&bson, document->id, &body, call->err);
    }
    if (status == ST_OK) {
        *ret_body = arena_str(call->mem, buf_view(&body));
    }
    buf_done(&body);
    return status;
}
