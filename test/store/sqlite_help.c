/* Directories, copies and direct SQL for the SQLite engine's tests. */
#include "sqlite_help.h"

#include "base/clock.h"
#include "store/sqlite/sqlite_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct place *places[HELP_PLACES]; /* NULL: free */

/* Puts one place where another one, or none, is. */
static void swap(const struct place *there, struct place *place)
{
    size_t i = 0;

    while (places[i] != there) {
        i++;
        assert_true(i < HELP_PLACES);
    }
    places[i] = place;
}

void help_init(struct place *place)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(place->root, sizeof(place->root), "%.40s/orgd-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(place->root)) {
        perror("mkdtemp");
        abort();
    }
    (void)snprintf(place->directory, sizeof(place->directory), "%s/data", place->root);
    (void)snprintf(place->database, sizeof(place->database), "%s/orgd.db", place->directory);
    swap(NULL, place);
}

void help_remove(const struct place *place)
{
    DIR *directory = opendir(place->directory);
    struct dirent *entry;

    if (!directory) {
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0); /* "." and ".." refuse */
    }
    (void)closedir(directory);
    (void)rmdir(place->directory);
}

int help_empty(void **state)
{
    (void)state;
    for (size_t i = 0; i < HELP_PLACES; i++) {
        if (places[i]) {
            help_remove(places[i]);
        }
    }
    return 0;
}

void help_done(struct place *place)
{
    help_remove(place);
    (void)rmdir(place->root);
    swap(place, NULL);
}

struct store *help_open(const struct place *place)
{
    struct store *store = NULL;
    struct err err = { 0 };
    enum status status = sqlite_store_open(place->directory, &store, &err);

    if (status != ST_OK) {
        fail_msg("open: %s: %s", status_code(status), err.text);
    }
    return store;
}

static void copy_file(const struct place *from, const struct place *to, const char *name)
{
    char bytes[65536];
    char path[160];
    int in;
    int out;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "%s/%s", from->directory, name);
    in = open(path, O_RDONLY | O_CLOEXEC);
    if (in < 0) {
        return;
    }
    (void)snprintf(path, sizeof(path), "%s/%s", to->directory, name);
    out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(out >= 0);
    while ((n = read(in, bytes, sizeof(bytes))) > 0) {
        assert_int_equal(write(out, bytes, (size_t)n), n);
    }
    (void)close(in);
    (void)close(out);
}

void help_copy(const struct place *from, const struct place *to)
{
    help_remove(to);
    assert_int_equal(mkdir(to->directory, 0700), 0);
    copy_file(from, to, "orgd.db");
    copy_file(from, to, "orgd.db-wal");
    copy_file(from, to, "orgd.db-journal");
}

int64_t help_number(const struct place *place, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *query = NULL;
    int64_t number = -1;

    if (sqlite3_open_v2(place->database, &db, SQLITE_OPEN_READWRITE, "unix") != SQLITE_OK ||
        sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
        sqlite3_prepare_v2(db, sql, -1, &query, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    switch (sqlite3_step(query)) {
    case SQLITE_ROW:
        number = sqlite3_column_int64(query, 0);
        break;
    case SQLITE_DONE:
        break;
    default:
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    (void)sqlite3_finalize(query);
    (void)sqlite3_close(db);
    return number;
}

void help_sql(const struct place *place, const char *sql)
{
    (void)help_number(place, sql);
}

void help_add_membership(void *context, const struct oid *account_id,
                         const struct oid *organization_id)
{
    char account[OID_HEX_LEN + 1];
    char organization[OID_HEX_LEN + 1];
    char sql[512];

    oid_format(account_id, account);
    oid_format(organization_id, organization);
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO memberships (account, organization, role)"
                   " SELECT a.number, o.number, 'admin' FROM accounts AS a, organizations AS o"
                   " WHERE a.id = x'%s' AND o.id = x'%s'",
                   account, organization);
    help_sql(context, sql);
}

void help_check(const struct place *place)
{
    assert_int_equal(help_number(place, "SELECT count(*) FROM pragma_integrity_check"
                                        " WHERE integrity_check <> 'ok'"),
                     0);
    assert_int_equal(help_number(place,
                                 "SELECT count(*) FROM organizations AS o WHERE documents <>"
                                 " (SELECT count(*) FROM documents WHERE organization = o.number)"),
                     0);
    assert_int_equal(help_number(place, "SELECT count(*) FROM organizations AS o WHERE NOT EXISTS"
                                        " (SELECT 1 FROM memberships WHERE organization = o.number"
                                        " AND account = o.administrator)"),
                     0);
    assert_int_equal(help_number(place, "SELECT count(*) FROM memberships WHERE"
                                        " organization NOT IN (SELECT number FROM organizations)"
                                        " OR account NOT IN (SELECT number FROM accounts)"),
                     0);
    assert_int_equal(help_number(place, "SELECT count(*) FROM accounts WHERE number NOT IN"
                                        " (SELECT account FROM memberships)"),
                     0);
    assert_int_equal(help_number(place, "SELECT count(*) FROM documents WHERE organization NOT IN"
                                        " (SELECT number FROM organizations UNION"
                                        " SELECT organization FROM removals)"),
                     0);
}

void help_fixture(struct fixture *f, struct store *store)
{
    *f = (struct fixture){ .store = store };
    arena_init(&f->mem, (size_t)256 * 1024 * 1024);
    f->call = (struct call){ .mem = &f->mem,
                             .err = &f->err,
                             .deadline_ms = clock_monotonic_ms() + 60000 };
}

void help_fixture_done(struct fixture *f)
{
    store_close(f->store);
    arena_done(&f->mem);
}
