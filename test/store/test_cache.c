/* The cache around SQLite: the contract suite, and what of it reaches the engine. */
#include "sqlite_help.h"

#include "base/clock.h"
#include "store/cache.h"
#include "store/fault.h"

#include <stdlib.h>
#include <unistd.h>

#define MAX_AGE_MS 200
#define LARGEST 2048 /* bytes of a result, as cache.h has it */

static struct place place;

static void wipe(void *context)
{
    help_remove(context);
}

static struct store *open_cached(void *context)
{
    struct store *cache = cache_store_new(help_open(context), 0);

    assert_non_null(cache);
    return cache;
}

/* What each test of the cache's own gets: a cache around an engine that counts and fails, with an
 * organization in it. */
struct cached {
    struct fixture f; /* f.store is the cache */
    struct store *engine;
    struct organization made;
};

/* The four look-ups that are remembered. */
enum { BY_NAME, BY_ID, BY_SLUG, MEMBERSHIP, LOOKUPS };

static enum status look_up(struct cached *c, int lookup, struct membership *ret_found)
{
    struct store *store = c->f.store;
    const struct organization *made = &c->made;

    switch (lookup) {
    case BY_NAME:
        return store_organization_by_name(store, &c->f.call, made->name_key,
                                          &ret_found->organization);
    case BY_ID:
        return store_organization_by_id(store, &c->f.call, &made->id, &ret_found->organization);
    case BY_SLUG:
        return store_organization_by_slug(store, &c->f.call, made->slug, &ret_found->organization);
    default:
        return store_membership_by_ids(store, &c->f.call, &made->admin_id, &made->id, ret_found);
    }
}

static int calls(const struct cached *c)
{
    return fault_store_calls(c->engine);
}

/* Looks everything up; returns how many of the look-ups reached the engine. */
static int look_all_up(struct cached *c)
{
    int before = calls(c);

    for (int lookup = 0; lookup < LOOKUPS; lookup++) {
        struct membership found = { 0 };

        assert_status(look_up(c, lookup, &found), ST_OK);
        assert_true(oid_equal(&found.organization.id, &c->made.id));
    }
    return calls(c) - before;
}

static void open_aged(struct cached *c, int64_t max_age_ms)
{
    struct store *cache;

    help_remove(&place);
    c->engine = fault_store_new(help_open(&place));
    assert_non_null(c->engine);
    cache = cache_store_new(c->engine, max_age_ms);
    assert_non_null(cache);
    help_fixture(&c->f, cache);
    c->made = suite_create(&c->f, "acme");
}

static int setup_with(void **state, int64_t max_age_ms)
{
    struct cached *c = calloc(1, sizeof(*c));

    if (!c) {
        return -1;
    }
    open_aged(c, max_age_ms);
    *state = c;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 0);
}

static int setup_aged(void **state)
{
    return setup_with(state, MAX_AGE_MS);
}

static int teardown(void **state)
{
    struct cached *c = *state;

    help_fixture_done(&c->f);
    free(c);
    return 0;
}

static void assert_same(struct str a, struct str b)
{
    assert_int_equal(a.len, b.len);
    assert_int_equal(a.ptr == NULL, b.ptr == NULL);
    if (a.ptr) {
        assert_memory_equal(a.ptr, b.ptr, a.len);
        assert_int_equal(b.ptr[b.len], '\0');
    }
}

static void assert_same_membership(const struct membership *a, const struct membership *b)
{
    assert_same(a->organization.name, b->organization.name);
    assert_same(a->organization.name_key, b->organization.name_key);
    assert_same(a->organization.slug, b->organization.slug);
    assert_same(a->organization.collection, b->organization.collection);
    assert_same(a->organization.admin_email, b->organization.admin_email);
    assert_same(a->account.email, b->account.email);
    assert_same(a->account.email_key, b->account.email_key);
    assert_same(a->account.password_hash, b->account.password_hash);
    assert_same(a->role, b->role);
    assert_true(oid_equal(&a->organization.id, &b->organization.id));
    assert_true(oid_equal(&a->organization.admin_id, &b->organization.admin_id));
    assert_true(oid_equal(&a->account.id, &b->account.id));
    assert_int_equal(a->organization.created_ms, b->organization.created_ms);
    assert_int_equal(a->organization.updated_ms, b->organization.updated_ms);
    assert_int_equal(a->account.password_version, b->account.password_version);
    assert_int_equal(a->account.created_ms, b->account.created_ms);
    assert_int_equal(a->account.updated_ms, b->account.updated_ms);
}

