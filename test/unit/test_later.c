/* What follows a verb that nobody waits for: in which order, with which status, at whose home. */
#include "test.h"

#include "base/arena.h"
#include "base/later.h"

#include <string.h>

#define HOMES 3
#define CALLS 12

/* What was run, in order: a letter for each step. */
static char said[32];

struct step {
    char letter;
    enum status gives; /* ST_OK: what it gets */
    enum status got;
};

static enum status say(void *context, enum status status)
{
    struct step *step = context;

    said[strlen(said)] = step->letter;
    step->got = status;
    return step->gives == ST_OK ? status : step->gives;
}

static struct arena mem;

static int begin(void **state)
{
    (void)state;
    arena_init(&mem, 65536);
    memset(said, 0, sizeof(said));
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}

static bool may_withdraw;

static bool withdraw(void *work)
{
    (void)work;
    return may_withdraw;
}

TEST(then__with_an_outcome_is_at_once)
{
    struct later later = { .home = NULL };
    const struct call call = { .mem = &mem, .later = &later };
    struct step step = { .letter = 'a', .gives = ST_NO_DOCUMENT };

    assert_int_equal(call_then(&call, ST_BUSY, say, &step), ST_NO_DOCUMENT);
    assert_int_equal(step.got, ST_BUSY);
    assert_string_equal(said, "a");
}

TEST(then__of_a_call_that_is_waited_for_needs_no_later)
{
    const struct call call = { .mem = NULL };
    struct step step = { .letter = 'a' };

    assert_int_equal(call_then(&call, ST_OK, say, &step), ST_OK);
    assert_string_equal(said, "a");
}

TEST(steps__run_from_the_inside_out_each_with_what_the_one_before_gave)
{
    struct later later = { .home = NULL };
    const struct call call = { .mem = &mem, .later = &later };
    struct step steps[3] = { { .letter = 'a' },
                             { .letter = 'b', .gives = ST_PRECONDITION },
                             { .letter = 'c' } };
    enum status status = later_begin(&later, withdraw, NULL);

    for (int i = 0; i < 3; i++) {
        status = call_then(&call, status, say, &steps[i]);
        assert_int_equal(status, ST_PENDING);
    }
    assert_string_equal(said, "");
    later.status = ST_NO_DOCUMENT;
    assert_int_equal(later_go_on(&later), ST_PRECONDITION);
    assert_string_equal(said, "abc");
    assert_int_equal(steps[0].got, ST_NO_DOCUMENT);
    assert_int_equal(steps[1].got, ST_NO_DOCUMENT);
    assert_int_equal(steps[2].got, ST_PRECONDITION);
}

TEST(withdrawn__goes_on_with_the_status_of_who_did_it)
{
    struct later later = { .home = NULL };
    const struct call call = { .mem = &mem, .later = &later };
    struct step step = { .letter = 'a' };

    assert_int_equal(call_then(&call, later_begin(&later, withdraw, NULL), say, &step), ST_PENDING);
    may_withdraw = false;
    assert_false(later_withdraw(&later, ST_BUSY));
    assert_string_equal(said, "");
    may_withdraw = true;
    assert_true(later_withdraw(&later, ST_BUSY));
    assert_int_equal(later_go_on(&later), ST_BUSY);
    assert_int_equal(step.got, ST_BUSY);
}

struct home {
    struct later_home home; /* first */
    struct later *got[CALLS];
    int count;
    int calls;
};

static void note(struct later_home *home, struct later *chain)
{
    struct home *this = (struct home *)home;

    this->calls++;
    for (; chain; chain = chain->next) {
        this->got[this->count++] = chain;
    }
}

TEST(homes__are_told_once_each_of_their_own_in_order)
{
    struct home homes[HOMES] = { { .home = { .ended = note } },
                                 { .home = { .ended = note } },
                                 { .home = { .ended = note } } };
    struct later calls[CALLS] = { { .home = NULL } };

    for (int i = 0; i < CALLS; i++) {
        calls[i].home = &homes[i * i % HOMES].home; /* 0 1 1 0 1 1 …: the last has none */
        calls[i].next = i + 1 < CALLS ? &calls[i + 1] : NULL;
    }
    later_end(calls);
    assert_int_equal(homes[0].calls, 1);
    assert_int_equal(homes[1].calls, 1);
    assert_int_equal(homes[2].calls, 0);
    assert_int_equal(homes[0].count, 4);
    assert_int_equal(homes[1].count, 8);
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(homes[0].got[i], &calls[3 * i]);
        assert_ptr_equal(homes[1].got[2 * i], &calls[3 * i + 1]);
        assert_ptr_equal(homes[1].got[2 * i + 1], &calls[3 * i + 2]);
    }
    later_end(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(then__with_an_outcome_is_at_once, begin, end),
        cmocka_unit_test_setup_teardown(then__of_a_call_that_is_waited_for_needs_no_later, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            steps__run_from_the_inside_out_each_with_what_the_one_before_gave, begin, end),
        cmocka_unit_test_setup_teardown(withdrawn__goes_on_with_the_status_of_who_did_it, begin,
                                        end),
        cmocka_unit_test_setup_teardown(homes__are_told_once_each_of_their_own_in_order, begin,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
