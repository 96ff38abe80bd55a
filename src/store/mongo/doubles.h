/* Two documents that have the same of what must be unique. */
#ifndef ORGD_STORE_MONGO_DOUBLES_H
#define ORGD_STORE_MONGO_DOUBLES_H

#include "base/call.h"

#include <stddef.h>

struct mongo;

#define DOUBLE_TEXT_MAX 320

/*
 * Reads the whole collection, and finds the first two documents whose members (of which some at the
 * end may be NULL) are equal: ret_text is `"acme" is the name_key of A and of B`, or "" where there
 * are none.
 * ST_OK; ST_UNAVAILABLE, ST_BROKEN.
 */
MUST_CHECK enum status doubles_find(struct mongo *mongo, const struct call *call,
                                    const char *collection, const char *const members[],
                                    size_t count, char ret_text[DOUBLE_TEXT_MAX]);

#endif
