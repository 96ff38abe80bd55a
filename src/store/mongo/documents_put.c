/*
 * documents_put: one insert of all of them, and where some are there already, one after the other
 * in their places. An id of 24 lower-case hex digits is an ObjectId, unless it is said to be text.
 *
 * For MongoDB an ObjectId and the text of its digits are two ids, for FerretDB 1 they are one. So what has
 * the other kind of an id would stay beside the document that is put, as its twin, or keep it out: it goes.
 */
#include "store/mongo/documents.h"

#include "base/arena.h"
#include "store/mongo/document_refusal.h"
#include "store/mongo/extended_json.h"

#define REFUSALS_MAX 4 /* of one document, by an index: it is another one than that of ids */

static void put_id(bson_t *bson, const struct document *document)
{
    struct oid oid;

    if (document->id_kind != ID_TEXT && document_id_is_oid(document->id, &oid)) {
        bson_put_oid(bson, F_ID, &oid);
    } else {
        bson_put_str(bson, F_ID, document->id);
    }
}

/* Appends the id of the other kind; false where there is no such. */
static bool put_twin(bson_t *bson, const char *key, const struct document *document)
{
    struct oid oid;

    if (!document_id_is_oid(document->id, &oid)) {
        return false;
    }
    if (document->id_kind == ID_TEXT) {
        bson_put_oid(bson, key, &oid);
    } else {
        bson_put_str(bson, key, document->id);
    }
    return true;
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
    put_id(bson, document);
    status = extended_json_read(document->body, NULL, bson, call->err);
    if (status == ST_OK) {
        return ST_OK;
    }
    return about(call, document->id, status == ST_TOO_LARGE ? ST_TOO_LARGE : ST_INVALID);
}

/* What is sent for a document. */
static enum status to_command(struct mongo_store *engine, const struct call *call,
                              const struct document *document, bson_t *bson)
{
    enum status status = to_bson(call, document, bson);

    if (status != ST_OK || mongo_features(engine->mongo)->holds_all_types) {
        return status;
    }
    status = document_types_check(bson, call->err);
    return status == ST_OK ? ST_OK : about(call, document->id, status);
}

static enum status end_twin(struct mongo_store *engine, const struct call *call,
                            const struct placement *placement, const struct document *document)
{
    struct call step = peers_step(call);
    BSON_AUTO filter = BSON_INITIALIZER;

    if (!put_twin(&filter, F_ID, document)) {
        return ST_OK;
    }
    TRY(document_place_check(engine, call, placement));
    return mongo_delete_one(engine->mongo, &step, AGAIN, placement->collection, &filter, NULL);
}

/* Of all that were put. */
static enum status end_twins(struct mongo_store *engine, const struct call *call,
                             const struct placement *placement, const struct document documents[],
                             size_t count)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    enum status status = ST_OK;
    bool any = false;
    bson_t id;
    bson_t in;

    (void)BSON_APPEND_DOCUMENT_BEGIN(&filter, F_ID, &id);
    (void)BSON_APPEND_ARRAY_BEGIN(&id, "$in", &in);
    for (size_t i = 0; i < count; i++) {
        char digits[16];
        const char *key;

        (void)bson_uint32_to_string((uint32_t)i, &key, digits, sizeof(digits));
        any = put_twin(&in, key, &documents[i]) || any;
    }
    (void)bson_append_array_end(&id, &in);
    (void)bson_append_document_end(&filter, &id);
    if (!any || !mongo_features(engine->mongo)->indexes_members) {
        return ST_OK; /* FerretDB on SQLite: it would read everything, and both are one there */
    }
    do {
        struct call step = peers_step(call);

        TRY(document_place_check(engine, call, placement));
        status =
            mongo_delete_many(engine->mongo, &step, AGAIN, placement->collection, &filter, NULL);
    } while (peers_step_again(call, status));
    return status;
}

/* One document into its place. It is refused where somebody inserts it at this very moment, where its
 * twin is in the way, and by another unique index. */
static enum status put_one(struct mongo_store *engine, const struct call *call,
                           const struct placement *placement, const struct document *document,
                           const bson_t *bson)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    int refusals = 0;
    enum status status;

    call->err->text[0] = '\0';
    put_id(&filter, document);
    do {
        struct call step = peers_step(call);

        TRY(document_place_check(engine, call, placement));
        status = mongo_update(engine->mongo, &step, AGAIN, placement->collection, &filter, bson,
                              true, NULL);
        if (status == ST_DOCUMENT_EXISTS && ++refusals == REFUSALS_MAX) {
            (void)err_set(call->err, ST_INVALID, "A unique index refuses it");
            return about(call, document->id, ST_INVALID);
        }
        if (status == ST_DOCUMENT_EXISTS && mongo_features(engine->mongo)->filters_atomically) {
            status = ST_UNSURE; /* each kind of id has its own place */
        } else if (status == ST_DOCUMENT_EXISTS) {
            status = end_twin(engine, call, placement, document);
            status = status == ST_OK ? ST_UNSURE : status;
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

static enum status put_and_end_twins(struct mongo_store *engine, const struct call *call,
                                     const struct placement *placement,
                                     const struct document documents[], bson_t *const bsons[],
                                     size_t count)
{
    TRY(put_all(engine, call, placement, documents, bsons, count));
    return end_twins(engine, call, placement, documents, count);
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
        status = to_command(engine, call, &documents[made], bsons[made]);
    }
    if (status == ST_OK) {
        status = placement_enter(engine->placements, call, organization_id, &placement);
    }
    if (status == ST_OK) {
        status = put_and_end_twins(engine, call, &placement, documents, bsons, count);
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
