/*
 * The indexes that the engine lives by, made at start and looked at by the doctor. Unique ones
 * decide every race in the end; the others make look-ups narrow.
 */
#ifndef ORGD_STORE_MONGO_INDEXES_H
#define ORGD_STORE_MONGO_INDEXES_H

#include "base/call.h"

#include <stdbool.h>

struct mongo;

/* There while an organization may have the mark F_SHARED, so that a start knows whether to look. */
#define INDEX_SHARED "collection_shared_1"

/*
 * Drops indexes of other programs that would refuse what this one writes: those on its own keys
 * that aren't as they must be, and unique ones on members whose uniqueness it decides itself or
 * that it doesn't write. Says so in the log. ST_OK; ST_UNAVAILABLE, ST_BROKEN.
 */
MUST_CHECK enum status indexes_clear(struct mongo *mongo, const struct call *call);

/* Makes those that are missing. ST_OK; ST_BROKEN: two documents have the same of what must be
 * unique, err names the index, the value and both; or the server can't; ST_UNAVAILABLE. */
MUST_CHECK enum status indexes_ensure(struct mongo *mongo, const struct call *call);

/* INDEX_SHARED. */
MUST_CHECK enum status indexes_mark_shared(struct mongo *mongo, const struct call *call);
MUST_CHECK enum status indexes_has_shared(struct mongo *mongo, const struct call *call,
                                          bool *ret_has);

enum index_fault {
    INDEX_MISSING,
    INDEX_OTHER, /* on the same members, but not as it must be */
    INDEX_ALIEN, /* another program's, unique, on members that orgd doesn't write */
};

/* Each fault. name: the index's; members: "organization_id, admin_id"; doubled: a value that two
 * documents have, and which, or "" (INDEX_MISSING and INDEX_OTHER only). Valid during the call. */
typedef void index_fault_fn(void *context, enum index_fault fault, const char *collection,
                            const char *name, const char *members, const char *doubled);
MUST_CHECK enum status indexes_check(struct mongo *mongo, const struct call *call,
                                     index_fault_fn *found, void *context);

#endif