STORE_TEST(look_ups__reach_the_engine_once_and_say_the_same_again)
{
    struct cached *c = *state;

    for (int lookup = 0; lookup < LOOKUPS; lookup++) {
        struct membership first = { 0 };
        struct membership again = { 0 };
        struct arena mem;
        int before = calls(c);

        assert_status(look_up(c, lookup, &first), ST_OK);
        assert_int_equal(calls(c), before + 1);
        arena_init(&mem, 65536);
        c->f.call.mem = &mem; /* a result lives as long as its call's memory, no longer */
        assert_status(look_up(c, lookup, &again), ST_OK);
        assert_same_membership(&first, &again);
        arena_done(&mem);
        c->f.call.mem = &c->f.mem;
        assert_status(look_up(c, lookup, &again), ST_OK);
        assert_same_membership(&first, &again);
        assert_int_equal(calls(c), before + 1);
    }
}

STORE_TEST(look_ups__of_equal_bytes_are_kept_apart)
{
    struct cached *c = *state;
    struct new_organization new = suite_new(&c->f.mem, "other");
    struct organization found;

    new.name_key = c->made.slug;
    new.slug = c->made.name_key;
    assert_status(store_organization_create(c->f.store, &c->f.call, &new, &found), ST_OK);
    for (int i = 0; i < 2; i++) {
        assert_status(store_organization_by_slug(c->f.store, &c->f.call, c->made.slug, &found),
                      ST_OK);
        assert_str(found.name, "Org acme");
        assert_status(store_organization_by_name(c->f.store, &c->f.call, c->made.slug, &found),
                      ST_OK);
        assert_str(found.name, "Org other");
    }
}

STORE_TEST(look_ups__that_find_nothing_are_asked_each_time)
{
    struct cached *c = *state;
    struct organization found;
    struct membership member;
    int before = calls(c);

    for (int i = 0; i < 2; i++) {
        assert_status(store_organization_by_name(c->f.store, &c->f.call, STR("none"), &found),
                      ST_NO_ORGANIZATION);
        assert_status(store_membership_by_ids(c->f.store, &c->f.call, &c->made.id,
                                              &c->made.admin_id, &member),
                      ST_NO_ACCOUNT);
    }
    assert_int_equal(calls(c), before + 4);
}

STORE_TEST(documents__change_nothing_that_is_remembered)
{
    struct cached *c = *state;

    (void)look_all_up(c);
    assert_status(suite_put(c->f.store, &c->f.call, &c->made.id, "d", "one"), ST_OK);
    assert_int_equal(suite_count(&c->f, &c->made.id), 1);
    assert_status(suite_delete(c->f.store, &c->f.call, &c->made.id, "d"), ST_OK);
    assert_int_equal(look_all_up(c), 0);
}

/* The verbs that change what is remembered. */
enum { CREATE, RENAME, REHASH, DELETE, CHANGES };

static enum status change(struct cached *c, struct store *store, int verb)
{
    struct organization_change renaming = suite_rename(&c->f.mem, &c->made, "renamed");
    struct new_organization new = suite_new(&c->f.mem, "second");
    struct organization result;

    switch (verb) {
    case CREATE:
        return store_organization_create(store, &c->f.call, &new, &result);
    case RENAME:
        return store_organization_update(store, &c->f.call, &renaming, &result);
    case REHASH:
        return store_account_rehash(store, &c->f.call, &c->made.admin_id, STR("hash of acme"),
                                    STR("better"));
    default:
        return store_organization_delete(store, &c->f.call, &c->made.id);
    }
}

