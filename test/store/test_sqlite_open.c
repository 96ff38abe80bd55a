/* Opening: the directory, the lock, versions, damage, and numbers after a restart. */
#include "sqlite_help.h"

#include "store/sqlite/engine.h"
#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct place place;
static struct place copy;

static mode_t mode_of(const char *name)
{
    char path[160];
    struct stat about;

    (void)snprintf(path, sizeof(path), "%s/%s", place.directory, name);
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777;
}

static void assert_refused(const char *directory, enum status expected, const char *words)
{
    struct store *store = NULL;
    struct err err = { 0 };

    assert_status(sqlite_store_open(directory, &store, &err), expected);
    assert_null(store);
    if (!strstr(err.text, words)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    }
}

TEST(files__are_ours_alone_whatever_the_umask)
{
    static const mode_t umasks[] = { 0, 022, 0777 };

    for (size_t i = 0; i < sizeof(umasks) / sizeof(umasks[0]); i++) {
        mode_t before = umask(umasks[i]);
        struct fixture f;

        help_fixture(&f, help_open(&place));
        (void)suite_create(&f, "acme");
        (void)umask(before);
        assert_int_equal(mode_of("."), 0700);
        assert_int_equal(mode_of("lock"), 0600);
        assert_int_equal(mode_of("orgd.db"), 0600);
        assert_int_equal(mode_of("orgd.db-wal"), 0600);
        assert_int_equal(mode_of("orgd.db-shm"), 0600);
        help_fixture_done(&f);
        help_remove(&place);
    }
}

TEST(log_index__has_all_its_space_from_the_start)
{
    struct store *store = help_open(&place);
    struct stat about;
    char path[160];

    (void)snprintf(path, sizeof(path), "%s-shm", place.database);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stat(path, &about), 0);
        assert_in_range(about.st_size, 16 * 32768, 32 * 32768);
        assert_true(about.st_blocks * 512 >= about.st_size); /* no holes */
        store_close(store);
        store = help_open(&place);
    }
    store_close(store);
}

