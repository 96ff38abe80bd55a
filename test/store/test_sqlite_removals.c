/* Deleting an organization with more documents than go in one transaction: the rest goes afterwards,
 * also after a kill, and is never seen. */
#include "sqlite_help.h"

#include "base/clock.h"
#include "store/report.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/doctor.h"
#include "store/sqlite/removals.h"

#include <unistd.h>

#define MANY 30000

static struct place place;
static struct place copy;

static int64_t documents_in(const struct place *where)
{
    return help_number(where, "SELECT count(*) FROM documents");
}

static int64_t removals_in(const struct place *where)
{
    return help_number(where, "SELECT count(*) FROM removals");
}

/* Puts so many documents of so many bytes into the organization that was made first. */
static void fill(int64_t number, int bytes)
{
    char sql[512];

    (void)snprintf(sql, sizeof(sql),
                   "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                   " INSERT INTO documents SELECT 1, printf('%%08d', i), printf('%%.*c', %d, 'x')"
                   " FROM n",
                   (int)number, bytes);
    help_sql(&place, sql);
    (void)snprintf(sql, sizeof(sql), "UPDATE organizations SET documents = %d WHERE number = 1",
                   (int)number);
    help_sql(&place, sql);
}

/* A store with the organization "big", which has documents, and "other", which has one. */
static void open_filled(struct fixture *f, int64_t number, int bytes, struct oid *ret_big,
                        struct oid *ret_other)
{
    help_fixture(f, help_open(&place));
    *ret_big = suite_create(f, "big").id;
    *ret_other = suite_create(f, "other").id;
    assert_status(suite_put(f->store, &f->call, ret_other, "d", "{}"), ST_OK);
    help_fixture_done(f);
    fill(number, bytes);
    help_fixture(f, help_open(&place));
}

static void wait_until_removed(const struct place *where)
{
    int64_t until_ms = clock_monotonic_ms() + 60000;

    while (removals_in(where) > 0 && clock_monotonic_ms() < until_ms) {
        (void)usleep(10000);
    }
    assert_int_equal(removals_in(where), 0);
}

TEST(documents__that_are_few_go_with_their_organization)
{
    struct fixture f;
    struct oid big;
    struct oid other;

    open_filled(&f, REMOVALS_AT_ONCE, 10, &big, &other);
    assert_status(store_organization_delete(f.store, &f.call, &big), ST_OK);
    assert_int_equal(removals_in(&place), 0);
    assert_int_equal(documents_in(&place), 1);
    help_fixture_done(&f);
    help_check(&place);
}

/*
 * Fills the store and deletes "big" as the writer does, but with no writer there to go on: what a process
 * leaves that is killed with the answer. Returns how many of its documents are left.
 */
static int64_t delete_and_die(int64_t number, int bytes)
{
    struct connection connection;
    struct fixture f;
    struct oid big;
    struct oid other;

    open_filled(&f, number, bytes, &big, &other);
    store_close(f.store);
    f.store = NULL;
    assert_status(connection_init(&connection, place.database, CONNECTION_WRITE, &f.err), ST_OK);
    assert_status(connection_run(&connection, SQL_BEGIN, &f.err), ST_OK);
    assert_status(removals_begin(&connection, &f.call, 1), ST_OK);
    assert_status(connection_exec(&connection,
                                  "DELETE FROM organizations WHERE number = 1;"
                                  "DELETE FROM memberships WHERE organization = 1;"
                                  "DELETE FROM accounts WHERE number = 1",
                                  &f.err),
                  ST_OK);
    assert_status(connection_run(&connection, SQL_COMMIT, &f.err), ST_OK);
    connection_done(&connection);
    arena_done(&f.mem);
    help_check(&place);
    return documents_in(&place) - 1;
}

TEST(documents__that_are_many_are_left_for_later)
{
    assert_int_equal(delete_and_die(MANY, 10), MANY - REMOVALS_AT_ONCE);
    assert_int_equal(help_number(&place, "SELECT organization FROM removals"), 1);
}

TEST(documents__that_are_large_do_not_all_go_in_one_transaction)
{
    assert_int_equal(delete_and_die(20, 400 * 1024), 18);
    assert_int_equal(removals_in(&place), 1);
}