/* How many look-ups a change makes useless: a new organization none, a hash none by name. */
static int useless_after(int verb)
{
    switch (verb) {
    case CREATE:
        return 0;
    case REHASH:
        return LOOKUPS - 1;
    default:
        return LOOKUPS;
    }
}

/* That look-ups say what is so after a change that happened. */
static void assert_changed(struct cached *c, int verb)
{
    bool renamed = verb == RENAME;

    for (int lookup = 0; lookup < LOOKUPS; lookup++) {
        struct membership found = { 0 };
        enum status status = look_up(c, lookup, &found);

        if (verb == DELETE || (renamed && (lookup == BY_NAME || lookup == BY_SLUG))) {
            assert_status(status, lookup == MEMBERSHIP ? ST_NO_ACCOUNT : ST_NO_ORGANIZATION);
            continue;
        }
        assert_status(status, ST_OK);
        assert_str(found.organization.name, renamed ? "Org renamed" : "Org acme");
        if (lookup == MEMBERSHIP) {
            assert_str(found.account.password_hash, verb == REHASH ? "better" : "hash of acme");
        }
    }
}

STORE_TEST(changes__of_each_kind_are_seen_by_the_next_look_up)
{
    struct cached *c = *state;

    for (int verb = 0; verb < CHANGES; verb++) {
        int before;

        (void)look_all_up(c);
        assert_int_equal(look_all_up(c), 0);
        assert_status(change(c, c->f.store, verb), ST_OK);
        before = calls(c);
        assert_changed(c, verb);
        assert_int_equal(calls(c), before + useless_after(verb));
        help_fixture_done(&c->f);
        open_aged(c, 0);
    }
}

STORE_TEST(changes__that_fail_before_anything_happened_are_asked_after_all_the_same)
{
    struct cached *c = *state;

    for (int verb = 0; verb < CHANGES; verb++) {
        (void)look_all_up(c);
        fault_store_arm(c->engine, 0, FAULT_BEFORE, ST_UNAVAILABLE);
        assert_status(change(c, c->f.store, verb), ST_UNAVAILABLE);
        assert_int_equal(look_all_up(c), useless_after(verb));
        assert_int_equal(look_all_up(c), 0);
        help_fixture_done(&c->f);
        open_aged(c, 0);
    }
}

STORE_TEST(changes__whose_answer_was_lost_are_seen_by_the_next_look_up)
{
    struct cached *c = *state;

    for (int verb = 0; verb < CHANGES; verb++) {
        (void)look_all_up(c);
        fault_store_arm(c->engine, 0, FAULT_AFTER, ST_UNSURE);
        assert_status(change(c, c->f.store, verb), ST_UNSURE);
        assert_changed(c, verb);
        help_fixture_done(&c->f);
        open_aged(c, 0);
    }
}

STORE_TEST(calls__that_wait_for_nothing_are_answered_from_memory_alone)
{
    struct cached *c = *state;
    struct membership found = { 0 };
    struct document document;
    int before = calls(c);

    c->f.call.memory_only = true;
    for (int lookup = 0; lookup < LOOKUPS; lookup++) {
        assert_status(look_up(c, lookup, &found), ST_BUSY);
    }
    for (int verb = 0; verb < CHANGES; verb++) {
        assert_status(change(c, c->f.store, verb), ST_BUSY);
    }
    assert_status(suite_put(c->f.store, &c->f.call, &c->made.id, "d", "one"), ST_BUSY);
    assert_status(store_document_get(c->f.store, &c->f.call, &c->made.id, STR("d"), &document),
                  ST_BUSY);
    assert_status(store_ping(c->f.store, &c->f.call), ST_BUSY);
    assert_int_equal(calls(c), before);
    c->f.call.memory_only = false;
    (void)look_all_up(c);
    c->f.call.memory_only = true;
    assert_int_equal(look_all_up(c), 0);
    c->f.call.memory_only = false;
}

