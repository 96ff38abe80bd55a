/* Collections and indexes, on a server that answers. */
#include "store/mongo_help.h"

/* A test that begins with the fixture, and is skipped by name where there is no server. */
#define FIXTURE(f)                                                                                 \
    struct mongo_fixture *f = *state;                                                              \
    if (!f->mongo) {                                                                               \
        skip();                                                                                    \
    }

#define MONGO_TEST(name) static void name(void **state)

static void make_unique(struct mongo_fixture *f)
{
    BSON_AUTO keys = BSON_INITIALIZER;

    (void)BSON_APPEND_INT32(&keys, "n", 1);
    assert_int_equal(mongo_index_ensure(f->mongo, &f->call, C_TEST, "n_1", &keys, true), ST_OK);
}

MONGO_TEST(collections__are_made_renamed_and_dropped_once)
{
    FIXTURE(f)
    bool exists = true;

    assert_int_equal(mongo_collection_drop(f->mongo, &f->call, "to"), ST_OK);
    assert_int_equal(mongo_collection_rename(f->mongo, &f->call, C_TEST, "to"), ST_NOT_FOUND);
    assert_int_equal(mongo_collection_exists(f->mongo, &f->call, C_TEST, &exists), ST_OK);
    assert_false(exists);
    assert_int_equal(mongo_collection_create(f->mongo, &f->call, C_TEST), ST_OK);
    assert_int_equal(mongo_collection_create(f->mongo, &f->call, C_TEST), ST_DOCUMENT_EXISTS);
    mongo_help_put(f, "a", 1);
    assert_int_equal(mongo_collection_rename(f->mongo, &f->call, C_TEST, "to"), ST_OK);
    assert_int_equal(mongo_help_n(f, "a"), -1);
    assert_int_equal(mongo_collection_exists(f->mongo, &f->call, "to", &exists), ST_OK);
    assert_true(exists);
    assert_int_equal(mongo_collection_create(f->mongo, &f->call, C_TEST), ST_OK);
    assert_int_equal(mongo_collection_rename(f->mongo, &f->call, "to", C_TEST), ST_DOCUMENT_EXISTS);
    assert_int_equal(mongo_collection_drop(f->mongo, &f->call, C_TEST), ST_OK);
    assert_int_equal(mongo_collection_rename(f->mongo, &f->call, "to", C_TEST), ST_OK);
    assert_int_equal(mongo_help_n(f, "a"), 1);
}

MONGO_TEST(collections__are_listed_by_prefix)
{
    static const char *const names[] = { "pre_a", "pre_b", "prf", "pre", "pre_" };
    FIXTURE(f)
    struct str *found = NULL;
    size_t count = 99;
    unsigned seen = 0;

    assert_int_equal(mongo_collection_list(f->mongo, &f->call, "pre_", &found, &count), ST_OK);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(mongo_collection_create(f->mongo, &f->call, names[i]), ST_OK);
    }
    assert_int_equal(mongo_collection_list(f->mongo, &f->call, "pre_", &found, &count), ST_OK);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        seen |= str_is(found[i], "pre_a") ? 1U : 0U;
        seen |= str_is(found[i], "pre_b") ? 2U : 0U;
        seen |= str_is(found[i], "pre_") ? 4U : 0U;
    }
    assert_int_equal(seen, 7);
}

MONGO_TEST(index__is_made_once_and_another_shape_is_refused)
{
    FIXTURE(f)
    BSON_AUTO keys = BSON_INITIALIZER;
    BSON_AUTO others = BSON_INITIALIZER;

    BCON_APPEND(&keys, "n", BCON_INT32(1));
    BCON_APPEND(&others, "m", BCON_INT32(1));
    make_unique(f);
    make_unique(f);
    assert_int_equal(mongo_index_ensure(f->mongo, &f->call, C_TEST, "other_name", &keys, true),
                     ST_OK);
    assert_int_equal(mongo_index_ensure(f->mongo, &f->call, C_TEST, "n_1", &keys, false),
                     ST_BROKEN);
    assert_int_equal(mongo_index_ensure(f->mongo, &f->call, C_TEST, "n_1", &others, true),
                     ST_BROKEN);
    assert_non_null(strstr(f->err.text, "n_1"));
}

MONGO_TEST(index__that_the_data_breaks_is_refused_with_words)
{
    FIXTURE(f)
    BSON_AUTO keys = BSON_INITIALIZER;

    mongo_help_put(f, "a", 1);
    mongo_help_put(f, "b", 1);
    BCON_APPEND(&keys, "n", BCON_INT32(1));
    assert_int_equal(mongo_index_ensure(f->mongo, &f->call, C_TEST, "n_1", &keys, true),
                     ST_DOCUMENT_EXISTS);
    assert_true(f->err.text[0] != '\0');
}

#define MONGO(name) cmocka_unit_test_setup(name, mongo_help_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MONGO(collections__are_made_renamed_and_dropped_once),
        MONGO(collections__are_listed_by_prefix),
        MONGO(index__is_made_once_and_another_shape_is_refused),
        MONGO(index__that_the_data_breaks_is_refused_with_words),
    };

    return cmocka_run_group_tests_name("mongo_collections", tests, mongo_help_begin,
                                       mongo_help_end);
}
