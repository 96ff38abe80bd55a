/* What a process could not finish: noted by any thread, worked off by one, nothing lost or twice. */
#include "suite.h"

#include "store/mongo/leftovers.h"

#include <sched.h>

static struct lock_owner owner_new(void)
{
    return (struct lock_owner){ .instance = oid_new(), .operation = oid_new() };
}

STORE_TEST(leftovers__come_out_once_and_as_they_went_in)
{
    struct leftovers *leftovers = leftovers_new();
    struct oid acme = oid_new();
    struct shot shot;
    struct lock_owner owner = owner_new();
    struct str names[] = { STR("name:acme"), STR("slug:acme"), STR("") };
    struct leftover out;

    (void)state;
    shot_init(&shot);
    assert_false(leftovers_next(leftovers, &shot.mem, &out));
    leftovers_add_lock(leftovers, &owner, STR("email:a@b"));
    leftovers_add_organization(leftovers, &owner, &acme, names, 3);
    assert_int_equal(leftovers_count(leftovers), 2);
    assert_true(leftovers_next(leftovers, &shot.mem, &out));
    assert_false(out.has_organization);
    assert_int_equal(out.count, 1);
    assert_str(out.names[0], "email:a@b");
    leftovers_put(leftovers, &out); /* again, behind the other */
    assert_true(leftovers_next(leftovers, &shot.mem, &out));
    assert_true(out.has_organization && oid_equal(&out.organization, &acme));
    assert_memory_equal(&out.owner, &owner, sizeof(owner));
    assert_int_equal(out.count, 3);
    assert_str(out.names[1], "slug:acme");
    assert_str(out.names[2], "");
    assert_true(leftovers_next(leftovers, &shot.mem, &out));
    assert_str(out.names[0], "email:a@b");
    assert_false(leftovers_next(leftovers, &shot.mem, &out));
    leftovers_add_lock(leftovers, &owner, names[0]);
    leftovers_free(leftovers);
    shot_done(&shot);
}

static void leave_and_take(void *context, int i)
{
    struct leftovers *leftovers = context;
    struct lock_owner owner = owner_new();
    struct leftover out;
    struct shot shot;

    shot_init(&shot);
    for (int n = 0; n < 200; n++) {
        if (i % 2) {
            leftovers_add_lock(leftovers, &owner, STR("name:acme"));
        } else {
            while (!leftovers_next(leftovers, &shot.mem, &out)) {
                (void)sched_yield();
            }
        }
    }
    shot_done(&shot);
}

STORE_TEST(leftovers__of_many_threads_are_all_worked_off)
{
    struct leftovers *leftovers = leftovers_new();

    (void)state;
    suite_race(leave_and_take, leftovers);
    assert_int_equal(leftovers_count(leftovers), 0);
    leftovers_free(leftovers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leftovers__come_out_once_and_as_they_went_in),
        cmocka_unit_test(leftovers__of_many_threads_are_all_worked_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
