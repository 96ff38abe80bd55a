/* Edits that nobody waits for: told at their home once they are on disk, taken back before they are begun,
 * and the same to the engines around this one. */
#include "faulty_vfs.h"
#include "sqlite_help.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/later.h"
#include "store/cache.h"
#include "store/fault.h"
#include "store/sqlite/engine.h"
#include "store/trace.h"

#include <pthread.h>
#include <unistd.h>

#define EDITS 40

static struct place place;

/* Who is told, and the gate at which an edit stops on the writer's thread. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t ended;
    size_t times;
    bool is_open;
    bool is_reached;
} home_of_all = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void note(struct later_home *home, struct later *chain)
{
    (void)home;
    (void)pthread_mutex_lock(&home_of_all.mutex);
    home_of_all.times++;
    for (; chain; chain = chain->next) {
        home_of_all.ended++;
    }
    (void)pthread_cond_broadcast(&home_of_all.changed);
    (void)pthread_mutex_unlock(&home_of_all.mutex);
}

static struct later_home home = { .ended = note };

static void wait_until_ended(size_t number)
{
    (void)pthread_mutex_lock(&home_of_all.mutex);
    while (home_of_all.ended < number) {
        (void)pthread_cond_wait(&home_of_all.changed, &home_of_all.mutex);
    }
    (void)pthread_mutex_unlock(&home_of_all.mutex);
}

static void open_gate(void)
{
    (void)pthread_mutex_lock(&home_of_all.mutex);
    home_of_all.is_open = true;
    (void)pthread_cond_broadcast(&home_of_all.changed);
    (void)pthread_mutex_unlock(&home_of_all.mutex);
}

static void wait_until_reached(void)
{
    (void)pthread_mutex_lock(&home_of_all.mutex);
    while (!home_of_all.is_reached) {
        (void)pthread_cond_wait(&home_of_all.changed, &home_of_all.mutex);
    }
    (void)pthread_mutex_unlock(&home_of_all.mutex);
}

/* One edit that is left, with all that has to stay. */
struct edit {
    struct shot shot;
    struct later later;
    struct put_context put;
    char id[16];
    bool stops; /* at the gate */
};

static enum status put_edit(void *context, const struct document *now,
                            struct document_edit *ret_edit)
{
    struct edit *edit = context;

    (void)pthread_mutex_lock(&home_of_all.mutex);
    home_of_all.is_reached = home_of_all.is_reached || edit->stops;
    (void)pthread_cond_broadcast(&home_of_all.changed);
    while (edit->stops && !home_of_all.is_open) {
        (void)pthread_cond_wait(&home_of_all.changed, &home_of_all.mutex);
    }
    (void)pthread_mutex_unlock(&home_of_all.mutex);
    return suite_put_edit(&edit->put, now, ret_edit);
}

static void begin_edit(struct edit *edit, struct store *store, const struct oid *of, int number)
{
    shot_init(&edit->shot);
    edit->later = (struct later){ .home = &home };
    edit->shot.call.later = &edit->later;
    edit->put.body = STR("{}");
    (void)snprintf(edit->id, sizeof(edit->id), "%d", number);
    assert_status(
        store_document_edit(store, &edit->shot.call, of, str_of(edit->id), put_edit, edit),
        ST_PENDING);
}

static enum status end_edit(struct edit *edit)
{
    enum status status = later_go_on(&edit->later);

    shot_done(&edit->shot);
    return status;
}

/* A store that remembers, measures and fails; ret_fault: what fails. */
static struct store *open_store(struct store **ret_fault)
{
    struct store *store;

    home_of_all.ended = 0;
    home_of_all.times = 0;
    home_of_all.is_open = false;
    home_of_all.is_reached = false;
    *ret_fault = fault_store_new(help_open(&place));
    assert_non_null(*ret_fault);
    store = cache_store_new(*ret_fault, 0);
    assert_non_null(store);
    store = trace_store_new(store);
    assert_non_null(store);
    return store;
}

