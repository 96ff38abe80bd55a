/* Remembered documents, through the cache around SQLite. */
#include "sqlite_help.h"

#include "store/cache.h"
#include "store/fault.h"

#include <stdlib.h>

static struct place place;

/* A cache around an engine that counts and fails, with an organization in it. */
struct cached {
    struct fixture f; /* f.store is the cache */
    struct store *engine;
    struct organization made;
};

static int setup_with(void **state, int64_t max_age_ms)
{
    struct cached *c = calloc(1, sizeof(*c));
    struct store *cache;

    assert_non_null(c);
    help_remove(&place);
    c->engine = fault_store_new(help_open(&place));
    assert_non_null(c->engine);
    cache = cache_store_new(c->engine, max_age_ms);
    assert_non_null(cache);
    help_fixture(&c->f, cache);
    c->made = suite_create(&c->f, "acme");
    *state = c;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 0);
}

static int setup_shared(void **state)
{
    return setup_with(state, 60000);
}

static int teardown(void **state)
{
    struct cached *c = *state;

    help_fixture_done(&c->f);
    free(c);
    return 0;
}

static enum status get(struct cached *c, const char *id, struct document *ret_document)
{
    return store_document_get(c->f.store, &c->f.call, &c->made.id, str_of(id), ret_document);
}

static void put(struct cached *c, const char *id, const char *body)
{
    assert_status(suite_put(c->f.store, &c->f.call, &c->made.id, id, body), ST_OK);
}

/* Reads it, and whether that reached the engine. */
static bool is_asked_for(struct cached *c, const char *id, const char *body)
{
    int before = fault_store_calls(c->engine);
    struct document found;

    assert_status(get(c, id, &found), ST_OK);
    assert_str(found.id, id);
    assert_str(found.body, body);
    assert_int_equal(found.body.ptr[found.body.len], '\0');
    return fault_store_calls(c->engine) != before;
}

STORE_TEST(document__is_read_once_and_is_the_same_again)
{
    struct cached *c = *state;

    put(c, "d", "one");
    assert_true(is_asked_for(c, "d", "one"));
    for (int i = 0; i < 3; i++) {
        assert_false(is_asked_for(c, "d", "one"));
    }
}

STORE_TEST(document__that_is_not_there_is_asked_for_each_time)
{
    struct cached *c = *state;
    struct document found;
    int before = fault_store_calls(c->engine);

    assert_status(get(c, "none", &found), ST_NO_DOCUMENT);
    assert_status(get(c, "none", &found), ST_NO_DOCUMENT);
    assert_int_equal(fault_store_calls(c->engine), before + 2);
    put(c, "none", "one");
    assert_true(is_asked_for(c, "none", "one"));
}

STORE_TEST(document__of_another_organization_is_another)
{
    struct cached *c = *state;
    struct organization other = suite_create(&c->f, "other");
    struct document found;

    put(c, "d", "mine");
    (void)is_asked_for(c, "d", "mine");
    assert_status(store_document_get(c->f.store, &c->f.call, &other.id, STR("d"), &found),
                  ST_NO_DOCUMENT);
    assert_status(suite_put(c->f.store, &c->f.call, &other.id, "d", "theirs"), ST_OK);
    assert_status(store_document_get(c->f.store, &c->f.call, &other.id, STR("d"), &found), ST_OK);
    assert_str(found.body, "theirs");
    (void)is_asked_for(c, "d", "mine");
}

STORE_TEST(changes__of_each_kind_are_seen_by_the_next_reading)
{
    struct cached *c = *state;
    struct document again = { .id = STR("d"), .body = STR("three") };
    struct document found;

    put(c, "d", "one");
    (void)is_asked_for(c, "d", "one");
    put(c, "d", "two");
    assert_true(is_asked_for(c, "d", "two"));
    assert_status(store_documents_put(c->f.store, &c->f.call, &c->made.id, &again, 1), ST_OK);
    assert_true(is_asked_for(c, "d", "three"));
    assert_status(suite_delete(c->f.store, &c->f.call, &c->made.id, "d"), ST_OK);
    assert_status(get(c, "d", &found), ST_NO_DOCUMENT);
    put(c, "d", "four");
    assert_true(is_asked_for(c, "d", "four"));
    assert_status(store_organization_delete(c->f.store, &c->f.call, &c->made.id), ST_OK);
    assert_status(get(c, "d", &found), ST_NO_ORGANIZATION);
}

