/* Opening and closing: the parts in order, and in reverse. */
#include "store/mongo/mongo_store.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/mongo/engine.h"
#include "store/mongo/migrate.h"

#include <stdlib.h>

#define OPEN_MS 30000                        /* until the server answers */
#define MIGRATE_MS (INT64_C(30) * 60 * 1000) /* a large database takes its time */
#define MIGRATE_WAIT_MS 2000                 /* for another one's, at a time */
#define MIGRATE_SCRATCH_BYTES ((size_t)1 << 30)
#define LEAVE_MS 1000

static enum status ping(struct store *store, const struct call *call)
{
    return mongo_ping(mongo_engine(store)->mongo, call);
}

/* What a half-opened one has, too. */
static void close_parts(struct mongo_store *engine)
{
    struct err ignored;
    struct arena mem;

    keeper_stop(engine->keeper);
    placements_free(engine->placements);
    turns_free(engine->turns);
    arena_init(&mem, MIGRATE_SCRATCH_BYTES);
    peers_leave(engine->peers, &(struct call){ .mem = &mem,
                                               .err = &ignored,
                                               .deadline_ms = clock_monotonic_ms() + LEAVE_MS });
    arena_done(&mem);
    leftovers_free(engine->leftovers);
    mongo_close(engine->mongo);
    free(engine);
}

static void close_store(struct store *store)
{
    close_parts(mongo_engine(store));
}

static void store_metrics(struct store *store, struct buf *out)
{
    mongo_metrics(mongo_engine(store)->mongo, out);
}

static const struct store_ops ops = {
    .name = "mongodb",
    .reads_block = true,
    .edits_apart = true,
    .close = close_store,
    .metrics = store_metrics,
    .ping = ping,
    .secret = mongo_secret,
    .secret_put = mongo_secret_put,
    .organization_create = mongo_organization_create,
    .organization_by_name = mongo_organization_by_name,
    .organization_by_id = mongo_organization_by_id,
    .organization_by_slug = mongo_organization_by_slug,
    .organization_update = mongo_organization_update,
    .organization_delete = mongo_organization_delete,
    .membership_by_email = mongo_membership_by_email,
    .membership_by_ids = mongo_membership_by_ids,
    .account_rehash = mongo_account_rehash,
    .document_get = mongo_document_get,
    .document_list = mongo_document_list,
    .document_edit = mongo_document_edit,
    .tenant_list = mongo_tenant_list,
    .tenant_put = mongo_tenant_put,
    .documents_put = mongo_documents_put,
    .tenants_create = mongo_tenants_create,
    .document_lots_put = mongo_document_lots_put,
    .tenant_estimate = mongo_tenant_estimate,
    .document_as_kept = mongo_document_as_kept,
};

/* One instance at a time; a dead one's lock is removed by our keeper, which runs already. A machine that is
 * busy with all who start may let a turn of waiting end between two looks: the server is taken for lost
 * only after OPEN_MS without an answer. */
static enum status take_migration(struct mongo_store *engine, const struct call *call,
                                  const struct lock_owner *owner, struct str name)
{
    int64_t heard_ms = clock_monotonic_ms();
    bool is_said = false;

    for (;;) {
        struct call wait = *call;
        int64_t now_ms = clock_monotonic_ms();
        enum status status;

        wait.deadline_ms = now_ms + MIGRATE_WAIT_MS;
        status = locks_take(engine->mongo, engine->leftovers, &wait, owner, &name, 1);
        heard_ms = status == ST_BUSY ? clock_monotonic_ms() : heard_ms;
        if ((status != ST_BUSY && status != ST_UNAVAILABLE) || now_ms - heard_ms >= OPEN_MS ||
            wait.deadline_ms >= call->deadline_ms) {
            return status;
        }
        if (thread_stop_is_pending()) {
            return status == ST_BUSY
                       ? err_set(call->err, status, "asked to stop while another instance migrates")
                       : status;
        }
        if (!is_said && status == ST_BUSY) {
            log_line(LOG_INFO, "waiting for another instance that looks through the database");
            is_said = true;
        }
    }
}

static enum status migrate(struct mongo_store *engine, const struct store_rules *rules,
                           struct arena *mem, struct err *err)
{
    struct call call = { .mem = mem, .err = err, .deadline_ms = clock_monotonic_ms() + MIGRATE_MS };
    struct str lock = STR(LOCK_MIGRATION);
    struct lock_owner owner = lock_owner_new(engine->peers);
    enum status status;

    TRY(take_migration(engine, &call, &owner, lock));
    status = migrate_database(engine->mongo, &call, rules);
    locks_give(engine->mongo, engine->leftovers, &call, &owner, &lock, 1);
    return status;
}

/* Everything behind the connection. The keeper runs before the first lock is taken: it is what removes
 * those of an instance that died. */
static enum status start(struct mongo_store *engine, const struct store_rules *rules,
                         struct arena *mem, struct err *err)
{
    struct call call = { .mem = mem, .err = err, .deadline_ms = clock_monotonic_ms() + OPEN_MS };

    engine->leftovers = leftovers_new();
    engine->turns = turns_new();
    if (!engine->leftovers || !engine->turns) {
        return err_set(err, ST_BROKEN, "no memory for the store");
    }
    TRY(peers_join(engine->mongo, &call, &engine->peers));
    engine->placements = placements_new(engine->mongo, engine->peers);
    if (!engine->placements) {
        return err_set(err, ST_BROKEN, "no memory for the store");
    }
    TRY(keeper_start(engine, &engine->keeper, err));
    TRY(peers_await_trust(engine->peers, &call, NULL));
    return migrate(engine, rules, mem, err);
}

enum status mongo_store_open(const char *url, const char *database, const struct store_rules *rules,
                             struct store **ret_store, struct err *err)
{
    struct mongo_store *engine = calloc(1, sizeof(*engine));
    struct arena mem;
    enum status status;

    if (!engine) {
        return err_set(err, ST_BROKEN, "no memory for the store");
    }
    engine->store.ops = &ops;
    status = mongo_open(url, database, clock_monotonic_ms() + OPEN_MS, &engine->mongo, err);
    if (status != ST_OK) {
        free(engine);
        return status;
    }
    arena_init(&mem, MIGRATE_SCRATCH_BYTES);
    status = start(engine, rules, &mem, err);
    arena_done(&mem);
    if (status != ST_OK) {
        close_parts(engine);
        return status;
    }
    *ret_store = &engine->store;
    return ST_OK;
}
