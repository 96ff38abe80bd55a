/* Savepoints around operations, the commit, and what a failed commit means. */
#include "store/sqlite/batch.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/writer.h"

#define BATCH_BYTES ((size_t)4 * 1024 * 1024) /* enough written: commit now */
#define RECLAIM_US 4000                       /* one portion of reclaiming */

void batch_refuse(struct write_op *first, enum status status, const struct err *err)
{
    for (struct write_op *op = first; op; op = op->next) {
        op->status = err_set(op->call->err, status, "%s", err->text);
    }
}

/*
 * Runs one operation in a savepoint. Returns ST_OK where the transaction lives on, whatever became
 * of the operation; else the transaction is lost, and why is in err.
 */
static enum status run_one(struct connection *connection, struct write_op *op, struct err *err)
{
    if (clock_monotonic_ms() >= op->call->deadline_ms) {
        op->status = err_set(op->call->err, ST_BUSY, "waited too long for the writer");
        return ST_OK;
    }
    TRY(connection_run(connection, SQL_SAVEPOINT, err));
    op->status = op->run(connection, op);
    if (sqlite3_get_autocommit(connection->db)) {
        enum status status = op->status == ST_OK ? ST_BROKEN : op->status;

        return err_set(err, status, "%s",
                       op->call->err ? op->call->err->text : "the transaction was lost");
    }
    if (op->status != ST_OK) {
        TRY(connection_run(connection, SQL_UNDO, err));
    }
    return connection_run(connection, SQL_RELEASE, err);
}

/*
 * Overwrites what a failed commit left behind its end of the log: the next commit begins where the
 * failed one began, and once that is synced no recovery can find the other whole.
 */
static enum status settle(struct connection *connection)
{
    enum status status = connection_run(connection, SQL_BEGIN, NULL);

    if (status == ST_OK) {
        status = connection_run(connection, SQL_SETTLE, NULL);
    }
    if (status == ST_OK) {
        status = connection_run(connection, SQL_COMMIT, NULL);
    }
    connection_roll_back(connection);
    return status;
}

/*
 * COMMIT writes frames to the log, the last one marked as the end of a transaction, syncs them, and
 * then lets readers see them. Where writing failed that last frame is not there: nothing happened.
 * Where it failed behind that, this process will not see the change, but a recovery may find it.
 */
static enum status commit(struct connection *connection, struct err *err)
{
    enum status status = connection_run(connection, SQL_COMMIT, err);
    int code;

    if (status == ST_OK) {
        return ST_OK;
    }
    code = sqlite3_extended_errcode(connection->db);
    connection_roll_back(connection);
    if ((code & 0xFF) == SQLITE_FULL || code == SQLITE_IOERR_WRITE || status == ST_BUSY) {
        return status;
    }
    if (settle(connection) == ST_OK) {
        return status;
    }
    log_line(LOG_ERROR, "commit of unsure outcome", LOG_TEXT("detail", err->text));
    return ST_UNSURE;
}

/* An operation in a transaction of its own: what fails undoes all of it. */
static struct write_op *run_alone(struct connection *connection, struct write_op *op)
{
    struct err err = { 0 };
    enum status status;

    if (clock_monotonic_ms() >= op->call->deadline_ms) {
        op->status = err_set(op->call->err, ST_BUSY, "waited too long for the writer");
        return op->next;
    }
    status = connection_run(connection, SQL_BEGIN, &err);
    if (status == ST_OK) {
        op->status = op->run(connection, op);
        if (op->status == ST_OK) {
            status = commit(connection, &err);
        }
    }
    connection_roll_back(connection);
    if (status != ST_OK) {
        op->status = err_set(op->call->err, status, "%s", err.text);
    }
    return op->next;
}

static struct write_op *run_together(struct connection *connection, struct write_op *first)
{
    struct err err = { 0 };
    struct write_op *rest = first;
    struct write_op **end = &first;
    size_t bytes = 0;
    enum status status = connection_run(connection, SQL_BEGIN, &err);

    while (status == ST_OK && rest && !rest->is_alone && bytes < BATCH_BYTES) {
        status = run_one(connection, rest, &err);
        bytes += rest->bytes;
        end = &rest->next;
        rest = rest->next;
    }
    if (status == ST_OK) {
        *end = NULL;
        status = commit(connection, &err);
        if (status != ST_OK) {
            batch_refuse(first, status, &err);
        }
        *end = rest;
        return rest;
    }
    connection_roll_back(connection);
    batch_refuse(first, status, &err);
    return NULL;
}

struct write_op *batch_run(struct connection *connection, struct write_op *first)
{
    if (first->is_alone) {
        return run_alone(connection, first);
    }
    return run_together(connection, first);
}

/* Within a transaction: the next documents of one removed organization. */
static enum status reclaim(struct connection *connection, bool *ret_more, struct err *err)
{
    int64_t until_us = clock_monotonic_us() + RECLAIM_US;
    int64_t number;
    STATEMENT removal = NULL;
    STATEMENT document = NULL;
    STATEMENT end = NULL;
    bool found = false;

    TRY(connection_statement(connection, SQL_REMOVAL_FIRST, &removal, err));
    TRY(statement_step(connection, removal, &found, err));
    *ret_more = found;
    if (!found) {
        return ST_OK;
    }
    number = sqlite3_column_int64(removal, 0);
    statement_reset(&removal);
    TRY(connection_statement(connection, SQL_RECLAIM, &document, err));
    do {
        statement_number(document, 1, number);
        TRY(statement_change(connection, document, NULL, err));
        statement_reset(&document);
        if (sqlite3_changes(connection->db) == 0) {
            TRY(connection_statement(connection, SQL_REMOVAL_CUT, &end, err));
            statement_number(end, 1, number);
            return statement_change(connection, end, NULL, err);
        }
    } while (clock_monotonic_us() < until_us);
    return ST_OK;
}

enum status batch_reclaim(struct connection *connection, bool *ret_more, struct err *err)
{
    bool more = false;
    enum status status;

    TRY(connection_run(connection, SQL_BEGIN, err));
    status = reclaim(connection, &more, err);
    if (status == ST_OK) {
        status = commit(connection, err);
    }
    connection_roll_back(connection);
    if (status == ST_OK) {
        *ret_more = more;
    }
    return status;
}
