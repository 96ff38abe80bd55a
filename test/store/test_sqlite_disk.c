/*
 * The SQLite engine on a full disk: a file system of a few megabytes, mounted where only this process
 * sees it. Without the right to mount, the tests are skipped.
 */
#include "sqlite_help.h"

#include "base/clock.h"
#include "store/sqlite/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACK_MS 5000 /* how soon writes must be back once there is space */

static struct place place;

/* An empty disk at place.root, or a skipped test. */
static void need_disk(const char *options)
{
    static bool is_private;

    if (!is_private) {
        is_private =
            unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    }
    if (!is_private || mount("orgd-test", place.root, "tmpfs", 0, options) != 0) {
        print_message("mounting a small file system: %s\n", strerror(errno));
        skip();
    }
}

static void drop_disk(void)
{
    assert_int_equal(umount(place.root), 0);
}

static const char *ballast_path(void)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/ballast", place.root);
    return path;
}

/* Takes what space is left. */
static void fill_disk(void)
{
    static const char zeros[4096];
    int fd = open(ballast_path(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, zeros, sizeof(zeros)) > 0) {
    }
    (void)close(fd);
}

/* Writes documents until the disk refuses one. Returns how many there are. */
static int write_until_full(struct fixture *f, const struct oid *id)
{
    char body[3000];

    memset(body, 'x', sizeof(body));
    body[sizeof(body) - 1] = '\0';
    for (int n = 0; n < 20000; n++) {
        enum status status =
            suite_put(f->store, &f->call, id, arena_printf(&f->mem, "%05d", n).ptr, body);

        if (status != ST_OK) {
            assert_status(status, ST_STORAGE_FULL);
            assert_true(strlen(f->err.text) > 0);
            return n;
        }
    }
    fail_msg("the disk never filled");
    return 0;
}

/* Everything that only reads goes on; writes are refused as full; nothing acknowledged is missing. */
static void assert_readable(struct fixture *f, const struct oid *id, int documents)
{
    struct new_organization new = suite_new(&f->mem, "more");
    struct organization found;
    struct membership member;
    struct document document;
    struct str value;

    assert_status(store_ping(f->store, &f->call), ST_OK);
    assert_status(store_secret(f->store, &f->call, STR("jwt"), STR("other"), &value), ST_OK);
    assert_str(value, "secret");
    assert_status(store_organization_by_name(f->store, &f->call, STR("org acme"), &found), ST_OK);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &member),
                  ST_OK);
    assert_int_equal(suite_count(f, id), documents);
    assert_status(store_document_get(f->store, &f->call, id,
                                     arena_printf(&f->mem, "%05d", documents - 1), &document),
                  ST_OK);
    for (int i = 0; i < 3; i++) {
        assert_status(store_organization_create(f->store, &f->call, &new, &found), ST_STORAGE_FULL);
        assert_status(store_organization_by_name(f->store, &f->call, new.name_key, &found),
                      ST_NO_ORGANIZATION);
    }
}

/* After space was made. */
static void assert_writable_soon(struct fixture *f, const struct oid *id)
{
    int64_t until_ms = clock_monotonic_ms() + BACK_MS;
    enum status status;

    do {
        status = suite_put(f->store, &f->call, id, "back", "{}");
        (void)usleep(10000);
    } while (status == ST_STORAGE_FULL && clock_monotonic_ms() < until_ms);
    assert_status(status, ST_OK);
}

static struct oid prepare(struct fixture *f)
{
    struct str value;

    help_fixture(f, help_open(&place));
    assert_status(store_secret(f->store, &f->call, STR("jwt"), STR("secret"), &value), ST_OK);
    return suite_create(f, "acme").id;
}

TEST(disk__that_fills_refuses_writes_only_and_until_there_is_space)
{
    struct fixture f;
    struct oid id;
    int documents;

    need_disk("size=8m");
    id = prepare(&f);
    documents = write_until_full(&f, &id);
    fill_disk();
    assert_readable(&f, &id, documents);
    assert_int_equal(unlink(ballast_path()), 0);
    assert_int_equal(mount(NULL, place.root, NULL, MS_REMOUNT, "size=16m"), 0);
    assert_writable_soon(&f, &id);
    assert_int_equal(suite_count(&f, &id), documents + 1);
    help_fixture_done(&f);
    help_check(&place);
    drop_disk();
}

