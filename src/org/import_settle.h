/*
 * What becomes of an imported organization beside those that are there.
 *
 * With an id it is the organization of that id, and brought up to date: administrators that the line
 * doesn't name go, what the line doesn't say stays. Without one it is the organization of its name where
 * that has the line's administrators, by their addresses; then nothing changes, so that the same lines
 * may be imported again. One that has only some of them, because an import was killed, gets the others. Any
 * other holder of its name, slug or an address is a conflict.
 */
#ifndef ORGD_ORG_IMPORT_SETTLE_H
#define ORGD_ORG_IMPORT_SETTLE_H

#include "base/call.h"
#include "org/import_line.h"

/* The line's organization as tenants_create takes it; in mem, strings the line's. */
void import_tenant(const struct import_line *line, struct arena *mem, struct tenant *ret_tenant);

/*
 * Hashes the passwords of a line that come as plain text, unless its organization is there already:
 * then *ret_is_there, and import_settle is what goes on with it. Computes for tens of milliseconds for
 * each, and stops between two of them, with ST_BUSY, where rules->is_stopping. ST_OK; or what the store
 * answers.
 */
MUST_CHECK enum status import_prepare(struct store *store, const struct call *call,
                                      const struct import_rules *rules, struct import_line *line,
                                      bool *ret_is_there);

enum import_outcome { IMPORT_MADE, IMPORT_UPDATED, IMPORT_UNCHANGED };

/*
 * Looks at what is there, and makes, changes or leaves the organization; for a line that tenants_create
 * refused, or that import_prepare found to be there. *ret_id: the id that it has in the store. Passwords
 * are as for import_prepare: nothing is changed before the last one.
 * ST_NAME_TAKEN, ST_EMAIL_TAKEN, with words; ST_BUSY; and as store_tenant_put.
 */
MUST_CHECK enum status import_settle(struct store *store, const struct call *call,
                                     const struct import_rules *rules,
                                     const struct import_line *line,
                                     enum import_outcome *ret_outcome, struct oid *ret_id);

/* Private to import_settle.c and import_merge.c. ST_OK; ST_BUSY where nothing more is to be hashed. */
MUST_CHECK enum status import_may_hash(const struct call *call, const struct import_rules *rules);

/* The member that an administrator of a line is, by his id,
 * else by his address; or NULL. */
const struct tenant_member *import_member_of(const struct tenant *tenant,
                                             const struct import_admin *admin);

/* The line's tenant, each member on the base of what is there: what the line doesn't say is as it was.
 * there: NULL: the organization is new. ST_EMAIL_TAKEN, with words; ST_BUSY. */
MUST_CHECK enum status import_merge_members(struct store *store, const struct call *call,
                                            const struct import_rules *rules,
                                            const struct import_line *line,
                                            const struct tenant *there, struct tenant *ret_tenant);

#endif
