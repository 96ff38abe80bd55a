/* The schema, by version: what brings a database from each version to the next. */
#ifndef ORGD_STORE_SQLITE_MIGRATE_H
#define ORGD_STORE_SQLITE_MIGRATE_H

#include "base/err.h"

struct connection;

/*
 * Brings the database of a writing connection to this program's version, each step in a transaction
 * of its own, and into WAL mode. A database that is another program's, or of a newer version, is
 * refused before anything in it is changed.
 * Returns ST_OK; ST_BROKEN (refused, damaged); ST_STORAGE_FULL; ST_BUSY.
 */
MUST_CHECK enum status migrate(struct connection *connection, struct err *err);

/*
 * For who may not write: ST_OK where the database is of this program's version already. ST_BROKEN: it
 * isn't, and err says what to do; else as migrate.
 */
MUST_CHECK enum status migrate_check(struct connection *connection, struct err *err);

#endif
