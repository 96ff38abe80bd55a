/*
 * What the database looks like: every collection and member that the MongoDB engine names, once.
 * docs/internals/mongodb.md shows them filled in, and why they are as they are.
 *
 * The first three collections and the tenants' are those of the seeds' programs, to be looked at with
 * mongosh; what begins with orgd_ is the engine's own.
 */
#ifndef ORGD_STORE_MONGO_LAYOUT_H
#define ORGD_STORE_MONGO_LAYOUT_H

#define C_ORGANIZATIONS "organizations"
#define C_ADMINS "admins"
#define C_MEMBERSHIPS "memberships"
#define C_ADMIN_USERS "admin_users" /* a seed's accounts; migrate.h moves them to C_ADMINS */
#define C_TENANT_PREFIX "org_"      /* and the slug: a tenant's documents */
#define C_SECRETS "orgd_secrets"
#define C_LOCKS "orgd_locks"
#define C_INSTANCES "orgd_instances"

#define F_ID "_id"

/* Members of an organization. */
#define F_NAME "organization_name"
#define F_COLLECTION "collection_name"
#define F_ADMIN_ID "admin_id"
#define F_CREATED_AT "created_at"
#define F_UPDATED_AT "updated_at"
#define F_NAME_KEY "name_key" /* unique */
#define F_SLUG "slug"         /* unique */
#define F_STATUS "status"   /* one of the STATUS_ words; not there: migrate.c has not seen it yet */
#define F_VERSION "version" /* int64, one more with each change of this document */
#define F_CHANGE "change"   /* the journal of a change under way: see change.h */
#define F_SHARED                                                                                   \
    "collection_shared" /* true: another organization has the same collection (a seed's
                                        database); nobody gets at its documents, and it is neither
                                        moved nor dropped, until an operator has decided */
#define F_MOVED_FROM "collection_name_before" /* what migrate.h is going to move it from */
#define F_FORMER_ID "former_id" /* the _id that a seed's document had, where that was no ObjectId */

/* An organization is STATUS_ACTIVE but while an instance changes it. */
#define STATUS_ACTIVE "active"
#define STATUS_CREATING "creating" /* nobody sees it yet; left behind, it is undone */
#define STATUS_UPDATING "updating" /* left behind, it is finished: names and credentials */
#define STATUS_RENAMING "renaming" /* the same, and its collection moves: documents wait */
#define STATUS_DELETING "deleting" /* nobody sees it any more; left behind, it is finished */

/* Members of an account, in C_ADMINS. F_CREATED_AT and F_UPDATED_AT are there too. */
#define F_EMAIL "email"
#define F_EMAIL_KEY "email_key"               /* unique */
#define F_PASSWORD "password"                 /* the hash */
#define F_PASSWORD_VERSION "password_version" /* int64; not there: 0 */
/* F_VERSION is there, too: int64, one more with each change of the account; not there: 0. */
#define F_CHANGED_BY                                                                               \
    "changed_by" /* {F_ORGANIZATION_ID, F_VERSION}: its last change was one together with
                                     an organization, and done when that has this version: see rows.c */

/* The member of a secret. */
#define F_VALUE "value"

/* Members of a membership. */
#define F_ORGANIZATION_ID "organization_id" /* with F_ADMIN_ID: unique */
#define F_ROLE "role"

/* Members of a lock, see locks.h; its _id is what is locked. */
#define F_LOCK_OWNER "owner" /* the instance */
#define F_LOCK_OPERATION "operation"
#define F_LOCK_AT "at"             /* for people */
#define F_LOCK_CLOCK "owner_clock" /* the owner's clock_monotonic_ms, which only it can read */

/* Members of an instance, see peers.h. */
#define F_BEAT "beat"     /* int64 */
#define F_MOVING "moving" /* array of {id, organization} */
#define F_MOVING_ID "id"
#define F_MOVING_ORGANIZATION "organization"
#define F_CLOSED "closed" /* array of the ids of others' announcements */
#define F_HOST "host"     /* the boot and the name space that pid counts in; empty: not known */
#define F_PID "pid"
#define F_PROCESS_START "process_start" /* in clock ticks since boot */
#define F_STARTED_AT "started_at"
#define F_ORGD_VERSION "version"

/* Members of a verdict, in C_INSTANCES: VERDICT_PREFIX and the dead one's hex digits are its _id. */
#define VERDICT_PREFIX "dead:"
#define F_VERDICT_DEAD "dead"
#define F_VERDICT_BY "by"
#define F_VERDICT_AT "at"

/*
 * Where a unique key can't be what the rules make of it, because an organization is being deleted or a
 * seed's data has two of a kind, something stands there that no key can be: keys have no control
 * characters. It is KEY_NONE and the 24 hex digits of the document's own _id.
 */
#define KEY_NONE "\001"

#endif
