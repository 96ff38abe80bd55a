/* What the engine's commands do on a server that answers; test_mongo_lost_writes.c and its like have the others. */
#include "store/mongo_help.h"

#include "base/clock.h"

#include <stdlib.h>

/* A test that begins with the fixture, and is skipped by name where there is no server. */
#define FIXTURE(f)                                                                                 \
    struct mongo_fixture *f = *state;                                                              \
    if (!f->mongo) {                                                                               \
        skip();                                                                                    \
    }

#define MONGO_TEST(name) static void name(void **state)

static const bson_t everything = BSON_INITIALIZER;

static enum status insert(struct mongo_fixture *f, const bson_t *document)
{
    return mongo_insert(f->mongo, &f->call, ONCE, C_TEST, (const bson_t *const[]){ document }, 1);
}

static enum status put(struct mongo_fixture *f, const char *id, int n)
{
    bson_t *thing = mongo_help_thing(id, n);
    enum status status = insert(f, thing);

    bson_destroy(thing);
    return status;
}

static void make_unique(struct mongo_fixture *f)
{
    BSON_AUTO keys = BSON_INITIALIZER;

    (void)BSON_APPEND_INT32(&keys, "n", 1);
    assert_int_equal(mongo_index_ensure(f->mongo, &f->call, C_TEST, "n_1", &keys, true), ST_OK);
}

MONGO_TEST(insert__id_and_unique_index_refuse_a_second_one)
{
    FIXTURE(f)

    make_unique(f);
    assert_int_equal(put(f, "a", 1), ST_OK);
    assert_int_equal(put(f, "a", 2), ST_DOCUMENT_EXISTS);
    assert_int_equal(put(f, "b", 1), ST_DOCUMENT_EXISTS);
    assert_string_equal(f->err.text,
                        ""); /* the values in the server's words are nobody's business */
    assert_int_equal(mongo_help_n(f, "a"), 1);
    assert_int_equal(mongo_help_n(f, "b"), -1);
}

MONGO_TEST(insert__of_many_keeps_those_before_the_refused_one)
{
    FIXTURE(f)
    bson_t *things[] = { mongo_help_thing("a", 1), mongo_help_thing("b", 2),
                         mongo_help_thing("a", 3), mongo_help_thing("c", 4) };

    assert_int_equal(
        mongo_insert(f->mongo, &f->call, ONCE, C_TEST, (const bson_t *const *)things, 4),
        ST_DOCUMENT_EXISTS);
    assert_int_equal(mongo_help_n(f, "a"), 1);
    assert_int_equal(mongo_help_n(f, "b"), 2);
    assert_int_equal(mongo_help_n(f, "c"), -1);
    for (size_t i = 0; i < 4; i++) {
        bson_destroy(things[i]);
    }
}

MONGO_TEST(insert__more_than_fit_into_one_command_are_all_there)
{
    enum { COUNT = 2500 };
    FIXTURE(f)
    bson_t *things[COUNT];
    int64_t count = 0;

    for (int i = 0; i < COUNT; i++) {
        things[i] = mongo_help_thing(arena_printf(&f->mem, "thing %d", i).ptr, i);
    }
    assert_int_equal(
        mongo_insert(f->mongo, &f->call, ONCE, C_TEST, (const bson_t *const *)things, COUNT),
        ST_OK);
    assert_int_equal(mongo_count(f->mongo, &f->call, C_TEST, &everything, &count), ST_OK);
    assert_int_equal(count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        bson_destroy(things[i]);
    }
}

MONGO_TEST(insert__what_the_server_cannot_hold_is_invalid)
{
    FIXTURE(f)
    size_t bytes = (size_t)17 * 1024 * 1024;
    char *text = malloc(bytes);
    BSON_AUTO list_as_id = BSON_INITIALIZER;
    BSON_AUTO large = BSON_INITIALIZER;

    assert_non_null(text);
    memset(text, 'x', bytes);
    BCON_APPEND(&list_as_id, "_id", "[", "]");
    assert_int_equal(insert(f, &list_as_id), ST_INVALID);
    assert_true(f->err.text[0] != '\0');
    (void)bson_append_utf8(&large, "text", -1, text, (int)bytes);
    assert_int_equal(insert(f, &large), ST_INVALID);
    free(text);
}

MONGO_TEST(insert__members_of_every_name_a_server_takes_are_kept)
{
    FIXTURE(f)
    BSON_AUTO document = BSON_INITIALIZER;
    BSON_AUTO found = BSON_INITIALIZER;

    BCON_APPEND(&document, "_id", "a", "", BCON_INT32(1), "a b", BCON_INT32(2), "\xc3\xa9",
                BCON_INT32(3));
    assert_int_equal(insert(f, &document), ST_OK);
    assert_int_equal(
        mongo_find_one(f->mongo, &f->call, FROM_PRIMARY, C_TEST, &everything, NULL, &found), ST_OK);
    assert_true(bson_equal(&document, &found));
}