TEST(removal__goes_on_after_a_kill_at_any_time)
{
    struct fixture f;
    struct oid big;
    struct oid other;
    int64_t left = MANY;

    open_filled(&f, MANY, 10, &big, &other);
    assert_status(store_organization_delete(f.store, &f.call, &big), ST_OK);
    for (int i = 0; i < 4; i++) {
        struct fixture after;
        struct organization found;

        (void)usleep(5000);
        help_copy(&place, &copy); /* what a process killed now leaves */
        help_check(&copy);
        assert_true(documents_in(&copy) - 1 <= left);
        left = documents_in(&copy) - 1;
        help_fixture(&after, help_open(&copy));
        assert_status(store_organization_by_id(after.store, &after.call, &big, &found),
                      ST_NO_ORGANIZATION);
        assert_int_equal(suite_count(&after, &other), 1);
        wait_until_removed(&copy);
        assert_int_equal(documents_in(&copy), 1);
        help_fixture_done(&after);
        help_check(&copy);
    }
    help_fixture_done(&f);
}

TEST(removal__goes_on_at_the_next_start)
{
    struct fixture f;
    struct oid big;

    assert_true(delete_and_die(MANY, 10) > 0);
    help_fixture(&f, help_open(&place));
    big = suite_create(&f, "big").id;
    assert_int_equal(suite_count(&f, &big), 0);
    wait_until_removed(&place);
    assert_int_equal(documents_in(&place), 1);
    help_fixture_done(&f);
    help_check(&place);
}

TEST(removal__goes_on_while_others_write)
{
    struct fixture f;
    struct oid big;
    struct oid other;
    int64_t written = 1;

    open_filled(&f, 3000, 10, &big, &other);
    assert_status(store_organization_delete(f.store, &f.call, &big), ST_OK);
    while (removals_in(&place) > 0) {
        const char *id = arena_printf(&f.mem, "w%d", (int)written).ptr;

        assert_status(suite_put(f.store, &f.call, &other, id, "{}"), ST_OK);
        written++;
        f.call.deadline_ms = clock_monotonic_ms() + 60000;
    }
    assert_int_equal(suite_count(&f, &other), written);
    assert_int_equal(documents_in(&place), written);
    help_fixture_done(&f);
    help_check(&place);
}

/* A removal that meets a page that can't be read ends as this one does: with the whole transaction. */
TEST(removal__that_fails_takes_no_change_of_others_with_it)
{
    static const char ours[] = "SELECT count(*) FROM documents WHERE organization = 1";
    struct fixture f;
    struct oid big;
    struct oid other;
    int64_t left = MANY;
    int written = 0;

    open_filled(&f, MANY, 10, &big, &other);
    help_sql(&place, "CREATE TRIGGER unreadable BEFORE DELETE ON documents"
                     " WHEN old.id = '00010000' BEGIN SELECT RAISE(ROLLBACK, 'unreadable'); END");
    assert_status(store_organization_delete(f.store, &f.call, &big), ST_OK);
    for (int same = 0; same < 100; same++, written++) {
        const char *id = arena_printf(&f.mem, "w%d", written).ptr;
        int64_t now = help_number(&place, ours);

        same = now < left ? 0 : same;
        left = now;
        assert_status(suite_put(f.store, &f.call, &other, id, "{}"), ST_OK);
        f.call.deadline_ms = clock_monotonic_ms() + 60000;
    }
    assert_int_equal(removals_in(&place), 1);
    help_sql(&place, "DROP TRIGGER unreadable");
    wait_until_removed(&place);
    assert_int_equal(suite_count(&f, &other), written + 1);
    assert_int_equal(documents_in(&place), written + 1);
    help_fixture_done(&f);
    help_check(&place);
}

TEST(doctor__finds_all_well_and_counts_none_of_the_rest)
{
    struct buf words;
    struct report report;
    struct err err = { .text = "" };

    assert_true(delete_and_die(MANY, 10) > 0);
    buf_init(&words, 1 << 20);
    report_init(&report, false, "sqlite", &words);
    assert_status(sqlite_doctor(place.directory, &report, &err), ST_OK);
    assert_str(buf_view(&words), "All is well: 1 organizations, 1 accounts, 1 documents\n");
    buf_done(&words);
}

#define removing(name) cmocka_unit_test_setup(name, help_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        removing(documents__that_are_few_go_with_their_organization),
        removing(documents__that_are_many_are_left_for_later),
        removing(documents__that_are_large_do_not_all_go_in_one_transaction),
        removing(removal__goes_on_after_a_kill_at_any_time),
        removing(removal__goes_on_at_the_next_start),
        removing(removal__goes_on_while_others_write),
        removing(removal__that_fails_takes_no_change_of_others_with_it),
        removing(doctor__finds_all_well_and_counts_none_of_the_rest),
    };
    int failures;

    help_init(&place);
    help_init(&copy);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&copy);
    help_done(&place);
    return failures;
}
