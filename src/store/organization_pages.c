/*
 * Some systems give a large page to the first byte that is touched in it, which would make the smallest store
 * as large as the largest. So that is ruled out until a page is mostly in use.
 */
#include "store/organization_pages.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE_PAGE_BYTES ORGANIZATION_PAGE_BYTES
#define SMALL_PAGE_BYTES 4096
#define SMALL_PAGES (LARGE_PAGE_BYTES / SMALL_PAGE_BYTES)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* of Linux 6.1; not every C library has it yet */
#endif

/* From where a large page may begin. */
unsigned char *organization_pages_map(size_t bytes)
{
    unsigned char *all = mmap(NULL, bytes + LARGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t front;

    if (all == MAP_FAILED) {
        return NULL;
    }
    front = LARGE_PAGE_BYTES - (uintptr_t)all % LARGE_PAGE_BYTES;
    (void)munmap(all, front);
    if (front < LARGE_PAGE_BYTES) {
        (void)munmap(all + front + bytes, LARGE_PAGE_BYTES - front);
    }
    (void)madvise(all + front, bytes, MADV_NOHUGEPAGE);
    return all + front;
}

void organization_pages_unmap(unsigned char *pages, size_t bytes)
{
    (void)munmap(pages, bytes);
}

void organization_pages_clear(unsigned char *pages, size_t bytes)
{
    (void)madvise(pages, bytes, MADV_NOHUGEPAGE);
    /* Private pages that are given back are zeros when they are touched again. */
    if (madvise(pages, bytes, MADV_DONTNEED) != 0) {
        memset(pages, 0, bytes);
    }
}

static size_t count_touched(unsigned char *page)
{
    unsigned char touched[SMALL_PAGES];
    size_t count = 0;

    if (mincore(page, LARGE_PAGE_BYTES, touched) != 0) {
        return 0;
    }
    for (size_t i = 0; i < SMALL_PAGES; i++) {
        count += touched[i] & 1;
    }
    return count;
}

void organization_pages_settle(unsigned char *pages, size_t bytes)
{
    if (sysconf(_SC_PAGESIZE) != SMALL_PAGE_BYTES) {
        return; /* large pages are of another size as well */
    }
    for (size_t at = 0; at < bytes; at += LARGE_PAGE_BYTES) {
        unsigned char *page = pages + at;

        /* What is not full would take space for nothing. */
        if (count_touched(page) > SMALL_PAGES / 4 * 3 &&
            madvise(page, LARGE_PAGE_BYTES, MADV_HUGEPAGE) == 0) {
            (void)madvise(page, LARGE_PAGE_BYTES, MADV_COLLAPSE); /* else the system may in time */
        }
    }
}
