/*
 * The contract of every storage engine, in the domain's verbs. The rules (what a name may look like,
 * who may do what) are src/org's; the engine keeps what it is given, decides races by unique index,
 * and makes each verb atomic and durable its own way.
 *
 * For every verb:
 *   - A change is synced to disk before ST_OK; before that no other call sees it. It is wholly there or
 *     wholly absent, whatever fails or is killed at whatever point.
 *   - call->mem holds the strings of what is returned; inputs stay the caller's. Outputs are untouched
 *     unless the verb returns ST_OK.
 *   - Besides the statuses named at each verb: ST_BUSY (nothing happened, a retry is safe),
 *     ST_UNAVAILABLE (the store can't be reached; nothing happened), ST_STORAGE_FULL (nothing
 *     happened), ST_UNSURE (a change may have happened), ST_BROKEN (see call->err; nothing happened).
 *   - Any thread, any number at once.
 */
#ifndef ORGD_STORE_STORE_H
#define ORGD_STORE_STORE_H

#include "base/arena.h"
#include "base/call.h"
#include "base/oid.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* The last part of a slug that another organization holds: '_' and six hex digits. */
#define SLUG_SUFFIX_LEN 7

struct organization {
    struct oid id;
    struct str name;     /* as shown */
    struct str name_key; /* as compared */
    struct str slug;
    struct str collection; /* "org_" and the slug; a seed's program may have called it otherwise */
    struct oid admin_id;   /* its first administrator's account; zeros: none (a seed's database) */
    struct str admin_email;
    int64_t created_ms;
    int64_t updated_ms;
};

struct account {
    struct oid id;
    struct str email; /* as written */
    struct str email_key;
    struct str password_hash;
    int64_t password_version; /* 0 at first, one more with each new password: tokens carry it */
    int64_t created_ms;
    int64_t updated_ms;
};

/* An account in an organization: what a token stands for, or a login found. */
struct membership {
    struct account account;
    struct organization organization;
    struct str role; /* "admin" */
};

/* What organization_create makes: an organization, its administrator's account and their membership. */
struct new_organization {
    struct oid id;
    struct str name;
    struct str name_key;
    struct str slug; /* plain slug; where another holds it the engine adds '_' and six random hex
                             digits of its own, as often as it takes */
    bool slug_needs_suffix; /* the plain slug may not be used as it is, only with a suffix */
    struct oid account_id;
    struct str email;
    struct str email_key;
    struct str password_hash;
    int64_t now_ms;
};

/* A change of an organization and its administrator's credentials. A string with NULL for ptr means:
 * as it is. */
struct organization_change {
    struct oid id;
    struct oid account_id;             /* the administrator whose credentials change */
    int64_t expected_password_version; /* another one in the store: ST_BAD_TOKEN */
    struct str expected_name;          /* as shown; another one in the store: ST_PRECONDITION */
    struct str name;
    struct str name_key;
    struct str slug;        /* plain slug to take, as for new_organization; NULL: slug stays */
    bool slug_needs_suffix; /* as for new_organization */
    struct str email;
    struct str email_key;
    struct str password_hash; /* given: password_version grows by one */
    int64_t now_ms; /* becomes the organization's updated_ms, and the account's where it changes */
};

/* What an _id of 24 hex digits is, where an engine has more than text for it. Put as ID_ANY, it is what a
 * made one is there. Engines that have text only list ID_ANY, and take each for that. */
enum id_kind { ID_ANY, ID_TEXT, ID_OBJECT };

struct document {
    struct str id;   /* as shown */
    struct str body; /* compact JSON, "_id" first */
    enum id_kind id_kind;
    bool has_twin; /* listed: one of the other kind is hidden behind it (another program's doing) */
};

struct document_page {
    struct document *documents; /* in order of the bytes of their ids */
    size_t count;
    bool more;     /* there is at least one behind the last */
    int64_t total; /* of the organization; only where it was asked for */
};

struct document_query {
    struct str after; /* only ids behind this one; NULL: from the first */
    size_t limit;     /* 1 to 500 */
    size_t max_bytes; /* the page ends before the body that would pass this, but has at least one */
    bool with_total;  /* exact, and of one moment with the page */
};

