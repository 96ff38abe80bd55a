/*
 * Changes on MongoDB are wholly there or wholly absent wherever the instance that makes them ends: a
 * process for each of its writes makes the same change and ends before that write, or right after sending
 * it; the next instance brings all of them to an end.
 */
#include "mongo_place.h"
#include "mongo_sends.h"

#include "app/store_rules.h"
#include "store/mongo/mongo_store.h"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 10 /* more than any change has writes */
#define RECOVERERS 8

static struct mongo_place place;
static char program[] = "/proc/self/exe";

/* The changes; each makes of the organization "a<i>" what assert_changed expects. */
enum kind {
    CREATE,
    RENAME,           /* the collection moves */
    RESPELL,          /* it doesn't */
    CREDENTIALS,      /* nothing of the organization */
    RESPELL_AND_MORE, /* name and credentials */
    RENAME_AND_MORE,  /* everything */
    DELETE
};

static bool renames(enum kind kind)
{
    return kind == RENAME || kind == RENAME_AND_MORE;
}

static bool changes_credentials(enum kind kind)
{
    return kind == CREDENTIALS || kind == RESPELL_AND_MORE || kind == RENAME_AND_MORE;
}

/* Ids are made from i, so that the test finds what a child made. */
static struct new_organization new_of(struct arena *mem, int i)
{
    struct new_organization new = suite_new(mem, arena_printf(mem, "a%d", i).ptr);

    new.id = (struct oid){ .bytes = { 0x60, [OID_BYTES - 1] = (uint8_t)i } };
    new.account_id = (struct oid){ .bytes = { 0x61, [OID_BYTES - 1] = (uint8_t)i } };
    return new;
}

static enum status change(struct store *store, const struct call *call, enum kind kind, int i)
{
    struct new_organization new = new_of(call->mem, i);
    struct organization_change update = { .id = new.id,
                                          .account_id = new.account_id,
                                          .now_ms = 2000 };
    struct organization made;

    if (kind == CREATE) {
        return store_organization_create(store, call, &new, &made);
    }
    if (kind == DELETE) {
        return store_organization_delete(store, call, &new.id);
    }
    if (renames(kind)) {
        update.name = arena_printf(call->mem, "Org b%d", i);
        update.name_key = arena_printf(call->mem, "org b%d", i);
        update.slug = arena_printf(call->mem, "b%d", i);
    } else if (kind != CREDENTIALS) {
        update.name = arena_printf(call->mem, "ORG A%d", i);
        update.name_key = new.name_key;
    }
    if (changes_credentials(kind)) {
        update.email = update.email_key = arena_printf(call->mem, "b%d@b.example", i);
        update.password_hash = STR("second");
    }
    return store_organization_update(store, call, &update, &made);
}

/* What a child is told by its arguments. by_others: it makes no change, but recovers what it finds. */
struct order {
    enum kind kind;
    int i; /* the organization, and the write that it ends at */
    enum sends_end end;
    bool recovers;
};

#define RECOVERS_S 3
#define ORDER_ARGUMENTS 5

/* Waits while the instance recovers what dead ones left; ends itself on the way. */
static int run_recoverer(const struct order *order)
{
    struct store *store = NULL;
    struct err err;

    sends_end_at(order->i, order->end, true);
    if (mongo_store_open(place.url, place.database, &app_store_rules, &store, &err) != ST_OK) {
        return 3;
    }
    (void)sleep(RECOVERS_S);
    store_close(store);
    return 0;
}

static int run_changer(const struct order *order)
{
    struct fixture f;
    enum status status;

    place_fixture(&place, &f);
    sends_end_at(order->i, order->end, false);
    status = change(f.store, &f.call, order->kind, order->i);
    sends_end_at(0, order->end, false);
    if (status != ST_OK) {
        (void)fprintf(stderr, "child %d: %s %s\n", order->i, status_code(status), f.err.text);
    }
    place_fixture_done(&f);
    return status == ST_OK ? 0 : 2;
}

