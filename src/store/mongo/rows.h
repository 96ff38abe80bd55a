/*
 * Documents of C_ORGANIZATIONS and C_ADMINS as structs, and the look-ups by them that several verbs share.
 * Strings are in the call's memory.
 */
#ifndef ORGD_STORE_MONGO_ROWS_H
#define ORGD_STORE_MONGO_ROWS_H

#include "store/mongo/engine.h"

/* F_STATUS. ROW_STRANGE: none, or one that this program doesn't know. */
enum row_status { ROW_STRANGE, ROW_ACTIVE, ROW_CREATING, ROW_UPDATING, ROW_RENAMING, ROW_DELETING };

struct organization_row {
    struct organization organization; /* without admin_email; its collection's name ends in NUL */
    enum row_status status;
    int64_t version;
    bool is_shared; /* F_SHARED */
};

struct account_row {
    struct account account;
    int64_t version;
    struct oid changed_by; /* F_CHANGED_BY: the organization of its last change together with one */
    int64_t changed_version;
};

/* ST_BROKEN where the id is none. Other members that are missing are empty, or 0. */
MUST_CHECK enum status row_organization(const bson_t *document, const struct call *call,
                                        struct organization_row *ret_row);
MUST_CHECK enum status row_account(const bson_t *document, const struct call *call,
                                   struct account_row *ret_row);

/* Whether there is such an organization for whoever asks. */
bool row_is_visible(const struct organization_row *row);

/* Whether a change of it is under way that is decided already. */
bool row_is_pending(const struct organization_row *row);

bool row_has_admin(const struct organization_row *row);

/* Whether its collection goes where it goes: not where another organization has the same one, and not
 * where a seed's document names one of the engine's own. */
bool row_owns_collection(const struct organization_row *row);

/* Reads. ST_NO_ORGANIZATION, whatever status it has; ST_NO_ACCOUNT. */
MUST_CHECK enum status row_find_organization(struct mongo_store *engine, const struct call *call,
                                             enum mongo_from from, const bson_t *filter,
                                             struct organization_row *ret_row);
MUST_CHECK enum status row_read_organization(struct mongo_store *engine, const struct call *call,
                                             enum mongo_from from, const struct oid *id,
                                             struct organization_row *ret_row);
MUST_CHECK enum status row_read_account(struct mongo_store *engine, const struct call *call,
                                        enum mongo_from from, const struct oid *id,
                                        struct account_row *ret_row);

/*
 * A visible organization that filter finds, with its administrator's address, both of one moment: where a
 * change is just being applied to the one and not yet to the other, it waits (never long, unless the
 * instance that applies it is lost). ST_NO_ORGANIZATION. ret_admin: the administrator's account, with an id
 * of zeros where there is none; may be NULL.
 */
MUST_CHECK enum status row_whole_organization(struct mongo_store *engine, const struct call *call,
                                              enum mongo_from from, const bson_t *filter,
                                              struct organization_row *ret_row,
                                              struct account_row *ret_admin);

/* Whether the membership document of two ids is there, with its role (NULL: not asked for). */
MUST_CHECK enum status row_membership(struct mongo_store *engine, const struct call *call,
                                      const struct oid *account_id,
                                      const struct oid *organization_id, bool *ret_found,
                                      struct str *ret_role);

#endif
