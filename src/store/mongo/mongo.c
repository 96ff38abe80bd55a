/* Connecting, finding out what the server is, and asking whether it is there. */
#include "store/mongo/mongo_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/mongo/layout.h"

#include <stdlib.h>
#include <time.h>

#define WIRE_VERSION_MIN 9 /* MongoDB 4.4: names of collections of up to 255 bytes */
#define VERSION_SIZE 64
#define OPEN_PAUSE_MS 200
#define PING_MS 1000 /* for new tries; with the last one's time-outs it's two seconds */

static enum status pool_open(struct mongo_pool *pool, const mongoc_uri_t *uri, struct err *err)
{
    bson_error_t error = { .message = "" };
    mongoc_apm_callbacks_t *callbacks;

    pool->clients = mongoc_client_pool_new_with_error(uri, &error);
    if (!pool->clients) {
        return err_set(err, ST_UNAVAILABLE, "mongodb: %s", error.message);
    }
    callbacks = mongoc_apm_callbacks_new();
    mongoc_apm_set_command_started_cb(callbacks, mongo_count_sent);
    (void)mongoc_client_pool_set_error_api(pool->clients, MONGOC_ERROR_API_VERSION_2);
    (void)mongoc_client_pool_set_apm_callbacks(pool->clients, callbacks, NULL);
    mongoc_apm_callbacks_destroy(callbacks);
    return ST_OK;
}

/* Both pools or none; fails where an SRV name can't be resolved. */
static enum status pools_open(struct mongo *mongo, const mongoc_uri_t *url, struct err *err)
{
    mongoc_uri_t *uri = mongoc_uri_copy(url);
    enum status status;

    mongo->patient.socket_ms = mongo_url_make_patient(uri);
    status = pool_open(&mongo->patient, uri, err);
    if (status == ST_OK) {
        mongo->quick.socket_ms = mongo_url_make_quick(uri);
        status = pool_open(&mongo->quick, uri, err);
        if (status != ST_OK) {
            mongoc_client_pool_destroy(mongo->patient.clients);
            mongo->patient.clients = NULL;
        }
    }
    mongoc_uri_destroy(uri);
    return status;
}

/* What the server says of itself. */
struct server_kind {
    bool is_ferretdb;
    bool compares_roots;
    bool joins;
    int64_t wire_version;
    char version[VERSION_SIZE];
    char topology[VERSION_SIZE];
};

static bool ask_server(struct mongo_try *try, const char *database, const char *command)
{
    BSON_AUTO body = BSON_INITIALIZER;

    bson_put_int(&body, command, 1);
    return mongoc_client_command_with_opts(try->client, database, &body, try->mongo->primary, NULL,
                                           &try->reply, &try->error);
}

static void note_topology(const bson_t *hello, struct server_kind *kind)
{
    bson_iter_t at;
    const char *topology = "standalone";

    if (bson_iter_init_find(&at, hello, "msg") && BSON_ITER_HOLDS_UTF8(&at)) {
        topology = "sharded cluster";
    } else if (bson_iter_init_find(&at, hello, "setName")) {
        topology = "replica set";
    }
    (void)bson_strncpy(kind->topology, topology, sizeof(kind->topology));
}

static bool try_hello(struct mongo_try *try, void *context)
{
    struct server_kind *kind = context;

    if (!ask_server(try, "admin", "hello")) {
        return false;
    }
    (void)bson_get_int(&try->reply, "maxWireVersion", &kind->wire_version);
    note_topology(&try->reply, kind);
    return true;
}

static bool try_build_info(struct mongo_try *try, void *context)
{
    struct server_kind *kind = context;
    const bson_t *reply = &try->reply;
    bson_iter_t at;

    if (!ask_server(try, "admin", "buildInfo")) {
        return false;
    }
    kind->is_ferretdb =
        bson_has_field(reply, "ferretdb") || bson_has_field(reply, "ferretdbVersion");
    if (bson_iter_init_find(&at, reply, "version") && BSON_ITER_HOLDS_UTF8(&at)) {
        (void)bson_strncpy(kind->version, bson_iter_utf8(&at, NULL), sizeof(kind->version));
    }
    return true;
}

