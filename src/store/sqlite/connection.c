/* Opening with the right settings, statements on demand, and result codes as statuses. */
#include "store/sqlite/connection.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>

#define BUSY_TIMEOUT_MS 2000 /* only recovery and the last connection's close ever hold others up */

static const char *const texts[SQL_COUNT] = {
#define SQL_TEXT(name, text) [name] = text,
    SQL_LIST(SQL_TEXT)
#undef SQL_TEXT
};

static void configure(void)
{
    /* Counting allocations takes a mutex of the whole process at each of them. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_initialize();
}

/* cache_size is in KiB where negative. temp_store keeps the journal of savepoints out of files, which
 * a full disk would refuse; secure_delete=FAST overwrites what is deleted only where that costs no
 * writing. The checkpointer truncates a log that passed journal_size_limit. */
static const char settings_of_all[] = "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
                                      "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0;"
                                      "PRAGMA cell_size_check=ON; PRAGMA secure_delete=FAST;"
                                      "PRAGMA foreign_keys=OFF;";

static const char *const settings_of_use[] = {
    [CONNECTION_READ] = "PRAGMA cache_size=-1024; PRAGMA query_only=ON;",
    [CONNECTION_WRITE] = "PRAGMA cache_size=-8192; PRAGMA journal_size_limit=33554432;",
    [CONNECTION_CHECKPOINT] = "PRAGMA cache_size=-64; PRAGMA journal_size_limit=33554432;",
    [CONNECTION_LOOK] = "PRAGMA cache_size=-1024; PRAGMA query_only=ON;",
};

static enum status set_up(struct connection *connection, enum connection_use use, struct err *err)
{
    int persist = 1;

    (void)sqlite3_extended_result_codes(connection->db, 1);
    (void)sqlite3_busy_timeout(connection->db, BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    /* Whoever only looks leaves the log to its owner, also where that one has gone meanwhile. */
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                            use == CONNECTION_LOOK, NULL);
    /* The log and its index stay after the last connection: a start on a full disk needs no room. */
    (void)sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    TRY(connection_exec(connection, settings_of_all, err));
    return connection_exec(connection, settings_of_use[use], err);
}

enum status connection_init(struct connection *connection, const char *path,
                            enum connection_use use, struct err *err)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    int mode = use == CONNECTION_LOOK ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    enum status status;
    int code;

    (void)pthread_once(&configured, configure);
    *connection = (struct connection){ 0 };
    /* Each connection has one thread at a time, by the engine's own locks. */
    code = sqlite3_open_v2(path, &connection->db, mode | SQLITE_OPEN_NOMUTEX, NULL);
    status =
        code == SQLITE_OK ? set_up(connection, use, err) : connection_failed(connection, code, err);
    if (status != ST_OK) {
        connection_done(connection);
    }
    return status;
}

void connection_done(struct connection *connection)
{
    if (!connection) {
        return;
    }
    for (int i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(connection->statements[i]);
    }
    (void)sqlite3_close(connection->db);
    *connection = (struct connection){ 0 };
}

/* sqlite3_system_errno knows nothing of a COMMIT that failed: there the log's own file is asked. */
static int system_errno_of(struct connection *connection, int code)
{
    int system_errno = connection->db ? sqlite3_system_errno(connection->db) : 0;
    sqlite3_file *log = NULL;

    if (system_errno != 0 || (code != SQLITE_IOERR_WRITE && code != SQLITE_IOERR_FSYNC)) {
        return system_errno;
    }
    if (sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) ==
            SQLITE_OK &&
        log && log->pMethods) {
        (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &system_errno);
    }
    return system_errno;
}

/* SQLITE_IOERR_SHMSIZE: the index of the log could not grow. */
static bool is_full(int code, int system_errno)
{
    int primary = code & 0xFF;

    return primary == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE ||
           ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) &&
            (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG));
}

enum status connection_failed(struct connection *connection, int code, struct err *err)
{
    int system_errno = system_errno_of(connection, code);
    int primary = code & 0xFF;
    enum status status = ST_BROKEN;