/* A child is a new program, not a fork of this one: driver and ids are its own. */
static pid_t start_child(const struct order *order)
{
    char numbers[ORDER_ARGUMENTS - 1][16];
    char *arguments[] = { program,    place.database, numbers[0], numbers[1],
                          numbers[2], numbers[3],     NULL };
    pid_t child = 0;

    (void)snprintf(numbers[0], sizeof(numbers[0]), "%d", (int)order->kind);
    (void)snprintf(numbers[1], sizeof(numbers[1]), "%d", order->i);
    (void)snprintf(numbers[2], sizeof(numbers[2]), "%d", (int)order->end);
    (void)snprintf(numbers[3], sizeof(numbers[3]), "%d", order->recovers);
    assert_int_equal(posix_spawn(&child, program, NULL, NULL, arguments, environ), 0);
    return child;
}

static int run_child(char **arguments)
{
    struct order order = {
        .kind = (enum kind)strtol(arguments[2], NULL, 10),
        .i = (int)strtol(arguments[3], NULL, 10),
        .end = (enum sends_end)strtol(arguments[4], NULL, 10),
        .recovers = strtol(arguments[5], NULL, 10) != 0,
    };

    (void)snprintf(place.database, sizeof(place.database), "%s", arguments[1]);
    return order.recovers ? run_recoverer(&order) : run_changer(&order);
}

/* Whether the child did all that it was to do: otherwise it ended on the way. */
static bool await_child(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == SENDS_ENDED);
    return WEXITSTATUS(status) == 0;
}

static void make_before(enum kind kind)
{
    struct fixture f;

    place_wipe(&place);
    place_fixture(&place, &f);
    for (int i = 1; i <= PROCESSES && kind != CREATE; i++) {
        struct new_organization new = new_of(&f.mem, i);
        struct organization made;

        assert_status(store_organization_create(f.store, &f.call, &new, &made), ST_OK);
        assert_status(suite_put(f.store, &f.call, &new.id, "d", "{\"_id\":\"d\"}"), ST_OK);
    }
    place_fixture_done(&f);
}

/* Runs all of them at once. ret_completed[i]: the i-th did all its writes. Returns how many did. */
static int run_children(enum kind kind, enum sends_end end, bool ret_completed[PROCESSES + 1])
{
    pid_t children[PROCESSES + 1];
    int completed = 0;

    for (int i = 1; i <= PROCESSES; i++) {
        children[i] = start_child(&(struct order){ .kind = kind, .i = i, .end = end });
    }
    for (int i = 1; i <= PROCESSES; i++) {
        ret_completed[i] = await_child(children[i]);
        completed += ret_completed[i];
    }
    return completed;
}

static void assert_document(struct fixture *f, const struct oid *id)
{
    struct document document;

    assert_status(store_document_get(f->store, &f->call, id, STR("d"), &document), ST_OK);
    assert_int_equal(suite_count(f, id), 1);
}

/* There is no such organization, and everything of it can be had again. */
static void assert_absent(struct fixture *f, const struct new_organization *new)
{
    struct new_organization again = *new;
    struct organization found;
    struct membership member;

    assert_status(store_organization_by_id(f->store, &f->call, &new->id, &found),
                  ST_NO_ORGANIZATION);
    assert_status(store_membership_by_email(f->store, &f->call, new->email_key, &member),
                  ST_NO_ACCOUNT);
    again.id = oid_new();
    again.account_id = oid_new();
    assert_status(store_organization_create(f->store, &f->call, &again, &found), ST_OK);
    assert_true(str_equal(found.slug, new->slug));
    assert_int_equal(suite_count(f, &again.id), 0);
}

/* Before or after the change, in everything. Returns whether it is after. */
static bool assert_whole(struct fixture *f, enum kind kind, int i)
{
    struct new_organization new = new_of(&f->mem, i);
    struct organization found;
    struct membership member;
    bool is_there = store_organization_by_name(f->store, &f->call, new.name_key, &found) == ST_OK;
    bool is_after;

    if (kind == CREATE || kind == DELETE) {
        if (!is_there) {
            assert_absent(f, &new);
        } else if (kind == DELETE) {
            assert_document(f, &new.id);
        }
        return is_there == (kind == CREATE);
    }
    assert_status(store_membership_by_ids(f->store, &f->call, &new.account_id, &new.id, &member),
                  ST_OK);
    is_after = member.organization.updated_ms == 2000;
    assert_int_equal(member.organization.updated_ms, is_after ? 2000 : 1000);
    assert_str(member.organization.slug,
               arena_printf(&f->mem, "%c%d", is_after && renames(kind) ? 'b' : 'a', i).ptr);
    assert_true(is_there == !(is_after && renames(kind)));
    assert_true(str_equal(member.organization.name, new.name) ==
                (!is_after || kind == CREDENTIALS));
    assert_str(member.account.password_hash, is_after && changes_credentials(kind)
                                                 ? "second"
                                                 : arena_printf(&f->mem, "hash of a%d", i).ptr);
    assert_int_equal(member.account.password_version, is_after && changes_credentials(kind));
    assert_true(str_equal(member.account.email, new.email) ==
                !(is_after && changes_credentials(kind)));
    assert_true(str_equal(member.account.email, member.organization.admin_email));
    assert_document(f, &new.id);
    return is_after;
}

