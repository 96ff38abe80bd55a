/* The memory of organizations with as many as it is made for, and more. */
#include "suite.h"

#include "store/organization_memory.h"

#define MILLION 1000000

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memory__has_room_for_a_million, setup, teardown),
        cmocka_unit_test_setup_teardown(memory__that_is_full_keeps_the_newest, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