STORE_TEST(changes__that_fail_or_whose_answer_is_lost_are_asked_after)
{
    struct cached *c = *state;

    put(c, "d", "one");
    (void)is_asked_for(c, "d", "one");
    fault_store_arm(c->engine, 0, FAULT_BEFORE, ST_UNAVAILABLE);
    assert_status(suite_put(c->f.store, &c->f.call, &c->made.id, "d", "two"), ST_UNAVAILABLE);
    assert_true(is_asked_for(c, "d", "one"));
    fault_store_arm(c->engine, 0, FAULT_AFTER, ST_UNSURE);
    assert_status(suite_put(c->f.store, &c->f.call, &c->made.id, "d", "two"), ST_UNSURE);
    assert_true(is_asked_for(c, "d", "two"));
}

STORE_TEST(changes__of_others_and_of_names_leave_a_document_remembered)
{
    struct cached *c = *state;
    static const char *const others[] = { "a", "b", "c", "e", NULL };
    struct organization_change change = suite_rename(&c->f.mem, &c->made, "renamed");
    struct organization now;
    int asked = 0;

    put(c, "d", "one");
    (void)is_asked_for(c, "d", "one");
    assert_status(store_organization_update(c->f.store, &c->f.call, &change, &now), ST_OK);
    (void)suite_create(&c->f, "second");
    assert_false(is_asked_for(c, "d", "one"));
    for (const char *const *other = others; *other; other++) {
        put(c, *other, "two");
        asked += is_asked_for(c, "d", "one");
    }
    assert_in_range(asked, 0, 1); /* of thousands of pairs of counters two may share one */
}

STORE_TEST(shared__engine_s_documents_are_read_each_time)
{
    struct cached *c = *state;

    put(c, "d", "one");
    for (int i = 0; i < 3; i++) {
        assert_true(is_asked_for(c, "d", "one"));
    }
}

#define cached_test(name, set_up) cmocka_unit_test_setup_teardown(name, set_up, teardown)

/* ---- beside as many organizations as are remembered ---- */

#define ORGANIZATIONS 70000 /* of half a kilobyte each: more than fit */

/* An engine of organizations that have nothing in common, and of one document. */
struct vast {
    struct store store;
    struct store_ops ops;
    int documents_read;
};

static void vast_close(struct store *store)
{
    free(store);
}

static enum status vast_by_name(struct store *store, const struct call *call, struct str name_key,
                                struct organization *ret_organization)
{
    (void)store;
    *ret_organization = (struct organization){
        .id = { .bytes = { 1 } },
        .name = name_key,
        .name_key = name_key,
        .slug = STR("slug"),
        .collection = STR("org_slug"),
        .admin_email = arena_printf(call->mem, "%0250d", (int)name_key.len),
    };
    return ST_OK;
}

static enum status vast_document(struct store *store, const struct call *call,
                                 const struct oid *organization_id, struct str id,
                                 struct document *ret_document)
{
    (void)call;
    (void)organization_id;
    ((struct vast *)store)->documents_read++;
    *ret_document = (struct document){ .id = id, .body = STR("{}") };
    return ST_OK;
}

STORE_TEST(document__is_remembered_beside_more_organizations_than_fit)
{
    struct vast *engine = calloc(1, sizeof(*engine));
    const struct oid id = { .bytes = { 1 } };
    struct store *cache;
    struct arena mem;
    struct err err;
    struct call call = { .mem = &mem, .err = &err };
    struct document found;

    (void)state;
    assert_non_null(engine);
    engine->ops = (struct store_ops){ .close = vast_close,
                                      .organization_by_name = vast_by_name,
                                      .document_get = vast_document };
    engine->store.ops = &engine->ops;
    cache = cache_store_new(&engine->store, 0);
    assert_non_null(cache);
    arena_init(&mem, (size_t)1 << 20);
    for (int n = 0; n < ORGANIZATIONS; n++) {
        struct organization organization;

        assert_status(store_organization_by_name(cache, &call, arena_printf(&mem, "%0250d", n),
                                                 &organization),
                      ST_OK);
        arena_clear(&mem);
    }
    for (int i = 0; i < 3; i++) {
        assert_status(store_document_get(cache, &call, &id, STR("d"), &found), ST_OK);
    }
    assert_int_equal(engine->documents_read, 1);
    arena_done(&mem);
    store_close(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cached_test(document__is_read_once_and_is_the_same_again, setup),
        cached_test(document__that_is_not_there_is_asked_for_each_time, setup),
        cached_test(document__of_another_organization_is_another, setup),
        cached_test(changes__of_each_kind_are_seen_by_the_next_reading, setup),
        cached_test(changes__that_fail_or_whose_answer_is_lost_are_asked_after, setup),
        cached_test(changes__of_others_and_of_names_leave_a_document_remembered, setup),
        cached_test(shared__engine_s_documents_are_read_each_time, setup_shared),
        cmocka_unit_test(document__is_remembered_beside_more_organizations_than_fit),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
