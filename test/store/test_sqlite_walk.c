/* What only the embedded engine has: a walk through all organizations in its own order. */
#include "sqlite_help.h"

static struct place place;

#define COUNT 5
#define GONE 2 /* deleted, wherever a page ends */

static struct organization made[COUNT];

static size_t number_of(const struct organization *organization)
{
    size_t n = 0;

    while (n < COUNT && !oid_equal(&organization->id, &made[n].id)) {
        n++;
    }
    assert_true(n < COUNT);
    suite_assert_organization(organization, &made[n]);
    return n;
}

/* One page, counted in seen; how many organizations it has. */
static size_t walk_page(struct fixture *f, size_t limit, int64_t *position, size_t seen[COUNT])
{
    struct organization page[COUNT + 1];
    const struct oid nobody = { { 0 } };
    size_t count = SIZE_MAX;

    memset(page, 0, sizeof(page));
    assert_status(f->store->ops->organization_walk(f->store, &f->call, *position, limit, page,
                                                   &count, position),
                  ST_OK);
    assert_true(count <= limit);
    for (size_t i = 0; i < count; i++) {
        seen[number_of(&page[i])]++;
    }
    for (size_t i = count; i <= COUNT; i++) {
        assert_true(oid_equal(&page[i].id, &nobody));
    }
    return count;
}

static void assert_seen(const size_t seen[COUNT])
{
    for (size_t n = 0; n < COUNT; n++) {
        assert_int_equal(seen[n], n == GONE ? 0 : 1);
    }
}

static void begin(struct fixture *f)
{
    static const char *const tags[COUNT] = { "e", "b", "c", "a", "d" };

    help_fixture(f, help_open(&place));
    for (size_t i = 0; i < COUNT; i++) {
        made[i] = suite_create(f, tags[i]);
    }
    assert_status(store_organization_delete(f->store, &f->call, &made[GONE].id), ST_OK);
}

TEST(walk__shows_each_organization_once_as_it_is_whatever_a_page_holds)
{
    struct fixture f;

    begin(&f);
    for (size_t limit = 1; limit <= COUNT; limit++) {
        size_t seen[COUNT] = { 0 };
        int64_t position = 0;

        for (size_t pages = 0; walk_page(&f, limit, &position, seen) > 0; pages++) {
            assert_true(pages < COUNT);
        }
        assert_seen(seen);
    }
    help_fixture_done(&f);
}

TEST(walk__shows_once_what_changes_its_name_meanwhile)
{
    size_t seen[COUNT] = { 0 };
    int64_t position = 0;
    struct fixture f;

    begin(&f);
    assert_int_equal(walk_page(&f, 2, &position, seen), 2);
    for (size_t n = 0; n < COUNT; n++) {
        if (n != GONE) { /* to the other end of the names */
            struct organization_change change =
                suite_rename(&f.mem, &made[n], n < GONE ? "zz" : "0");

            change.name_key = arena_printf(&f.mem, "%.*s %zu", STR_ARG(change.name_key), n);
            change.slug = arena_printf(&f.mem, "%.*s_%zu", STR_ARG(change.slug), n);
            assert_status(store_organization_update(f.store, &f.call, &change, &made[n]), ST_OK);
        }
    }
    assert_int_equal(walk_page(&f, COUNT, &position, seen), 2);
    assert_seen(seen);
    help_fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(walk__shows_each_organization_once_as_it_is_whatever_a_page_holds,
                               help_empty),
        cmocka_unit_test_setup(walk__shows_once_what_changes_its_name_meanwhile, help_empty),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
