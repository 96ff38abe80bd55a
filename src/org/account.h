/* Accounts: who is calling, by password or by token. */
#ifndef ORGD_ORG_ACCOUNT_H
#define ORGD_ORG_ACCOUNT_H

#include "base/call.h"
#include "base/str.h"
#include "store/store.h"

struct domain;

/*
 * Who has this address and this password. organization_name, where given (ptr not NULL), must be the
 * account's. Hashes: the hash pool's work. A hash in an old format is replaced on the way.
 * Returns ST_OK; ST_BAD_CREDENTIALS, after the same time whatever was wrong; ST_LIMITED.
 */
MUST_CHECK enum status account_login(struct domain *domain, const struct call *call,
                                     struct str email, struct str password,
                                     struct str organization_name,
                                     struct membership *ret_membership);

struct issued_token {
    struct str token;
    int64_t expires_in_s;
};

/* A token for a membership. */
MUST_CHECK enum status account_issue_token(struct domain *domain, const struct call *call,
                                           const struct membership *membership,
                                           struct issued_token *ret_token);

/* Who holds this token, as of now: ST_OK or ST_BAD_TOKEN (expired, forged, its account or organization
 * gone, its password changed). */
MUST_CHECK enum status account_by_token(struct domain *domain, const struct call *call,
                                        struct str token, struct membership *ret_membership);

/* Whether a token is ours and not expired, and which organization it was issued for, without asking the
 * store: ST_OK or ST_BAD_TOKEN. */
MUST_CHECK enum status account_token_is_signed(const struct domain *domain, const struct call *call,
                                               struct str token, struct oid *ret_organization_id);

#endif
