/* The write-ahead log stays short, the writer waits where it can't, and callers wait no longer than
 * they said. */
#include "sqlite_help.h"

#include "base/clock.h"
#include "store/sqlite/engine.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_BYTES 4120 /* of the log: a page and its header */

static struct place place;

static void open_with(struct fixture *f, struct checkpoint_limits limits)
{
    struct store *store = NULL;

    assert_status(sqlite_store_open_with(place.directory, limits, &store, NULL), ST_OK);
    help_fixture(f, store);
}

static int64_t log_pages(void)
{
    struct stat about;
    char path[160];

    (void)snprintf(path, sizeof(path), "%s-wal", place.database);
    return stat(path, &about) == 0 ? about.st_size / PAGE_BYTES : 0;
}

struct load {
    struct store *store;
    struct oid id;
    enum status statuses[SUITE_THREADS];
};

static void write_body(void *context, int i)
{
    struct load *load = context;

    for (int n = 0; n < 400 && load->statuses[i] == ST_OK; n++) {
        struct shot shot;

        shot_init(&shot);
        load->statuses[i] = suite_put(load->store, &shot.call, &load->id,
                                      arena_printf(&shot.mem, "%d-%d", i, n).ptr, "{}");
        shot_done(&shot);
    }
}

TEST(log__under_load_does_not_grow_without_end)
{
    struct checkpoint_limits small = { .copy = 20, .restart = 100, .limit = 1400 };
    struct fixture f;
    struct load load = { 0 };

    open_with(&f, small);
    load.store = f.store;
    load.id = suite_create(&f, "acme").id;
    suite_race(write_body, &load);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(load.statuses[i], ST_OK);
    }
    /* 6,400 documents in some 500 commits of several pages: a log that isn't begun anew would reach its
     * limit, and then the writes' deadline. */
    assert_in_range(log_pages(), 1, 1500);
    help_fixture_done(&f);
    assert_int_equal(log_pages(), 0);
    help_check(&place);
}

/* A reader from outside that keeps the log from being begun anew. */
static sqlite3 *hold_log(void)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(place.database, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "BEGIN; SELECT count(*) FROM organizations", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

TEST(log__at_its_limit_makes_writes_wait_and_then_says_busy)
{
    struct checkpoint_limits small = { .copy = 10, .restart = 20, .limit = 50 };
    struct fixture f;
    struct oid id;
    enum status status = ST_OK;
    sqlite3 *held;

    open_with(&f, small);
    id = suite_create(&f, "acme").id;
    held = hold_log();
    for (int n = 0; n < 200 && status == ST_OK; n++) {
        status = suite_put(f.store, &f.call, &id, "d", arena_printf(&f.mem, "%d", n).ptr);
    }
    assert_status(status, ST_BUSY);
    assert_non_null(strstr(f.err.text, "limit"));
    assert_int_equal(suite_count(&f, &id), 1); /* reads go on */
    assert_status(store_ping(f.store, &f.call), ST_OK);
    (void)sqlite3_close(held);
    assert_status(suite_put(f.store, &f.call, &id, "d", "{}"), ST_OK);
    help_fixture_done(&f);
}

static void *first_put(void *context)
{
    struct load *load = context;
    struct shot shot;

    shot_init(&shot);
    load->statuses[0] = suite_put(load->store, &shot.call, &load->id, "first", "{}");
    shot_done(&shot);
    return NULL;
}

TEST(call__waits_no_longer_than_its_deadline)
{
    struct fixture f;
    struct load load = { 0 };
    sqlite3 *held = NULL;
    pthread_t thread;
    struct call call;
    int64_t begun_ms;

    open_with(&f, CHECKPOINT_LIMITS);
    load.store = f.store;
    load.id = suite_create(&f, "acme").id;
    assert_int_equal(sqlite3_open(place.database, &held), SQLITE_OK);
    assert_int_equal(sqlite3_exec(held, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(pthread_create(&thread, NULL, first_put, &load), 0);
    (void)usleep(100000); /* the writer has the first and waits for the lock */
    call = f.call;
    begun_ms = clock_monotonic_ms();
    call.deadline_ms = begun_ms + 200;
    assert_status(suite_put(f.store, &call, &load.id, "second", "{}"), ST_BUSY);
    assert_in_range(clock_monotonic_ms() - begun_ms, 199, 30000); /* not the writer's 100 s */
    (void)sqlite3_close(held);
    (void)pthread_join(thread, NULL);
    assert_status(load.statuses[0], ST_OK);
    assert_int_equal(suite_count(&f, &load.id), 1);
    help_fixture_done(&f);
}

#define waiting(name) cmocka_unit_test_setup(name, help_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        waiting(log__under_load_does_not_grow_without_end),
        waiting(log__at_its_limit_makes_writes_wait_and_then_says_busy),
        waiting(call__waits_no_longer_than_its_deadline),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
