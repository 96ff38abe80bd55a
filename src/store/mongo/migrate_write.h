/* Writing down what the census decided. Private to migrate*.c. */
#ifndef ORGD_STORE_MONGO_MIGRATE_WRITE_H
#define ORGD_STORE_MONGO_MIGRATE_WRITE_H

#include "base/call.h"

struct census;
struct mongo;

/*
 * Carries out a plan, in an order in which it can be interrupted anywhere and is decided in the
 * same way again: collections' new names, accounts, the collections themselves, memberships, and
 * last what makes an account and then an organization ready.
 * ST_OK; ST_DOCUMENT_EXISTS: somebody else wrote meanwhile, take a new census; ST_UNAVAILABLE,
 * ST_UNSURE, ST_STORAGE_FULL, ST_INVALID, ST_BROKEN.
 */
MUST_CHECK enum status migrate_write(struct mongo *mongo, const struct call *call,
                                     struct census *census);

#endif
