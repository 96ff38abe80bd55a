/*
 * Organizations with their members, as four queries see them: the organizations, their memberships, the
 * accounts of these, and last the organizations' versions once more. A version that is the same at both
 * ends says that the organization, its administrator included, was as it was found all the while, and so
 * belongs together with the members that were found in between.
 */
#ifndef ORGD_STORE_MONGO_TENANT_LOOK_H
#define ORGD_STORE_MONGO_TENANT_LOOK_H

#include "store/mongo/rows.h"

struct tenant_look {
    struct organization_row row;
    struct tenant
        tenant;     /* admin_id: zeros where the account is gone; admin_email and updated_ms: of
                             row, see rows.c */
    bool is_steady; /* nobody changed it meanwhile */
    bool is_ahead; /* an account has what the organization is only going to have: its change is half
                             applied */
};

struct tenant_looks {
    struct tenant_look *looks; /* in order of ids; in the call's mem */
    size_t count;
    bool more; /* there is, or was, at least one behind the last */
};

/*
 * Looks at the visible organizations that filter (members of C_ORGANIZATIONS but F_STATUS) finds, the
 * first limit of them, or fewer where their members come to more than max_bytes, but at least one.
 * ST_BROKEN: one has more than TENANT_MEMBERS_MAX members, or these come to more bytes than a page may
 * have; or a document is damaged.
 */
MUST_CHECK enum status tenant_look(struct mongo_store *engine, const struct call *call,
                                   const bson_t *filter, size_t limit, size_t max_bytes,
                                   struct tenant_looks *ret_looks);

#endif
