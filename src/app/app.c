/* Building in order, serving, taking down in reverse. */
#include "app/app.h"

#include "api/api.h"
#include "api/routes.h"
#include "api/services.h"
#include "app/store_rules.h"
#include "auth/password.h"
#include "auth/token.h"
#include "auth/token_memory.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/thread.h"
#include "config/settings.h"
#include "http/server.h"
#include "org/domain.h"
#include "org/limiter.h"
#include "store/cache.h"
#include "store/mongo/mongo_store.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"
#include "store/trace.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET_BYTES 32
#define SECRET_SCRATCH_BYTES ((size_t)64 * 1024)
#define SECRET_WAIT_MS 30000
#define SHARED_MAX_AGE_MS 1000 /* another instance's change is seen this much later at most */
#define HASH_NICE 10           /* a login storm takes the processor that reads leave over */

struct app {
    struct settings *settings;
    struct store *store;
    struct token_signer *signer;
    struct executor *hash_pool;
    struct executor *store_pool;
    struct domain domain;
    struct services services;
    struct server *server;
    _Atomic int64_t request_timeout_ms;
};

/* As many as were asked for, or one for each core that the process may run on. */
static size_t or_cores(int64_t wanted)
{
    return wanted > 0 ? (size_t)wanted : thread_cores();
}

/* What may change while running goes to where it's read. */
static void apply_settings(struct app *app)
{
    const struct settings *settings = app->settings;
    enum log_level level;

    if (log_level_find(settings->log_level, &level)) {
        log_set_level(level);
    }
    atomic_store(&app->domain.token_seconds, settings->token_minutes * 60);
    atomic_store(&app->domain.password_min_bytes, settings->password_min_bytes);
    atomic_store(&app->request_timeout_ms, settings->request_timeout_s * 1000);
    limiter_set(app->domain.logins, settings->login_failures);
}

static enum status open_server(struct app *app, struct err *err)
{
    const struct settings *settings = app->settings;
    struct server_config config = {
        .listen = settings->listen,
        .loops = or_cores(settings->event_loops),
        .max_connections = (size_t)settings->max_connections,
        .max_connections_per_address = (size_t)settings->max_connections_per_address,
        .max_request_line_bytes = (size_t)settings->max_request_line_bytes,
        .max_header_bytes = (size_t)settings->max_header_bytes,
        .max_headers = (size_t)settings->max_headers,
        .max_body_bytes = (size_t)settings->max_body_bytes,
        .max_document_bytes = (size_t)settings->max_document_bytes,
        .max_bodies_bytes = (size_t)settings->max_bodies_bytes,
        .header_timeout_ms = settings->header_timeout_s * 1000,
        .body_timeout_ms = settings->body_timeout_s * 1000,
        .stop_timeout_ms = settings->stop_timeout_s * 1000,
        .reads_block = app->store->ops->reads_block,
        .writes_pend = app->store->ops->edit_pends,
        .request_timeout_ms = &app->request_timeout_ms,
        .routes = api_routes(),
        .hash_pool = app->hash_pool,
        .store_pool = app->store_pool,
        .services = &app->services,
        .admit = api_admit,
        .authorize = api_authorize,
    };

    TRY(server_new(&config, &app->server, err));
    app->services.server = app->server;
    return ST_OK;
}

/* The engine that the settings name, and how long what it says may be remembered (see store/cache.h). */
static enum status open_engine(const struct settings *settings, struct store **ret_engine,
                               int64_t *ret_max_age_ms, struct err *err)
{
    if (strcmp(settings->store, "mongodb") == 0) {
        *ret_max_age_ms = SHARED_MAX_AGE_MS;
        return mongo_store_open(settings->mongo_url, settings->mongo_db, &app_store_rules,
                                ret_engine, err);
    }
    *ret_max_age_ms = 0; /* nobody else writes to this engine */
    return sqlite_store_open(settings->data, ret_engine, err);
}

static enum status open_store(struct app *app, struct err *err)
{
    struct store *engine = NULL;
    struct store *cached;
    struct store *traced;
    int64_t max_age_ms = 0;

    TRY(open_engine(app->settings, &engine, &max_age_ms, err));
    cached = cache_store_new(engine, max_age_ms);
    traced = cached ? trace_store_new(cached) : NULL;
    if (!traced) {
        store_close(cached ? cached : engine);
        return err_set(err, ST_BROKEN, "no memory for the store");
    }
    app->store = traced;
    app->domain.store = traced;
    return ST_OK;
}

/* A secret of the store's own: random hex digits, made by whoever starts first. */
static enum status stored_secret(struct app *app, const char *name, struct arena *mem,
                                 struct str *ret_secret, struct err *err)
{
    struct call call = {
        .mem = mem,
        .err = err,
        .deadline_ms = clock_monotonic_ms() + SECRET_WAIT_MS,
    };
    unsigned char random[SECRET_BYTES];
    char hex[2 * SECRET_BYTES + 1];
    enum status status;

    randombytes_buf(random, sizeof(random));
    (void)sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
    status = store_secret(app->store, &call, str_of(name), str_of(hex), ret_secret);
    sodium_memzero(random, sizeof(random));
    sodium_memzero(hex, sizeof(hex));
    return status;
}