TEST(edits__that_are_left_are_told_of_together_and_are_there)
{
    static struct edit edits[EDITS];
    struct store *fault;
    struct fixture f;
    struct oid a;

    help_fixture(&f, open_store(&fault));
    assert_true(f.store->ops->edit_pends);
    a = suite_create(&f, "a").id;
    edits[0].stops = true;
    for (int i = 0; i < EDITS; i++) {
        begin_edit(&edits[i], f.store, &a, i);
        if (i == 0) {
            wait_until_reached();
        }
    }
    assert_int_equal(suite_count(&f, &a), 0);
    open_gate();
    wait_until_ended(EDITS);
    assert_int_equal(home_of_all.times, 2); /* the first, and all that waited behind it */
    assert_int_equal(suite_count(&f, &a), EDITS);
    for (int i = 0; i < EDITS; i++) {
        assert_status(end_edit(&edits[i]), ST_OK);
    }
    help_fixture_done(&f);
    help_check(&place);
}

TEST(edit__that_is_refused_is_told_so_later)
{
    static struct edit edit;
    struct oid nobody = oid_new();
    struct store *fault;
    struct fixture f;

    help_fixture(&f, open_store(&fault));
    begin_edit(&edit, f.store, &nobody, 0);
    wait_until_ended(1);
    assert_status(end_edit(&edit), ST_NO_ORGANIZATION);
    help_fixture_done(&f);
}

/* One edit is in a transaction, others wait behind it, and the disk fails. */
static void fail_commits(enum fault failure, enum status expected)
{
    static struct edit edits[5];
    struct store *fault;
    struct fixture f;
    struct oid a;

    help_fixture(&f, open_store(&fault));
    a = suite_create(&f, failure == FAULT_LOST ? "lost" : "full").id;
    memset(edits, 0, sizeof(edits));
    edits[0].stops = true;
    begin_edit(&edits[0], f.store, &a, 0);
    wait_until_reached();
    for (int i = 1; i < 5; i++) {
        begin_edit(&edits[i], f.store, &a, i);
    }
    faulty_vfs_arm(failure, 0, true);
    open_gate();
    wait_until_ended(5);
    assert_true(faulty_vfs_disarm() > 0);
    assert_status(end_edit(&edits[0]), expected);
    for (int i = 1; i < 5; i++) {
        assert_int_not_equal(end_edit(&edits[i]), ST_OK);
    }
    assert_int_equal(suite_count(&f, &a), 0);
    assert_status(suite_put(f.store, &f.call, &a, "0", "{}"), ST_OK);
    help_fixture_done(&f);
}

TEST(edits__that_are_left_are_told_of_a_commit_that_fails)
{
    fail_commits(FAULT_WRITE_FULL, ST_STORAGE_FULL);
    fail_commits(FAULT_LOST, ST_UNSURE);
}

/* One edit of a new organization, at which the writer stands, and another one behind it. The id stays the
 * edits' until they have ended. */
static void begin_behind_one(struct fixture *f, struct edit edits[2], struct oid *ret_a)
{
    struct store *fault;

    help_fixture(f, open_store(&fault));
    *ret_a = suite_create(f, "a").id;
    edits[0].stops = true;
    begin_edit(&edits[0], f->store, ret_a, 0);
    wait_until_reached();
    begin_edit(&edits[1], f->store, ret_a, 1);
}

TEST(edit__can_be_taken_back_until_it_is_begun)
{
    static struct edit edits[3];
    struct fixture f;
    struct oid a;

    begin_behind_one(&f, edits, &a);
    begin_edit(&edits[2], f.store, &a, 2);
    assert_false(later_withdraw(&edits[0].later, ST_BUSY));
    assert_true(later_withdraw(&edits[1].later, ST_BUSY));
    assert_status(end_edit(&edits[1]), ST_BUSY); /* while the writer still stands */
    open_gate();
    wait_until_ended(2);
    assert_false(later_withdraw(&edits[2].later, ST_BUSY));
    assert_status(end_edit(&edits[0]), ST_OK);
    assert_status(end_edit(&edits[2]), ST_OK);
    assert_int_equal(home_of_all.ended, 2);
    assert_int_equal(suite_count(&f, &a), 2);
    help_fixture_done(&f);
    help_check(&place);
}