static void crash_everywhere(enum kind kind)
{
    for (int end = BEFORE_SENDING; end <= AFTER_SENDING; end++) {
        bool completed[PROCESSES + 1];
        struct fixture f;
        int after = 0;

        make_before(kind);
        assert_in_range(run_children(kind, (enum sends_end)end, completed), 1, PROCESSES - 2);
        place_fixture(&place, &f);
        place_await_recovery(&place);
        for (int i = 1; i <= PROCESSES; i++) {
            bool is_after = assert_whole(&f, kind, i);

            assert_true(is_after || !completed[i]);
            after += is_after;
        }
        assert_in_range(after, 1, PROCESSES - 1);
        place_check(&place);
        place_fixture_done(&f);
    }
}

TEST(create__ended_at_any_write_is_whole_or_absent)
{
    crash_everywhere(CREATE);
}

TEST(rename__ended_at_any_write_is_whole_or_absent)
{
    crash_everywhere(RENAME);
}

TEST(another_spelling__ended_at_any_write_is_whole_or_absent)
{
    crash_everywhere(RESPELL);
}

TEST(credentials__ended_at_any_write_are_whole_or_absent)
{
    crash_everywhere(CREDENTIALS);
}

TEST(spelling_and_credentials__ended_at_any_write_are_whole_or_absent)
{
    crash_everywhere(RESPELL_AND_MORE);
}

TEST(rename_with_credentials__ended_at_any_write_is_whole_or_absent)
{
    crash_everywhere(RENAME_AND_MORE);
}

TEST(delete__ended_at_any_write_is_whole_or_absent)
{
    crash_everywhere(DELETE);
}

TEST(recovery__that_is_ended_itself_is_finished_by_the_next)
{
    const enum kind kinds[] = { CREATE, RENAME_AND_MORE, DELETE };

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        bool completed[PROCESSES + 1];
        struct fixture f;
        int n = 1;

        make_before(kinds[k]);
        (void)run_children(kinds[k], AFTER_SENDING, completed);
        while (n <= RECOVERERS && !await_child(start_child(&(struct order){
                                      .i = n, .end = AFTER_SENDING, .recovers = true }))) {
            n++;
        }
        place_fixture(&place, &f);
        place_await_recovery(&place);
        for (int i = 1; i <= PROCESSES; i++) {
            assert_true(assert_whole(&f, kinds[k], i) || !completed[i]);
        }
        place_check(&place);
        place_fixture_done(&f);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__ended_at_any_write_is_whole_or_absent),
        cmocka_unit_test(rename__ended_at_any_write_is_whole_or_absent),
        cmocka_unit_test(another_spelling__ended_at_any_write_is_whole_or_absent),
        cmocka_unit_test(credentials__ended_at_any_write_are_whole_or_absent),
        cmocka_unit_test(spelling_and_credentials__ended_at_any_write_are_whole_or_absent),
        cmocka_unit_test(rename_with_credentials__ended_at_any_write_is_whole_or_absent),
        cmocka_unit_test(delete__ended_at_any_write_is_whole_or_absent),
        cmocka_unit_test(recovery__that_is_ended_itself_is_finished_by_the_next),
    };
    int failures;

    if (!place_init(&place, "mongo_changes")) {
        return PLACE_SKIPPED;
    }
    if (!sends_are_plain(place.url)) {
        (void)fprintf(stderr, "mongo_changes: skipped, its connections can't be looked into\n");
        place_done(&place);
        return PLACE_SKIPPED;
    }
    if (argc > ORDER_ARGUMENTS) {
        return run_child(argv);
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    place_done(&place);
    return failures;
}
