/* Queries that find nothing in a database that is well. */
#include "store/sqlite/doctor.h"

#include "base/arena.h"
#include "store/report.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/migrate.h"

#include <inttypes.h>

#define WORDS_BYTES ((size_t)64 * 1024 * 1024)
#define ROWS_SHOWN 1000 /* of each kind */

/* Each gives rows of id (a blob, or a number) and name; NULL for none. */
static const struct check {
    const char *code;
    const char *kind;
    const char *sql;
    const char *what;
} checks[] = {
    { "no_administrator", "organization",
      "SELECT id, name FROM organizations o WHERE NOT EXISTS (SELECT 1 FROM memberships m JOIN"
      " accounts a ON a.number = m.account WHERE m.organization = o.number)",
      "No account belongs to the organization: nobody logs in to it." },
    { "loose_administrator", "organization",
      "SELECT id, name FROM organizations o WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE"
      " a.number = o.administrator)",
      "The account that the organization names as its administrator is not there." },
    { "idle_account", "account",
      "SELECT id, email FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM memberships m JOIN"
      " organizations o ON o.number = m.organization WHERE m.account = a.number)",
      "The account belongs to no organization: nobody logs in with it, and nobody else can have "
      "its "
      "address." },
    { "loose_membership", "membership",
      "SELECT m.organization || '/' || m.account, m.role FROM memberships m WHERE NOT EXISTS "
      "(SELECT"
      " 1 FROM accounts a WHERE a.number = m.account) OR NOT EXISTS (SELECT 1 FROM organizations o"
      " WHERE o.number = m.organization)",
      "A membership is of an organization or an account that is not there." },
    { "wrong_count", "organization",
      "SELECT id, name FROM organizations o WHERE documents <> (SELECT count(*) FROM documents d"
      " WHERE d.organization = o.number)",
      "The number of documents that is kept for the organization is not how many there are." },
    { "nobodys_documents", "table",
      "SELECT DISTINCT organization, 'documents' FROM documents d WHERE NOT EXISTS (SELECT 1 FROM"
      " organizations o WHERE o.number = d.organization) AND NOT EXISTS (SELECT 1 FROM removals r"
      " WHERE r.organization = d.organization)",
      "Documents are of an organization that is not there." },
};

static const char restore[] = "Such a thing does not come about by itself: keep a copy of the "
                              "directory, restore a backup, and report it.";

static struct str id_of(sqlite3_stmt *row, struct arena *mem)
{
    struct str bytes = column_bytes(row, 0);
    char hex[OID_HEX_LEN + 1];
    struct oid id;

    if (sqlite3_column_type(row, 0) == SQLITE_BLOB && bytes.len == OID_BYTES) {
        memcpy(id.bytes, bytes.ptr, OID_BYTES);
        oid_format(&id, hex);
        return arena_str(mem, str_of(hex));
    }
    if (sqlite3_column_type(row, 0) == SQLITE_INTEGER) {
        return arena_printf(mem, "%" PRId64, (int64_t)sqlite3_column_int64(row, 0));
    }
    return bytes.ptr ? arena_str(mem, bytes) : STR("");
}

static enum status run_check(struct connection *connection, const struct check *check,
                             struct arena *mem, struct report *report, struct err *err)
{
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(connection->db, check->sql, -1, &query, NULL);
    enum status status = ST_OK;
    size_t rows = 0;

    if (code == SQLITE_OK) {
        code = sqlite3_step(query);
    }
    for (; code == SQLITE_ROW && rows < ROWS_SHOWN; rows++) {
        struct str name = column_bytes(query, 1);
        struct report_subject subject = {
            .kind = check->kind,
            .id = id_of(query, mem),
            .name = name.ptr ? arena_str(mem, name) : STR(""),
        };

        report_add(report, &(struct report_finding){ .code = check->code,
                                                     .what = str_of(check->what),
                                                     .subjects = &subject,
                                                     .subject_count = 1,
                                                     .todo = str_of(restore) });
        code = sqlite3_step(query);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status = connection_failed(connection, code, err);
    }
    (void)sqlite3_finalize(query);
    return status;
}

/* SQLite's words, one row for each fault, or "ok". */
static enum status check_file(struct connection *connection, struct arena *mem,
                              struct report *report, bool *ret_is_sound, struct err *err)
{
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(connection->db, "PRAGMA integrity_check(100)", -1, &query, NULL);
    enum status status = ST_OK;
    bool is_sound = true;

    if (code == SQLITE_OK) {
        code = sqlite3_step(query);
    }
    for (; code == SQLITE_ROW; code = sqlite3_step(query)) {
        struct str words = column_bytes(query, 0);

        if (words.ptr && !str_is(words, "ok")) {
            struct report_subject subject = { .kind = "table", .id = STR("database") };

            is_sound = false;
            report_add(report, &(struct report_finding){ .code = "damaged_file",
                                                         .what = arena_str(mem, words),
                                                         .subjects = &subject,
                                                         .subject_count = 1,
                                                         .todo = str_of(restore) });
        }
    }
    if (code != SQLITE_DONE) {
        status = connection_failed(connection, code, err);
    }
    (void)sqlite3_finalize(query);
    *ret_is_sound = is_sound;
    return status;
}

static enum status look(struct connection *connection, struct arena *mem, struct report *report,
                        struct err *err)
{
    int64_t organizations = 0;
    int64_t accounts = 0;
    int64_t documents = 0;
    bool is_sound = true;

    TRY(check_file(connection, mem, report, &is_sound, err));
    if (is_sound) {
        TRY(connection_exec(connection, "BEGIN", err)); /* all of one moment */
        for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
            TRY(run_check(connection, &checks[i], mem, report, err));
        }
        TRY(connection_number(connection, "SELECT count(*) FROM organizations", &organizations,
                              err));
        TRY(connection_number(connection, "SELECT count(*) FROM accounts", &accounts, err));
        TRY(connection_number(
            connection, /* not those of deleted ones, which are on their way out */
            "SELECT count(*) FROM organizations AS o"
            " JOIN documents AS d ON d.organization = o.number",
            &documents, err));
    }
    report_end(report, arena_printf(mem,
                                    "%" PRId64 " organizations, %" PRId64 " accounts, %" PRId64
                                    " documents",
                                    organizations, accounts, documents));
    return ST_OK;
}

enum status sqlite_doctor(const char *directory, struct report *report, struct err *err)
{
    struct connection connection;
    struct directory place;
    struct arena mem;
    enum status status;

    TRY(directory_look(&place, directory, err));
    status = connection_init(&connection, place.database, CONNECTION_LOOK, err);
    if (status == ST_OK) {
        arena_init(&mem, WORDS_BYTES);
        status = migrate_check(&connection, err);
        if (status == ST_OK) {
            status = look(&connection, &mem, report, err);
        }
        arena_done(&mem);
        connection_done(&connection);
    }
    directory_done(&place);
    return status;
}