/*
 * The decision inside document_edit: given the document as it is (NULL: there is none), says what
 * becomes of it. Called under the engine's protection, possibly more than once and on another thread;
 * so it computes, and touches nothing but its context. Returning other than ST_OK changes nothing and
 * is what document_edit returns.
 */
enum edit_action { EDIT_KEEP, EDIT_PUT, EDIT_DELETE };

/* Tells an edit, after its last call, the body that document_get gives of what was put, where an engine that
 * keeps values rather than text writes some of them in another form ({"$date": …}). */
typedef void document_kept_fn(void *context, struct str body);

struct document_edit {
    enum edit_action action;
    struct str body;  /* for EDIT_PUT: owned by the context, valid until the next call or the end */
    bool is_creation; /* for EDIT_PUT where there is none: one that is there would be refused, so an
                         engine may try to insert before it reads */
    bool is_removal; /* with ST_NO_DOCUMENT where there is none: any that is there would be deleted,
                         whatever it is, so an engine may try to delete before it reads */
    bool has_made_id; /* its id was made by this program: MongoDB stores it as an ObjectId */
    document_kept_fn
        *kept; /* for EDIT_PUT; NULL: of no interest. Not called where it is body as it is */
};

typedef enum status document_edit_fn(void *context, const struct document *now,
                                     struct document_edit *ret_edit);

/*
 * An organization whole but for its documents, for moving it to another store: nothing in here is made
 * anew, so ids, names, hashes, times and versions are there what they were here.
 */
struct tenant_member {
    struct account account;
    struct str role;
};

struct tenant {
    struct organization organization; /* its admin_email is of no interest to tenant_put */
    struct tenant_member *members;    /* in order of their accounts' ids */
    size_t member_count;              /* TENANT_MEMBERS_MAX at most */
};

#define TENANT_MEMBERS_MAX 10000

/* What tenants_create makes, and what became of it. */
struct tenant_creation {
    const struct tenant *tenant;
    bool
        slug_may_vary; /* its slug is a plain one, as new_organization's: where another organization
                           holds it, '_' and six random hex digits come on top */
    bool slug_needs_suffix; /* with slug_may_vary: as new_organization's */
    enum status status;     /* where the verb is ST_OK */
};

/* Documents of one organization among those that document_lots_put puts. */
struct document_lot {
    struct oid organization_id;
    const struct document *documents;
    size_t count;       /* 1 to 500, no id twice */
    enum status status; /* where the verb is ST_OK */
};

#define BULK_MAX 131072 /* tenants, or lots, in one call */

struct tenant_query {
    const struct oid *after; /* only ids behind this one; NULL: from the first */
    size_t limit;            /* 1 to 500 */
    size_t max_bytes; /* the page ends before the tenant that would pass this, by what an engine
                         takes it to come to, but has at least one */
};

struct tenant_page {
    struct tenant *tenants; /* in order of the bytes of their organizations' ids */
    size_t count;
    bool more; /* there is at least one behind the last */
};

struct buf;
struct store;

struct store_ops {
    const char *name; /* "sqlite" */
    bool reads_block; /* reads wait for a network: they run on the store pool, not on event loops */
    bool edits_apart; /* while an edit decides, only calls on its own document wait for it */
    bool edit_pends;  /* document_edit waits for nothing where call->later is given: ST_PENDING */

    void (*close)(struct store *store); /* after the last call has returned; frees store */

    /* Writes what the engine measures of itself, in Prometheus' text format. May be NULL. */
    void (*metrics)(struct store *store, struct buf *out);

    /* ST_OK while the store answers; otherwise what is missing in call->err. Does not wait long. */
    enum status (*ping)(struct store *store, const struct call *call);

    /*
     * The value kept under a name, such as the tokens' secret; where there is none, candidate becomes
     * it. Of N instances that start at once all get the same one. candidate.ptr NULL: none is made, and
     * where there is none that is ST_NOT_FOUND.
     */
    enum status (*secret)(struct store *store, const struct call *call, struct str name,
                          struct str candidate, struct str *ret_value);

    /* ST_NAME_TAKEN (by name_key), ST_EMAIL_TAKEN (by email_key); where both are, ST_NAME_TAKEN. */
    enum status (*organization_create)(struct store *store, const struct call *call,
                                       const struct new_organization *new,
                                       struct organization *ret_organization);