TEST(database__that_another_program_looks_into_is_shared_with_it)
{
    struct store *store = NULL;
    struct fixture f;
    sqlite3 *other = NULL;
    struct oid id;

    help_fixture(&f, help_open(&place));
    id = suite_create(&f, "acme").id;
    help_fixture_done(&f);
    assert_int_equal(sqlite3_open(place.database, &other), SQLITE_OK);
    (void)sqlite3_busy_timeout(other, 10000); /* the store looks for removals when it begins */
    assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM documents", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_status(sqlite_store_open(place.directory, &store, NULL), ST_OK);
    help_fixture(&f, store);
    assert_status(suite_put(f.store, &f.call, &id, "d", "{}"), ST_OK);
    assert_int_equal(sqlite3_exec(other,
                                  "COMMIT; UPDATE documents SET body = 'theirs' WHERE id = 'd'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_changes(other), 1);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(suite_count(&f, &id), 1);
    help_fixture_done(&f);
    help_check(&place);
}

TEST(directory__in_use_is_refused_until_it_is_closed)
{
    struct store *store = help_open(&place);

    assert_refused(place.directory, ST_BUSY, "in use by another orgd");
    store_close(store);
    store_close(help_open(&place));
}

TEST(directory__without_a_parent_is_refused_and_not_made)
{
    char path[160];

    (void)snprintf(path, sizeof(path), "%s/none/data", place.root);
    assert_refused(path, ST_BROKEN, "none/data");
    (void)snprintf(path, sizeof(path), "%s/none", place.root);
    assert_int_equal(access(path, F_OK), -1);
}

TEST(directory__that_is_a_file_is_refused)
{
    int fd = open(place.directory, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    (void)close(fd);
    assert_refused(place.directory, ST_BROKEN, "Not a directory");
    assert_int_equal(unlink(place.directory), 0);
}

TEST(directory__by_a_relative_path_stays_the_same_when_the_process_moves)
{
    char before[4096];
    struct fixture f;
    struct store *store = NULL;

    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(place.root), 0);
    assert_status(sqlite_store_open("data", &store, NULL), ST_OK);
    assert_int_equal(chdir("/"), 0);
    help_fixture(&f, store);
    (void)suite_create(&f, "acme");
    help_fixture_done(&f);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(help_number(&place, "SELECT count(*) FROM organizations"), 1);
}

TEST(database__of_a_newer_version_is_refused_by_name_and_left_alone)
{
    store_close(help_open(&place));
    help_sql(&place, "PRAGMA user_version=99");
    assert_refused(place.directory, ST_BROKEN, "version 99");
    assert_int_equal(help_number(&place, "PRAGMA user_version"), 99);
    help_sql(&place, "PRAGMA user_version=1");
    store_close(help_open(&place));
}

TEST(database__of_another_program_is_refused_and_left_alone)
{
    store_close(help_open(&place));
    help_sql(&place, "PRAGMA application_id=7");
    assert_refused(place.directory, ST_BROKEN, "another program");
    assert_int_equal(unlink(place.database), 0);
    {
        int fd = open(place.database, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        (void)close(fd);
    }
    help_sql(&place, "CREATE TABLE theirs (x)");
    assert_refused(place.directory, ST_BROKEN, "another program");
    assert_int_equal(help_number(&place, "SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(database__carries_its_application_id_and_version)
{
    store_close(help_open(&place));
    assert_int_equal(help_number(&place, "PRAGMA application_id"), 0x4F524744);
    assert_int_equal(help_number(&place, "PRAGMA user_version"), 1);
}

TEST(database__that_is_none_is_refused)
{
    int fd;

    store_close(help_open(&place));
    fd = open(place.database, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(write(fd, "no database ", 12), 12);
    }
    (void)close(fd);
    assert_refused(place.directory, ST_BROKEN, "not a database");
}

static void damage(const char *path, unsigned int *seed)
{
    unsigned char noise[64];
    struct stat about;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    off_t at;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &about), 0);
    for (size_t i = 0; i < sizeof(noise); i++) {
        noise[i] = (unsigned char)rand_r(seed);
    }
    at = (off_t)rand_r(seed) % (about.st_size - (off_t)sizeof(noise));
    assert_true(pwrite(fd, noise, sizeof(noise), at) > 0);
    (void)close(fd);
}

/* Uses what is there; whatever it answers is fine. */
static void use(struct fixture *f, const struct oid *id)
{
    struct document_query query = { .limit = 500, .max_bytes = SIZE_MAX, .with_total = true };
    struct document_page page = { 0 };
    struct membership member;
    struct organization found;
    enum status status = store_document_list(f->store, &f->call, id, &query, &page);

    assert_in_range(status, ST_OK, STATUS_COUNT - 1);
    for (int i = 0; i < 20; i++) {
        struct document document;
        struct str name = arena_printf(&f->mem, "%d", i * 10);

        status = store_document_get(f->store, &f->call, id, name, &document);
        assert_in_range(status, ST_OK, STATUS_COUNT - 1);
        status = suite_put(f->store, &f->call, id, name.ptr, "{}");
        assert_in_range(status, ST_OK, STATUS_COUNT - 1);
    }
    status = store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &member);
    assert_in_range(status, ST_OK, STATUS_COUNT - 1);
    status = store_organization_by_slug(f->store, &f->call, STR("acme"), &found);
    assert_in_range(status, ST_OK, STATUS_COUNT - 1);
    status = store_organization_delete(f->store, &f->call, id);
    assert_in_range(status, ST_OK, STATUS_COUNT - 1);
}

TEST(database__that_is_damaged_anywhere_gives_errors_and_no_crash)
{
    unsigned int seed = 7;
    struct fixture f;
    struct oid id;
    char log[160];

    help_fixture(&f, help_open(&place));
    id = suite_create(&f, "acme").id;
    for (int i = 0; i < 200; i++) {
        assert_status(suite_put(f.store, &f.call, &id, arena_printf(&f.mem, "%d", i).ptr,
                                i % 50 ? "{}" : arena_printf(&f.mem, "%06000d", i).ptr),
                      ST_OK);
    }
    (void)snprintf(log, sizeof(log), "%s-wal", copy.database);
    for (int i = 0; i < 120; i++) {
        struct store *store = NULL;
        struct err err = { 0 };
        struct fixture damaged;

        if (i == 60) {
            help_fixture_done(&f); /* from here on all is in the database itself */
        }
        help_copy(&place, &copy);
        damage(i < 60 && i % 2 ? log : copy.database, &seed);
        if (sqlite_store_open(copy.directory, &store, &err) == ST_OK) {
            help_fixture(&damaged, store);
            use(&damaged, &id);
            help_fixture_done(&damaged);
        } else {
            assert_true(strlen(err.text) > 0);
        }
    }
}

TEST(numbers__of_deleted_organizations_are_never_used_again)
{
    struct fixture f;
    int64_t last = 0;

    help_fixture(&f, help_open(&place));
    for (int i = 0; i < 5; i++) {
        struct oid id = suite_create(&f, "acme").id;
        int64_t number = help_number(&place, "SELECT number FROM organizations");

        assert_true(number > last);
        last = number;
        assert_status(store_organization_delete(f.store, &f.call, &id), ST_OK);
        if (i == 2) {
            store_close(f.store);
            f.store = help_open(&place);
        }
    }
    help_fixture_done(&f);
}

#define opening(name) cmocka_unit_test_setup(name, help_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        opening(files__are_ours_alone_whatever_the_umask),
        opening(log_index__has_all_its_space_from_the_start),
        opening(database__that_another_program_looks_into_is_shared_with_it),
        opening(directory__in_use_is_refused_until_it_is_closed),
        opening(directory__without_a_parent_is_refused_and_not_made),
        opening(directory__that_is_a_file_is_refused),
        opening(directory__by_a_relative_path_stays_the_same_when_the_process_moves),
        opening(database__of_a_newer_version_is_refused_by_name_and_left_alone),
        opening(database__of_another_program_is_refused_and_left_alone),
        opening(database__carries_its_application_id_and_version),
        opening(database__that_is_none_is_refused),
        opening(database__that_is_damaged_anywhere_gives_errors_and_no_crash),
        opening(numbers__of_deleted_organizations_are_never_used_again),
    };
    int failures;

    help_init(&place);
    help_init(&copy);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&copy);
    help_done(&place);
    return failures;
}
