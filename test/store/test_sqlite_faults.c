/*
 * The SQLite engine on a disk that fails at every write, sync and growth in turn: what it says is what
 * a reader sees, and what a crash at that instant leaves.
 */
#include "faulty_vfs.h"
#include "sqlite_help.h"

#include "store/sqlite/engine.h"
#include "store/sqlite/sqlite_store.h"

#include <stdlib.h>
#include <unistd.h>

static struct place place; /* of the store */
static struct place crash; /* of what a crash would leave of it */

static const char *const fault_names[FAULT_COUNT] = {
    [FAULT_WRITE_FULL] = "no space", [FAULT_WRITE_QUOTA] = "over quota",
    [FAULT_WRITE_BAD] = "bad write", [FAULT_SYNC] = "failed sync",
    [FAULT_LOST] = "lost disk",      [FAULT_SHARED] = "no shared memory",
};

/* A change to be tried: makes an organization or a document, whole or not at all. */
struct attempt {
    struct new_organization new;
    struct oid home; /* the organization that gets the document */
    bool is_document;
};

static enum status perform(struct fixture *f, const struct attempt *attempt)
{
    struct organization made;
    char *body;

    if (!attempt->is_document) {
        return store_organization_create(f->store, &f->call, &attempt->new, &made);
    }
    body = arena_alloc(&f->mem, 20001); /* several pages */
    memset(body, 'x', 20000);
    return suite_put(f->store, &f->call, &attempt->home, "tried", body);
}

/* Whether the change is there; the test fails where half of it is. */
static bool is_there(struct fixture *f, const struct attempt *attempt)
{
    struct organization found;
    struct membership member;
    struct document document;
    enum status status;

    if (attempt->is_document) {
        status = store_document_get(f->store, &f->call, &attempt->home, STR("tried"), &document);
        assert_true(status == ST_OK || status == ST_NO_DOCUMENT);
        assert_int_equal(suite_count(f, &attempt->home), status == ST_OK ? 2 : 1);
        return status == ST_OK;
    }
    status = store_organization_by_id(f->store, &f->call, &attempt->new.id, &found);
    assert_true(status == ST_OK || status == ST_NO_ORGANIZATION);
    assert_status(store_membership_by_email(f->store, &f->call, attempt->new.email_key, &member),
                  status == ST_OK ? ST_OK : ST_NO_ACCOUNT);
    return status == ST_OK;
}

/* The same, after a crash now. */
static bool survives(const struct attempt *attempt)
{
    struct fixture f;
    bool there;

    help_copy(&place, &crash);
    help_fixture(&f, help_open(&crash));
    there = is_there(&f, attempt);
    help_fixture_done(&f);
    help_check(&crash);
    return there;
}

static void judge(struct fixture *f, const struct attempt *attempt, enum fault fault,
                  enum status status)
{
    bool there = is_there(f, attempt);
    bool left = survives(attempt);

    switch (status) {
    case ST_OK:
        assert_true(there && left);
        break;
    case ST_UNSURE:
        assert_false(there);
        assert_true(fault == FAULT_SYNC || fault == FAULT_LOST || fault == FAULT_SHARED);
        break;
    case ST_STORAGE_FULL:
        assert_false(there || left);
        assert_true(fault == FAULT_WRITE_FULL || fault == FAULT_WRITE_QUOTA ||
                    fault == FAULT_SHARED);
        break;
    case ST_BROKEN:
        assert_false(there || left);
        assert_true(fault == FAULT_WRITE_BAD || fault == FAULT_SYNC);
        break;
    default:
        fail_msg("%s after %s", status_code(status), fault_names[fault]);
    }
}

