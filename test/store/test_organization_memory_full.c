/* The memory of organizations with as many as it is made for, and more; and its filling from SQLite. */
#include "sqlite_help.h"

#include "base/clock.h"
#include "store/organization_fill.h"
#include "store/organization_memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define MILLION 1000000
#define PATIENCE_MS 20000

struct full {
    struct organization_memory *memory;
    struct arena mem;
};

static int setup(void **state)
{
    static struct full full;

    full.memory = organization_memory_new();
    arena_init(&full.mem, (size_t)16 << 20);
    *state = &full;
    return full.memory ? 0 : -1;
}

static int teardown(void **state)
{
    struct full *full = *state;

    organization_memory_free(full->memory);
    arena_done(&full->mem);
    return 0;
}

/* As a server makes them, one after the other: ids that differ in their counter, a few in a millisecond. */
static struct organization numbered(struct arena *mem, int n)
{
    struct organization organization = {
        .id = { .bytes = { 0x65, 1, 2, 3, 4, 5, 6, 7, 8, (uint8_t)(2 * n >> 16),
                           (uint8_t)(2 * n >> 8), (uint8_t)(2 * n) } },
        .name = arena_printf(mem, "Tenant %d", n),
        .name_key = arena_printf(mem, "tenant %d", n),
        .slug = arena_printf(mem, "tenant_%d", n),
        .admin_email = arena_printf(mem, "admin%d@tenants.example", n),
        .created_ms = 1700000000000 + n / 50,
        .updated_ms = 1700000000000 + n / 50,
    };

    organization.collection = arena_printf(mem, "org_%s", organization.slug.ptr);
    organization.admin_id = organization.id;
    organization.admin_id.bytes[OID_BYTES - 1]++;
    return organization;
}

static bool keep(struct full *full, int n, enum keep how)
{
    struct organization organization = numbered(&full->mem, n);
    bool kept = organization_memory_keep(full->memory, 0, how, &organization);

    arena_clear(&full->mem);
    return kept;
}

/* How many of them are found, each as it was. */
static int found_of(struct full *full, int from, int to)
{
    int count = 0;

    for (int n = from; n < to; n++) {
        struct organization expected = numbered(&full->mem, n);
        struct organization found;

        if (organization_memory_find(full->memory, expected.name_key, &full->mem, &found)) {
            suite_assert_organization(&found, &expected);
            count++;
        }
        arena_clear(&full->mem);
    }
    return count;
}

TEST(memory__has_room_for_a_million)
{
    struct full *full = *state;

    for (int n = 0; n < MILLION; n++) {
        assert_true(keep(full, n, KEEP_IF_ROOM));
    }
    assert_false(organization_memory_is_full(full->memory));
    organization_memory_settle(full->memory);
    assert_in_range(found_of(full, 0, MILLION), MILLION - MILLION / 1000, MILLION);
}

TEST(memory__that_is_full_keeps_the_newest)
{
    struct full *full = *state;
    int there = 0;

    while (keep(full, there, KEEP_IF_ROOM)) {
        there++;
    }
    assert_true(organization_memory_is_full(full->memory));
    assert_in_range(there, MILLION, 2 * MILLION);
    for (int n = there; n < 2 * there; n++) {
        assert_true(keep(full, n, KEEP_ALWAYS));
    }
    assert_in_range(found_of(full, 2 * there - there / 2, 2 * there), there / 2 - there / 100,
                    there / 2);
    assert_int_equal(found_of(full, 0, 1000), 0);
}

/* ---- filling ---- */

#define ORGANIZATIONS 300 /* more than two pages of the walk */

static void wait_until_found(struct organization_memory *memory, struct arena *mem)
{
    struct organization found;
    int waited_ms = 0;

    for (int n = 0; n < ORGANIZATIONS; n++) {
        while (!organization_memory_find(memory, arena_printf(mem, "org %d", n), mem, &found)) {
            assert_true(waited_ms++ < PATIENCE_MS);
            assert_int_equal(usleep(1000), 0);
        }
        assert_str(found.name, arena_printf(mem, "Org %d", n).ptr);
    }
}

