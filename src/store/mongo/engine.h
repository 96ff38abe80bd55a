/*
 * The engine's parts together, and its verbs by file: organizations.c (look-ups), create.c, update.c,
 * delete.c (see change.h), accounts.c, documents.c, tenant_list.c, tenant_put.c,
 * tenant_create.c, documents_put.c.
 */
#ifndef ORGD_STORE_MONGO_ENGINE_H
#define ORGD_STORE_MONGO_ENGINE_H

#include "store/mongo/keeper.h"
#include "store/mongo/layout.h"
#include "store/mongo/leftovers.h"
#include "store/mongo/locks.h"
#include "store/mongo/mongo.h"
#include "store/mongo/peers.h"
#include "store/mongo/placements.h"
#include "store/mongo/turns.h"
#include "store/store.h"

struct mongo_store {
    struct store store;
    struct mongo *mongo;
    struct peers *peers;
    struct placements *placements;
    struct turns *turns;
    struct leftovers *leftovers;
    struct keeper *keeper;
};

static inline struct mongo_store *mongo_engine(struct store *store)
{
    return (struct mongo_store *)store;
}

/* The verbs, for the table in mongo_store.c; store.h says what each does. */
enum status mongo_secret(struct store *store, const struct call *call, struct str name,
                         struct str candidate, struct str *ret_value);
enum status mongo_secret_put(struct store *store, const struct call *call, struct str name,
                             struct str value);
enum status mongo_organization_create(struct store *store, const struct call *call,
                                      const struct new_organization *new,
                                      struct organization *ret_organization);
enum status mongo_organization_by_name(struct store *store, const struct call *call,
                                       struct str name_key, struct organization *ret_organization);
enum status mongo_organization_by_id(struct store *store, const struct call *call,
                                     const struct oid *id, struct organization *ret_organization);
enum status mongo_organization_by_slug(struct store *store, const struct call *call,
                                       struct str slug, struct organization *ret_organization);
enum status mongo_organization_update(struct store *store, const struct call *call,
                                      const struct organization_change *change,
                                      struct organization *ret_organization);
enum status mongo_organization_delete(struct store *store, const struct call *call,
                                      const struct oid *id);

/* organization_delete for who has just made it and can't complete it. Not where somebody else has gone on
 * with it meanwhile, so that it has a member whom mine doesn't name: ST_NAME_TAKEN. */
enum status mongo_organization_take_back(struct store *store, const struct call *call,
                                         const struct tenant *mine);
enum status mongo_membership_by_email(struct store *store, const struct call *call,
                                      struct str email_key, struct membership *ret_membership);
enum status mongo_membership_by_ids(struct store *store, const struct call *call,
                                    const struct oid *account_id, const struct oid *organization_id,
                                    struct membership *ret_membership);
enum status mongo_account_rehash(struct store *store, const struct call *call,
                                 const struct oid *account_id, struct str old_hash,
                                 struct str new_hash);
enum status mongo_document_get(struct store *store, const struct call *call,
                               const struct oid *organization_id, struct str id,
                               struct document *ret_document);
enum status mongo_document_list(struct store *store, const struct call *call,
                                const struct oid *organization_id,
                                const struct document_query *query, struct document_page *ret_page);
enum status mongo_document_edit(struct store *store, const struct call *call,
                                const struct oid *organization_id, struct str id,
                                document_edit_fn *edit, void *context);
enum status mongo_tenant_list(struct store *store, const struct call *call,
                              const struct tenant_query *query, struct tenant_page *ret_page);
enum status mongo_tenant_put(struct store *store, const struct call *call,
                             const struct tenant *tenant);
enum status mongo_documents_put(struct store *store, const struct call *call,
                                const struct oid *organization_id,
                                const struct document documents[], size_t count);
enum status mongo_tenants_create(struct store *store, const struct call *call,
                                 struct tenant_creation creations[], size_t count);
enum status mongo_document_lots_put(struct store *store, const struct call *call,
                                    struct document_lot lots[], size_t count);
enum status mongo_tenant_estimate(struct store *store, const struct call *call, int64_t *ret_count);
enum status mongo_document_as_kept(struct store *store, const struct call *call,
                                   const struct document *document, struct str *ret_body);

#endif
