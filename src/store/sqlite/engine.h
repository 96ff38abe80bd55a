/*
 * The engine's parts together, and its verbs by file: organizations.c, accounts.c, documents.c,
 * transfer.c, bulk.c.
 */
#ifndef ORGD_STORE_SQLITE_ENGINE_H
#define ORGD_STORE_SQLITE_ENGINE_H

#include "store/sqlite/checkpointer.h"
#include "store/sqlite/directory.h"
#include "store/sqlite/log_index.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/writer.h"
#include "store/store.h"

struct sqlite_store {
    struct store store;
    struct directory directory;
    struct log_index log_index;
    struct readers readers;
    struct checkpointer checkpointer;
    struct writer writer;
    bool only_reads; /* there is no checkpointer and no writer */
};

/* sqlite_store_open with limits other than CHECKPOINT_LIMITS, for tests. */
MUST_CHECK enum status sqlite_store_open_with(const char *directory,
                                              struct checkpoint_limits limits,
                                              struct store **ret_store, struct err *err);

/* The engine of a store; and its read connections, to be declared as
 *     READER reader = { 0 };
 *     TRY(reader_take(store, call, &reader));
 * and so given back when the scope ends. */
struct sqlite_store *sqlite_engine(struct store *store);

struct reader {
    struct readers *readers;
    struct connection *connection;
};

MUST_CHECK enum status reader_take(struct store *store, const struct call *call,
                                   struct reader *ret_reader);
void reader_give(struct reader *reader);
#define READER __attribute__((cleanup(reader_give))) struct reader

/* Reads SQL_ORGANIZATION_COLUMNS from the present row, strings into mem. ST_BROKEN where they are not
 * what this program writes. */
MUST_CHECK enum status row_to_organization(sqlite3_stmt *query, const struct call *call,
                                           struct organization *ret_organization);

/* Reads SQL_ACCOUNT_COLUMNS, the first of them column from, in the same way. */
MUST_CHECK enum status row_to_account(sqlite3_stmt *query, int from, const struct call *call,
                                      struct account *ret_account);

/* One organization by its id, inside or outside of a transaction. ST_NO_ORGANIZATION. */
MUST_CHECK enum status organization_read(struct connection *connection, const struct call *call,
                                         const struct oid *id,
                                         struct organization *ret_organization);

/* The number that stands for an organization in other tables. ST_NO_ORGANIZATION. */
MUST_CHECK enum status organization_number(struct connection *connection, const struct call *call,
                                           const struct oid *id, int64_t *ret_number);

/* Runs a change with one or two numbers for parameters; two where second is not 0. */
MUST_CHECK enum status change_numbers(struct connection *connection, const struct call *call,
                                      enum sql id, int64_t first, int64_t second);

/* The slug for the n-th try, from 0: the plain one first, where it may be used, then suffixes. */
#define SLUG_TRIES 64 /* of 16 million suffixes; one that is held is rare, ten in a row a mistake */
struct str slug_try(const struct call *call, struct str plain, bool needs_suffix, int n);

/* documents_put within the writer's transaction; adds to *bytes how much was written. */
MUST_CHECK enum status documents_put_now(struct connection *connection, const struct call *call,
                                         const struct oid *organization_id,
                                         const struct document documents[], size_t count,
                                         size_t *bytes);

/* Adds to the number of an organization's documents. */
MUST_CHECK enum status count_changed(struct connection *connection, const struct call *call,
                                     int64_t number, int64_t by);

/* Whether another row than number holds a unique value: query is one of SQL_…_HELD. */
MUST_CHECK enum status value_held(struct connection *connection, const struct call *call,
                                  enum sql query, struct str value, int64_t number, bool *ret_held);

/* The verbs. Contracts: store.h. */
enum status sqlite_ping(struct store *store, const struct call *call);
enum status sqlite_secret(struct store *store, const struct call *call, struct str name,
                          struct str candidate, struct str *ret_value);
enum status sqlite_organization_create(struct store *store, const struct call *call,
                                       const struct new_organization *new,
                                       struct organization *ret_organization);
enum status sqlite_organization_by_name(struct store *store, const struct call *call,
                                        struct str name_key, struct organization *ret_organization);
enum status sqlite_organization_by_id(struct store *store, const struct call *call,
                                      const struct oid *id, struct organization *ret_organization);
enum status sqlite_organization_by_slug(struct store *store, const struct call *call,
                                        struct str slug, struct organization *ret_organization);
enum status sqlite_organization_walk(struct store *store, const struct call *call, int64_t position,
                                     size_t limit, struct organization ret_organizations[],
                                     size_t *ret_count, int64_t *ret_position);
enum status sqlite_organization_update(struct store *store, const struct call *call,
                                       const struct organization_change *change,
                                       struct organization *ret_organization);
enum status sqlite_organization_delete(struct store *store, const struct call *call,
                                       const struct oid *id);
enum status sqlite_membership_by_email(struct store *store, const struct call *call,
                                       struct str email_key, struct membership *ret_membership);
enum status sqlite_membership_by_ids(struct store *store, const struct call *call,
                                     const struct oid *account_id,
                                     const struct oid *organization_id,
                                     struct membership *ret_membership);
enum status sqlite_account_rehash(struct store *store, const struct call *call,
                                  const struct oid *account_id, struct str old_hash,
                                  struct str new_hash);
enum status sqlite_document_get(struct store *store, const struct call *call,
                                const struct oid *organization_id, struct str id,
                                struct document *ret_document);
enum status sqlite_document_list(struct store *store, const struct call *call,
                                 const struct oid *organization_id,
                                 const struct document_query *query,
                                 struct document_page *ret_page);
enum status sqlite_document_edit(struct store *store, const struct call *call,
                                 const struct oid *organization_id, struct str id,
                                 document_edit_fn *edit_fn, void *context);
enum status sqlite_secret_put(struct store *store, const struct call *call, struct str name,
                              struct str value);
enum status sqlite_tenant_list(struct store *store, const struct call *call,
                               const struct tenant_query *query, struct tenant_page *ret_page);
enum status sqlite_tenant_put(struct store *store, const struct call *call,
                              const struct tenant *tenant);
enum status sqlite_documents_put(struct store *store, const struct call *call,
                                 const struct oid *organization_id,
                                 const struct document documents[], size_t count);
enum status sqlite_tenants_create(struct store *store, const struct call *call,
                                  struct tenant_creation creations[], size_t count);
enum status sqlite_document_lots_put(struct store *store, const struct call *call,
                                     struct document_lot lots[], size_t count);
enum status sqlite_tenant_estimate(struct store *store, const struct call *call,
                                   int64_t *ret_count);
enum status sqlite_document_as_kept(struct store *store, const struct call *call,
                                    const struct document *document, struct str *ret_body);

#endif
