/* The memory of organizations by itself: at each step at which look-ups and changes can meet, and with
 * threads. */
#include "suite.h"

#include "store/organization_memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct bare {
    struct organization_memory *memory;
    struct arena mem;
};

static int setup(void **state)
{
    static struct bare bare;

    bare.memory = organization_memory_new();
    arena_init(&bare.mem, (size_t)16 << 20);
    *state = &bare;
    return bare.memory ? 0 : -1;
}

static int teardown(void **state)
{
    struct bare *bare = *state;

    organization_memory_free(bare->memory);
    arena_done(&bare->mem);
    return 0;
}

/* Organization number n at its version: what changes is its time. */
static struct organization made(struct arena *mem, int n, int64_t version)
{
    return (struct organization){
        .id = { .bytes = { 1, [10] = (uint8_t)(n >> 8), [11] = (uint8_t)n } },
        .admin_id = { .bytes = { 2, [10] = (uint8_t)(n >> 8), [11] = (uint8_t)n } },
        .name = arena_printf(mem, "Acme %d", n),
        .name_key = arena_printf(mem, "acme %d", n),
        .slug = arena_printf(mem, "acme_%d", n),
        .collection = arena_printf(mem, "org_acme_%d", n),
        .admin_email = arena_printf(mem, "admin%d@acme.example", n),
        .created_ms = 1,
        .updated_ms = version,
    };
}

static bool keep(struct bare *bare, uint64_t epoch, int n, int64_t version)
{
    struct organization organization = made(&bare->mem, n, version);

    return organization_memory_keep(bare->memory, epoch, KEEP_ALWAYS, &organization);
}

static bool keep_now(struct bare *bare, int n)
{
    return keep(bare, organization_memory_epoch(bare->memory), n, 1);
}

/* The version that is remembered; 0 for none. */
static int64_t version_of(struct bare *bare, int n)
{
    struct organization found;

    if (!organization_memory_find(bare->memory, arena_printf(&bare->mem, "acme %d", n), &bare->mem,
                                  &found)) {
        return 0;
    }
    suite_assert_organization(&found,
                              &(struct organization[]){ made(&bare->mem, n, found.updated_ms) }[0]);
    return found.updated_ms;
}

TEST(memory__finds_what_was_kept_and_nothing_else)
{
    struct bare *bare = *state;

    assert_int_equal(version_of(bare, 1), 0);
    for (int n = 0; n < 2000; n++) {
        assert_true(keep_now(bare, n));
    }
    for (int n = 0; n < 2000; n++) {
        assert_int_equal(version_of(bare, n), 1);
    }
    assert_int_equal(version_of(bare, 2000), 0);
}

TEST(memory__of_nothing_remembers_nothing)
{
    struct bare *bare = *state;
    struct bare none = { .mem = bare->mem };
    struct organization_changing changing;

    organization_memory_changing(NULL, &(struct oid){ .bytes = { 1 } }, NULL, &changing);
    organization_memory_changed(NULL, &changing);
    organization_memory_all_changing(NULL);
    organization_memory_all_changed(NULL);
    assert_false(keep_now(&none, 1));
    assert_int_equal(version_of(&none, 1), 0);
    bare->mem = none.mem;
}

/* What may change about an organization: itself, or the account of its administrator. */
TEST(memory__says_how_large_it_has_become)
{
    struct bare *bare = *state;
    size_t empty = organization_memory_bytes(bare->memory);
    size_t some;

    assert_int_equal(organization_memory_bytes(NULL), 0);
    for (int n = 0; n < 10000; n++) {
        assert_true(keep_now(bare, n));
        arena_clear(&bare->mem);
    }
    some = organization_memory_bytes(bare->memory);
    assert_in_range(some, empty + 100000, ORGANIZATION_MEMORY_BYTES);
    organization_memory_all_changing(bare->memory);
    organization_memory_all_changed(bare->memory);
    assert_int_equal(organization_memory_bytes(bare->memory), empty);
}

TEST(memory__change_of_either_id_ends_the_use_of_an_organization)
{
    struct bare *bare = *state;

    for (int account = 0; account < 2; account++) {
        const struct organization organization = made(&bare->mem, account, 1);
        const struct oid other = { .bytes = { 9 } };
        struct organization_changing changing;

        assert_true(keep_now(bare, account));
        assert_true(keep_now(bare, 7));
        organization_memory_changing(bare->memory, account ? &other : &organization.id,
                                     account ? &organization.admin_id : NULL, &changing);
        assert_int_equal(version_of(bare, account), 0);
        assert_false(keep_now(bare, account)); /* the engine may have been asked before */
        organization_memory_changed(bare->memory, &changing);
        assert_int_equal(version_of(bare, account), 0);
        assert_false(keep_now(bare, account));
        assert_int_equal(version_of(bare, account), 0);
        assert_int_equal(version_of(bare, 7), 1);
    }
}

