/*
 * Asks the primary where an organization's documents are; placements.h remembers it.
 */
#ifndef ORGD_STORE_MONGO_PLACEMENT_READ_H
#define ORGD_STORE_MONGO_PLACEMENT_READ_H

#include "base/call.h"
#include "base/oid.h"
#include "base/str.h"

#include <stdbool.h>

struct mongo;

/*
 * ret_collection: shorter than PLACEMENT_COLLECTION_SIZE, with a NUL, in mem. ret_moving: that it is being
 * moved just now: to be asked again. ST_OK; ST_NO_ORGANIZATION, also while one is being created or
 * deleted; ST_FORBIDDEN (F_SHARED); ST_UNAVAILABLE; ST_BROKEN.
 */
MUST_CHECK enum status placement_read(struct mongo *mongo, const struct call *call,
                                      const struct oid *organization, struct str *ret_collection,
                                      bool *ret_moving);

#endif
