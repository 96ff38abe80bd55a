/*
 * A connection to the database with its prepared statements, and the one place where SQLite's result
 * codes become statuses. One thread at a time.
 */
#ifndef ORGD_STORE_SQLITE_CONNECTION_H
#define ORGD_STORE_SQLITE_CONNECTION_H

#include "base/err.h"
#include "base/oid.h"
#include "base/str.h"
#include "store/sqlite/sql.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* CONNECTION_LOOK reads a database that is another process's, and writes nothing into it. */
enum connection_use { CONNECTION_READ, CONNECTION_WRITE, CONNECTION_CHECKPOINT, CONNECTION_LOOK };

/* The most memory that the writing connection keeps pages in once much was written at a time. */
#define BULK_CACHE_KIB 98304

struct connection {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT]; /* NULL until first used */
    struct connection *next;             /* the reader pool's */
    bool has_bulk_cache;                 /* bulk.c's */
};

/*
 * Opens path with what the use needs (docs/internals/sqlite.md has the list of settings).
 * Returns ST_OK or what connection_failed gives; on failure there is nothing to close.
 */
MUST_CHECK enum status connection_init(struct connection *connection, const char *path,
                                       enum connection_use use, struct err *err);

/* connection may be all zero. */
void connection_done(struct connection *connection);

/*
 * What a result code other than success means, with SQLite's words in err: ST_STORAGE_FULL where the
 * disk (or a quota, or a file's largest size) is what failed, ST_BUSY where a retry is safe and makes
 * sense, ST_BROKEN else. To be called right after the failed call.
 */
enum status connection_failed(struct connection *connection, int code, struct err *err);

/* Runs SQL text that has no parameters and no rows of interest; for opening and migrating. */
MUST_CHECK enum status connection_exec(struct connection *connection, const char *sql,
                                       struct err *err);

/* The first column of the first row of a query, as an integer; 0 where there is no row. */
MUST_CHECK enum status connection_number(struct connection *connection, const char *sql,
                                         int64_t *ret_number, struct err *err);

/* A prepared statement, the connection's own, to be declared as
 *     STATEMENT query = NULL;
 * and so reset when its scope ends. */
MUST_CHECK enum status connection_statement(struct connection *connection, enum sql id,
                                            sqlite3_stmt **ret_statement, struct err *err);

void statement_reset(sqlite3_stmt **statement);
#define STATEMENT __attribute__((cleanup(statement_reset))) sqlite3_stmt *

/* Parameters, from 1. The bytes must live until the statement is reset. A string with NULL for ptr
 * is SQL's NULL. */
void statement_text(sqlite3_stmt *statement, int index, struct str text);
void statement_bytes(sqlite3_stmt *statement, int index, struct str bytes);
void statement_oid(sqlite3_stmt *statement, int index, const struct oid *oid);
void statement_number(sqlite3_stmt *statement, int index, int64_t number);

/* The next row, or none. */
MUST_CHECK enum status statement_step(struct connection *connection, sqlite3_stmt *statement,
                                      bool *ret_row, struct err *err);

/* Runs a statement that changes something. *ret_violated: a unique index refused it, nothing was
 * changed, and the call itself is ST_OK. ret_violated NULL: a violation is ST_BROKEN. */
MUST_CHECK enum status statement_change(struct connection *connection, sqlite3_stmt *statement,
                                        bool *ret_violated, struct err *err);

/* The statement id without parameters, run to its end. */
MUST_CHECK enum status connection_run(struct connection *connection, enum sql id, struct err *err);

/* Undoes the open transaction, if there is one: SQLite itself ends it after some errors. */
void connection_roll_back(struct connection *connection);

/* Columns of the present row, from 0; valid until the next step. No value: ptr is NULL. */
struct str column_bytes(sqlite3_stmt *statement, int index);

#endif