static enum status open_signer(struct app *app, struct arena *mem, struct err *err)
{
    struct str secret = str_of(app->settings->jwt_secret);

    if (secret.len == 0) {
        TRY(stored_secret(app, "jwt_secret", mem, &secret, err));
    }
    TRY(token_signer_new(app->settings->jwt_algorithm, secret, &app->signer, err));
    app->domain.signer = app->signer;
    app->domain.tokens = token_memory_new(app->signer);
    return app->domain.tokens ? ST_OK : err_set(err, ST_BROKEN, "no memory for tokens");
}

/* The key of page cursors, from a secret that every instance on the store shares. */
static enum status make_cursor_key(struct app *app, struct arena *mem, struct err *err)
{
    struct str secret;

    TRY(stored_secret(app, "cursor_secret", mem, &secret, err));
    (void)crypto_generichash(app->domain.cursor_key, CURSOR_KEY_BYTES,
                             (const unsigned char *)secret.ptr, secret.len, NULL, 0);
    return ST_OK;
}

static enum status open_secrets(struct app *app, struct err *err)
{
    struct arena mem;
    enum status status;

    arena_init(&mem, SECRET_SCRATCH_BYTES);
    status = open_signer(app, &mem, err);
    if (status == ST_OK) {
        status = make_cursor_key(app, &mem, err);
    }
    arena_done(&mem);
    return status;
}

static enum status build(struct app *app, struct err *err)
{
    const struct settings *settings = app->settings;
    int64_t hash_us = -clock_monotonic_us();

    TRY(password_init(err)); /* makes one hash */
    hash_us += clock_monotonic_us();
    (void)pthread_mutex_init(&app->domain.large_merge, NULL);
    app->domain.document_max_bytes = settings->max_document_bytes;
    app->domain.logins = limiter_new(settings->login_failures);
    if (!app->domain.logins) {
        return err_set(err, ST_BROKEN, "no memory for the login limiter");
    }
    apply_settings(app);
    app->services.domain = &app->domain;
    TRY(open_store(app, err));
    TRY(open_secrets(app, err));
    TRY(executor_new("hash", or_cores(settings->hash_threads), (size_t)settings->hash_queue,
                     HASH_NICE, &app->hash_pool, err));
    executor_on_rest(app->hash_pool, password_rest);
    executor_expect(app->hash_pool, hash_us);
    TRY(executor_new_shared("store", (size_t)settings->store_threads, (size_t)settings->store_queue,
                            app->store->ops->reads_block, &app->store_pool, err));
    return open_server(app, err);
}

static void take_down(struct app *app)
{
    executor_free(app->store_pool); /* their last jobs may still be handing back to the server */
    executor_free(app->hash_pool);
    server_free(app->server);
    token_memory_free(app->domain.tokens);
    token_signer_free(app->signer);
    store_close(app->store);
    limiter_free(app->domain.logins);
}

static void reload(struct app *app)
{
    struct err err = { .text = "" };
    size_t changed = 0;

    if (settings_reload(app->settings, &changed, &err) != ST_OK) {
        log_line(LOG_WARN, "settings not reloaded", LOG_TEXT("reason", err.text));
        return;
    }
    apply_settings(app);
    log_line(LOG_INFO, "settings reloaded", LOG_INT("changed", (int64_t)changed));
}

/* Until SIGTERM or SIGINT. */
static void wait_for_end(struct app *app, const sigset_t *signals)
{
    for (;;) {
        int number = sigwaitinfo(signals, NULL);

        if (number == SIGHUP) {
            reload(app);
        } else if (number == SIGTERM || number == SIGINT) {
            log_line(LOG_INFO, "stopping", LOG_TEXT("signal", number == SIGINT ? "INT" : "TERM"));
            return;
        }
    }
}

/* A start that was waiting for the store's server, and is not needed any more, has not failed. */
static enum status stopped_early(enum status status)
{
    if (status != ST_UNAVAILABLE && status != ST_BUSY) {
        return status;
    }
    if (!thread_stop_is_pending()) {
        return status;
    }
    log_line(LOG_INFO, "stopped before the store answered");
    return ST_OK;
}

enum status app_serve(struct settings *settings, struct err *err)
{
    struct app app = { .settings = settings };
    int64_t begun_ms = clock_monotonic_ms();
    sigset_t signals;
    enum status status;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    log_start();
    status = build(&app, err);
    if (status == ST_OK) {
        log_line(LOG_INFO, "starting", LOG_TEXT("version", ORGD_VERSION),
                 LOG_TEXT("store", settings->store),
                 LOG_INT("ready_ms", clock_monotonic_ms() - begun_ms));
        status = server_start(app.server, err);
        if (status != ST_OK && !server_stop(app.server)) {
            _exit(1);
        }
    }
    if (status != ST_OK) {
        take_down(&app);
        status = stopped_early(status);
        log_stop();
        return status;
    }
    wait_for_end(&app, &signals);
    atomic_store(&app.services.stopping, true);
    if (!server_stop(app.server)) {
        log_line(LOG_ERROR, "a request did not come back in time; ending without it");
        log_stop();
        _exit(1);
    }
    take_down(&app);
    log_line(LOG_INFO, "stopped");
    log_stop();
    return ST_OK;
}