TEST(edit__whose_deadline_passes_on_the_queue_changes_nothing)
{
    static struct edit edits[2];
    struct fixture f;
    struct oid a;

    begin_behind_one(&f, edits, &a);
    edits[1].shot.call.deadline_ms = clock_monotonic_ms() - 1;
    open_gate();
    wait_until_ended(2);
    assert_status(end_edit(&edits[0]), ST_OK);
    assert_status(end_edit(&edits[1]), ST_BUSY);
    assert_int_equal(suite_count(&f, &a), 1);
    help_fixture_done(&f);
}

/* How often the engine was asked for a document that is there. */
static int asked(struct fixture *f, struct store *fault, const struct oid *of, const char *id)
{
    int before = fault_store_calls(fault);
    struct document found;

    assert_status(store_document_get(f->store, &f->call, of, str_of(id), &found), ST_OK);
    return fault_store_calls(fault) - before;
}

TEST(document__is_not_remembered_while_a_change_of_it_is_under_way)
{
    static struct edit edit;
    struct store *fault;
    struct fixture f;
    struct document found;
    struct oid a;

    help_fixture(&f, open_store(&fault));
    a = suite_create(&f, "a").id;
    assert_status(suite_put(f.store, &f.call, &a, "7", DOC("7", "old")), ST_OK);
    edit.stops = true;
    begin_edit(&edit, f.store, &a, 7);
    wait_until_reached();
    assert_int_equal(asked(&f, fault, &a, "7"), 1);
    assert_int_equal(asked(&f, fault, &a, "7"), 1);
    open_gate();
    wait_until_ended(1);
    assert_int_equal(asked(&f, fault, &a, "7"), 1); /* until its caller goes on */
    assert_status(end_edit(&edit), ST_OK);
    assert_int_equal(asked(&f, fault, &a, "7"), 1);
    assert_int_equal(asked(&f, fault, &a, "7"), 0);
    assert_status(store_document_get(f.store, &f.call, &a, STR("7"), &found), ST_OK);
    assert_str(found.body, "{}");
    help_fixture_done(&f);
}

TEST(outcome__that_is_lost_is_lost_later)
{
    static struct edit edit;
    struct store *fault;
    struct fixture f;
    struct oid a;

    help_fixture(&f, open_store(&fault));
    a = suite_create(&f, "a").id;
    fault_store_arm(fault, 0, FAULT_AFTER, ST_UNSURE);
    begin_edit(&edit, f.store, &a, 0);
    wait_until_ended(1);
    assert_status(end_edit(&edit), ST_UNSURE);
    assert_int_equal(suite_count(&f, &a), 1);
    help_fixture_done(&f);
}

TEST(edit__is_measured_until_it_has_an_outcome)
{
    static const char none[] = "orgd_store_duration_seconds_count{operation=\"document_edit\"} 0\n";
    static const char one[] = "orgd_store_duration_seconds_count{operation=\"document_edit\"} 1\n";
    static struct edit edit;
    struct store *fault;
    struct fixture f;
    struct buf out;
    struct oid a;

    help_fixture(&f, open_store(&fault));
    a = suite_create(&f, "a").id;
    begin_edit(&edit, f.store, &a, 0);
    wait_until_ended(1);
    buf_init(&out, 1 << 20);
    trace_store_metrics(f.store, &out);
    assert_non_null(strstr(buf_view(&out).ptr, none));
    assert_status(end_edit(&edit), ST_OK);
    buf_clear(&out);
    trace_store_metrics(f.store, &out);
    assert_non_null(strstr(buf_view(&out).ptr, one));
    buf_done(&out);
    help_fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(edits__that_are_left_are_told_of_together_and_are_there, help_empty),
        cmocka_unit_test_setup(edit__that_is_refused_is_told_so_later, help_empty),
        cmocka_unit_test_setup(edits__that_are_left_are_told_of_a_commit_that_fails, help_empty),
        cmocka_unit_test_setup(edit__can_be_taken_back_until_it_is_begun, help_empty),
        cmocka_unit_test_setup(edit__whose_deadline_passes_on_the_queue_changes_nothing,
                               help_empty),
        cmocka_unit_test_setup(document__is_not_remembered_while_a_change_of_it_is_under_way,
                               help_empty),
        cmocka_unit_test_setup(outcome__that_is_lost_is_lost_later, help_empty),
        cmocka_unit_test_setup(edit__is_measured_until_it_has_an_outcome, help_empty),
    };
    int failures;

    faulty_vfs_install();
    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
