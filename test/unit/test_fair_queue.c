/* base/fair_queue: whose turn it is, what is kept of lanes, and taking things back. */
#include "test.h"

#include "base/fair_queue.h"
#include "base/oid.h"

#define ITEMS 64

struct thing {
    struct fair_item item;
    char name;
};

static struct fair_queue queue;
static struct thing things[ITEMS];
static size_t count;
static char taken[ITEMS + 1];

static int set_up(void **state)
{
    (void)state;
    fair_queue_init(&queue);
    count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(queue.waiting, 0);
    assert_int_equal(queue.lanes, 0);
    fair_queue_free(&queue);
    return 0;
}

/* Each letter is an item of the lane of that letter. */
static struct thing *put(const char *letters)
{
    struct thing *last = NULL;

    for (; *letters; letters++) {
        last = &things[count++];
        last->name = *letters;
        assert_true(fair_queue_put(&queue, &last->item, (uint64_t)*letters));
    }
    return last;
}

static struct thing *take_one(size_t most_taken)
{
    return (struct thing *)fair_queue_take(&queue, most_taken);
}

/* Takes and ends all there is: the letters in their order. */
static const char *drain(void)
{
    size_t n = 0;
    struct thing *thing = take_one(SIZE_MAX);

    while (thing) {
        taken[n++] = thing->name;
        fair_queue_done(&queue, &thing->item);
        thing = take_one(SIZE_MAX);
    }
    taken[n] = '\0';
    return taken;
}

TEST(lanes__take_turns_whatever_waits_in_each)
{
    (void)put("aaaaaabbc");
    assert_string_equal(drain(), "abcabaaaa");
}

TEST(lane__that_is_alone_is_served_in_order_of_arrival)
{
    struct thing *first = put("a");
    struct thing *second = put("a");
    struct thing *third = put("a");

    assert_ptr_equal(take_one(SIZE_MAX), first);
    assert_ptr_equal(take_one(SIZE_MAX), second);
    assert_ptr_equal(take_one(SIZE_MAX), third);
    fair_queue_done(&queue, &first->item);
    fair_queue_done(&queue, &second->item);
    fair_queue_done(&queue, &third->item);
}

TEST(newcomer__waits_for_one_turn_of_each_other_lane)
{
    struct thing *thing;

    (void)put("aaaabbbb");
    thing = take_one(SIZE_MAX);
    assert_int_equal(thing->name, 'a');
    fair_queue_done(&queue, &thing->item);
    (void)put("c");
    assert_string_equal(drain(), "bacbabab");
}

TEST(lane__that_comes_back_gets_no_turn_more_than_the_others)
{
    (void)put("aaabbb");
    for (int i = 0; i < 6; i++) {
        struct thing *thing = take_one(SIZE_MAX);

        assert_int_equal(thing->name, i % 2 ? 'b' : 'a');
        fair_queue_done(&queue, &thing->item);
        if (i < 4) {
            (void)put(i % 2 ? "b" : "a");
        }
    }
    assert_string_equal(drain(), "abab");
}

TEST(lane__with_its_share_taken_is_passed_over_and_keeps_its_place)
{
    struct thing *a = NULL;
    struct thing *b = NULL;

    (void)put("aaab");
    a = take_one(1);
    assert_int_equal(a->name, 'a');
    b = take_one(1);
    assert_int_equal(b->name, 'b');
    assert_null(take_one(1)); /* a has one under way, and nothing else waits */
    fair_queue_done(&queue, &b->item);
    (void)put("b");
    fair_queue_done(&queue, &a->item);
    assert_string_equal(drain(), "aba");
}

TEST(item__put_back_is_the_next_one_and_nothing_is_counted_twice)
{
    struct thing *a = NULL;

    (void)put("aab");
    a = take_one(SIZE_MAX);
    fair_queue_put_back(&queue, &a->item);
    assert_int_equal(queue.waiting, 3);
    assert_int_equal(fair_queue_counts(&queue, 'a').waiting, 2);
    assert_int_equal(fair_queue_counts(&queue, 'a').taken, 0);
    assert_ptr_equal(take_one(SIZE_MAX), a);
    fair_queue_done(&queue, &a->item);
    assert_string_equal(drain(), "ba");
}

TEST(item__put_back_into_an_empty_lane_waits_again)
{
    struct thing *a = put("a");

    (void)put("b");
    assert_ptr_equal(take_one(SIZE_MAX), a);
    fair_queue_put_back(&queue, &a->item);
    (void)put("a");
    assert_string_equal(drain(), "aba");
}

TEST(item__can_be_taken_back_while_it_waits_and_not_later)
{
    struct thing *first = put("a");
    struct thing *middle = put("a");
    struct thing *last = put("a");

    assert_true(fair_queue_remove(&queue, &middle->item));
    assert_false(fair_queue_remove(&queue, &middle->item));
    assert_ptr_equal(take_one(SIZE_MAX), first);
    assert_false(fair_queue_remove(&queue, &first->item));
    assert_true(fair_queue_remove(&queue, &last->item));
    (void)put("a");
    fair_queue_done(&queue, &first->item);
    assert_false(fair_queue_remove(&queue, &first->item));
    assert_string_equal(drain(), "a");
}

TEST(lanes__are_exact_also_where_they_share_a_bucket)
{
    static struct fair_item items[4 * FAIR_QUEUE_BUCKETS];
    size_t number = sizeof(items) / sizeof(items[0]);

    for (size_t i = 0; i < number; i++) {
        assert_true(fair_queue_put(&queue, &items[i], i));
    }
    assert_int_equal(queue.lanes, number);
    for (size_t i = 0; i < number; i++) {
        assert_int_equal(fair_queue_counts(&queue, i).waiting, 1);
        assert_ptr_equal(fair_queue_take(&queue, SIZE_MAX), &items[i]);
    }
    for (size_t i = 0; i < number; i++) {
        fair_queue_done(&queue, &items[i]);
    }
}

TEST(oid_number__differs_for_ids_of_one_process)
{
    struct oid ids[2] = { oid_new(), oid_new() };
    struct oid later = ids[0];

    later.bytes[3] ^= 1; /* the same counter in another second */
    assert_true(oid_number(&ids[0]) != oid_number(&ids[1]));
    assert_true(oid_number(&ids[0]) != oid_number(&later));
    assert_true(oid_number(&ids[0]) >> 63 == 1);
}

#define with_queue(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_queue(lanes__take_turns_whatever_waits_in_each),
        with_queue(lane__that_is_alone_is_served_in_order_of_arrival),
        with_queue(newcomer__waits_for_one_turn_of_each_other_lane),
        with_queue(lane__that_comes_back_gets_no_turn_more_than_the_others),
        with_queue(lane__with_its_share_taken_is_passed_over_and_keeps_its_place),
        with_queue(item__put_back_is_the_next_one_and_nothing_is_counted_twice),
        with_queue(item__put_back_into_an_empty_lane_waits_again),
        with_queue(item__can_be_taken_back_while_it_waits_and_not_later),
        with_queue(lanes__are_exact_also_where_they_share_a_bucket),
        cmocka_unit_test(oid_number__differs_for_ids_of_one_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