TEST(disk__filled_by_others_refuses_writes_only_and_until_there_is_space)
{
    struct fixture f;
    struct oid id;
    int documents;

    need_disk("size=8m");
    id = prepare(&f);
    for (int i = 0; i < 50; i++) {
        assert_status(suite_put(f.store, &f.call, &id, arena_printf(&f.mem, "%05d", i).ptr, "{}"),
                      ST_OK);
    }
    fill_disk();
    documents = write_until_full(&f, &id);
    assert_readable(&f, &id, documents > 50 ? documents : 50);
    assert_int_equal(unlink(ballast_path()), 0);
    assert_writable_soon(&f, &id);
    help_fixture_done(&f);
    drop_disk();
}

static void assert_opens_readable(struct fixture *f, const struct oid *id, int documents)
{
    struct str value;

    help_fixture(f, help_open(&place));
    assert_status(store_ping(f->store, &f->call), ST_OK);
    assert_status(store_secret(f->store, &f->call, STR("jwt"), STR("other"), &value), ST_OK);
    assert_str(value, "secret");
    assert_int_equal(suite_count(f, id), documents);
}

TEST(disk__that_is_full_at_start_is_readable)
{
    struct fixture f;
    struct oid id;
    int documents;

    need_disk("size=8m");
    id = prepare(&f);
    documents = write_until_full(&f, &id);
    fill_disk();
    help_fixture_done(&f); /* while it is full: the log can't be copied */
    fill_disk();
    assert_opens_readable(&f, &id, documents);
    assert_int_equal(unlink(ballast_path()), 0);
    assert_int_equal(mount(NULL, place.root, NULL, MS_REMOUNT, "size=16m"), 0);
    assert_writable_soon(&f, &id);
    help_fixture_done(&f); /* with space: the log is copied and cut */
    fill_disk();
    assert_opens_readable(&f, &id, documents + 1);
    assert_int_equal(unlink(ballast_path()), 0);
    assert_writable_soon(&f, &id);
    help_fixture_done(&f);
    drop_disk();
}

TEST(disk__that_is_full_at_start_after_a_kill_is_readable)
{
    struct fixture f;
    int documents[2];
    int status = 0;
    int fds[2];
    struct oid id;
    pid_t child;

    need_disk("size=8m");
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        id = prepare(&f);
        documents[0] = write_until_full(&f, &id);
        fill_disk();
        status = write(fds[1], &id, sizeof(id)) == sizeof(id) &&
                 write(fds[1], documents, sizeof(int)) == sizeof(int);
        _exit(status ? 0 : 1); /* without closing */
    }
    for (int i = 0; i < 100; i++) {
        (void)oid_new(); /* a forked process makes the same ids: go past the child's */
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(fds[0], &id, sizeof(id)), sizeof(id));
    assert_int_equal(read(fds[0], documents, sizeof(int)), sizeof(int));
    (void)close(fds[0]);
    (void)close(fds[1]);
    fill_disk();
    help_fixture(&f, help_open(&place));
    assert_readable(&f, &id, documents[0]);
    assert_int_equal(unlink(ballast_path()), 0);
    assert_int_equal(mount(NULL, place.root, NULL, MS_REMOUNT, "size=16m"), 0);
    assert_writable_soon(&f, &id);
    help_fixture_done(&f);
    help_check(&place);
    drop_disk();
}

TEST(disk__that_is_full_at_the_first_start_is_named)
{
    struct store *store = NULL;
    struct err err = { 0 };

    need_disk("size=64k");
    fill_disk();
    assert_status(sqlite_store_open(place.directory, &store, &err), ST_STORAGE_FULL);
    assert_true(strlen(err.text) > 0);
    assert_int_equal(unlink(ballast_path()), 0);
    assert_int_equal(mount(NULL, place.root, NULL, MS_REMOUNT, "size=16m"), 0);
    store_close(help_open(&place));
    drop_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk__that_fills_refuses_writes_only_and_until_there_is_space),
        cmocka_unit_test(disk__filled_by_others_refuses_writes_only_and_until_there_is_space),
        cmocka_unit_test(disk__that_is_full_at_start_is_readable),
        cmocka_unit_test(disk__that_is_full_at_start_after_a_kill_is_readable),
        cmocka_unit_test(disk__that_is_full_at_the_first_start_is_named),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