MONGO_TEST(update__says_how_many_matched)
{
    FIXTURE(f)
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO set = BSON_INITIALIZER;
    BSON_AUTO whole = BSON_INITIALIZER;
    int64_t matched = -1;

    BCON_APPEND(&filter, "_id", "a");
    BCON_APPEND(&set, "$set", "{", "n", BCON_INT32(5), "}");
    BCON_APPEND(&whole, "n", BCON_INT32(6));
    assert_int_equal(mongo_update(f->mongo, &f->call, ONCE, C_TEST, &filter, &set, false, &matched),
                     ST_OK);
    assert_int_equal(matched, 0);
    assert_int_equal(mongo_update(f->mongo, &f->call, ONCE, C_TEST, &filter, &set, true, &matched),
                     ST_OK);
    assert_int_equal(matched, 1);
    assert_int_equal(mongo_update(f->mongo, &f->call, ONCE, C_TEST, &filter, &set, false, &matched),
                     ST_OK);
    assert_int_equal(matched, 1); /* also where it changes nothing */
    assert_int_equal(
        mongo_update(f->mongo, &f->call, ONCE, C_TEST, &filter, &whole, false, &matched), ST_OK);
    assert_int_equal(matched, 1);
    assert_int_equal(mongo_help_n(f, "a"), 6);
}

MONGO_TEST(update__into_a_taken_key_is_refused)
{
    FIXTURE(f)
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO set = BSON_INITIALIZER;

    make_unique(f);
    mongo_help_put(f, "a", 1);
    mongo_help_put(f, "b", 2);
    BCON_APPEND(&filter, "_id", "b");
    BCON_APPEND(&set, "$set", "{", "n", BCON_INT32(1), "}");
    assert_int_equal(mongo_update(f->mongo, &f->call, ONCE, C_TEST, &filter, &set, false, NULL),
                     ST_DOCUMENT_EXISTS);
    assert_int_equal(mongo_help_n(f, "b"), 2);
}

MONGO_TEST(delete__says_how_many)
{
    FIXTURE(f)
    BSON_AUTO filter = BSON_INITIALIZER;
    int64_t deleted = -1;

    mongo_help_put(f, "a", 1);
    mongo_help_put(f, "b", 2);
    mongo_help_put(f, "c", 3);
    BCON_APPEND(&filter, "_id", "a");
    assert_int_equal(mongo_delete_one(f->mongo, &f->call, ONCE, C_TEST, &filter, &deleted), ST_OK);
    assert_int_equal(deleted, 1);
    assert_int_equal(mongo_delete_one(f->mongo, &f->call, ONCE, C_TEST, &filter, &deleted), ST_OK);
    assert_int_equal(deleted, 0);
    assert_int_equal(mongo_delete_many(f->mongo, &f->call, ONCE, C_TEST, &everything, &deleted),
                     ST_OK);
    assert_int_equal(deleted, 2);
}

struct visits {
    int numbers[600];
    int count;
    int limit;
};

static bool visit(void *context, const bson_t *document)
{
    struct visits *visits = context;
    int64_t n = -1;

    assert_true(bson_get_int(document, "n", &n));
    visits->numbers[visits->count++] = (int)n;
    return visits->count < visits->limit;
}

MONGO_TEST(find__visits_in_order_over_many_batches_until_told_to_stop)
{
    FIXTURE(f)
    struct visits visits = { .limit = 600 };
    BSON_AUTO opts = BSON_INITIALIZER;

    for (int i = 0; i < 250; i++) {
        mongo_help_put(f, arena_printf(&f->mem, "%03d", i).ptr, i);
    }
    BCON_APPEND(&opts, "sort", "{", "_id", BCON_INT32(-1), "}", "batchSize", BCON_INT32(7));
    assert_int_equal(
        mongo_find(f->mongo, &f->call, FROM_ANY, C_TEST, &everything, &opts, visit, &visits),
        ST_OK);
    assert_int_equal(visits.count, 250);
    for (int i = 0; i < 250; i++) {
        assert_int_equal(visits.numbers[i], 249 - i);
    }
    visits = (struct visits){ .limit = 10 };
    assert_int_equal(
        mongo_find(f->mongo, &f->call, FROM_PRIMARY, C_TEST, &everything, NULL, visit, &visits),
        ST_OK);
    assert_int_equal(visits.count, 10);
}

MONGO_TEST(find_one__takes_only_what_is_asked_for)
{
    FIXTURE(f)
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO projection = BSON_INITIALIZER;
    BSON_AUTO found = BSON_INITIALIZER;

    mongo_help_put(f, "a", 1);
    BCON_APPEND(&filter, "_id", "a");
    BCON_APPEND(&projection, "_id", BCON_INT32(1));
    assert_int_equal(
        mongo_find_one(f->mongo, &f->call, FROM_ANY, C_TEST, &filter, &projection, &found), ST_OK);
    assert_int_equal(bson_count_keys(&found), 1);
    bson_reinit(&filter);
    BCON_APPEND(&filter, "_id", "b");
    assert_int_equal(mongo_find_one(f->mongo, &f->call, FROM_ANY, C_TEST, &filter, NULL, &found),
                     ST_NOT_FOUND);
}

