/* An organization for tests of documents, and its collection. */
#include "mongo_documents.h"

#include "store/mongo/engine.h"
#include "store/mongo/mongo_internal.h"

#include "base/clock.h"

#include <mongoc/mongoc.h>
#include <stdlib.h>

struct mongo_place tenant_place;

int tenant_setup(void **state)
{
    struct tenant_fixture *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    t->place = tenant_place;
    place_wipe(&t->place);
    place_fixture(&t->place, &t->f);
    t->id = suite_create(&t->f, "acme").id;
    *state = t;
    return 0;
}

int tenant_teardown(void **state)
{
    struct tenant_fixture *t = *state;

    place_fixture_done(&t->f);
    mongo_close(t->proxied);
    wire_proxy_free(t->proxy);
    free(t);
    return 0;
}

struct str tenant_json(struct arena *mem, const char *text)
{
    struct str copy = arena_str(mem, str_of(text));

    for (char *c = (char *)(uintptr_t)copy.ptr; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    return copy;
}

bson_t *tenant_raw(const struct tenant_fixture *t, const char *filter)
{
    struct arena mem;
    bson_error_t error;
    const bson_t *found = NULL;
    bson_t *copy = NULL;
    mongoc_collection_t *collection =
        mongoc_client_get_collection(t->place.client, t->place.database, TENANT);
    mongoc_cursor_t *cursor;
    bson_t *bson;

    arena_init(&mem, 65536);
    bson = bson_new_from_json((const uint8_t *)tenant_json(&mem, filter).ptr, -1, &error);
    assert_non_null(bson);
    cursor = mongoc_collection_find_with_opts(collection, bson, NULL, NULL);
    if (mongoc_cursor_next(cursor, &found)) {
        copy = bson_copy(found);
    }
    assert_false(mongoc_cursor_error(cursor, &error));
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(collection);
    bson_destroy(bson);
    arena_done(&mem);
    return copy;
}

bson_type_t tenant_type(const bson_t *document, const char *key)
{
    bson_iter_t iter;

    assert_true(bson_iter_init_find(&iter, document, key));
    return bson_iter_type(&iter);
}

void tenant_insert_text(const struct tenant_fixture *t, const char *id, const char *text)
{
    mongoc_collection_t *collection =
        mongoc_client_get_collection(t->place.client, t->place.database, TENANT);
    bson_t *document = BCON_NEW("_id", BCON_UTF8(id), "text", BCON_UTF8(text));
    bson_error_t error;

    assert_true(mongoc_collection_insert_one(collection, document, NULL, NULL, &error));
    bson_destroy(document);
    mongoc_collection_destroy(collection);
}

struct str tenant_text(struct tenant_fixture *t, const char *id)
{
    struct document document;

    assert_status(store_document_get(t->f.store, &t->f.call, &t->id, str_of(id), &document), ST_OK);
    assert_str(document.id, id);
    return document.body;
}

static void keep(void *context, struct str body)
{
    struct put *put = context;

    assert_null(put->kept.ptr); /* told once */
    put->kept = arena_str(put->mem, body);
}

enum status tenant_put(void *context, const struct document *now, struct document_edit *ret_edit)
{
    struct put *put = context;

    put->calls++;
    if (put->is_creation && now) {
        return ST_DOCUMENT_EXISTS;
    }
    *ret_edit = (struct document_edit){ .action = put->body ? EDIT_PUT : EDIT_DELETE,
                                        .is_creation = put->is_creation,
                                        .has_made_id = put->has_made_id,
                                        .kept = keep };
    if (put->body) {
        ret_edit->body = tenant_json(put->mem, put->body);
    }
    return ST_OK;
}

enum status tenant_edit(struct tenant_fixture *t, const char *id, struct put *put)
{
    put->mem = &t->f.mem;
    return store_document_edit(t->f.store, &t->f.call, &t->id, str_of(id), tenant_put, put);
}

void lab_begin(struct lab *lab, struct tenant_fixture *t)
{
    struct mongo_store *engine = mongo_engine(t->f.store);
    const char *host = strstr(t->place.url, "127.0.0.1:");
    char url[64];
    uint16_t port = host ? (uint16_t)strtol(host + 10, NULL, 10) : 0;

    if (port == 0 || strchr(t->place.url, ',') || strchr(t->place.url, '@')) {
        skip(); /* no plain server to stand in front of */
    }
    lab->proxy = wire_proxy_new("127.0.0.1", port);
    (void)snprintf(url, sizeof(url), "mongodb://127.0.0.1:%d/", wire_proxy_port(lab->proxy));
    lab->direct = engine->mongo;
    assert_status(
        mongo_open(url, t->place.database, clock_monotonic_ms() + 10000, &engine->mongo, &t->f.err),
        ST_OK);
}

void lab_end(struct lab *lab, struct tenant_fixture *t)
{
    struct mongo_store *engine = mongo_engine(t->f.store);

    t->proxied = engine->mongo;
    t->proxy = lab->proxy;
    engine->mongo = lab->direct;
}

void lab_arm(const struct lab *lab, const char *command, enum wire_fault fault)
{
    wire_proxy_arm(lab->proxy, command, fault, 1, NULL);
}
