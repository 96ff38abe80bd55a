/*
 * Everything that the database says of organizations and accounts, read into memory as a whole:
 * what the migration decides from, and what the doctor looks at. Tenants' documents are not in it.
 *
 * An organization is ready once it has a name_key, an account once it has an email_key. What isn't
 * ready was written by a seed's program: its members have many forms, of which
 * census_organizations.c and census_accounts.c make one; what has to be changed in the document for
 * that stands in set and unset. census_plan then decides what no document can know alone: keys,
 * slugs, collections, memberships. Neither of the two changes the database.
 *
 * Some 3 KiB for each organization that isn't ready, less for others; a machine without memory ends
 * the process. One thread.
 */
#ifndef ORGD_STORE_MONGO_CENSUS_H
#define ORGD_STORE_MONGO_CENSUS_H

#include "base/arena.h"
#include "base/call.h"
#include "base/oid.h"
#include "base/str.h"
#include "store/mongo/key_table.h"

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mongo;
struct store_rules;

#define NOBODY SIZE_MAX /* an index that points to nothing */

struct census_organization {
    struct oid id;
    bool is_ready;
    struct str name;       /* ptr NULL: none, before census_plan */
    bool is_nameless;      /* name was found by census_plan */
    struct str name_key;   /* as it is, or as decided */
    struct str slug;       /* the same */
    struct str collection; /* the same; ptr NULL: none is recorded, before census_plan */
    struct str moved_from; /* the collection's name before, where it is to be moved or was */
    bool is_planned;       /* collection differs from what the document says */
    bool is_shared;        /* decided: somebody else has the same collection */
    bool was_shared;       /* what the document says */
    struct oid admin_id;   /* its first administrator */
    bool has_admin_id;
    bool is_admin_settled;  /* admin_id is an account that is there */
    struct str admin_email; /* an address that the document gives without a password */
    size_t admins;          /* accounts that are there and belong to it */
    int64_t created_ms;
    int64_t updated_ms;
    int64_t version;
    struct str status; /* of one that is ready */
    struct oid change_owner;
    int64_t change_at_ms;
    bson_t *set; /* members to set and to remove; NULL where it is ready */
    bson_t *unset;
};

struct census_account {
    struct oid id;
    bool is_ready;
    bool has_usable_hash;
    bool sets_hash;   /* hash isn't what its document has as F_PASSWORD */
    struct str email; /* ptr NULL: none */
    struct str email_key;
    struct str hash;      /* ptr NULL: none */
    size_t organizations; /* that it belongs to */
    int64_t created_ms;
    int64_t updated_ms;
    bson_t *document; /* what to insert, where it was inside an organization; else NULL */
    bson_t *set;
    bson_t *unset;
};

/* That an account belongs to an organization. */
struct census_membership {
    struct oid ids[2]; /* organization, account: one key of 24 bytes */
    bool is_new;
};

/* What an account's document says of its organization, and the other way round. */
struct census_reference {
    size_t account;
    struct oid organization;
    struct str organization_name; /* ptr NULL: by id */
};
struct census_nominee {
    size_t organization;
    struct oid account;
};

/* A document that isn't where it belongs: an account in admin_users, or an _id that is no
 * ObjectId. */
struct census_stray {
    const char *collection;
    struct oid id;   /* what its _id becomes */
    bool is_doubled; /* another document has that already */
};

struct census {
    struct arena mem;
    struct census_organization *organizations;
    size_t organization_count;
    struct census_account *accounts;
    size_t account_count;
    struct census_membership *memberships;
    size_t membership_count;
    struct census_reference *references;
    size_t reference_count;
    struct census_nominee *nominees;
    size_t nominee_count;
    struct census_stray *strays;
    size_t stray_count;
    struct str *collections; /* every one of the database */
    size_t collection_count;
    struct key_table organization_of_id;
    struct key_table account_of_id;
    struct key_table account_of_email; /* as written; the first one with it */
    struct key_table membership_of_ids;
    struct key_table collection_names;
    /* Filled by census_plan. */
    struct key_table organization_of_key;
    struct key_table organization_of_slug;
    struct key_table organization_of_collection; /* the first one */
    struct key_table account_of_key;
    size_t *organization_order; /* ready first, then by age; in mem */
    size_t *account_order;      /* ready first, then who belongs somewhere, then by age */
};

/* Reads. ST_OK, and then the caller frees it; ST_UNAVAILABLE, ST_BUSY, ST_BROKEN. */
MUST_CHECK enum status census_read(struct mongo *mongo, const struct call *call,
                                   struct census **ret_census);
void census_free(struct census *census); /* NULL is fine */

/* Decides; once for each census. The order is by age (created_ms, then id), so that an interrupted
 * migration goes on as it began. */
void census_plan(struct census *census, const struct store_rules *rules);

/* The rest is between the census' own files. */

/* An empty one, which documents and collections' names are shown to. NULL: no memory. */
struct census *census_new(void);
void census_see_collection(struct census *census, struct str name);

/* Room for one more at the end of an array that has count items; the array may move. */
void *census_grow(void *items, size_t count, size_t item_bytes);

struct census_organization *census_add_organization(struct census *census, const struct oid *id);
/* NULL: there is one with that id already. */
struct census_account *census_add_account(struct census *census, const struct oid *id);
void census_add_membership(struct census *census, const struct oid *organization,
                           const struct oid *account, bool is_new);
void census_add_reference(struct census *census, const struct census_reference *reference);
void census_add_nominee(struct census *census, size_t organization, const struct oid *account);

/* NOBODY where there is none. */
size_t census_find_organization(const struct census *census, const struct oid *id);
size_t census_find_account(const struct census *census, const struct oid *id);

/* One document of organizations, admins or admin_users, memberships. */
void census_see_organization(struct census *census, const bson_t *document);
void census_see_account(struct census *census, const char *collection, const bson_t *document);
void census_see_membership(struct census *census, const bson_t *document);

/* An organization's administrators inside its own document (census_embedded.c). */
void census_see_embedded(struct census *census, size_t organization, const bson_t *document);

/* The first of these members (a list that ends with NULL) that a reader understands; NULL: none. */
typedef bool census_text_fn(const bson_iter_t *at, struct arena *mem, struct str *ret_text);
const char *census_first_text(struct census *census, const bson_t *document,
                              const char *const members[], census_text_fn *reader,
                              struct str *ret_text);

/* The time of the first of these members that has one becomes F_CREATED_AT or F_UPDATED_AT (first),
 * where it isn't a Date there already (set NULL: it only is removed elsewhere). False: none has
 * one. */
bool census_take_time(const bson_t *document, const char *const members[], bson_t *set,
                      bson_t *unset, int64_t *ret_ms);

extern const char *const census_hash_members[];
extern const char *const census_email_members[];
extern const char *const census_created_members[];
extern const char *const census_updated_members[];
bool census_hash_is_usable(struct str hash);

/* The parts of census_plan, in their order. */
void census_plan_memberships(struct census *census);
void census_plan_accounts(struct census *census, const struct store_rules *rules);
void census_plan_collections(struct census *census, const struct store_rules *rules,
                             const size_t order[]);
void census_plan_names(struct census *census, const struct store_rules *rules,
                       const size_t order[]);

/* KEY_NONE and the id's digits. */
struct str census_no_key(struct census *census, const struct oid *id);

/* How two things of these ages are ordered: below 0, 0, above 0. An age of 0 isn't known: the
 * last. */
int census_compare_age(int64_t a_ms, const struct oid *a, int64_t b_ms, const struct oid *b);

#endif
