/* The memory of documents by itself: at each step at which readings and changes can meet, full, and with
 * threads. */
#include "suite.h"

#include "store/document_memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static const struct oid acme = { .bytes = { 1 } };

struct bare {
    struct document_memory *memory;
    size_t room;
    struct arena mem;
};

static size_t room(void *context)
{
    return *(size_t *)context;
}

static int setup_bare(void **state)
{
    static struct bare bare;

    bare.room = DOCUMENT_MEMORY_BYTES;
    bare.memory = document_memory_new(room, &bare.room);
    arena_init(&bare.mem, (size_t)64 << 20);
    *state = &bare;
    return bare.memory ? 0 : -1;
}

static int teardown_bare(void **state)
{
    struct bare *bare = *state;

    document_memory_free(bare->memory);
    arena_done(&bare->mem);
    return 0;
}

static bool begin(struct bare *bare, const char *id, struct document_reading *ret_reading)
{
    struct document found;

    return document_memory_recall(bare->memory, &bare->mem, &acme, str_of(id), ret_reading, &found);
}

static bool is_remembered(struct bare *bare, const char *id)
{
    struct document_reading reading;

    return begin(bare, id, &reading);
}

static void end(struct bare *bare, const char *id, const struct document_reading *reading)
{
    struct document document = { .id = str_of(id), .body = STR("body") };

    document_memory_remember(bare->memory, reading, &acme, &document);
}

static void read_whole(struct bare *bare, const char *id)
{
    struct document_reading reading;

    (void)begin(bare, id, &reading);
    end(bare, id, &reading);
}

/* A change of one document or of all; both must do the same to a reading of "d". */
static void change_begins(struct bare *bare, bool all)
{
    if (all) {
        document_memory_all_changing(bare->memory);
    } else {
        document_memory_changing(bare->memory, &acme, STR("d"));
    }
}

static void change_ends(struct bare *bare, bool all)
{
    if (all) {
        document_memory_all_changed(bare->memory);
    } else {
        document_memory_changed(bare->memory, &acme, STR("d"));
    }
}

TEST(memory__change_within_a_reading_leaves_nothing)
{
    struct bare *bare = *state;
    struct document_reading reading;

    for (int all = 0; all < 2; all++) {
        assert_false(begin(bare, "d", &reading));
        change_begins(bare, all);
        change_ends(bare, all);
        end(bare, "d", &reading);
        assert_false(is_remembered(bare, "d"));
    }
}

TEST(memory__reading_within_a_change_leaves_nothing_and_finds_nothing)
{
    struct bare *bare = *state;
    struct document_reading reading;

    for (int all = 0; all < 2; all++) {
        read_whole(bare, "d");
        assert_true(is_remembered(bare, "d"));
        change_begins(bare, all);
        assert_false(begin(bare, "d", &reading));
        end(bare, "d", &reading);
        assert_false(is_remembered(bare, "d"));
        change_ends(bare, all);
        end(bare, "d", &reading);
        assert_false(is_remembered(bare, "d"));
    }
}

TEST(memory__readings_that_overlap_a_change_at_either_end_leave_nothing)
{
    struct bare *bare = *state;
    struct document_reading before;
    struct document_reading during;

    for (int all = 0; all < 2; all++) {
        assert_false(begin(bare, "d", &before));
        change_begins(bare, all);
        end(bare, "d", &before);
        assert_false(is_remembered(bare, "d"));
        assert_false(begin(bare, "d", &during));
        change_ends(bare, all);
        end(bare, "d", &during);
        assert_false(is_remembered(bare, "d"));
        read_whole(bare, "d");
        assert_true(is_remembered(bare, "d"));
        change_begins(bare, all);
        change_ends(bare, all);
    }
}

TEST(memory__one_of_two_changes_that_ends_is_not_the_end)
{
    struct bare *bare = *state;

    change_begins(bare, false);
    change_begins(bare, false);
    change_ends(bare, false);
    read_whole(bare, "d");
    assert_false(is_remembered(bare, "d"));
    change_ends(bare, false);
    read_whole(bare, "d");
    assert_true(is_remembered(bare, "d"));
}