    /* ST_NO_ORGANIZATION. */
    enum status (*organization_by_name)(struct store *store, const struct call *call,
                                        struct str name_key, struct organization *ret_organization);
    enum status (*organization_by_id)(struct store *store, const struct call *call,
                                      const struct oid *id, struct organization *ret_organization);
    enum status (*organization_by_slug)(struct store *store, const struct call *call,
                                        struct str slug, struct organization *ret_organization);

    /*
     * Organizations in an order of the engine's own, for a memory of them to be filled with: up to limit (1
     * to 500) of those behind a position, 0 for the first, each as organization_by_id gives it.
     * *ret_position is that of the last of them; *ret_count 0: there are none behind it. A walk has each
     * organization that was there all the while exactly once. NULL where nobody may remember what the
     * engine says: where others change it.
     */
    enum status (*organization_walk)(struct store *store, const struct call *call, int64_t position,
                                     size_t limit, struct organization ret_organizations[],
                                     size_t *ret_count, int64_t *ret_position);

    /* Renames and changes credentials in one step, at a cost that has nothing to do with the number
     * of documents. ST_NO_ORGANIZATION; ST_BAD_TOKEN (the account is gone, no member any more, or its
     * password_version is another); ST_PRECONDITION (the name is not expected_name: look again);
     * ST_NEW_NAME_TAKEN; ST_EMAIL_TAKEN; where both, ST_NEW_NAME_TAKEN. */
    enum status (*organization_update)(struct store *store, const struct call *call,
                                       const struct organization_change *change,
                                       struct organization *ret_organization);

    /* The organization, its documents, its memberships, and each account that then belongs to none.
     * Name, slug and addresses are free at once; the documents' space may be reclaimed later, also
     * after a restart. ST_NO_ORGANIZATION. */
    enum status (*organization_delete)(struct store *store, const struct call *call,
                                       const struct oid *id);

    /* The account of an address with its (first) organization. ST_NO_ACCOUNT. */
    enum status (*membership_by_email)(struct store *store, const struct call *call,
                                       struct str email_key, struct membership *ret_membership);

    /* An account in an organization. ST_NO_ACCOUNT where either is gone or they don't belong together. */
    enum status (*membership_by_ids)(struct store *store, const struct call *call,
                                     const struct oid *account_id,
                                     const struct oid *organization_id,
                                     struct membership *ret_membership);

    /* Replaces a hash by another of the same password, if it is still old_hash (else nothing
     * happens, and that is ST_OK). password_version stays. */
    enum status (*account_rehash)(struct store *store, const struct call *call,
                                  const struct oid *account_id, struct str old_hash,
                                  struct str new_hash);

    /* ST_NO_ORGANIZATION, ST_NO_DOCUMENT. */
    enum status (*document_get)(struct store *store, const struct call *call,
                                const struct oid *organization_id, struct str id,
                                struct document *ret_document);

    /* ST_NO_ORGANIZATION. The page is of one moment; under concurrent writes a walk from page to page
     * neither skips nor repeats a document that was there all the while. */
    enum status (*document_list)(struct store *store, const struct call *call,
                                 const struct oid *organization_id,
                                 const struct document_query *query,
                                 struct document_page *ret_page);

    /* Reads, decides and writes one document as one step: every change of documents is this verb.
     * ST_NO_ORGANIZATION, or what edit returned. Where call->later is given it may be ST_PENDING, and that
     * comes later; until then the call itself and all arguments stay, and edit doesn't touch call->mem. */
    enum status (*document_edit)(struct store *store, const struct call *call,
                                 const struct oid *organization_id, struct str id,
                                 document_edit_fn *edit, void *context);

    /* For moving everything to another store, and back (orgd copy). What is put may be put again: a move
     * that was interrupted begins anew and ends as if it had not been. */

    /* Sets the value kept under a name, whatever it was. Instances that run go on with the old one. */
    enum status (*secret_put)(struct store *store, const struct call *call, struct str name,
                              struct str value);

    /* Each organization is as it was at one moment; a walk from page to page has each that was there all
     * the while exactly once. ST_BROKEN also where one has more members, or these come to more bytes, than
     * an engine can show. */
    enum status (*tenant_list)(struct store *store, const struct call *call,
                               const struct tenant_query *query, struct tenant_page *ret_page);