/* Asks for documents that equal one that isn't there: a server that can't compare roots refuses. */
static bool try_compare_roots(struct mongo_try *try, void *context)
{
    struct server_kind *kind = context;
    BSON_AUTO command = BSON_INITIALIZER;
    bool ok;

    BCON_APPEND(&command, "find", C_SECRETS, "filter", "{", "$expr", "{", "$eq", "[", "$$ROOT", "{",
                "_id", "{", "$literal", "", "}", "}", "]", "}", "}", "limit", BCON_INT32(1),
                "singleBatch", BCON_BOOL(true));
    ok = mongoc_client_command_with_opts(try->client, try->mongo->database, &command,
                                         try->mongo->primary, NULL, &try->reply, &try->error);
    kind->compares_roots = ok;
    return ok || try->error.domain == MONGOC_ERROR_SERVER;
}

static bool try_join(struct mongo_try *try, void *context)
{
    static const struct mongo_join administrator = { .member = F_ADMIN_ID, .collection = C_ADMINS };

    return mongo_try_joining(try, C_ORGANIZATIONS, &administrator,
                             &((struct server_kind *)context)->joins);
}

/* One question to the server. ST_UNAVAILABLE: to be asked again; words says why. */
static enum status ask(struct mongo *mongo, int64_t deadline_ms, mongo_try_fn *function,
                       struct server_kind *kind, struct err *err)
{
    struct mongo_try try;
    bool ok = mongo_try_once(mongo, &mongo->patient, deadline_ms, function, kind, &try);
    struct mongo_outcome outcome = mongo_judge(&try, ok, EFFECT_NONE);
    enum status status = ST_UNAVAILABLE;

    if (outcome.verdict == VERDICT_DONE) {
        status = ST_OK;
    } else if (outcome.is_login_refused) {
        status =
            err_set(err, ST_BROKEN, "the login that mongo_url gives is refused: %s", outcome.words);
    } else if (outcome.verdict == VERDICT_REFUSED || outcome.is_too_old) {
        status = err_set(err, ST_BROKEN, "mongodb: %s", outcome.words);
    } else {
        (void)err_set(err, status, "mongodb: %s", outcome.words);
    }
    mongo_try_done(&try);
    return status;
}

static enum status ask_kind(struct mongo *mongo, int64_t deadline_ms, struct server_kind *kind,
                            struct err *err)
{
    TRY(ask(mongo, deadline_ms, try_hello, kind, err));
    if (kind->wire_version < WIRE_VERSION_MIN) {
        return err_set(err, ST_BROKEN,
                       "the server is older than MongoDB 4.4 (wire version %d; %d is needed)",
                       (int)kind->wire_version, WIRE_VERSION_MIN);
    }
    TRY(ask(mongo, deadline_ms, try_build_info, kind, err));
    if (!kind->is_ferretdb) {
        TRY(ask(mongo, deadline_ms, try_compare_roots, kind, err));
        TRY(ask(mongo, deadline_ms, try_join, kind, err));
    }
    return ST_OK;
}

static void pause_for(int64_t ms)
{
    (void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 },
                    NULL);
}