static void assert_kept(struct bare *bare, size_t id_len, size_t body_len, bool is_kept)
{
    struct str id = { .ptr = arena_alloc(&bare->mem, id_len), .len = id_len };
    struct str body = { .ptr = arena_alloc(&bare->mem, body_len), .len = body_len };
    struct document document = { .id = id, .body = body };
    struct document_reading reading;
    struct document found;

    memset((char *)(uintptr_t)id.ptr, 'i', id_len);
    memset((char *)(uintptr_t)body.ptr, 'b', body_len);
    assert_false(document_memory_recall(bare->memory, &bare->mem, &acme, id, &reading, &found));
    document_memory_remember(bare->memory, &reading, &acme, &document);
    assert_int_equal(document_memory_recall(bare->memory, &bare->mem, &acme, id, &reading, &found),
                     is_kept);
    if (is_kept) {
        suite_assert_text(found.id, id);
        suite_assert_text(found.body, body);
    }
}

TEST(memory__what_is_too_large_is_not_kept)
{
    struct bare *bare = *state;

    assert_kept(bare, 10, 0, true);
    assert_kept(bare, 11, 1500, true);
    assert_kept(bare, 12, DOCUMENT_MEMORY_MAX_BYTES - 12, true);
    assert_kept(bare, 13, DOCUMENT_MEMORY_MAX_BYTES - 12, false);
    assert_kept(bare, 14, DOCUMENT_MEMORY_MAX_BYTES, false);
    assert_kept(bare, 15, (size_t)1 << 20, false);
    assert_kept(bare, 256, 100, true);
    assert_kept(bare, 257, 100, false);
    assert_kept(bare, 100000, 100, false);
}

/* Reads documents "from" to "to - 1", of lengths of every kind, which depend on the salt. */
static void read_many(struct bare *bare, int from, int to, size_t salt)
{
    char id[16];
    char body[512];

    for (int i = from; i < to; i++) {
        size_t len = ((size_t)i * 7919 + salt) % sizeof(body);
        struct document document = { .body = { .ptr = body, .len = len } };
        struct document_reading reading;

        (void)snprintf(id, sizeof(id), "%d", i);
        document.id = str_of(id);
        memset(body, 'a' + i % 26, len);
        (void)begin(bare, id, &reading);
        document_memory_remember(bare->memory, &reading, &acme, &document);
        arena_clear(&bare->mem);
    }
}

/* How many of them are remembered; each that is, is what was read. */
static int count_many(struct bare *bare, int from, int to, size_t salt)
{
    char id[16];
    char body[512];
    int count = 0;

    for (int i = from; i < to; i++) {
        struct document_reading reading;
        struct document found;

        (void)snprintf(id, sizeof(id), "%d", i);
        if (document_memory_recall(bare->memory, &bare->mem, &acme, str_of(id), &reading, &found)) {
            count++;
            assert_str(found.id, id);
            assert_int_equal(found.body.len, ((size_t)i * 7919 + salt) % 512);
            assert_int_equal(found.body.ptr[found.body.len], '\0');
            memset(body, 'a' + i % 26, found.body.len);
            assert_memory_equal(found.body.ptr, body, found.body.len);
        }
        arena_clear(&bare->mem);
    }
    return count;
}

/* A document of these has 304 bytes on average, so some 55,000 fit. */
TEST(memory__tens_of_thousands_fit)
{
    struct bare *bare = *state;

    read_many(bare, 0, 40000, 0);
    assert_in_range(count_many(bare, 0, 40000, 0), 39000, 40000);
}

TEST(memory__many_push_out_old_ones)
{
    struct bare *bare = *state;

    for (size_t salt = 0; salt < 3; salt++) {
        read_many(bare, 0, 200000, salt);
    }
    assert_in_range(count_many(bare, 0, 200000, 2), 40000, 56000);
    assert_in_range(count_many(bare, 190000, 200000, 2), 9500, 10000);
}

TEST(memory__those_in_use_are_not_pushed_out)
{
    struct bare *bare = *state;
    int in_use = 1000;

    read_many(bare, 0, in_use, 0);
    for (int i = in_use; i < 300000; i += 5000) {
        assert_in_range(count_many(bare, 0, in_use, 0), in_use * 9 / 10, in_use);
        read_many(bare, i, i + 5000, 0);
    }
}

TEST(memory__as_many_in_use_as_fit_stay_whole)
{
    struct bare *bare = *state;

    read_many(bare, 0, 52000, 0);
    for (int i = 100000; i < 200000; i += 10000) {
        (void)count_many(bare, 0, 52000, 0);
        read_many(bare, i, i + 10000, 0);
        assert_true(count_many(bare, i, i + 10000, 0) > 0);
    }
}

TEST(memory__document_that_was_read_again_is_the_new_one)
{
    struct bare *bare = *state;

    for (size_t salt = 0; salt < 40; salt++) {
        document_memory_all_changing(bare->memory);
        document_memory_all_changed(bare->memory);
        read_many(bare, 0, 5000, salt);
        assert_in_range(count_many(bare, 0, 5000, salt), 4950, 5000);
    }
}

