/*
 * What a database needs before it is served: what a seed's program wrote is brought into the
 * layout's shape (layout.h), and the indexes are made and checked.
 *
 * Idempotent, can be interrupted anywhere, and costs a few look-ups where there is nothing to do:
 * what is done with an account ends in one update that gives it its email_key, with an organization
 * in one that gives it its name_key, and only where one has none is the database looked at as a
 * whole (census.h). What orgd doesn't know is left as it is. What can't be decided (a shared
 * collection, a double name or address) gets a state with which the rest goes on, and is reported
 * by doctor.h.
 */
#ifndef ORGD_STORE_MONGO_MIGRATE_H
#define ORGD_STORE_MONGO_MIGRATE_H

#include "base/call.h"

struct mongo;
struct store_rules;

/*
 * The caller holds LOCK_MIGRATION. call's deadline is for finding out what there is to do; the work
 * itself has its own for each lot of writes, and takes as long as it takes: progress is logged.
 * ST_OK; ST_BROKEN: data breaks an index (err says which and where), or the server refuses
 * something; ST_UNAVAILABLE, ST_BUSY, ST_STORAGE_FULL.
 */
MUST_CHECK enum status migrate_database(struct mongo *mongo, const struct call *call,
                                        const struct store_rules *rules);

#endif