/* Until the server has said what it is, the time is over, or the program is to stop. */
static enum status connect_to(struct mongo *mongo, const mongoc_uri_t *uri, const char *hosts,
                              int64_t deadline_ms, struct server_kind *kind, struct err *err)
{
    bool is_said = false;

    for (;;) {
        int64_t left_ms;
        enum status status = ST_OK;

        if (!mongo->patient.clients) {
            status = pools_open(mongo, uri, err);
        }
        if (status == ST_OK) {
            status = ask_kind(mongo, deadline_ms, kind, err);
        }
        left_ms = deadline_ms - clock_monotonic_ms();
        if (status != ST_UNAVAILABLE || left_ms <= 0 || thread_stop_is_pending()) {
            return status;
        }
        if (!is_said) {
            log_line(LOG_WARN, "waiting for the MongoDB server", LOG_TEXT("hosts", hosts),
                     LOG_INT("longest_s", (left_ms + 500) / 1000), LOG_TEXT("reason", err->text));
            is_said = true;
        }
        pause_for(left_ms < OPEN_PAUSE_MS ? left_ms : OPEN_PAUSE_MS);
    }
}

static struct mongo *mongo_new(const char *database)
{
    struct mongo *mongo = calloc(1, sizeof(*mongo));

    if (!mongo) {
        return NULL;
    }
    mongo->database = strdup(database);
    if (!mongo->database) {
        free(mongo);
        return NULL;
    }
    mongo->primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    bson_init(&mongo->majority);
    BCON_APPEND(&mongo->majority, "readConcern", "{", "level", "majority", "}");
    bson_init(&mongo->unchecked);
    (void)BSON_APPEND_BOOL(&mongo->unchecked, "validate", false);
    return mongo;
}

static void log_connected(const struct mongo *mongo, const char *hosts,
                          const struct server_kind *kind)
{
    log_line(LOG_INFO, "connected to MongoDB",
             LOG_TEXT("server", kind->is_ferretdb ? "FerretDB" : "MongoDB"),
             LOG_TEXT("version", kind->version), LOG_TEXT("topology", kind->topology),
             LOG_TEXT("hosts", hosts), LOG_TEXT("database", mongo->database));
}

enum status mongo_open(const char *url, const char *database, int64_t deadline_ms,
                       struct mongo **ret_mongo, struct err *err)
{
    struct server_kind kind = { .version = "" };
    char hosts[MONGO_HOSTS_SIZE];
    mongoc_uri_t *uri = NULL;
    struct mongo *mongo;
    enum status status;

    mongo_log_begin();
    TRY(mongo_url_read(url, &uri, err));
    mongo_url_hosts(uri, hosts);
    mongo = mongo_new(database);
    status = mongo ? connect_to(mongo, uri, hosts, deadline_ms, &kind, err)
                   : err_set(err, ST_BROKEN, "no memory for the connection to MongoDB");
    mongoc_uri_destroy(uri);
    if (status != ST_OK) {
        mongo_close(mongo);
        return status;
    }
    mongo->features = (struct mongo_features){
        .filters_atomically = !kind.is_ferretdb,
        .compares_roots = kind.compares_roots,
        .indexes_members = !kind.is_ferretdb,
        .holds_all_types = !kind.is_ferretdb,
        .joins = kind.joins,
    };
    log_connected(mongo, hosts, &kind);
    *ret_mongo = mongo;
    return ST_OK;
}

void mongo_close(struct mongo *mongo)
{
    if (!mongo) {
        return;
    }
    mongo_log_mute(
        true); /* that a server knows no endSessions, or is gone, is nobody's business now */
    if (mongo->quick.clients) {
        mongoc_client_pool_destroy(mongo->quick.clients);
    }
    if (mongo->patient.clients) {
        mongoc_client_pool_destroy(mongo->patient.clients);
    }
    mongo_log_mute(false);
    mongoc_read_prefs_destroy(mongo->primary);
    bson_destroy(&mongo->majority);
    bson_destroy(&mongo->unchecked);
    free(mongo->database);
    free(mongo);
}

const struct mongo_features *mongo_features(const struct mongo *mongo)
{
    return &mongo->features;
}

static bool try_ping(struct mongo_try *try, void *context)
{
    (void)context;
    return ask_server(try, "admin", "ping");
}

enum status mongo_ping(struct mongo *mongo, const struct call *call)
{
    return mongo_run_quick(mongo, call, PING_MS, try_ping, NULL);
}
