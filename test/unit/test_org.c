/* org: entity tags and the limiter of attempts. */
#include "test.h"

#include "org/etag.h"
#include "org/limiter.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

TEST(etag__changes_only_with_the_text)
{
    char a[ETAG_SIZE];
    char b[ETAG_SIZE];
    char c[ETAG_SIZE];

    etag_of(STR("{\"_id\":\"1\"}"), a);
    etag_of(STR("{\"_id\":\"1\"}"), b);
    etag_of(STR("{\"_id\":\"2\"}"), c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    assert_int_equal(strlen(a), ETAG_SIZE - 1);
}

TEST(etag__lists_are_read_tag_by_tag)
{
    assert_true(etag_list_holds(STR("*"), "\"x\"", false));
    assert_true(etag_list_holds(STR("\"a\", \"x\""), "\"x\"", false));
    assert_true(etag_list_holds(STR("\"a,b\",\"x\""), "\"x\"", false));
    assert_true(etag_list_holds(STR("W/\"x\""), "\"x\"", true));
    assert_false(etag_list_holds(STR("W/\"x\""), "\"x\"", false));
    assert_false(etag_list_holds(STR("\"a\", \"y\""), "\"x\"", true));
    assert_false(etag_list_holds(STR("x"), "\"x\"", true));
    assert_false(etag_list_holds(STR("\"x"), "\"x\"", true));
    assert_false(etag_list_holds(STR(""), "\"x\"", true));
}

TEST(etag__preconditions_guard_a_change)
{
    char tag[ETAG_SIZE];
    struct str body = STR("{}");
    struct str none = { .ptr = NULL };

    etag_of(body, tag);
    assert_true(etag_allows(&(struct preconditions){ none, none }, body));
    assert_true(etag_allows(&(struct preconditions){ str_of(tag), none }, body));
    assert_false(etag_allows(&(struct preconditions){ STR("\"other\""), none }, body));
    assert_false(etag_allows(&(struct preconditions){ STR("*"), none }, none));
    assert_false(etag_allows(&(struct preconditions){ none, STR("*") }, body));
    assert_true(etag_allows(&(struct preconditions){ none, STR("*") }, none));
    assert_false(etag_allows(&(struct preconditions){ none, str_of(tag) }, body));
    assert_true(etag_allows(&(struct preconditions){ none, STR("\"other\"") }, body));
}

TEST(limiter__so_many_in_a_minute_for_each_key)
{
    struct limiter *limiter = limiter_new(3);
    int wait_s = 0;

    for (int i = 0; i < 3; i++) {
        assert_true(limiter_try(limiter, STR("a"), 1000, &wait_s));
    }
    assert_false(limiter_try(limiter, STR("a"), 31000, &wait_s));
    assert_int_equal(wait_s, 30);
    assert_true(limiter_try(limiter, STR("b"), 31000, &wait_s));
    assert_true(limiter_try(limiter, STR("a"), 61000, &wait_s));
    limiter_free(limiter);
}

TEST(limiter__good_attempts_are_forgiven_and_zero_is_no_limit)
{
    struct limiter *limiter = limiter_new(1);
    int wait_s = 0;

    for (int i = 0; i < 10; i++) {
        assert_true(limiter_try(limiter, STR("a"), 1000, &wait_s));
        limiter_forgive(limiter, STR("a"), 1000);
    }
    assert_true(limiter_try(limiter, STR("a"), 1000, &wait_s));
    assert_false(limiter_try(limiter, STR("a"), 1000, &wait_s));
    limiter_set(limiter, 0);
    assert_true(limiter_try(limiter, STR("a"), 1000, &wait_s));
    limiter_free(limiter);
}

struct racer {
    struct limiter *limiter;
    atomic_int *passed;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    int wait_s = 0;

    for (int i = 0; i < 1000; i++) {
        *racer->passed += limiter_try(racer->limiter, STR("a"), 1000, &wait_s);
    }
    return NULL;
}

TEST(limiter__many_at_once_do_not_slip_through)
{
    atomic_int passed = 0;
    struct racer racer = { .limiter = limiter_new(100), .passed = &passed };
    pthread_t threads[8];

    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racer), 0);
    }
    for (int i = 0; i < 8; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(passed, 100);
    limiter_free(racer.limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(etag__changes_only_with_the_text),
        cmocka_unit_test(etag__lists_are_read_tag_by_tag),
        cmocka_unit_test(etag__preconditions_guard_a_change),
        cmocka_unit_test(limiter__so_many_in_a_minute_for_each_key),
        cmocka_unit_test(limiter__good_attempts_are_forgiven_and_zero_is_no_limit),
        cmocka_unit_test(limiter__many_at_once_do_not_slip_through),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