TEST(memory__change_of_all_forgets_what_was_and_what_is_on_its_way)
{
    struct bare *bare = *state;
    uint64_t before = organization_memory_epoch(bare->memory);
    uint64_t during;

    assert_true(keep_now(bare, 1));
    organization_memory_all_changing(bare->memory);
    assert_int_equal(version_of(bare, 1), 0);
    during = organization_memory_epoch(bare->memory);
    (void)keep(bare, during, 2, 1);
    assert_int_equal(version_of(bare, 2), 0);
    organization_memory_all_changed(bare->memory);
    assert_int_equal(version_of(bare, 1), 0);
    assert_int_equal(version_of(bare, 2), 0);
    assert_false(keep(bare, before, 1, 1));
    assert_false(keep(bare, during, 1, 1));
    assert_int_equal(version_of(bare, 1), 0);
    assert_true(keep_now(bare, 1));
    assert_int_equal(version_of(bare, 1), 1);
}

/* After many changes marks are few again, but for those of the changes that are under way. */
TEST(memory__many_changes_forget_all_but_what_is_being_changed)
{
    struct bare *bare = *state;
    uint64_t before = organization_memory_epoch(bare->memory);
    struct organization under_way = made(&bare->mem, 1, 1);
    struct organization changed = made(&bare->mem, 2, 1);
    struct organization_changing changing[2];

    organization_memory_changing(bare->memory, &under_way.id, NULL, &changing[0]);
    for (int i = 0; i <= ORGANIZATION_MEMORY_CHANGES; i++) {
        organization_memory_changing(bare->memory, &changed.id, NULL, &changing[1]);
        organization_memory_changed(bare->memory, &changing[1]);
        if (i == 0) {
            changed = made(&bare->mem, 3, 1);
        }
    }
    assert_true(organization_memory_wait(bare->memory, before));
    assert_true(keep_now(bare, 2));
    assert_false(keep_now(bare, 1));
    assert_false(keep(bare, before, 4, 1));
    organization_memory_changed(bare->memory, &changing[0]);
    assert_int_equal(version_of(bare, 2), 1);
}

/* ---- threads: organizations whose versions only grow ---- */

#define NUMBERS 4
#define READERS 4
#define STEPS 4000

struct race {
    struct bare *bare;
    _Atomic int64_t versions[NUMBERS]; /* the engine: a change has its effect when this is set */
    _Atomic int64_t known[NUMBERS];    /* of changes that were answered */
    atomic_int left;
    atomic_int stale;
    atomic_int found;
};

static void *write_versions(void *argument)
{
    struct race *race = argument;
    struct organization_memory *memory = race->bare->memory;
    struct arena mem;

    arena_init(&mem, (size_t)1 << 20);
    for (int i = 0; i < STEPS; i++) {
        int n = i / 4 % NUMBERS;
        bool all = i % 4 == 3;
        struct organization organization = made(&mem, n, 1);
        struct organization_changing changing;
        int64_t version;

        if (all) {
            organization_memory_all_changing(memory);
        } else {
            organization_memory_changing(memory, &organization.id, NULL, &changing);
        }
        version = atomic_fetch_add(&race->versions[n], 1) + 1;
        if (all) {
            organization_memory_all_changed(memory);
        } else {
            organization_memory_changed(memory, &changing);
        }
        atomic_store(&race->known[n], version);
        arena_clear(&mem);
    }
    (void)atomic_fetch_sub(&race->left, 1);
    arena_done(&mem);
    return NULL;
}

static int64_t read_version(struct race *race, struct arena *mem, int n)
{
    struct organization_memory *memory = race->bare->memory;
    struct organization found;
    uint64_t epoch;

    if (organization_memory_find(memory, arena_printf(mem, "acme %d", n), mem, &found)) {
        (void)atomic_fetch_add(&race->found, 1);
        return found.updated_ms;
    }
    epoch = organization_memory_epoch(memory);
    found = made(mem, n, atomic_load(&race->versions[n]));
    (void)organization_memory_keep(memory, epoch, KEEP_ALWAYS, &found);
    return found.updated_ms;
}