TEST(memory__there_is_as_much_as_there_is_room_for)
{
    struct bare *bare = *state;

    read_many(bare, 0, 40000, 0);
    bare->room = DOCUMENT_MEMORY_BYTES / 16;
    for (int i = 0; i < 3; i++) {
        read_many(bare, 0, 40000, 0);
    }
    assert_in_range(count_many(bare, 0, 40000, 0), 2500, 3600);
    bare->room = 0;
    for (int i = 0; i < 3; i++) {
        read_many(bare, 0, 40000, 0);
    }
    assert_int_equal(count_many(bare, 0, 40000, 0), 0);
    bare->room = SIZE_MAX;
    for (int i = 0; i < 3; i++) {
        read_many(bare, 0, 40000, 0);
    }
    assert_in_range(count_many(bare, 0, 40000, 0), 39000, 40000);
}

/* ---- threads: documents that are numbers, which only grow ---- */

#define NUMBERS 4
#define READERS 4
#define STEPS 3000

struct race {
    struct document_memory *memory;
    _Atomic long values[NUMBERS]; /* the engine: a change has its effect when this is set */
    _Atomic long known[NUMBERS];  /* of changes that were answered */
    atomic_int left;
    atomic_int stale;
};

static void *write_numbers(void *argument)
{
    struct race *race = argument;

    for (int i = 0; i < STEPS; i++) {
        int which = i % NUMBERS;
        char id[2] = { (char)('0' + which), '\0' };
        bool all = i % 16 == 0;
        long value;

        if (all) {
            document_memory_all_changing(race->memory);
        } else {
            document_memory_changing(race->memory, &acme, str_of(id));
        }
        value = atomic_fetch_add(&race->values[which], 1) + 1;
        if (all) {
            document_memory_all_changed(race->memory);
        } else {
            document_memory_changed(race->memory, &acme, str_of(id));
        }
        atomic_store(&race->known[which], value);
    }
    (void)atomic_fetch_sub(&race->left, 1);
    return NULL;
}

static long read_number(struct race *race, struct arena *mem, int which)
{
    char id[2] = { (char)('0' + which), '\0' };
    struct document_reading reading;
    struct document found;

    if (!document_memory_recall(race->memory, mem, &acme, str_of(id), &reading, &found)) {
        found = (struct document){
            .id = str_of(id),
            .body = arena_printf(mem, "%ld", atomic_load(&race->values[which])),
        };
        document_memory_remember(race->memory, &reading, &acme, &found);
    }
    return strtol(found.body.ptr, NULL, 10);
}

static void *read_numbers(void *argument)
{
    struct race *race = argument;
    long seen[NUMBERS] = { 0 };
    struct arena mem;

    arena_init(&mem, (size_t)1 << 20);
    for (int i = 0; atomic_load(&race->left) > 0; i++) {
        int which = i % NUMBERS;
        long known = atomic_load(&race->known[which]);
        long value = read_number(race, &mem, which);

        if (value < known || value < seen[which]) {
            (void)atomic_fetch_add(&race->stale, 1);
        }
        seen[which] = value;
        arena_clear(&mem);
    }
    arena_done(&mem);
    return NULL;
}

TEST(race__no_reading_is_older_than_what_was_answered_or_seen_before)
{
    struct bare *bare = *state;
    struct race race = { .memory = bare->memory, .left = 1 };
    pthread_t threads[READERS + 1];

    for (int i = 0; i <= READERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < READERS ? read_numbers : write_numbers, &race),
            0);
    }
    for (int i = 0; i <= READERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(race.stale, 0);
}

#define bare_test(name) cmocka_unit_test_setup_teardown(name, setup_bare, teardown_bare)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bare_test(memory__change_within_a_reading_leaves_nothing),
        bare_test(memory__reading_within_a_change_leaves_nothing_and_finds_nothing),
        bare_test(memory__readings_that_overlap_a_change_at_either_end_leave_nothing),
        bare_test(memory__one_of_two_changes_that_ends_is_not_the_end),
        bare_test(memory__what_is_too_large_is_not_kept),
        bare_test(memory__tens_of_thousands_fit),
        bare_test(memory__many_push_out_old_ones),
        bare_test(memory__those_in_use_are_not_pushed_out),
        bare_test(memory__as_many_in_use_as_fit_stay_whole),
        bare_test(memory__document_that_was_read_again_is_the_new_one),
        bare_test(memory__there_is_as_much_as_there_is_room_for),
        bare_test(race__no_reading_is_older_than_what_was_answered_or_seen_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
