/*
 * The engine to grow on: a MongoDB database, shared by any number of instances.
 *
 * A collection for each tenant, as the seeds have it; no multi-document transactions, so that a
 * standalone server, a replica set, a sharded cluster and compatible servers all do. Changes of an
 * organization are journaled in its own document. docs/internals/mongodb.md tells the whole story.
 */
#ifndef ORGD_STORE_MONGO_MONGO_STORE_H
#define ORGD_STORE_MONGO_MONGO_STORE_H

#include "base/err.h"

struct store;
struct store_rules;

/*
 * Connects to the database, brings what a seed's program left there into shape, makes and checks the
 * unique indexes, and joins the instances that are there already.
 *
 * url: MONGO_URL; database: MONGO_DB; rules: what names are compared by, valid until this returns.
 * Returns ST_OK; ST_INVALID for a URL that can't be used; ST_UNAVAILABLE where no server answers in
 * time; ST_BROKEN otherwise (data that breaks a unique index). err names the reason, and never shows
 * the URL's password.
 */
MUST_CHECK enum status mongo_store_open(const char *url, const char *database,
                                        const struct store_rules *rules, struct store **ret_store,
                                        struct err *err);

#endif