    if (is_full(code, system_errno)) {
        status = ST_STORAGE_FULL;
    } else if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL ||
               (primary == SQLITE_CANTOPEN && (system_errno == EMFILE || system_errno == ENFILE))) {
        status = ST_BUSY;
    }
    return err_set(err, status, "sqlite: %s (code %d, errno %d)",
                   connection->db ? sqlite3_errmsg(connection->db) : sqlite3_errstr(code), code,
                   primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? system_errno : 0);
}

enum status connection_exec(struct connection *connection, const char *sql, struct err *err)
{
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? ST_OK : connection_failed(connection, code, err);
}

enum status connection_number(struct connection *connection, const char *sql, int64_t *ret_number,
                              struct err *err)
{
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &query, NULL);
    enum status status = ST_OK;
    int64_t number = 0;

    if (code == SQLITE_OK) {
        code = sqlite3_step(query);
    }
    if (code == SQLITE_ROW) {
        number = sqlite3_column_int64(query, 0);
    } else if (code != SQLITE_DONE) {
        status = connection_failed(connection, code, err);
    }
    (void)sqlite3_finalize(query);
    if (status == ST_OK) {
        *ret_number = number;
    }
    return status;
}

enum status connection_statement(struct connection *connection, enum sql id,
                                 sqlite3_stmt **ret_statement, struct err *err)
{
    sqlite3_stmt **statement = &connection->statements[id];

    if (!*statement) {
        int code = sqlite3_prepare_v3(connection->db, texts[id], -1, SQLITE_PREPARE_PERSISTENT,
                                      statement, NULL);

        if (code != SQLITE_OK) {
            return connection_failed(connection, code, err);
        }
    }
    *ret_statement = *statement;
    return ST_OK;
}

void statement_reset(sqlite3_stmt **statement)
{
    if (*statement) {
        (void)sqlite3_reset(*statement);
        (void)sqlite3_clear_bindings(*statement);
    }
}

/* Binding static bytes allocates nothing, so it fails only for an index or length of our own making. */
static void bound(int code)
{
    assert(code == SQLITE_OK);
    (void)code;
}

void statement_text(sqlite3_stmt *statement, int index, struct str text)
{
    bound(sqlite3_bind_text64(statement, index, text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

void statement_bytes(sqlite3_stmt *statement, int index, struct str bytes)
{
    bound(sqlite3_bind_blob64(statement, index, bytes.ptr, bytes.len, SQLITE_STATIC));
}

void statement_oid(sqlite3_stmt *statement, int index, const struct oid *oid)
{
    bound(sqlite3_bind_blob64(statement, index, oid->bytes, OID_BYTES, SQLITE_STATIC));
}

void statement_number(sqlite3_stmt *statement, int index, int64_t number)
{
    bound(sqlite3_bind_int64(statement, index, number));
}

enum status statement_step(struct connection *connection, sqlite3_stmt *statement, bool *ret_row,
                           struct err *err)
{
    int code = sqlite3_step(statement);

    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return connection_failed(connection, code, err);
    }
    *ret_row = code == SQLITE_ROW;
    return ST_OK;
}

enum status statement_change(struct connection *connection, sqlite3_stmt *statement,
                             bool *ret_violated, struct err *err)
{
    int code = sqlite3_step(statement);
    bool violated = code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;

    if (code != SQLITE_DONE && !(violated && ret_violated)) {
        return connection_failed(connection, code, err);
    }
    if (ret_violated) {
        *ret_violated = violated;
    }
    return ST_OK;
}

enum status connection_run(struct connection *connection, enum sql id, struct err *err)
{
    STATEMENT statement = NULL;

    TRY(connection_statement(connection, id, &statement, err));
    return statement_change(connection, statement, NULL, err);
}

void connection_roll_back(struct connection *connection)
{
    if (!sqlite3_get_autocommit(connection->db)) {
        (void)sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

struct str column_bytes(sqlite3_stmt *statement, int index)
{
    /* As a blob: of text in UTF-8 that gives the same bytes without a NUL to make room for. */
    const char *bytes = sqlite3_column_blob(statement, index);
    int len = sqlite3_column_bytes(statement, index);

    if (!bytes && sqlite3_column_type(statement, index) != SQLITE_NULL) {
        bytes = "";
    }
    return (struct str){ .ptr = bytes, .len = (size_t)len };
}
