/*
 * What writes say when the server, or the way to it, fails: by a proxy that ends connections, keeps
 * replies back or answers in the server's place. The rule that each test comes back to: "nothing
 * happened" is said only where nothing happened.
 */
#include "store/mongo_lost.h"

#include "base/clock.h"

#include <unistd.h>

/* Each of an insert, an update and a delete that may not be repeated. */
static const struct fate fates[] = {
    { WIRE_CUT_BEFORE, 0, ST_UNSURE, false },
    { WIRE_CUT_AFTER, 0, ST_UNSURE, true },
    { WIRE_CUT_MIDDLE, 0, ST_UNSURE, true },
    { WIRE_ANSWER, 10107, ST_OK, true },      /* not primary: tried again */
    { WIRE_ANSWER, 13436, ST_OK, true },      /* recovering */
    { WIRE_ANSWER, 112, ST_OK, true },        /* a conflict of writes */
    { WIRE_ANSWER, 11602, ST_UNSURE, false }, /* interrupted */
    { WIRE_REPLACE, 11602, ST_UNSURE, true },
    { WIRE_REPLACE, 91, ST_UNSURE, true },    /* shutting down */
    { WIRE_REPLACE, 189, ST_UNSURE, true },   /* stepped down */
    { WIRE_REPLACE, 50, ST_UNSURE, true },    /* out of time */
    { WIRE_REPLACE, 6, ST_UNSURE, true },     /* a router lost the shard */
    { WIRE_REPLACE, 1, ST_UNSURE, true },     /* an internal error */
    { WIRE_REPLACE, 99999, ST_UNSURE, true }, /* a code from the future */
    { WIRE_ANSWER, 13, ST_BROKEN, false },    /* not allowed */
    { WIRE_ANSWER, 14031, ST_STORAGE_FULL, false },
    { WIRE_ANSWER, 121, ST_INVALID, false },
};

static void assert_fate(const struct fate *fate, enum status status, bool happened)
{
    if (status != fate->status || happened != fate->happens) {
        fail_msg("fault %d, code %d: %s, and it %s", (int)fate->fault, fate->code,
                 status_code(status), happened ? "happened" : "did not happen");
    }
}

MONGO_TEST(write__once_says_what_may_have_happened)
{
    FIXTURE(f)

    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        enum status status;

        (void)mongo_help_reset(state);
        mongo_help_put(f, "old", 1);
        lost_arm(f, "insert", &fates[i]);
        status = lost_insert(f, ONCE, "new", 1);
        assert_fate(&fates[i], status, mongo_help_n(f, "new") == 1);
        lost_arm(f, "update", &fates[i]);
        status = lost_set_n(f, ONCE, "old", 1, 2, NULL);
        assert_fate(&fates[i], status, mongo_help_n(f, "old") == 2);
        lost_arm(f, "delete", &fates[i]);
        status = lost_delete(f, ONCE, "old");
        assert_fate(&fates[i], status, mongo_help_n(f, "old") == -1);
    }
}

MONGO_TEST(write__again_is_repeated_until_it_is_sure)
{
    static const struct fate lost[] = {
        { WIRE_CUT_BEFORE, 0, ST_OK, true },  { WIRE_CUT_AFTER, 0, ST_OK, true },
        { WIRE_CUT_MIDDLE, 0, ST_OK, true },  { WIRE_ANSWER, 11602, ST_OK, true },
        { WIRE_REPLACE, 11602, ST_OK, true }, { WIRE_REPLACE, 91, ST_OK, true },
        { WIRE_ANSWER, 10107, ST_OK, true },
    };
    FIXTURE(f)

    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        enum status status;

        (void)mongo_help_reset(state);
        mongo_help_put(f, "old", 1);
        lost_arm(f, "update", &lost[i]);
        status = lost_set_n(f, AGAIN, "old", -1, 2, NULL);
        assert_fate(&lost[i], status, mongo_help_n(f, "old") == 2);
        lost_arm(f, "delete", &lost[i]);
        status = lost_delete(f, AGAIN, "old");
        assert_fate(&lost[i], status, mongo_help_n(f, "old") == -1);
    }
}

