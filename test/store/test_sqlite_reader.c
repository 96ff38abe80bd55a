/* Opening for reading only: beside the server that has the directory, and without one. */
#include "sqlite_help.h"

#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct place place;
static struct place copy;

static struct store *open_reader(const struct place *at)
{
    struct store *store = NULL;
    struct err err = { 0 };
    enum status status = sqlite_store_open_reader(at->directory, &store, &err);

    if (status != ST_OK) {
        fail_msg("open: %s: %s", status_code(status), err.text);
    }
    return store;
}

static void assert_refused(const char *directory, const char *words)
{
    struct store *store = NULL;
    struct err err = { 0 };

    assert_status(sqlite_store_open_reader(directory, &store, &err), ST_BROKEN);
    assert_null(store);
    if (!strstr(err.text, words)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
    }
}

TEST(reader__sees_what_a_running_server_commits)
{
    struct fixture server;
    struct fixture reader;
    struct organization acme;

    help_fixture(&server, help_open(&place));
    acme = suite_create(&server, "acme");
    help_fixture(&reader, open_reader(&place));
    assert_int_equal(suite_count(&reader, &acme.id), 0);
    for (int i = 1; i <= 100; i++) {
        char id[16];

        (void)snprintf(id, sizeof(id), "d%03d", i);
        assert_status(suite_put(server.store, &server.call, &acme.id, id, "{}"), ST_OK);
        assert_int_equal(suite_count(&reader, &acme.id), i);
    }
    help_fixture_done(&reader);
    assert_status(suite_put(server.store, &server.call, &acme.id, "last", "{}"), ST_OK);
    help_fixture_done(&server);
    help_check(&place);
}

TEST(reader__goes_on_when_the_server_stops_and_starts_again)
{
    struct fixture server;
    struct fixture reader;
    struct organization acme;

    help_fixture(&server, help_open(&place));
    acme = suite_create(&server, "acme");
    help_fixture(&reader, open_reader(&place));
    help_fixture_done(&server);
    assert_int_equal(suite_count(&reader, &acme.id), 0);
    help_fixture(&server, help_open(&place));
    assert_status(suite_put(server.store, &server.call, &acme.id, "d", "{}"), ST_OK);
    assert_int_equal(suite_count(&reader, &acme.id), 1);
    help_fixture_done(&reader);
    help_fixture_done(&server);
    help_check(&place);
}

TEST(reader__of_files_that_a_kill_left_sees_every_commit)
{
    struct fixture server;
    struct fixture reader;
    struct organization acme;

    help_fixture(&server, help_open(&place));
    acme = suite_create(&server, "acme");
    assert_status(suite_put(server.store, &server.call, &acme.id, "d", "{}"), ST_OK);
    help_copy(&place, &copy);
    help_fixture_done(&server);
    help_fixture(&reader, open_reader(&copy));
    assert_int_equal(suite_count(&reader, &acme.id), 1);
    help_fixture_done(&reader);
}

TEST(reader__keeps_a_server_out_where_none_was_there)
{
    struct store *reader;
    struct store *store = NULL;

    store_close(help_open(&place));
    reader = open_reader(&place);
    assert_status(sqlite_store_open(place.directory, &store, NULL), ST_BUSY);
    store_close(reader);
    store_close(help_open(&place));
}

TEST(reader__changes_nothing)
{
    static const char *const words = "for reading only";
    struct fixture f;
    struct organization acme;
    struct new_organization new;
    struct organization made;
    struct str value;

    help_fixture(&f, help_open(&place));
    acme = suite_create(&f, "acme");
    help_fixture_done(&f);
    help_fixture(&f, open_reader(&place));
    new = suite_new(&f.mem, "new");
    assert_status(store_organization_create(f.store, &f.call, &new, &made), ST_BROKEN);
    assert_non_null(strstr(f.err.text, words));
    assert_status(suite_put(f.store, &f.call, &acme.id, "d", "{}"), ST_BROKEN);
    assert_status(store_organization_delete(f.store, &f.call, &acme.id), ST_BROKEN);
    assert_status(store_secret(f.store, &f.call, STR("s"), STR("mine"), &value), ST_BROKEN);
    assert_status(store_secret(f.store, &f.call, STR("s"), (struct str){ .ptr = NULL }, &value),
                  ST_NOT_FOUND);
    assert_status(store_ping(f.store, &f.call), ST_OK);
    assert_int_equal(suite_count(&f, &acme.id), 0);
    help_fixture_done(&f);
}

TEST(reader__of_no_store_is_refused_and_makes_none)
{
    int fd;
    char path[160];

    assert_refused(place.directory, "No such file or directory");
    assert_int_equal(access(place.directory, F_OK), -1);
    assert_int_equal(mkdir(place.directory, 0700), 0);
    assert_refused(place.directory, "orgd.db");
    (void)snprintf(path, sizeof(path), "%s/lock", place.directory);
    assert_int_equal(access(path, F_OK), -1);
    fd = open(place.database, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_refused(place.directory, "start this orgd on it once");
}

TEST(reader__of_another_version_is_refused)
{
    store_close(help_open(&place));
    help_sql(&place, "PRAGMA user_version = 0");
    assert_refused(place.directory, "start this orgd on it once");
    assert_int_equal(help_number(&place, "PRAGMA user_version"), 0);
    help_sql(&place, "PRAGMA user_version = 1000");
    assert_refused(place.directory, "start the newer orgd");
    help_sql(&place, "PRAGMA application_id = 7");
    assert_refused(place.directory, "another program's");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reader__sees_what_a_running_server_commits, help_empty),
        cmocka_unit_test_setup(reader__goes_on_when_the_server_stops_and_starts_again, help_empty),
        cmocka_unit_test_setup(reader__of_files_that_a_kill_left_sees_every_commit, help_empty),
        cmocka_unit_test_setup(reader__keeps_a_server_out_where_none_was_there, help_empty),
        cmocka_unit_test_setup(reader__changes_nothing, help_empty),
        cmocka_unit_test_setup(reader__of_no_store_is_refused_and_makes_none, help_empty),
        cmocka_unit_test_setup(reader__of_another_version_is_refused, help_empty),
    };
    int failures;

    help_init(&place);
    help_init(&copy);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    help_done(&copy);
    return failures;
}