MONGO_TEST(count__counts_what_matches)
{
    FIXTURE(f)
    BSON_AUTO filter = BSON_INITIALIZER;
    int64_t count = -1;

    assert_int_equal(mongo_count(f->mongo, &f->call, C_TEST, &everything, &count), ST_OK);
    assert_int_equal(count, 0);
    mongo_help_put(f, "a", 1);
    mongo_help_put(f, "b", 1);
    mongo_help_put(f, "c", 2);
    BCON_APPEND(&filter, "n", BCON_INT32(1));
    assert_int_equal(mongo_count(f->mongo, &f->call, C_TEST, &filter, &count), ST_OK);
    assert_int_equal(count, 2);
}

MONGO_TEST(command__gives_its_reply_or_the_server_s_words)
{
    FIXTURE(f)
    BSON_AUTO count = BSON_INITIALIZER;
    BSON_AUTO nonsense = BSON_INITIALIZER;
    BSON_AUTO twice = BSON_INITIALIZER;
    BSON_AUTO reply = BSON_INITIALIZER;
    int64_t n = -1;

    mongo_help_put(f, "a", 1);
    BCON_APPEND(&count, "count", C_TEST);
    assert_int_equal(mongo_command(f->mongo, &f->call, &count, &reply), ST_OK);
    assert_true(bson_get_int(&reply, "n", &n));
    assert_int_equal(n, 1);
    BCON_APPEND(&nonsense, "fooBar", BCON_INT32(1));
    assert_int_equal(mongo_command(f->mongo, &f->call, &nonsense, NULL), ST_BROKEN);
    assert_non_null(strstr(f->err.text, "fooBar"));
    BCON_APPEND(&twice, "insert", C_TEST, "documents", "[", "{", "_id", "a", "}", "]");
    assert_int_equal(mongo_command(f->mongo, &f->call, &twice, NULL), ST_DOCUMENT_EXISTS);
}

MONGO_TEST(ping__is_answered)
{
    FIXTURE(f)

    assert_int_equal(mongo_ping(f->mongo, &f->call), ST_OK);
}

TEST(bson__members_are_read_by_type)
{
    BSON_AUTO bson = BSON_INITIALIZER;
    struct oid oid = oid_new();
    struct oid oid_found;
    struct str text = STR("untouched");
    struct arena mem;
    int64_t number = -7;

    arena_init(&mem, 4096);
    bson_put_str(&bson, "s", STR("t\0t"));
    bson_put_oid(&bson, "o", &oid);
    bson_put_ms(&bson, "d", -5);
    bson_put_int(&bson, "i", INT64_MIN);
    BCON_APPEND(&bson, "whole", BCON_DOUBLE(3.0), "half", BCON_DOUBLE(3.5), "huge",
                BCON_DOUBLE(1e300), "in", "{", "x", BCON_INT32(4), "}");
    assert_false(bson_get_str(&bson, "o", &mem, &text));
    assert_false(bson_get_str(&bson, "nothing", &mem, &text));
    assert_str(text, "untouched");
    assert_true(bson_get_str(&bson, "s", &mem, &text));
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.ptr, "t\0t", 4);
    assert_true(bson_get_oid(&bson, "o", &oid_found) && oid_equal(&oid, &oid_found));
    assert_false(bson_get_ms(&bson, "i", &number));
    assert_false(bson_get_int(&bson, "d", &number));
    assert_false(bson_get_int(&bson, "half", &number));
    assert_false(bson_get_int(&bson, "huge", &number));
    assert_int_equal(number, -7);
    assert_true(bson_get_ms(&bson, "d", &number) && number == -5);
    assert_true(bson_get_int(&bson, "i", &number) && number == INT64_MIN);
    assert_true(bson_get_int(&bson, "whole", &number) && number == 3);
    assert_true(bson_get_int(&bson, "in.x", &number) && number == 4);
    arena_done(&mem);
}

#define MONGO(name) cmocka_unit_test_setup(name, mongo_help_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MONGO(insert__id_and_unique_index_refuse_a_second_one),
        MONGO(insert__of_many_keeps_those_before_the_refused_one),
        MONGO(insert__more_than_fit_into_one_command_are_all_there),
        MONGO(insert__what_the_server_cannot_hold_is_invalid),
        MONGO(insert__members_of_every_name_a_server_takes_are_kept),
        MONGO(update__says_how_many_matched),
        MONGO(update__into_a_taken_key_is_refused),
        MONGO(delete__says_how_many),
        MONGO(find__visits_in_order_over_many_batches_until_told_to_stop),
        MONGO(find_one__takes_only_what_is_asked_for),
        MONGO(count__counts_what_matches),
        MONGO(command__gives_its_reply_or_the_server_s_words),
        MONGO(ping__is_answered),
        cmocka_unit_test(bson__members_are_read_by_type),
    };

    return cmocka_run_group_tests_name("mongo_commands", tests, mongo_help_begin, mongo_help_end);
}