MONGO_TEST(insert__again_meets_itself)
{
    FIXTURE(f)

    wire_proxy_arm(f->proxy, "insert", WIRE_CUT_AFTER, 1, NULL);
    assert_int_equal(lost_insert(f, AGAIN, "a", 1), ST_DOCUMENT_EXISTS);
    assert_int_equal(mongo_help_n(f, "a"), 1);
    wire_proxy_arm(f->proxy, "insert", WIRE_CUT_BEFORE, 1, NULL);
    assert_int_equal(lost_insert(f, AGAIN, "b", 1), ST_OK);
}

MONGO_TEST(update__whose_repetition_matches_nothing_is_unsure)
{
    FIXTURE(f)
    int64_t matched = -1;

    mongo_help_put(f, "a", 1);
    wire_proxy_arm(f->proxy, "update", WIRE_CUT_AFTER, 1, NULL);
    assert_int_equal(lost_set_n(f, AGAIN, "a", 1, 2, &matched), ST_UNSURE);
    assert_int_equal(matched, -1);
    assert_int_equal(mongo_help_n(f, "a"), 2);
}

MONGO_TEST(write__without_time_to_repeat_it_is_unsure)
{
    FIXTURE(f)

    mongo_help_put(f, "a", 1);
    lost_arm_unconfirmed(f, "update", FOR_EVER);
    mongo_help_deadline(f, 300);
    assert_int_equal(lost_set_n(f, AGAIN, "a", -1, 2, NULL), ST_UNSURE);
    assert_int_equal(mongo_help_n(f, "a"), 2);
    mongo_help_deadline(f, -1);
    wire_proxy_arm(f->proxy, "update", WIRE_NONE, 0, NULL);
    assert_int_equal(lost_set_n(f, AGAIN, "a", -1, 3, NULL), ST_UNAVAILABLE);
    assert_int_equal(wire_proxy_seen(f->proxy), 0);
}

MONGO_TEST(write__that_no_majority_confirmed_is_unsure)
{
    FIXTURE(f)

    lost_arm_unconfirmed(f, "insert", 1);
    assert_int_equal(lost_insert(f, ONCE, "a", 1), ST_UNSURE);
    assert_int_equal(mongo_help_n(f, "a"), 1);
    lost_arm_unconfirmed(f, "insert", 1);
    assert_int_equal(lost_insert(f, AGAIN, "b", 1), ST_DOCUMENT_EXISTS);
    lost_arm_unconfirmed(f, "create", FOR_EVER);
    mongo_help_deadline(f, 300);
    assert_int_equal(mongo_collection_create(f->proxied, &f->call, "unconfirmed"), ST_UNSURE);
}

MONGO_TEST(insert__of_many_cut_off_in_the_middle_is_unsure)
{
    FIXTURE(f)
    bson_t *things[] = { mongo_help_thing("a", 1), mongo_help_thing("b", 2) };

    lost_arm_error(f, "insert", WIRE_ANSWER, 1,
                   10107); /* the first may have been there before it stepped down */
    assert_int_equal(
        mongo_insert(f->proxied, &f->call, ONCE, C_TEST, (const bson_t *const *)things, 2),
        ST_UNSURE);
    bson_destroy(things[0]);
    bson_destroy(things[1]);
}

MONGO_TEST(insert__of_more_than_one_command_holds_takes_two)
{
    enum { COUNT = 1500 };
    FIXTURE(f)
    bson_t *things[COUNT];

    for (int i = 0; i < COUNT; i++) {
        things[i] = mongo_help_thing(arena_printf(&f->mem, "%d", i).ptr, i);
    }
    wire_proxy_arm(f->proxy, "insert", WIRE_NONE, 0, NULL);
    assert_int_equal(
        mongo_insert(f->proxied, &f->call, ONCE, C_TEST, (const bson_t *const *)things, COUNT),
        ST_OK);
    assert_int_equal(wire_proxy_seen(f->proxy), 2);
    for (int i = 0; i < COUNT; i++) {
        bson_destroy(things[i]);
    }
}

