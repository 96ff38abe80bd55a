/* Savepoints around operations, the commit, and what a failed commit means. */
#include "store/sqlite/batch.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/writer.h"

#define BATCH_BYTES ((size_t)4 * 1024 * 1024) /* enough written: commit now */

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
enum status batch_commit(struct connection *connection, struct err *err)
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
            status = batch_commit(connection, &err);
        }
    }
    connection_roll_back(connection);
    if (status != ST_OK) {
        op->status = err_set(op->call->err, status, "%s", err.text);
    }
    return op->next;
}

static struct write_op *run_together(struct connection *connection, struct write_op *first,
                                     struct batch_pace *pace)
{
    struct err err = { 0 };
    struct write_op *rest = first;
    struct write_op **end = &first;
    int64_t begun_us = clock_monotonic_us();
    size_t count = 0;
    size_t bytes = 0;
    enum status status = connection_run(connection, SQL_BEGIN, &err);

    while (status == ST_OK && rest && !rest->is_alone && bytes < BATCH_BYTES) {
        status = run_one(connection, rest, &err);
        bytes += rest->bytes;
        count++;
        end = &rest->next;
        rest = rest->next;
    }
    if (status == ST_OK) {
        int64_t run_us = clock_monotonic_us();

        *end = NULL;
        status = batch_commit(connection, &err);
        if (count > 0) {
            batch_pace_learn(pace, (run_us - begun_us) * 1000,
                             (clock_monotonic_us() - run_us) * 1000, count);
        }
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

struct write_op *batch_run(struct connection *connection, struct write_op *first,
                           struct batch_pace *pace)
{
    if (first->is_alone) {
        return run_alone(connection, first);
    }
    return run_together(connection, first, pace);
}
