/* The memory of organizations is filled from an engine by a thread of its own, which fails and ends well. */
#include "sqlite_help.h"

#include "base/clock.h"
#include "store/organization_fill.h"
#include "store/organization_memory.h"

#include <stdatomic.h>
#include <unistd.h>

#define PATIENCE_MS 20000
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
        ret_organizations[0] = (struct organization){
            .name = STR("Tenant 1"),
            .name_key = STR("tenant 1"),
            .slug = STR("tenant_1"),
            .collection = STR("org_tenant_1"),
            .admin_email = STR("admin1@tenants.example"),
        };
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

/* Whose names and addresses are long, and much alike: by themselves they take 12 MiB, beside 6 for tables. */
#define LONG 30000
#define LEARNED_BYTES ((size_t)14 << 20)

static struct organization long_one(struct arena *mem, int64_t n)
{
    static const char words[] = "Worshipful Company of Framework Knitters and Gold Wire Drawers";
    static const char key[] = "worshipful company of framework knitters and gold wire drawers";
    static const char slug[] = "worshipful_company_of_framework_knitters_and_gold_wi";

    return (struct organization){
        .id = { .bytes = { 1, [9] = (uint8_t)(n >> 16), [10] = (uint8_t)(n >> 8), (uint8_t)n } },
        .name = arena_printf(mem, "%d %s, %s, %s", (int)n, words, words, words),
        .name_key = arena_printf(mem, "%d %s, %s, %s", (int)n, key, key, key),
        .slug = arena_printf(mem, "%d_%s", (int)n, slug),
        .collection = arena_printf(mem, "org_%d_%s", (int)n, slug),
        .admin_email = arena_printf(mem, "%d.%s@%s.%s.%s.example", (int)n, slug, slug, slug, slug),
    };
}

static enum status walk_long(struct store *store, const struct call *call, int64_t position,
                             size_t limit, struct organization ret_organizations[],
                             size_t *ret_count, int64_t *ret_position)
{
    size_t count = 0;

    (void)store;
    while (count < limit && position < LONG) {
        ret_organizations[count++] = long_one(call->mem, position++);
    }
    *ret_count = count;
    *ret_position = position;
    return ST_OK;
}

TEST(fill__learns_what_names_are_like_and_needs_less_for_more)
{
    struct organization_memory *memory = organization_memory_new();
    struct store_ops ops = { .organization_walk = walk_long };
    struct store engine = { .ops = &ops };
    struct organization_fill *fill;
    struct organization found;
    struct arena mem;
    int waited_ms = 0;
    int there = 0;

    arena_init(&mem, (size_t)1 << 20);
    fill = organization_fill_new(&engine, memory);
    assert_non_null(fill);
    while (!organization_memory_find(memory, long_one(&mem, LONG - 1).name_key, &mem, &found)) {
        assert_true(waited_ms++ < PATIENCE_MS);
        assert_int_equal(usleep(1000), 0);
        arena_clear(&mem);
    }
    for (int n = 0; n < LONG; n++) {
        struct organization expected = long_one(&mem, n);

        if (organization_memory_find(memory, expected.name_key, &mem, &found)) {
            suite_assert_organization(&found, &expected);
            there++;
        }
        arena_clear(&mem);
    }
    assert_in_range(there, LONG - LONG / 1000, LONG);
    assert_in_range(organization_memory_bytes(memory), 1, LEARNED_BYTES);
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
        cmocka_unit_test(fill__brings_in_all_there_are_and_again_when_all_is_forgotten),
        cmocka_unit_test(fill__goes_on_when_an_engine_that_failed_answers_again),
        cmocka_unit_test(fill__learns_what_names_are_like_and_needs_less_for_more),
        cmocka_unit_test(fill__that_pauses_is_stopped_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
