/* What both `orgd copy` and `orgd import` ask about tenants. */
#ifndef ORGD_STORE_TENANT_H
#define ORGD_STORE_TENANT_H

#include "store/store.h"

#define TENANT_DIGEST_BYTES 16

/* The one tenant of an id, in the call's mem, its time settled. ST_NO_ORGANIZATION. */
MUST_CHECK enum status tenant_find(struct store *store, const struct call *call,
                                   const struct oid *id, struct tenant *ret_tenant);

/* An engine that keeps account and organization apart shows the later of their times as the
 * organization's: so that is what all of them are asked to keep. */
void tenant_settle_time(struct tenant *tenant);

/* A hash of every field that a move keeps. */
void tenant_digest(const struct tenant *tenant, unsigned char ret_digest[TENANT_DIGEST_BYTES]);
bool tenant_equal(const struct tenant *a, const struct tenant *b);

#endif
