/* Opening and closing: the parts in order, and in reverse. */
#include "store/sqlite/sqlite_store.h"

#include "base/clock.h"
#include "store/sqlite/engine.h"
#include "store/sqlite/migrate.h"

#include <stdlib.h>

#define PING_MS 1000 /* the longest that a ping waits for a connection */

struct sqlite_store *sqlite_engine(struct store *store)
{
    return (struct sqlite_store *)store; /* its first member */
}

enum status reader_take(struct store *store, const struct call *call, struct reader *ret_reader)
{
    struct readers *readers = &sqlite_engine(store)->readers;
    struct connection *connection = NULL;

    TRY(readers_take(readers, call->deadline_ms, &connection, call->err));
    *ret_reader = (struct reader){ .readers = readers, .connection = connection };
    return ST_OK;
}

void reader_give(struct reader *reader)
{
    if (reader->connection) {
        readers_give(reader->readers, reader->connection);
    }
}

enum status sqlite_ping(struct store *store, const struct call *call)
{
    int64_t until_ms = clock_monotonic_ms() + PING_MS;
    struct call quick = { .mem = call->mem,
                          .err = call->err,
                          .deadline_ms =
                              until_ms < call->deadline_ms ? until_ms : call->deadline_ms };
    READER reader = { 0 };
    STATEMENT query = NULL;
    bool found = false;

    TRY(reader_take(store, &quick, &reader));
    TRY(connection_statement(reader.connection, SQL_PING, &query, call->err));
    TRY(statement_step(reader.connection, query, &found, call->err));
    return found ? ST_OK : err_set(call->err, ST_BROKEN, "the database has lost a row");
}

static void close_store(struct store *store)
{
    struct sqlite_store *engine = sqlite_engine(store);

    if (!engine->only_reads) {
        writer_stop(&engine->writer);
        checkpointer_done(&engine->checkpointer);
    }
    readers_done(&engine->readers);
    if (!engine->only_reads) {
        writer_done(&engine->writer); /* the last connection copies the log into the database */
    }
    log_index_done(&engine->log_index);
    directory_done(&engine->directory);
    free(engine);
}

static const struct store_ops ops = {
    .name = "sqlite",
    .reads_block = false,
    .edits_apart = false,
    .edit_pends = true,
    .close = close_store,
    .ping = sqlite_ping,
    .secret = sqlite_secret,
    .organization_create = sqlite_organization_create,
    .organization_by_name = sqlite_organization_by_name,
    .organization_by_id = sqlite_organization_by_id,
    .organization_by_slug = sqlite_organization_by_slug,
    .organization_walk = sqlite_organization_walk,
    .organization_update = sqlite_organization_update,
    .organization_delete = sqlite_organization_delete,
    .membership_by_email = sqlite_membership_by_email,
    .membership_by_ids = sqlite_membership_by_ids,
    .account_rehash = sqlite_account_rehash,
    .document_get = sqlite_document_get,
    .document_list = sqlite_document_list,
    .document_edit = sqlite_document_edit,
    .secret_put = sqlite_secret_put,
    .tenant_list = sqlite_tenant_list,
    .tenant_put = sqlite_tenant_put,
    .documents_put = sqlite_documents_put,
    .tenants_create = sqlite_tenants_create,
    .document_lots_put = sqlite_document_lots_put,
    .tenant_estimate = sqlite_tenant_estimate,
    .document_as_kept = sqlite_document_as_kept,
};

/* With the directory there: opens the database and starts the threads. */
static enum status start(struct sqlite_store *engine, struct checkpoint_limits limits,
                         struct err *err)
{
    const char *path = engine->directory.database;
    enum status status;

    TRY(writer_init(&engine->writer, path, err));
    status = checkpointer_init(&engine->checkpointer, path, limits, err);
    if (status != ST_OK) {
        writer_done(&engine->writer);
        return status;
    }
    status = writer_start(&engine->writer, &engine->checkpointer, err);
    if (status != ST_OK) {
        checkpointer_done(&engine->checkpointer);
        writer_done(&engine->writer);
        return status;
    }
    readers_init(&engine->readers, path, CONNECTION_READ);
    return ST_OK;
}

/* The start of every engine, with nothing open; NULL only where memory is out. */
static struct sqlite_store *engine_new(struct err *err)
{
    struct sqlite_store *engine = calloc(1, sizeof(*engine));

    if (!engine) {
        (void)err_set(err, ST_BROKEN, "no memory for the store");
        return NULL;
    }
    *engine = (struct sqlite_store){ .store = { .ops = &ops },
                                     .directory = { .lock_fd = -1 },
                                     .log_index = { .fd = -1 } };
    return engine;
}

enum status sqlite_store_open_with(const char *directory, struct checkpoint_limits limits,
                                   struct store **ret_store, struct err *err)
{
    struct sqlite_store *engine = engine_new(err);
    enum status status;

    if (!engine) {
        return ST_BROKEN;
    }
    status = directory_init(&engine->directory, directory, err);
    if (status == ST_OK) {
        status = log_index_init(&engine->log_index, engine->directory.database, err);
    }
    if (status == ST_OK) {
        status = start(engine, limits, err);
    }
    if (status != ST_OK) {
        log_index_done(&engine->log_index);
        directory_done(&engine->directory);
        free(engine);
        return status;
    }
    *ret_store = &engine->store;
    return ST_OK;
}

enum status sqlite_store_open(const char *directory, struct store **ret_store, struct err *err)
{
    return sqlite_store_open_with(directory, CHECKPOINT_LIMITS, ret_store, err);
}

/* With the directory there: a pool of connections that only look, and the judgement of one of them. */
static enum status start_looking(struct sqlite_store *engine, struct err *err)
{
    struct connection *connection = NULL;
    enum status status;

    readers_init(&engine->readers, engine->directory.database, CONNECTION_LOOK);
    status = readers_take(&engine->readers, 0, &connection, err);
    if (status == ST_OK) {
        status = migrate_check(connection, err);
        readers_give(&engine->readers, connection);
    }
    if (status != ST_OK) {
        readers_done(&engine->readers);
    }
    return status;
}

enum status sqlite_store_open_reader(const char *directory, struct store **ret_store,
                                     struct err *err)
{
    struct sqlite_store *engine = engine_new(err);
    enum status status;

    if (!engine) {
        return ST_BROKEN;
    }
    engine->only_reads = true;
    status = directory_look(&engine->directory, directory, err);
    if (status == ST_OK && engine->directory.lock_fd >= 0) {
        status = log_index_init(&engine->log_index, engine->directory.database, err);
    }
    if (status == ST_OK) {
        status = start_looking(engine, err);
    }
    if (status != ST_OK) {
        log_index_done(&engine->log_index);
        directory_done(&engine->directory);
        free(engine);
        return status;
    }
    *ret_store = &engine->store;
    return ST_OK;
}
