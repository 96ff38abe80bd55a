/*
 * Tokens: JWT (RFC 7519) signed with HMAC (RFC 7515; HS256, or HS384 and HS512 by setting), through
 * libcjose. The claims admin_id, org_id, org_name and exp are the seeds'; sub (the account), iat, jti,
 * role and pv are ours.
 */
#ifndef ORGD_AUTH_TOKEN_H
#define ORGD_AUTH_TOKEN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/oid.h"
#include "base/str.h"

#include <stdint.h>

#define TOKEN_MAX_BYTES 4096 /* a longer token is refused unread */

struct token_signer;

/* algorithm: "HS256", "HS384" or "HS512"; secret: at least 1 byte, copied. Threads share a signer. */
MUST_CHECK enum status token_signer_new(const char *algorithm, struct str secret,
                                        struct token_signer **ret_signer, struct err *err);
void token_signer_free(struct token_signer *signer);

struct token_claims {
    struct oid account_id;        /* admin_id and sub */
    struct oid organization_id;   /* org_id */
    struct str organization_name; /* org_name, when it was issued */
    struct str role;              /* "admin" */
    int64_t issued_at;            /* iat, seconds since 1970 */
    int64_t not_before;           /* nbf, seconds since 1970; 0: none. Not issued, only read */
    int64_t expires_at;           /* exp, seconds since 1970 */
    int64_t password_version;     /* pv: which of the account's passwords was in force */
};

/* A compact JWT in mem. A random jti of 128 bits is added. */
MUST_CHECK enum status token_issue(const struct token_signer *signer,
                                   const struct token_claims *claims, struct arena *mem,
                                   struct str *ret_token, struct err *err);

/*
 * Verifies signature, algorithm (exactly the signer's; "none" and any other are refused), exp against
 * now_s (a token is bad from that second on), nbf where there is one, and that the claims have the
 * right types. A token of the seeds' programs, without sub, iat, jti, role and pv, is good: role is
 * then "admin", issued_at and password_version 0. Where sub is there it must equal admin_id. A token
 * with the claim aud or the header crit is refused, since it asks for what nobody here understands.
 *
 * Returns ST_OK or ST_BAD_TOKEN. Strings of ret_claims live in mem.
 */
MUST_CHECK enum status token_verify(const struct token_signer *signer, struct str token,
                                    int64_t now_s, struct arena *mem,
                                    struct token_claims *ret_claims);

#endif