/* One try with the n-th call failing. Returns whether there was such a call. */
static bool try_one(enum fault fault, int n, bool lasting, bool is_document)
{
    struct fixture f;
    struct attempt attempt = { .is_document = is_document };
    enum status status;
    int faults;

    help_remove(&place);
    help_fixture(&f, help_open(&place));
    attempt.home = suite_create(&f, "home").id;
    attempt.new = suite_new(&f.mem, "tried");
    assert_status(suite_put(f.store, &f.call, &attempt.home, "first", "{}"), ST_OK);
    faulty_vfs_arm(fault, n, lasting);
    status = perform(&f, &attempt);
    faults = faulty_vfs_disarm();
    if (faults == 0) {
        assert_status(status, ST_OK);
    }
    judge(&f, &attempt, fault, status);
    if (status != ST_OK) {
        /* It works again by itself, and what was refused stays away. */
        assert_status(suite_put(f.store, &f.call, &attempt.home, "first", "again"), ST_OK);
        assert_false(is_there(&f, &attempt));
        assert_false(survives(&attempt));
        assert_status(perform(&f, &attempt), ST_OK);
        assert_true(survives(&attempt));
    }
    help_fixture_done(&f);
    return faults > 0;
}

static void try_all(bool lasting)
{
    for (enum fault fault = FAULT_WRITE_FULL; fault <= FAULT_LOST; fault++) {
        for (int is_document = 0; is_document <= 1; is_document++) {
            int n = 0;

            while (n < 200 && try_one(fault, n, lasting, is_document)) {
                n++;
            }
            assert_in_range(n, 1, 199);
        }
    }
}

TEST(change__with_one_failing_call_is_as_it_says)
{
    try_all(false);
}

TEST(change__on_a_disk_that_is_lost_is_as_it_says)
{
    try_all(true);
}

/* A log long enough to need a second block of its index, at each frame around where that begins. */
TEST(change__without_room_for_the_logs_index_is_as_it_says)
{
    struct checkpoint_limits never = { .copy = 1 << 20, .restart = 1 << 20, .limit = 1 << 21 };
    struct fixture f;
    struct store *store = NULL;
    struct attempt attempt = { .is_document = false };
    bool refused = false;

    help_remove(&place);
    assert_status(sqlite_store_open_with(place.directory, never, &store, NULL), ST_OK);
    help_fixture(&f, store);
    attempt.home = suite_create(&f, "home").id;
    for (int i = 0; i < 4000 && !refused; i++) {
        enum status status;

        attempt.new = suite_new(&f.mem, arena_printf(&f.mem, "n%d", i).ptr);
        faulty_vfs_arm(FAULT_SHARED, 0, true);
        status = perform(&f, &attempt);
        refused = faulty_vfs_disarm() > 0;
        if (refused) {
            judge(&f, &attempt, FAULT_SHARED, status);
            assert_status(suite_put(f.store, &f.call, &attempt.home, "d", "{}"), ST_OK);
            assert_false(is_there(&f, &attempt));
            assert_false(survives(&attempt));
        } else {
            assert_status(status, ST_OK);
        }
    }
    assert_true(refused);
    help_fixture_done(&f);
}

TEST(open__that_fails_at_any_call_can_be_tried_again)
{
    for (enum fault fault = FAULT_WRITE_FULL; fault <= FAULT_SHARED; fault++) {
        bool failed = true;

        for (int n = 0; n < 200 && failed; n++) {
            struct store *store = NULL;
            struct err err = { 0 };
            enum status status;

            help_remove(&place);
            faulty_vfs_arm(fault, n, true);
            status = sqlite_store_open(place.directory, &store, &err);
            failed = faulty_vfs_disarm() > 0;
            if (status == ST_OK) {
                store_close(store);
            } else {
                assert_true(failed && strlen(err.text) > 0);
            }
            store_close(help_open(&place));
            help_check(&place);
        }
    }
}

TEST(change__is_synced_before_it_is_acknowledged)
{
    struct fixture f;
    struct oid id;
    struct checkpoint_limits eager = { .copy = 5, .restart = 20, .limit = 100 };
    struct store *store = NULL;

    help_remove(&place);
    assert_status(sqlite_store_open_with(place.directory, eager, &store, NULL), ST_OK);
    help_fixture(&f, store);
    id = suite_create(&f, "home").id;
    for (int i = 0; i < 200; i++) {
        assert_status(suite_put(f.store, &f.call, &id, "d", arena_printf(&f.mem, "%d", i).ptr),
                      ST_OK);
        assert_false(faulty_vfs_log_is_dirty());
    }
    help_fixture_done(&f);
}

