/*
 * The memory that an organization_memory fills: it takes space page by page, as it is touched, and what is
 * full of organizations can be put in large pages.
 */
#ifndef ORGD_STORE_ORGANIZATION_PAGES_H
#define ORGD_STORE_ORGANIZATION_PAGES_H

#include <stddef.h>

/* What the number of bytes is a multiple of. */
#define ORGANIZATION_PAGE_BYTES ((size_t)2 << 20)

/* Zeros; NULL where memory is out. */
unsigned char *organization_pages_map(size_t bytes);

void organization_pages_unmap(unsigned char *pages, size_t bytes);

/* All zeros again, and no space taken. Nobody else touches them meanwhile. */
void organization_pages_clear(unsigned char *pages, size_t bytes);

/* Has those that are mostly in use be large ones, where the system has such and some to spare. Others may use
 * them meanwhile. */
void organization_pages_settle(unsigned char *pages, size_t bytes);

#endif