    /*
     * Makes an organization with these accounts and memberships, or brings the one of that id to be just
     * so: memberships that aren't named end, and so does an account that then belongs to none. An account
     * that is there already, also by another organization, gets these values. Documents stay; one made
     * has none.
     * ST_NAME_TAKEN: another organization has this name_key or this slug; ST_EMAIL_TAKEN: another
     * account has one of the email_keys; ST_INVALID: admin_id is none of the members, or the engine
     * can't hold one of the values (see call->err). An engine without transactions may, on any status
     * but ST_OK, have done a part of it, which works and which another call completes.
     */
    enum status (*tenant_put)(struct store *store, const struct call *call,
                              const struct tenant *tenant);

    /*
     * Puts documents, each in the place of the one with its id (of either kind) or as a new one: then there
     * is exactly one of that id, of the kind that it says. Each is put whole or not at all, but one whose
     * kind changes may be gone in between; on any status but ST_OK some of them may have been put. count: 1
     * to 500, no id twice.
     * ST_NO_ORGANIZATION; ST_INVALID, ST_TOO_LARGE: the engine can't hold one of them (call->err says
     * which).
     */
    enum status (*documents_put)(struct store *store, const struct call *call,
                                 const struct oid *organization_id,
                                 const struct document documents[], size_t count);

    /* For filling a store (orgd import): much at a time, and meant for when nobody else is in a hurry. */

    /*
     * Makes organizations that aren't there, as tenant_put does. In each one's status: ST_OK;
     * ST_NAME_TAKEN (an organization has its id, its name_key or, unless slug_may_vary, its slug),
     * ST_EMAIL_TAKEN (an account has the id or the email_key of one of its members), ST_INVALID (as
     * tenant_put): then nothing of it was made. Earlier ones in the list win.
     * count: 1 to BULK_MAX. On any status but ST_OK some of them may have been made, wholly.
     */
    enum status (*tenants_create)(struct store *store, const struct call *call,
                                  struct tenant_creation creations[], size_t count);

    /*
     * documents_put for several organizations. In each lot's status: ST_OK, ST_NO_ORGANIZATION,
     * ST_INVALID, ST_TOO_LARGE. count: 1 to BULK_MAX. On any status but ST_OK some may have been put.
     */
    enum status (*document_lots_put)(struct store *store, const struct call *call,
                                     struct document_lot lots[], size_t count);

    /* About how many organizations there are, to say how far something is. */
    enum status (*tenant_estimate)(struct store *store, const struct call *call,
                                   int64_t *ret_count);

    /* The body that document_get would give after documents_put of this document: an engine that keeps
     * values rather than text may write some of them in another form ({"$date": …}). Changes nothing and
     * asks nobody. ST_INVALID, ST_TOO_LARGE: the engine can't hold it. */
    enum status (*document_as_kept)(struct store *store, const struct call *call,
                                    const struct document *document, struct str *ret_body);
};

/* An engine begins with this. */
struct store {
    const struct store_ops *ops;
};

/* store may be NULL. */
static inline void store_close(struct store *store)
{
    if (store) {
        store->ops->close(store);
    }
}

MUST_CHECK static inline enum status store_ping(struct store *store, const struct call *call)
{
    return store->ops->ping(store, call);
}

MUST_CHECK static inline enum status store_secret(struct store *store, const struct call *call,
                                                  struct str name, struct str candidate,
                                                  struct str *ret_value)
{
    return store->ops->secret(store, call, name, candidate, ret_value);
}

MUST_CHECK static inline enum status store_organization_create(
    struct store *store, const struct call *call, const struct new_organization *new,
    struct organization *ret_organization)
{
    return store->ops->organization_create(store, call, new, ret_organization);
}

MUST_CHECK static inline enum status store_organization_by_name(
    struct store *store, const struct call *call, struct str name_key,
    struct organization *ret_organization)
{
    return store->ops->organization_by_name(store, call, name_key, ret_organization);
}

MUST_CHECK static inline enum status store_organization_by_id(struct store *store,
                                                              const struct call *call,
                                                              const struct oid *id,
                                                              struct organization *ret_organization)
{
    return store->ops->organization_by_id(store, call, id, ret_organization);
}