#define SOAK_DOCUMENTS 20

/* What a document's body may be, as far as the store's answers say. */
struct belief {
    int value;  /* -1: there is none */
    int unsure; /* or this, after a crash; equal to value where there is no doubt */
};

static int value_of(struct fixture *f, const struct oid *id, int i)
{
    struct document document;
    enum status status =
        store_document_get(f->store, &f->call, id, arena_printf(&f->mem, "%d", i), &document);

    assert_true(status == ST_OK || status == ST_NO_DOCUMENT);
    return status == ST_OK ? (int)strtol(document.body.ptr, NULL, 10) : -1;
}

static void compare_after_crash(const struct oid *id, const struct belief *beliefs)
{
    struct fixture f;

    help_copy(&place, &crash);
    help_fixture(&f, help_open(&crash));
    for (int i = 0; i < SOAK_DOCUMENTS; i++) {
        int value = value_of(&f, id, i);

        assert_true(value == beliefs[i].value || value == beliefs[i].unsure);
    }
    (void)suite_count(&f, id);
    help_fixture_done(&f);
    help_check(&crash);
}

static void soak(unsigned int seed)
{
    struct checkpoint_limits eager = { .copy = 5, .restart = 20, .limit = 2000 };
    struct belief beliefs[SOAK_DOCUMENTS];
    struct store *store = NULL;
    struct fixture f;
    struct oid id;

    help_remove(&place);
    assert_status(sqlite_store_open_with(place.directory, eager, &store, NULL), ST_OK);
    help_fixture(&f, store);
    id = suite_create(&f, "home").id;
    for (int i = 0; i < SOAK_DOCUMENTS; i++) {
        beliefs[i] = (struct belief){ .value = -1, .unsure = -1 };
    }
    for (int n = 0; n < 300; n++) {
        int i = rand_r(&seed) % SOAK_DOCUMENTS;
        const char *name = arena_printf(&f.mem, "%d", i).ptr;
        bool cut = rand_r(&seed) % 4 == 0 && beliefs[i].value >= 0;
        enum status status;

        faulty_vfs_arm(FAULT_ANY, 12, false);
        status = cut ? suite_delete(f.store, &f.call, &id, name)
                     : suite_put(f.store, &f.call, &id, name, arena_printf(&f.mem, "%d", n).ptr);
        (void)faulty_vfs_disarm();
        if (status == ST_OK) {
            /* A later commit settles what was in doubt. */
            for (int k = 0; k < SOAK_DOCUMENTS; k++) {
                beliefs[k].unsure = beliefs[k].value;
            }
            beliefs[i].value = beliefs[i].unsure = cut ? -1 : n;
        } else if (status == ST_UNSURE) {
            beliefs[i].unsure = cut ? -1 : n;
        }
        assert_int_equal(value_of(&f, &id, i), beliefs[i].value);
        if (n % 30 == 0 || status == ST_UNSURE) {
            compare_after_crash(&id, beliefs);
        }
    }
    compare_after_crash(&id, beliefs);
    help_fixture_done(&f);
}

TEST(changes__on_a_failing_disk_are_as_they_say_also_after_a_crash)
{
    for (unsigned int seed = 1; seed <= 8; seed++) {
        soak(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(change__with_one_failing_call_is_as_it_says),
        cmocka_unit_test(change__on_a_disk_that_is_lost_is_as_it_says),
        cmocka_unit_test(change__without_room_for_the_logs_index_is_as_it_says),
        cmocka_unit_test(open__that_fails_at_any_call_can_be_tried_again),
        cmocka_unit_test(change__is_synced_before_it_is_acknowledged),
        cmocka_unit_test(changes__on_a_failing_disk_are_as_they_say_also_after_a_crash),
    };
    int failures;

    faulty_vfs_install();
    help_init(&place);
    help_init(&crash);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&crash);
    help_done(&place);
    return failures;
}