static void *read_versions(void *argument)
{
    struct race *race = argument;
    int64_t seen[NUMBERS] = { 0 };
    struct arena mem;

    arena_init(&mem, (size_t)1 << 20);
    for (int i = 0; atomic_load(&race->left) > 0; i++) {
        int n = i % NUMBERS;
        int64_t known = atomic_load(&race->known[n]);
        int64_t version = read_version(race, &mem, n);

        if (version < known || version < seen[n]) {
            (void)atomic_fetch_add(&race->stale, 1);
        }
        seen[n] = version;
        arena_clear(&mem);
    }
    arena_done(&mem);
    return NULL;
}

TEST(race__no_look_up_is_older_than_what_was_answered_or_seen_before)
{
    struct race race = { .bare = *state, .left = 1 };
    pthread_t threads[READERS + 1];

    for (int i = 0; i <= READERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < READERS ? read_versions : write_versions, &race),
            0);
    }
    for (int i = 0; i <= READERS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_int_equal(race.stale, 0);
    assert_true(race.found > 0);
}

/* ---- learning, which others don't wait for ---- */

#define LEARNERS_NAMES 20000 /* more than it waits for */
#define FORGOTTEN 3

static void keep_all(struct bare *bare, int from, int to)
{
    for (int n = from; n < to; n++) {
        assert_true(keep_now(bare, n));
        arena_clear(&bare->mem);
    }
}

static void assert_all_there(struct bare *bare, int from, int to)
{
    for (int n = from; n < to; n++) {
        assert_int_equal(version_of(bare, n), 1);
        arena_clear(&bare->mem);
    }
}

/* Once before all is forgotten, and once behind it, from other names. */
TEST(learning__begins_when_enough_is_kept_and_leaves_all_that_is_found_as_it_was)
{
    struct bare *bare = *state;

    for (int from = 0; from <= 2 * LEARNERS_NAMES; from += 2 * LEARNERS_NAMES) {
        uint64_t epoch = organization_memory_epoch(bare->memory);
        int middle = from + LEARNERS_NAMES / 2;
        int to = from + LEARNERS_NAMES;

        organization_memory_learn(bare->memory); /* of nothing */
        keep_all(bare, from, middle);
        assert_true(organization_memory_wait(bare->memory, epoch)); /* else without end */
        organization_memory_learn(bare->memory);
        assert_all_there(bare, from, middle);
        keep_all(bare, middle, to);
        organization_memory_learn(bare->memory); /* of nothing more */
        assert_all_there(bare, from, to);
        organization_memory_all_changing(bare->memory);
        organization_memory_all_changed(bare->memory);
    }
}

/* Keeps and looks for all names over and over, and forgets all a few times. */
static void *keep_and_find(void *argument)
{
    struct race *race = argument;
    struct bare bare = { .memory = race->bare->memory };

    arena_init(&bare.mem, (size_t)1 << 20);
    for (int i = 0; i <= FORGOTTEN; i++) {
        for (int n = 0; n < LEARNERS_NAMES; n++) {
            (void)keep_now(&bare, n);
            (void)atomic_fetch_add(&race->found, version_of(&bare, n) == 1);
            arena_clear(&bare.mem);
        }
        if (i < FORGOTTEN) {
            organization_memory_all_changing(bare.memory);
            organization_memory_all_changed(bare.memory);
        }
    }
    (void)atomic_fetch_sub(&race->left, 1);
    arena_done(&bare.mem);
    return NULL;
}

TEST(race__learning_beside_look_ups_and_forgetting_changes_nothing_that_is_found)
{
    struct race race = { .bare = *state, .left = 2 };
    pthread_t threads[2];

    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_and_find, &race), 0);
    }
    while (atomic_load(&race.left) > 0) {
        organization_memory_learn(race.bare->memory);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    assert_in_range(race.found, LEARNERS_NAMES, INT32_MAX);
}

#define bare_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bare_test(memory__finds_what_was_kept_and_nothing_else),
        bare_test(memory__of_nothing_remembers_nothing),
        bare_test(memory__says_how_large_it_has_become),
        bare_test(memory__change_of_either_id_ends_the_use_of_an_organization),
        bare_test(memory__change_of_all_forgets_what_was_and_what_is_on_its_way),
        bare_test(memory__many_changes_forget_all_but_what_is_being_changed),
        bare_test(race__no_look_up_is_older_than_what_was_answered_or_seen_before),
        bare_test(learning__begins_when_enough_is_kept_and_leaves_all_that_is_found_as_it_was),
        bare_test(race__learning_beside_look_ups_and_forgetting_changes_nothing_that_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
