/* Documents by their ids, and the verb that reads one. */
#include "store/mongo/documents.h"

#include "base/arena.h"
#include "store/mongo/extended_json.h"

static const char digits[] = "0123456789abcdef";

bool document_id_is_oid(struct str id, struct oid *ret_oid)
{
    char hex[OID_HEX_LEN + 1];
    struct oid oid;

    if (!oid_parse(id, &oid)) {
        return false;
    }
    oid_format(&oid, hex);
    if (!str_is(id, hex)) {
        return false;
    }
    if (ret_oid) {
        *ret_oid = oid;
    }
    return true;
}

bool document_id_shown(const bson_t *document, char hex[OID_HEX_LEN + 1], struct str *ret_id)
{
    bson_iter_t iter;
    uint32_t len = 0;

    if (!bson_iter_init_find(&iter, document, F_ID)) {
        return false;
    }
    if (BSON_ITER_HOLDS_OID(&iter)) {
        bson_oid_to_string(bson_iter_oid(&iter), hex);
        *ret_id = (struct str){ .ptr = hex, .len = OID_HEX_LEN };
        return true;
    }
    if (BSON_ITER_HOLDS_UTF8(&iter)) {
        ret_id->ptr = bson_iter_utf8(&iter, &len);
        ret_id->len = len;
        return true;
    }
    return false;
}

/* The next number of hex digits, the first len of 24 counted as a whole; the rest is 0. */
static bool count_up(char hex[OID_HEX_LEN], size_t len)
{
    for (size_t i = len; i-- > 0;) {
        if (hex[i] != 'f') {
            hex[i] = digits[str_hex_value(hex[i]) + 1];
            return true;
        }
        hex[i] = '0';
    }
    return false;
}

/* As an ObjectId is shown. */
static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool document_id_least_oid_behind(struct str text, struct oid *ret_oid)
{
    char hex[OID_HEX_LEN];
    bool found = true;
    size_t same = 0;

    memset(hex, '0', sizeof(hex));
    while (same < OID_HEX_LEN && same < text.len && is_digit(text.ptr[same])) {
        hex[same] = text.ptr[same];
        same++;
    }
    if (same == OID_HEX_LEN) { /* the text begins with one, or is it */
        found = count_up(hex, same);
    } else if (same < text.len) {
        size_t next = 0;

        while (next < 16 && (unsigned char)digits[next] < (unsigned char)text.ptr[same]) {
            next++;
        }
        if (next < 16) {
            hex[same] = digits[next];
        } else {
            found = count_up(hex, same);
        }
    }
    return found && oid_parse((struct str){ .ptr = hex, .len = sizeof(hex) }, ret_oid);
}

static bool copy_first(void *context, const bson_t *document)
{
    bson_t **copy = context;

    *copy = bson_copy(document);
    return false;
}

/* Either form in one round trip: backwards by _id, ObjectIds come before strings. */
static enum status find_either(struct mongo *mongo, const struct call *call, enum mongo_from from,
                               const char *collection, struct str id, const struct oid *oid,
                               bson_t *ret_document)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;
    bson_t *found = NULL;
    enum status status;
    bson_t in;
    bson_t list;

    (void)BSON_APPEND_DOCUMENT_BEGIN(&filter, F_ID, &in);
    (void)BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    bson_put_oid(&list, "0", oid);
    bson_put_str(&list, "1", id);
    (void)bson_append_array_end(&in, &list);
    (void)bson_append_document_end(&filter, &in);
    BCON_APPEND(&opts, "sort", "{", F_ID, BCON_INT32(-1), "}", "limit", BCON_INT64(1));
    status = mongo_find(mongo, call, from, collection, &filter, &opts, copy_first, &found);
    if (status == ST_OK && found) {
        bson_copy_to(found, ret_document);
    }
    if (status == ST_OK && !found) {
        status = ST_NO_DOCUMENT;
    }
    bson_destroy(found);
    return status;
}

static enum status find_one(struct mongo *mongo, const struct call *call, enum mongo_from from,
                            const char *collection, const bson_t *filter, bson_t *ret_document)
{
    enum status status = mongo_find_one(mongo, call, from, collection, filter, NULL, ret_document);

    return status == ST_NOT_FOUND ? ST_NO_DOCUMENT : status;
}

enum status document_find(struct mongo *mongo, const struct call *call, enum mongo_from from,
                          const char *collection, struct str id, bson_t *ret_document)
{
    BSON_AUTO by_oid = BSON_INITIALIZER;
    BSON_AUTO by_text = BSON_INITIALIZER;
    struct oid oid;

    if (document_id_is_oid(id, &oid)) {
        enum status status;

        if (mongo_features(mongo)->indexes_members) {
            return find_either(mongo, call, from, collection, id, &oid, ret_document);
        }
        bson_put_oid(&by_oid, F_ID, &oid);
        status = find_one(mongo, call, from, collection, &by_oid, ret_document);
        if (status != ST_NO_DOCUMENT) {
            return status;
        }
    }
    bson_put_str(&by_text, F_ID, id);
    return find_one(mongo, call, from, collection, &by_text, ret_document);
}

enum status document_write(const bson_t *document, struct str id, struct buf *out, struct err *err)
{
    struct err words = { .text = "" };
    enum status status = extended_json_write(document, id, out, &words);

    if (status == ST_OK) {
        return ST_OK;
    }
    if (buf_overflowed(out)) {
        return err_set(err, ST_TOO_LARGE, "Written out, the document \"%.*s\" has over %zu bytes",
                       (int)(id.len < 128 ? id.len : 128), id.ptr, DOCUMENT_TEXT_MAX);
    }
    return err_set(err, status, "document \"%.*s\": %s", (int)(id.len < 128 ? id.len : 128), id.ptr,
                   words.text);
}

enum status document_place_check(struct mongo_store *engine, const struct call *call,
                                 const struct placement *placement)
{
    TRY(peers_await_trust(engine->peers, call, NULL));
    return placement_check(placement, call);
}

enum status mongo_document_get(struct store *store, const struct call *call,
                               const struct oid *organization_id, struct str id,
                               struct document *ret_document)
{
    struct mongo_store *engine = mongo_engine(store);
    PLACEMENT placement = { .placements = NULL };
    BSON_AUTO bson = BSON_INITIALIZER;
    struct buf body;
    enum status status;

    TRY(placement_enter(engine->placements, call, organization_id, &placement));
    status = document_find(engine->mongo, call, FROM_PRIMARY, placement.collection, id, &bson);
    if (status != ST_OK && status != ST_NO_DOCUMENT) {
        return status;
    }
    TRY(document_place_check(engine, call, &placement));
    TRY(status);
    buf_init(&body, DOCUMENT_TEXT_MAX);
    status = document_write(&bson, id, &body, call->err);
    if (status == ST_OK) {
        *ret_document = (struct document){ .id = arena_str(call->mem, id),
                                           .body = arena_str(call->mem, buf_view(&body)) };
    }
    buf_done(&body);
    return status;
}
