/* Schema and its steps. A step that was released is never edited: a change is a new step. */
#include "store/sqlite/migrate.h"

#include "store/sqlite/connection.h"

#include <inttypes.h>
#include <stdio.h>

#define APPLICATION_ID 0x4F524744 /* "ORGD" */

static const char *const steps[] = {
    /* 1. organizations.number is what documents are keyed by: it never changes and, by
     * AUTOINCREMENT, is never used again. organizations.documents counts them, exactly. removals
     * holds the numbers of deleted organizations whose documents still take space. */
    "CREATE TABLE organizations ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id BLOB NOT NULL,"
    " name TEXT NOT NULL,"
    " name_key TEXT NOT NULL,"
    " slug TEXT NOT NULL,"
    " administrator INTEGER NOT NULL,"
    " documents INTEGER NOT NULL DEFAULT 0,"
    " created_ms INTEGER NOT NULL,"
    " updated_ms INTEGER NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX organizations_id ON organizations (id);"
    "CREATE UNIQUE INDEX organizations_name_key ON organizations (name_key);"
    "CREATE UNIQUE INDEX organizations_slug ON organizations (slug);"
    "CREATE TABLE accounts ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id BLOB NOT NULL,"
    " email TEXT NOT NULL,"
    " email_key TEXT NOT NULL,"
    " password_hash TEXT NOT NULL,"
    " password_version INTEGER NOT NULL DEFAULT 0,"
    " created_ms INTEGER NOT NULL,"
    " updated_ms INTEGER NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX accounts_id ON accounts (id);"
    "CREATE UNIQUE INDEX accounts_email_key ON accounts (email_key);"
    "CREATE TABLE memberships ("
    " account INTEGER NOT NULL,"
    " organization INTEGER NOT NULL,"
    " role TEXT NOT NULL,"
    " PRIMARY KEY (account, organization)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX memberships_organization ON memberships (organization);"
    "CREATE TABLE documents ("
    " organization INTEGER NOT NULL,"
    " id TEXT NOT NULL COLLATE BINARY,"
    " body TEXT NOT NULL,"
    " PRIMARY KEY (organization, id)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE removals (organization INTEGER PRIMARY KEY) STRICT;"
    "CREATE TABLE secrets (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    /* How often a commit of doubtful outcome was made certain (src/store/sqlite/batch.c). */
    "CREATE TABLE settled (times INTEGER NOT NULL) STRICT;"
    "INSERT INTO settled (times) VALUES (0);",
};

#define VERSION ((int64_t)(sizeof(steps) / sizeof(steps[0])))

static enum status judge(struct connection *connection, int64_t *ret_version, struct err *err)
{
    int64_t application = 0;
    int64_t objects = 0;
    int64_t version = 0;

    TRY(connection_number(connection, "PRAGMA application_id", &application, err));
    TRY(connection_number(connection, "PRAGMA user_version", &version, err));
    TRY(connection_number(connection, "SELECT count(*) FROM sqlite_schema", &objects, err));
    if (application != APPLICATION_ID && (application != 0 || version != 0 || objects != 0)) {
        return err_set(err, ST_BROKEN,
                       "the database is another program's (application id %" PRId64 ")",
                       application);
    }
    if (version < 0 || version > VERSION) {
        return err_set(err, ST_BROKEN,
                       "the database is of version %" PRId64 " and this orgd (" ORGD_VERSION
                       ") knows versions up to %" PRId64 "; start the newer orgd that made it",
                       version, VERSION);
    }
    *ret_version = version;
    return ST_OK;
}

/* One step and the version that it reaches, in one transaction. */
static enum status climb(struct connection *connection, int64_t from, struct err *err)
{
    char stamp[96];
    enum status status;

    (void)snprintf(stamp, sizeof(stamp),
                   "PRAGMA application_id=%d; PRAGMA user_version=%" PRId64 "; COMMIT;",
                   APPLICATION_ID, from + 1);
    TRY(connection_run(connection, SQL_BEGIN, err));
    status = connection_exec(connection, steps[from], err);
    if (status == ST_OK) {
        status = connection_exec(connection, stamp, err);
    }
    connection_roll_back(connection);
    return status;
}

/* SQLite answers this pragma with the mode that is in force, whatever was asked for. */
static enum status enter_wal(struct connection *connection, struct err *err)
{
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(connection->db, "PRAGMA journal_mode=WAL", -1, &query, NULL);
    enum status status = ST_OK;

    if (code == SQLITE_OK) {
        code = sqlite3_step(query);
    }
    if (code != SQLITE_ROW) {
        status = connection_failed(connection, code, err);
    } else if (!str_is(column_bytes(query, 0), "wal")) {
        status = err_set(err, ST_BROKEN, "the file system has no shared memory for the database");
    }
    (void)sqlite3_finalize(query);
    return status;
}

enum status migrate(struct connection *connection, struct err *err)
{
    int64_t version = 0;

    TRY(judge(connection, &version, err));
    TRY(enter_wal(connection, err));
    for (; version < VERSION; version++) {
        TRY(climb(connection, version, err));
    }
    return ST_OK;
}

enum status migrate_check(struct connection *connection, struct err *err)
{
    int64_t version = 0;

    TRY(judge(connection, &version, err));
    if (version < VERSION) {
        return err_set(err, ST_BROKEN,
                       "the database is of version %" PRId64 " and this orgd (" ORGD_VERSION
                       ") reads version %" PRId64
                       "; start this orgd on it once, which brings it up to date",
                       version, VERSION);
    }
    return ST_OK;
}
