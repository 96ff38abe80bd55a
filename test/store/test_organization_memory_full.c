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

    organization_memory_learn(full->memory);
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

/* Words that a register is full of, in two million names of which no two share more than some. */
static struct organization company(struct arena *mem, int n)
{
    static const char *const fronts[] = { "al", "ber", "cor", "dan", "el",  "far", "gal", "hol",
                                          "in", "jor", "kar", "lin", "mar", "nor", "or",  "pel" };
    static const char *const ends[] = { "bach", "berg", "by",  "dale", "den",  "feld",
                                        "gate", "ham",  "ley", "mont", "nova", "ric",
                                        "son",  "ton",  "vik", "wick" };
    static const char *const trades[] = { "analytics", "bakery", "books",  "energy",
                                          "foods",     "health", "motors", "travel" };
    struct organization organization = numbered(mem, n);
    uint32_t bits = (uint32_t)n * 0x5BD1E5 & 0xFFFFF;
    const char *trade;
    const char *word;

    bits ^= bits >> 11;
    trade = trades[bits & 7];
    word = arena_printf(mem, "%s%s%s%c", fronts[bits >> 3 & 15], fronts[bits >> 7 & 15],
                        ends[bits >> 11 & 15], (char)('a' + (bits >> 15 & 31) % 26))
               .ptr;
    if ((bits >> 15 & 31) >= 26) {
        word = arena_printf(mem, "%so", word).ptr;
    }
    organization.name = arena_printf(mem, "%s %s Inc", word, trade);
    organization.name_key = arena_printf(mem, "%s %s inc", word, trade);
    organization.slug = arena_printf(mem, "%s_%s_inc", word, trade);
    organization.collection = arena_printf(mem, "org_%s", organization.slug.ptr);
    organization.admin_email =
        arena_printf(mem, "%s.%s@%s-%s.com", fronts[n % 16], ends[n / 7 % 16], word, trade);
    return organization;
}

TEST(memory__has_room_for_a_million_companies)
{
    struct full *full = *state;
    int there = 0;

    for (int n = 0; n < MILLION; n++) {
        struct organization one = company(&full->mem, n);

        assert_true(organization_memory_keep(full->memory, 0, KEEP_IF_ROOM, &one));
        organization_memory_learn(full->memory);
        arena_clear(&full->mem);
    }
    for (int n = 0; n < MILLION; n += 10) {
        struct organization expected = company(&full->mem, n);
        struct organization found;

        if (organization_memory_find(full->memory, expected.name_key, &full->mem, &found)) {
            suite_assert_organization(&found, &expected);
            there++;
        }
        arena_clear(&full->mem);
    }
    assert_in_range(there, MILLION / 10 - MILLION / 1000, MILLION / 10);
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
        cmocka_unit_test_setup_teardown(memory__has_room_for_a_million_companies, setup, teardown),
        cmocka_unit_test_setup_teardown(memory__that_is_full_keeps_the_newest, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
