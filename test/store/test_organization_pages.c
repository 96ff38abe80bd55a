/* What the memory of organizations lies in: space is taken by what is touched, whatever was there before. */
#include "unit/test.h"

#include "store/organization_pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE 4
#define BYTES (LARGE * ORGANIZATION_PAGE_BYTES)

static size_t small_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* How many small pages have space. */
static size_t taken(unsigned char *pages)
{
    size_t small = BYTES / small_page_bytes();
    unsigned char *touched = calloc(small, 1);
    size_t count = 0;

    assert_non_null(touched);
    assert_int_equal(mincore(pages, BYTES, touched), 0);
    for (size_t i = 0; i < small; i++) {
        count += touched[i] & 1;
    }
    free(touched);
    return count;
}

static void touch_one_in_each(unsigned char *pages)
{
    for (size_t at = 0; at < BYTES; at += ORGANIZATION_PAGE_BYTES) {
        assert_int_equal(pages[at], 0);
        pages[at] = 1;
    }
}

TEST(pages__take_no_more_space_than_is_touched)
{
    unsigned char *pages = organization_pages_map(BYTES);

    assert_non_null(pages);
    touch_one_in_each(pages);
    assert_int_equal(taken(pages), LARGE);
    organization_pages_settle(pages, BYTES);
    assert_int_equal(taken(pages), LARGE);
    organization_pages_unmap(pages, BYTES);
}

TEST(pages__that_are_full_keep_what_is_in_them)
{
    unsigned char *pages = organization_pages_map(BYTES);

    assert_non_null(pages);
    for (size_t at = 0; at < BYTES; at++) {
        pages[at] = (unsigned char)(at % 251);
    }
    organization_pages_settle(pages, BYTES);
    for (size_t at = 0; at < BYTES; at++) {
        assert_int_equal(pages[at], at % 251);
    }
    organization_pages_unmap(pages, BYTES);
}

TEST(pages__that_were_full_are_zeros_and_take_no_space_when_they_are_cleared)
{
    unsigned char *pages = organization_pages_map(BYTES);

    assert_non_null(pages);
    memset(pages, 1, BYTES);
    organization_pages_settle(pages, BYTES);
    organization_pages_clear(pages, BYTES);
    assert_int_equal(taken(pages), 0);
    touch_one_in_each(pages);
    assert_int_equal(taken(pages), LARGE);
    organization_pages_unmap(pages, BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages__take_no_more_space_than_is_touched),
        cmocka_unit_test(pages__that_are_full_keep_what_is_in_them),
        cmocka_unit_test(pages__that_were_full_are_zeros_and_take_no_space_when_they_are_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
