/* In what order many organizations are made. */
#ifndef ORGD_STORE_SQLITE_BULK_ORDER_H
#define ORGD_STORE_SQLITE_BULK_ORDER_H

#include "base/arena.h"
#include "store/store.h"

/*
 * The places of creations in the order in which they are best made: by name, so that the indexes of
 * names and slugs are walked through once instead of jumped about in, which halves the time where
 * names come in no order. Where any two want one name, slug, address or id, as they are: then the first
 * of them is to win. In mem.
 */
uint32_t *bulk_order(struct arena *mem, const struct tenant_creation creations[], size_t count);

#endif