STORE_TEST(changes__by_a_move_are_seen_by_the_next_look_up)
{
    struct cached *c = *state;
    struct tenant moved = suite_listed(&c->f, &c->made.id);
    struct membership found = { 0 };

    (void)look_all_up(c);
    moved.organization.updated_ms++;
    suite_put_tenant(&c->f, &moved);
    for (int lookup = 0; lookup < LOOKUPS; lookup++) {
        assert_status(look_up(c, lookup, &found), ST_OK);
        assert_int_equal(found.organization.updated_ms, moved.organization.updated_ms);
    }
}

STORE_TEST(age__lets_changes_by_others_be_seen_in_time)
{
    struct cached *c = *state;
    struct membership found = { 0 };
    int64_t begun_ms = clock_monotonic_ms();
    int before;

    (void)look_all_up(c);
    before = calls(c);
    assert_status(look_up(c, BY_ID, &found), ST_OK);
    if (clock_monotonic_ms() - begun_ms < MAX_AGE_MS) {
        assert_int_equal(calls(c), before);
    }
    assert_status(change(c, c->engine, RENAME), ST_OK); /* as another instance would */
    assert_int_equal(usleep(MAX_AGE_MS * 1000), 0);
    assert_changed(c, RENAME);
}

STORE_TEST(age__of_nothing_means_for_ever)
{
    struct cached *c = *state;

    (void)look_all_up(c);
    assert_int_equal(usleep(MAX_AGE_MS * 1000), 0);
    assert_int_equal(look_all_up(c), 0);
}

/* An organization whose name has so many bytes, and how often two look-ups of it reach the engine. */
static int calls_for_name_of(struct cached *c, const char *tag, size_t bytes)
{
    struct new_organization new = suite_new(&c->f.mem, tag);
    char *name = arena_alloc(&c->f.mem, bytes + 1);
    struct organization found;
    int before;

    memset(name, 'n', bytes);
    new.name = (struct str){ .ptr = name, .len = bytes };
    assert_status(store_organization_create(c->f.store, &c->f.call, &new, &found), ST_OK);
    before = calls(c);
    for (int i = 0; i < 2; i++) {
        assert_status(store_organization_by_id(c->f.store, &c->f.call, &new.id, &found), ST_OK);
        assert_same(new.name, found.name);
    }
    return calls(c) - before;
}

STORE_TEST(results__that_are_too_large_are_not_kept)
{
    struct cached *c = *state;

    assert_int_equal(calls_for_name_of(c, "a", LARGEST - 512), 1);
    assert_int_equal(calls_for_name_of(c, "b", LARGEST - 64), 2);
    assert_int_equal(calls_for_name_of(c, "c", LARGEST * 10), 2);
}

#define cache_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest cache_tests[] = {
    cache_test(look_ups__reach_the_engine_once_and_say_the_same_again),
    cache_test(look_ups__of_equal_bytes_are_kept_apart),
    cache_test(look_ups__that_find_nothing_are_asked_each_time),
    cache_test(documents__change_nothing_that_is_remembered),
    cache_test(changes__of_each_kind_are_seen_by_the_next_look_up),
    cache_test(changes__that_fail_before_anything_happened_are_asked_after_all_the_same),
    cache_test(changes__whose_answer_was_lost_are_seen_by_the_next_look_up),
    cache_test(calls__that_wait_for_nothing_are_answered_from_memory_alone),
    cache_test(changes__by_a_move_are_seen_by_the_next_look_up),
    cmocka_unit_test_setup_teardown(age__lets_changes_by_others_be_seen_in_time, setup_aged,
                                    teardown),
    cache_test(age__of_nothing_means_for_ever),
    cache_test(results__that_are_too_large_are_not_kept),
};

int main(void)
{
    struct engine engine = {
        .name = "sqlite", /* the cache tells the name of what it is around */
        .context = &place,
        .wipe = wipe,
        .open = open_cached,
        .add_membership = help_add_membership,
    };
    int failures;

    help_init(&place);
    failures = store_suite_run(&engine);
    failures += cmocka_run_group_tests(cache_tests, NULL, NULL);
    help_done(&place);
    return failures;
}