TEST(fill__brings_in_all_there_are_and_again_when_all_is_forgotten)
{
    struct organization_memory *memory = organization_memory_new();
    struct organization_fill *fill;
    struct place place;
    struct fixture f;

    help_init(&place);
    help_fixture(&f, help_open(&place));
    for (int n = 0; n < ORGANIZATIONS; n++) {
        (void)suite_create(&f, arena_printf(&f.mem, "%d", n).ptr);
    }
    fill = organization_fill_new(f.store, memory);
    assert_non_null(fill);
    wait_until_found(memory, &f.mem);
    organization_memory_all_changing(memory);
    organization_memory_all_changed(memory);
    wait_until_found(memory, &f.mem);
    organization_fill_free(fill);
    organization_memory_free(memory);
    help_fixture_done(&f);
    help_done(&place);
}

/* An engine of one organization that fails at first. */
struct failing {
    struct store store;
    struct store_ops ops;
    atomic_int calls;
};

static enum status walk_failing(struct store *store, const struct call *call, int64_t position,
                                size_t limit, struct organization ret_organizations[],
                                size_t *ret_count, int64_t *ret_position)
{
    struct failing *engine = (struct failing *)store;

    assert_in_range(limit, 1, 500);
    if (atomic_fetch_add(&engine->calls, 1) == 0) {
        return err_set(call->err, ST_BUSY, "all connections are in use");
    }
    *ret_count = position == 0;
    *ret_position = 1;
    if (position == 0) {
        ret_organizations[0] = numbered(call->mem, 1);
    }
    return ST_OK;
}

TEST(fill__goes_on_when_an_engine_that_failed_answers_again)
{
    struct organization_memory *memory = organization_memory_new();
    struct failing engine = { .ops = { .organization_walk = walk_failing } };
    struct organization_fill *fill;
    struct organization found;
    struct arena mem;
    int waited_ms = 0;

    engine.store.ops = &engine.ops;
    arena_init(&mem, (size_t)1 << 20);
    fill = organization_fill_new(&engine.store, memory);
    assert_non_null(fill);
    while (!organization_memory_find(memory, STR("tenant 1"), &mem, &found)) {
        assert_true(waited_ms++ < PATIENCE_MS);
        assert_int_equal(usleep(1000), 0);
    }
    organization_fill_free(fill);
    organization_memory_free(memory);
    arena_done(&mem);
}

/* A hundred that begin, and ten that wait for an engine: their pauses come to 20 seconds. */
TEST(fill__that_pauses_is_stopped_at_once)
{
    int64_t begun_ms = clock_monotonic_ms();

    for (int i = 0; i < 100; i++) {
        struct organization_memory *memory = organization_memory_new();
        struct failing engine = { .ops = { .organization_walk = walk_failing } };
        struct organization_fill *fill;

        engine.store.ops = &engine.ops;
        fill = organization_fill_new(&engine.store, memory);
        assert_non_null(fill);
        while (i % 10 == 0 && atomic_load(&engine.calls) == 0) {
            assert_int_equal(usleep(1000), 0);
        }
        organization_fill_free(fill);
        organization_memory_free(memory);
    }
    assert_in_range(clock_monotonic_ms() - begun_ms, 0, 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory__has_room_for_a_million, setup, teardown),
        cmocka_unit_test_setup_teardown(memory__that_is_full_keeps_the_newest, setup, teardown),
        cmocka_unit_test(fill__brings_in_all_there_are_and_again_when_all_is_forgotten),
        cmocka_unit_test(fill__goes_on_when_an_engine_that_failed_answers_again),
        cmocka_unit_test(fill__that_pauses_is_stopped_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
