/* What reads, and changes of collections, say when the server or the way to it fails. */
#include "store/mongo_lost.h"

#include "base/clock.h"

static const bson_t everything = BSON_INITIALIZER;

MONGO_TEST(read__is_tried_again_until_the_server_answers)
{
    static const struct fate faults[] = {
        { .fault = WIRE_CUT_BEFORE },
        { .fault = WIRE_CUT_MIDDLE },
        { .fault = WIRE_ANSWER, .code = 10107 },
        { .fault = WIRE_ANSWER, .code = 13436 },
        { .fault = WIRE_ANSWER, .code = 11602 },
        { .fault = WIRE_ANSWER, .code = 91 },
        { .fault = WIRE_ANSWER, .code = 134 },
    };
    FIXTURE(f)

    mongo_help_put(f, "a", 1);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        BSON_AUTO found = BSON_INITIALIZER;
        int64_t count = -1;

        lost_arm(f, "find", &faults[i]);
        assert_int_equal(
            mongo_find_one(f->proxied, &f->call, FROM_ANY, C_TEST, &everything, NULL, &found),
            ST_OK);
        lost_arm(f, "aggregate", &faults[i]);
        assert_int_equal(mongo_count(f->proxied, &f->call, C_TEST, &everything, &count), ST_OK);
        assert_int_equal(count, 1);
    }
}

MONGO_TEST(read__that_the_server_refuses_is_not_tried_again)
{
    FIXTURE(f)
    BSON_AUTO found = BSON_INITIALIZER;

    lost_arm_error(f, "find", WIRE_ANSWER, FOR_EVER, 13);
    assert_int_equal(
        mongo_find_one(f->proxied, &f->call, FROM_ANY, C_TEST, &everything, NULL, &found),
        ST_BROKEN);
    assert_int_equal(wire_proxy_seen(f->proxy), 1);
    assert_non_null(strstr(f->err.text, "as the test says"));
}

MONGO_TEST(read__without_an_answer_ends_soon_after_the_deadline)
{
    FIXTURE(f)
    BSON_AUTO found = BSON_INITIALIZER;
    int64_t begun_ms = clock_monotonic_ms();

    mongo_help_deadline(f, 2000);
    wire_proxy_arm(f->proxy, "find", WIRE_HOLD_BEFORE, FOR_EVER, NULL);
    assert_int_equal(
        mongo_find_one(f->proxied, &f->call, FROM_ANY, C_TEST, &everything, NULL, &found),
        ST_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - begun_ms, 1900, 2000 + OVERRUN_MS);
}

static bool visit_and_count(void *context, const bson_t *document)
{
    (void)document;
    ++*(int *)context;
    return true;
}

MONGO_TEST(find__lost_after_the_first_visit_is_the_caller_s_to_begin_anew)
{
    FIXTURE(f)
    BSON_AUTO opts = BSON_INITIALIZER;
    int visits = 0;

    for (int i = 0; i < 10; i++) {
        mongo_help_put(f, arena_printf(&f->mem, "%d", i).ptr, i);
    }
    BCON_APPEND(&opts, "batchSize", BCON_INT32(3));
    wire_proxy_arm(f->proxy, "find", WIRE_CUT_BEFORE, 1, NULL);
    assert_int_equal(mongo_find(f->proxied, &f->call, FROM_ANY, C_TEST, &everything, &opts,
                                visit_and_count, &visits),
                     ST_OK);
    assert_int_equal(visits, 10);
    visits = 0;
    wire_proxy_arm(f->proxy, "getMore", WIRE_CUT_BEFORE, 1, NULL);
    assert_int_equal(mongo_find(f->proxied, &f->call, FROM_ANY, C_TEST, &everything, &opts,
                                visit_and_count, &visits),
                     ST_UNAVAILABLE);
    assert_int_equal(visits, 3);
}

MONGO_TEST(collections__changes_are_repeated)
{
    FIXTURE(f)

    wire_proxy_arm(f->proxy, "create", WIRE_CUT_BEFORE, 1, NULL);
    assert_int_equal(mongo_collection_create(f->proxied, &f->call, C_TEST), ST_OK);
    assert_int_equal(mongo_collection_drop(f->proxied, &f->call, "moved"), ST_OK);
    wire_proxy_arm(f->proxy, "renameCollection", WIRE_CUT_AFTER, 1, NULL);
    assert_int_equal(mongo_collection_rename(f->proxied, &f->call, C_TEST, "moved"), ST_NOT_FOUND);
    lost_arm_error(f, "drop", WIRE_ANSWER, 1, 11602);
    assert_int_equal(mongo_collection_drop(f->proxied, &f->call, "moved"), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MONGO(read__is_tried_again_until_the_server_answers),
        MONGO(read__that_the_server_refuses_is_not_tried_again),
        MONGO(read__without_an_answer_ends_soon_after_the_deadline),
        MONGO(find__lost_after_the_first_visit_is_the_caller_s_to_begin_anew),
        MONGO(collections__changes_are_repeated),
    };

    return cmocka_run_group_tests_name("mongo_lost_reads", tests, mongo_help_begin, mongo_help_end);
}
