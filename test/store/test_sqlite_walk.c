/* What only the embedded engine has: a walk through all organizations in its own order. */
#include "sqlite_help.h"

static struct place place;

/* Pages of two: each organization once, as its id gives it. */
TEST(walk__shows_each_organization_once_as_it_is)
{
    const char *const tags[] = { "a", "b", "c", "d", "e" };
    size_t seen[5] = { 0 };
    struct organization page[2];
    struct organization made[5];
    int64_t position = 0;
    size_t count = 2;
    struct fixture f;

    help_fixture(&f, help_open(&place));
    for (size_t i = 0; i < 5; i++) {
        made[i] = suite_create(&f, tags[i]);
    }
    assert_status(store_organization_delete(f.store, &f.call, &made[2].id), ST_OK);
    while (count > 0) {
        assert_status(
            f.store->ops->organization_walk(f.store, &f.call, position, 2, page, &count, &position),
            ST_OK);
        for (size_t i = 0; i < count; i++) {
            for (size_t n = 0; n < 5; n++) {
                if (oid_equal(&page[i].id, &made[n].id)) {
                    suite_assert_organization(&page[i], &made[n]);
                    seen[n]++;
                }
            }
        }
    }
    for (size_t n = 0; n < 5; n++) {
        assert_int_equal(seen[n], n == 2 ? 0 : 1);
    }
    help_fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk__shows_each_organization_once_as_it_is),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