MUST_CHECK static inline enum status store_organization_by_slug(
    struct store *store, const struct call *call, struct str slug,
    struct organization *ret_organization)
{
    return store->ops->organization_by_slug(store, call, slug, ret_organization);
}

MUST_CHECK static inline enum status store_organization_update(
    struct store *store, const struct call *call, const struct organization_change *change,
    struct organization *ret_organization)
{
    return store->ops->organization_update(store, call, change, ret_organization);
}

MUST_CHECK static inline enum status store_organization_delete(struct store *store,
                                                               const struct call *call,
                                                               const struct oid *id)
{
    return store->ops->organization_delete(store, call, id);
}

MUST_CHECK static inline enum status store_membership_by_email(struct store *store,
                                                               const struct call *call,
                                                               struct str email_key,
                                                               struct membership *ret_membership)
{
    return store->ops->membership_by_email(store, call, email_key, ret_membership);
}

MUST_CHECK static inline enum status store_membership_by_ids(struct store *store,
                                                             const struct call *call,
                                                             const struct oid *account_id,
                                                             const struct oid *organization_id,
                                                             struct membership *ret_membership)
{
    return store->ops->membership_by_ids(store, call, account_id, organization_id, ret_membership);
}

MUST_CHECK static inline enum status store_account_rehash(struct store *store,
                                                          const struct call *call,
                                                          const struct oid *account_id,
                                                          struct str old_hash, struct str new_hash)
{
    return store->ops->account_rehash(store, call, account_id, old_hash, new_hash);
}

MUST_CHECK static inline enum status store_document_get(struct store *store,
                                                        const struct call *call,
                                                        const struct oid *organization_id,
                                                        struct str id,
                                                        struct document *ret_document)
{
    return store->ops->document_get(store, call, organization_id, id, ret_document);
}

MUST_CHECK static inline enum status store_document_list(struct store *store,
                                                         const struct call *call,
                                                         const struct oid *organization_id,
                                                         const struct document_query *query,
                                                         struct document_page *ret_page)
{
    return store->ops->document_list(store, call, organization_id, query, ret_page);
}

MUST_CHECK static inline enum status store_document_edit(struct store *store,
                                                         const struct call *call,
                                                         const struct oid *organization_id,
                                                         struct str id, document_edit_fn *edit,
                                                         void *context)
{
    return store->ops->document_edit(store, call, organization_id, id, edit, context);
}

MUST_CHECK static inline enum status store_secret_put(struct store *store, const struct call *call,
                                                      struct str name, struct str value)
{
    return store->ops->secret_put(store, call, name, value);
}

MUST_CHECK static inline enum status store_tenant_list(struct store *store, const struct call *call,
                                                       const struct tenant_query *query,
                                                       struct tenant_page *ret_page)
{
    return store->ops->tenant_list(store, call, query, ret_page);
}

MUST_CHECK static inline enum status store_tenant_put(struct store *store, const struct call *call,
                                                      const struct tenant *tenant)
{
    return store->ops->tenant_put(store, call, tenant);
}

MUST_CHECK static inline enum status store_documents_put(struct store *store,
                                                         const struct call *call,
                                                         const struct oid *organization_id,
                                                         const struct document documents[],
                                                         size_t count)
{
    return store->ops->documents_put(store, call, organization_id, documents, count);
}

MUST_CHECK static inline enum status store_tenants_create(struct store *store,
                                                          const struct call *call,
                                                          struct tenant_creation creations[],
                                                          size_t count)
{
    return store->ops->tenants_create(store, call, creations, count);
}

MUST_CHECK static inline enum status store_document_lots_put(struct store *store,
                                                             const struct call *call,
                                                             struct document_lot lots[],
                                                             size_t count)
{
    return store->ops->document_lots_put(store, call, lots, count);
}

MUST_CHECK static inline enum status store_tenant_estimate(struct store *store,
                                                           const struct call *call,
                                                           int64_t *ret_count)
{
    return store->ops->tenant_estimate(store, call, ret_count);
}

MUST_CHECK static inline enum status store_document_as_kept(struct store *store,
                                                            const struct call *call,
                                                            const struct document *document,
                                                            struct str *ret_body)
{
    return store->ops->document_as_kept(store, call, document, ret_body);
}

#endif
