/*
 * The members of a tenant that tenant_put is about: steps under the lock of its organization, each
 * of which may be done again. A change's locks are taken in this order: the organization's, one
 * account's, its address'; the latter two are given back before those of the next.
 */
#ifndef ORGD_STORE_MONGO_TENANT_H
#define ORGD_STORE_MONGO_TENANT_H

#include "store/mongo/change.h"
#include "store/mongo/rows.h"

/* The member with this account; NULL: the tenant doesn't name it. */
const struct tenant_member *tenant_find_member(const struct tenant *tenant,
                                               const struct oid *account);

/* Whether organization_create makes it just so, and nothing is left to be put. */
bool tenant_is_simple(const struct tenant *tenant);

/* Makes each account and membership, or brings it to what the tenant says. ST_EMAIL_TAKEN, with
 * those before it put; ST_BUSY, …: to be tried again, and goes on there. */
MUST_CHECK enum status tenant_put_members(struct change *change, const struct tenant *tenant);

/* Ends the memberships that the tenant doesn't name, and each account that then belongs to none.
 * former: the administrator before, who may be a member without a membership (a seed's). */
MUST_CHECK enum status tenant_cut_others(struct change *change, const struct tenant *tenant,
                                         const struct oid *former);

#endif