MONGO_TEST(write__to_a_server_that_stays_not_primary_did_not_happen)
{
    FIXTURE(f)
    int64_t begun_ms = clock_monotonic_ms();

    mongo_help_deadline(f, 1500);
    lost_arm_error(f, "insert", WIRE_ANSWER, FOR_EVER, 10107);
    assert_int_equal(lost_insert(f, ONCE, "a", 1), ST_UNAVAILABLE);
    assert_true(wire_proxy_seen(f->proxy) > 1);
    assert_in_range(clock_monotonic_ms() - begun_ms, 1300, 1500 + OVERRUN_MS);
    assert_int_equal(mongo_help_n(f, "a"), -1);
}

MONGO_TEST(write__through_a_closed_door_did_not_happen_and_the_next_one_does)
{
    FIXTURE(f)
    int64_t begun_ms;

    assert_int_equal(mongo_ping(f->proxied, &f->call), ST_OK);
    wire_proxy_close_door(f->proxy);
    usleep(100000);
    mongo_help_deadline(f, 3000);
    assert_int_equal(mongo_ping(f->proxied, &f->call), ST_UNAVAILABLE);
    begun_ms = clock_monotonic_ms();
    mongo_help_deadline(f, 2000);
    assert_int_equal(lost_insert(f, ONCE, "a", 1), ST_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - begun_ms, 1900, 2000 + OVERRUN_MS);
    assert_true(f->err.text[0] != '\0');
    assert_int_equal(mongo_help_n(f, "a"), -1);
    wire_proxy_open_door(f->proxy);
    mongo_help_deadline(f, 10000);
    assert_int_equal(lost_insert(f, ONCE, "a", 1), ST_OK);
    assert_int_equal(mongo_ping(f->proxied, &f->call), ST_OK);
}

MONGO_TEST(write__whose_reply_never_comes_is_unsure_soon_after_the_deadline)
{
    static const enum wire_fault held[] = { WIRE_HOLD_BEFORE, WIRE_HOLD_AFTER };
    FIXTURE(f)

    for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
        int64_t begun_ms = clock_monotonic_ms();

        mongo_help_deadline(f, 2000);
        wire_proxy_arm(f->proxy, "insert", held[i], FOR_EVER, NULL);
        assert_int_equal(lost_insert(f, i ? AGAIN : ONCE, "a", 1), ST_UNSURE);
        assert_in_range(clock_monotonic_ms() - begun_ms, 1000, 2000 + OVERRUN_MS);
    }
}

MONGO_TEST(command__that_no_majority_confirmed_is_unsure)
{
    FIXTURE(f)
    BSON_AUTO command = BSON_INITIALIZER;

    BCON_APPEND(&command, "insert", C_TEST, "documents", "[", "{", "_id", "a", "}", "]");
    lost_arm_unconfirmed(f, "insert", FOR_EVER);
    mongo_help_deadline(f, 300);
    assert_int_equal(mongo_command(f->proxied, &f->call, &command, NULL), ST_UNSURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MONGO(write__once_says_what_may_have_happened),
        MONGO(write__again_is_repeated_until_it_is_sure),
        MONGO(insert__again_meets_itself),
        MONGO(update__whose_repetition_matches_nothing_is_unsure),
        MONGO(write__without_time_to_repeat_it_is_unsure),
        MONGO(write__that_no_majority_confirmed_is_unsure),
        MONGO(insert__of_many_cut_off_in_the_middle_is_unsure),
        MONGO(insert__of_more_than_one_command_holds_takes_two),
        MONGO(write__to_a_server_that_stays_not_primary_did_not_happen),
        MONGO(write__through_a_closed_door_did_not_happen_and_the_next_one_does),
        MONGO(write__whose_reply_never_comes_is_unsure_soon_after_the_deadline),
        MONGO(command__that_no_majority_confirmed_is_unsure),
    };

    return cmocka_run_group_tests_name("mongo_lost_writes", tests, mongo_help_begin,
                                       mongo_help_end);
}
