/* A server, a proxy in front of it, and a database of the test's own. */
#include "store/mongo_help.h"

#include "base/clock.h"

#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MEM_BYTES ((size_t)64 * 1024 * 1024)
#define OPEN_MS 10000
#define CALL_MS 10000

static void must_open(struct mongo_fixture *f, const char *url, struct mongo **ret_mongo)
{
    if (mongo_open(url, f->database, clock_monotonic_ms() + OPEN_MS, ret_mongo, &f->err) != ST_OK) {
        fail_msg("%s", f->err.text);
    }
}

/* Only one plain server can have a proxy in front: of others the driver learns the members' names. */
static void open_proxied(struct mongo_fixture *f)
{
    mongoc_uri_t *uri = mongoc_uri_new(f->url);
    const mongoc_host_list_t *host = uri ? mongoc_uri_get_hosts(uri) : NULL;

    if (host && !host->next && !mongoc_uri_get_username(uri) && !mongoc_uri_get_tls(uri) &&
        !mongoc_uri_get_replica_set(uri)) {
        f->proxy = wire_proxy_new(strcmp(host->host, "localhost") == 0 ? "127.0.0.1" : host->host,
                                  host->port);
        (void)snprintf(f->proxied_url, sizeof(f->proxied_url), "mongodb://127.0.0.1:%d/",
                       wire_proxy_port(f->proxy));
        must_open(f, f->proxied_url, &f->proxied);
    }
    mongoc_uri_destroy(uri);
}

int mongo_help_begin(void **state)
{
    struct mongo_fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *state = f;
    f->url = getenv("ORGD_TEST_MONGO_URL");
    arena_init(&f->mem, MEM_BYTES);
    if (f->url && f->url[0]) {
        (void)snprintf(f->database, sizeof(f->database), "orgd_test_%d", (int)getpid());
        must_open(f, f->url, &f->mongo);
        open_proxied(f);
    }
    return 0;
}

int mongo_help_end(void **state)
{
    struct mongo_fixture *f = *state;
    BSON_AUTO drop = BSON_INITIALIZER;

    if (f->mongo) {
        mongo_help_deadline(f, CALL_MS);
        (void)BSON_APPEND_INT32(&drop, "dropDatabase", 1);
        assert_int_equal(mongo_command(f->mongo, &f->call, &drop, NULL), ST_OK);
    }
    mongo_close(f->proxied);
    wire_proxy_free(f->proxy);
    mongo_close(f->mongo);
    arena_done(&f->mem);
    free(f);
    return 0;
}

int mongo_help_reset(void **state)
{
    struct mongo_fixture *f = *state;

    if (!f->mongo) {
        return 0;
    }
    arena_clear(&f->mem);
    mongo_help_deadline(f, CALL_MS);
    if (f->proxy) {
        wire_proxy_arm(f->proxy, "", WIRE_NONE, 0, NULL);
        wire_proxy_open_door(f->proxy);
    }
    assert_int_equal(mongo_collection_drop(f->mongo, &f->call, C_TEST), ST_OK);
    return 0;
}

void mongo_help_needs_proxy(const struct mongo_fixture *f)
{
    if (!f->proxy) {
        print_message("skipped: ORGD_TEST_MONGO_URL is not that of one plain server\n");
        skip();
    }
}

void mongo_help_deadline(struct mongo_fixture *f, int64_t ms)
{
    f->err = (struct err){ .text = "" };
    f->call =
        (struct call){ .mem = &f->mem, .err = &f->err, .deadline_ms = clock_monotonic_ms() + ms };
}

bson_t *mongo_help_thing(const char *id, int n)
{
    bson_t *thing = bson_new();

    (void)BSON_APPEND_UTF8(thing, "_id", id);
    (void)BSON_APPEND_INT32(thing, "n", n);
    return thing;
}

void mongo_help_put(struct mongo_fixture *f, const char *id, int n)
{
    bson_t *thing = mongo_help_thing(id, n);

    assert_int_equal(
        mongo_insert(f->mongo, &f->call, AGAIN, C_TEST, (const bson_t *const[]){ thing }, 1),
        ST_OK);
    bson_destroy(thing);
}

int64_t mongo_help_n(struct mongo_fixture *f, const char *id)
{
    struct call call = f->call;
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO thing = BSON_INITIALIZER;
    int64_t n = -1;
    enum status status;

    call.deadline_ms = clock_monotonic_ms() + CALL_MS; /* the test's own may be over */
    (void)BSON_APPEND_UTF8(&filter, "_id", id);
    status = mongo_find_one(f->mongo, &call, FROM_PRIMARY, C_TEST, &filter, NULL, &thing);
    if (status == ST_NOT_FOUND) {
        return -1;
    }
    assert_int_equal(status, ST_OK);
    assert_true(bson_get_int(&thing, "n", &n));
    return n;
}
