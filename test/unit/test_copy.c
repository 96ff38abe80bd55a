/* The parts of `orgd copy` that no run from outside can bring about at will: a busy destination, and names
 * that a terminal would obey. test/mongo/test_copy.py has the rest. */
#include "test.h"

#include "app/copy_work.h"

/* A destination that is busy for the first calls. */
struct busy_store {
    struct store store;
    int left;
    int calls;
    int64_t deadline_ms; /* of the last call */
    struct copy *stops;  /* after the first call; NULL: not */
};

static enum status answer(struct store *store, const struct call *call)
{
    struct busy_store *busy = (struct busy_store *)store;

    busy->calls++;
    busy->deadline_ms = call->deadline_ms;
    if (busy->stops) {
        atomic_store(&busy->stops->is_stopping, true);
    }
    return busy->left-- > 0 ? err_set(call->err, ST_BUSY, "somebody has the lock") : ST_OK;
}

static enum status busy_delete(struct store *store, const struct call *call, const struct oid *id)
{
    (void)id;
    return answer(store, call);
}

static enum status busy_put(struct store *store, const struct call *call,
                            const struct tenant *tenant)
{
    (void)tenant;
    return answer(store, call);
}

static const struct store_ops busy_ops = {
    .name = "busy",
    .organization_delete = busy_delete,
    .tenant_put = busy_put,
};

#define BUSY_STORE(times)                                                                          \
    {                                                                                              \
        .store = { .ops = &busy_ops }, .left = (times)                                             \
    }

TEST(busy__destination_is_asked_again_and_leaves_no_words)
{
    struct busy_store busy = BUSY_STORE(2);
    struct copy copy = { .to = &busy.store };
    struct tenant tenant = { .member_count = 0 };
    struct err err = { .text = "" };

    assert_int_equal(copy_delete_tenant(&copy, &tenant, &err), ST_OK);
    assert_int_equal(busy.calls, 3);
    assert_string_equal(err.text, "");
    busy.left = 1;
    assert_int_equal(copy_put_tenant(&copy, &tenant, &err), ST_OK);
    assert_int_equal(busy.calls, 5);
    assert_string_equal(err.text, "");
}

TEST(busy__destination_is_not_asked_again_once_the_copy_is_to_stop)
{
    struct busy_store busy = BUSY_STORE(9);
    struct copy copy = { .to = &busy.store };
    struct tenant tenant = { .member_count = 0 };
    struct err err = { .text = "" };

    busy.stops = &copy;
    assert_int_equal(copy_delete_tenant(&copy, &tenant, &err), ST_BUSY);
    assert_int_equal(busy.calls, 1);
}

TEST(busy__destination_is_given_up_in_the_end_with_the_reason)
{
    struct copy copy = { .is_stopping = false };
    struct err err = { .text = "" };
    struct busy_call busy;

    copy_call_begin(&copy, &busy, NULL, &err);
    busy.until_ms = 1; /* long over */
    assert_false(busy_call_again(&busy, err_set(busy.call.err, ST_BUSY, "somebody has the lock")));
    assert_non_null(strstr(err.text, "the destination was busy for"));
    assert_non_null(strstr(err.text, "somebody has the lock"));
    copy_call_begin(&copy, &busy, NULL, &err);
    assert_false(busy_call_again(&busy, ST_UNAVAILABLE));
}

TEST(busy__each_try_has_its_memory_and_its_deadline_anew)
{
    struct copy copy = { .is_stopping = false };
    struct err err = { .text = "" };
    struct busy_call busy;
    int64_t first_ms;

    copy_call_begin(&copy, &busy, NULL, &err);
    first_ms = busy.call.deadline_ms;
    memset(arena_alloc(busy.call.mem, 3000), 'x', 3000);
    assert_true(busy_call_again(&busy, ST_BUSY));
    assert_true(busy.call.deadline_ms > first_ms); /* it has paused */
    assert_int_equal(*(char *)arena_alloc(busy.call.mem, 3000), 0);
    assert_int_equal(busy.mem.used_bytes, 4096);
    assert_false(busy_call_again(&busy, ST_OK));
}

TEST(deadline__is_later_by_a_tenth_of_a_second_for_each_member)
{
    struct busy_store busy = BUSY_STORE(0);
    struct copy copy = { .to = &busy.store };
    struct tenant few = { .member_count = 1 };
    struct tenant many = { .member_count = TENANT_MEMBERS_MAX };
    struct err err = { .text = "" };
    int64_t few_ms;

    assert_int_equal(copy_put_tenant(&copy, &few, &err), ST_OK);
    few_ms = busy.deadline_ms;
    assert_int_equal(copy_put_tenant(&copy, &many, &err), ST_OK);
    assert_true(busy.deadline_ms - few_ms >= 100 * (TENANT_MEMBERS_MAX - 1));
    assert_int_equal(copy_delete_tenant(&copy, &many, &err), ST_OK);
    assert_true(busy.deadline_ms - few_ms >= 100 * (TENANT_MEMBERS_MAX - 1));
}

TEST(text__that_a_terminal_would_obey_is_shown_as_question_marks)
{
    char text[] = "a\033[2Jb\x7F\n\xC2\x9B"
                  "c \xC3\x84\xC2\xA0.";

    char half[] = "\xC3(\xE2\x82";

    progress_clean(text);
    assert_string_equal(text, "a?[2Jb????c \xC3\x84\xC2\xA0.");
    progress_clean(half);
    assert_string_equal(half, "?(??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy__destination_is_asked_again_and_leaves_no_words),
        cmocka_unit_test(busy__destination_is_not_asked_again_once_the_copy_is_to_stop),
        cmocka_unit_test(busy__destination_is_given_up_in_the_end_with_the_reason),
        cmocka_unit_test(busy__each_try_has_its_memory_and_its_deadline_anew),
        cmocka_unit_test(deadline__is_later_by_a_tenth_of_a_second_for_each_member),
        cmocka_unit_test(text__that_a_terminal_would_obey_is_shown_as_question_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
