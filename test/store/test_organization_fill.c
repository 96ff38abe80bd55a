/* The memory of organizations is filled from SQLite. */
#include "sqlite_help.h"

#include "store/organization_fill.h"
#include "store/organization_memory.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fill__brings_in_all_there_are_and_again_when_all_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
