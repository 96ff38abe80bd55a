/*
 * The contract suite of src/store/store.h: every engine must pass it as it is. A program for an engine
 * fills in a struct engine and calls store_suite_run.
 */
#ifndef ORGD_TEST_STORE_SUITE_H
#define ORGD_TEST_STORE_SUITE_H

#include "unit/test.h"

#include "base/arena.h"
#include "base/call.h"
#include "store/store.h"

#include <stdio.h>

struct engine {
    const char *name;
    void *context;

    /* Ends all data. No store is open. */
    void (*wipe)(void *context);

    /* Opens what is there, or an empty store; fails the test where that fails. */
    struct store *(*open)(void *context);

    /* Makes an account a member of one more organization, behind the open store's back: no verb does
     * that yet. NULL: tests that need it are skipped. */
    void (*add_membership)(void *context, const struct oid *account_id,
                           const struct oid *organization_id);
};

/* Runs every test, each on an empty store. Returns the number of failures. */
int store_suite_run(const struct engine *engine);

/* What each test of the suite gets: an open, empty store. */
struct fixture {
    const struct engine *engine;
    struct store *store;
    struct arena mem;
    struct err err;
    struct call call; /* with a deadline far enough away */
};

/* A test of the suite: f is its fixture. */
#define STORE_TEST(name) static void name(void **state)
#define FIXTURE struct fixture *f = *state

int suite_setup(void **state);
int suite_teardown(void **state);
#define suite_test(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)

/* Closes the store and opens it again. */
void suite_reopen(struct fixture *f);

/* Members for an organization called tag: name "Org tag", key "org tag", slug tag, address and hash
 * to match; ids are new. Strings in mem. */
struct new_organization suite_new(struct arena *mem, const char *tag);

/* The same, made in the store; fails the test where that fails. */
struct organization suite_create(struct fixture *f, const char *tag);

/* The change that names an organization's administrator and changes nothing. */
struct organization_change suite_change(const struct organization *organization,
                                        int64_t password_version);

/* A change of name, key and slug after a tag, as suite_new has them. */
struct organization_change suite_rename(struct arena *mem, const struct organization *organization,
                                        const char *tag);

/* The body of a document, as store.h wants it: a literal of literals, or in mem. */
#define DOC(id, text) "{\"_id\":\"" id "\",\"text\":\"" text "\"}"
const char *suite_doc(struct arena *mem, const char *id, const char *text);

/* Edits: put a body, keep, delete, or fail. */
struct put_context {
    struct str body;
};
enum status suite_put_edit(void *context, const struct document *now,
                           struct document_edit *ret_edit);
enum status suite_delete_edit(void *context, const struct document *now,
                              struct document_edit *ret_edit);

enum status suite_put(struct store *store, const struct call *call, const struct oid *organization,
                      const char *id, const char *body);
enum status suite_delete(struct store *store, const struct call *call,
                         const struct oid *organization, const char *id);

/* The number of documents by with_total, having checked that as many can be listed. */
int64_t suite_count(struct fixture *f, const struct oid *organization);

/* A tenant called tag, with an id of its own and values that no verb would have made: times that differ, a
 * password that was changed seven times. */
struct tenant suite_tenant(struct fixture *f, const char *tag);

/* One member more, in order of ids. */
void suite_add_member(struct fixture *f, struct tenant *tenant, const struct tenant_member *member);

/* tenant_put, which is to succeed. */
void suite_put_tenant(struct fixture *f, const struct tenant *tenant);

/* The one tenant of an id, as the list has it; fails the test where it isn't listed. */
extern const struct tenant_query suite_all_tenants;
struct tenant suite_listed(struct fixture *f, const struct oid *id);

/* Each field is what it is expected to be. */
void suite_assert_text(struct str actual, struct str expected);
void suite_assert_account(const struct account *actual, const struct account *expected);
void suite_assert_organization(const struct organization *actual,
                               const struct organization *expected);
void suite_assert_tenant(const struct tenant *actual, const struct tenant *expected);

/* Fails with both names where the statuses differ. */
#define assert_status(actual, expected)                                                            \
    do {                                                                                           \
        enum status actual_status_ = (actual);                                                     \
        if (actual_status_ != (expected)) {                                                        \
            fail_msg("got %s, expected %s", status_code(actual_status_), status_code(expected));   \
        }                                                                                          \
    } while (0)

/*
 * Fails unless it was given up when its time was over: as busy, or, where the machine was so busy that a
 * last look at the server took longer than what was left, as unavailable. Nothing has happened then either.
 */
#define assert_not_in_time(actual)                                                                 \
    do {                                                                                           \
        enum status in_time_ = (actual);                                                           \
        assert_status(in_time_ == ST_UNAVAILABLE ? ST_BUSY : in_time_, ST_BUSY);                   \
    } while (0)

#define SUITE_THREADS 16

/* What one thread of a race needs for its calls. */
struct shot {
    struct arena mem;
    struct err err;
    struct call call;
};
void shot_init(struct shot *shot);
void shot_done(struct shot *shot);

/* Runs body(context, i) on SUITE_THREADS threads that start together, and joins them. */
void suite_race(void (*body)(void *context, int i), void *context);

/* The tests by file, each list with its length. */
extern const struct CMUnitTest organization_tests[];
extern const size_t organization_tests_count;
extern const struct CMUnitTest update_tests[];
extern const size_t update_tests_count;
extern const struct CMUnitTest account_tests[];
extern const size_t account_tests_count;
extern const struct CMUnitTest document_tests[];
extern const size_t document_tests_count;
extern const struct CMUnitTest race_tests[];
extern const size_t race_tests_count;
extern const struct CMUnitTest document_race_tests[];
extern const size_t document_race_tests_count;
extern const struct CMUnitTest fault_tests[];
extern const size_t fault_tests_count;
extern const struct CMUnitTest transfer_tests[];
extern const size_t transfer_tests_count;
extern const struct CMUnitTest move_tests[];
extern const size_t move_tests_count;
extern const struct CMUnitTest bulk_tests[];
extern const size_t bulk_tests_count;

#endif
