/*
 * Tokens that were verified, remembered, so that a client's second request costs no signature.
 *
 * What is remembered is only what can't change: that the signer's key signed these bytes, and what they
 * claim. A signer keeps its key for its whole life, so that stays true for as long as this memory lives.
 * Whatever can change is judged at each use and never remembered here:
 *   - the time: nbf and exp against now_s, so that a token is bad from the second it expires;
 *   - whether account and organization are there, whether they belong together and which password is in
 *     force: the caller asks the store, as it does after verifying a signature (org/account.c).
 * So a revocation, a deletion or a new password ends a remembered token when it ends any other, on either
 * store, and what another instance changes is seen as late as store/cache.h says and no later.
 *
 * Only good tokens are remembered: forged ones fill nothing. A token is found by a keyed hash of all its
 * bytes and then compared byte by byte, so nobody can make one that is taken for another's; the key is
 * random and the process's own, so nobody can choose tokens that push each other out, nor learn from the
 * time that a comparison takes.
 *
 * Bounded: a fixed number of places of a fixed size, made at the start (memory that was never used is not
 * resident) and wiped at the end. Where a set is full, the token that was not seen for the longest gives
 * way. Neither finding nor remembering allocates. Any thread, any number at once.
 */
#ifndef ORGD_AUTH_TOKEN_MEMORY_H
#define ORGD_AUTH_TOKEN_MEMORY_H

#include "auth/token.h"

/* Tokens at once, and the longest that is remembered: 4 MiB in all. A name of 100 characters of four
 * bytes makes one of some 900 bytes. */
#define TOKEN_MEMORY_PLACES 4096
#define TOKEN_MEMORY_MAX_BYTES 944

/* Of the claims, what decides what a token opens. */
struct token_grant {
    struct oid account_id;
    struct oid organization_id;
    int64_t not_before; /* seconds since 1970; good from then on */
    int64_t expires_at; /* seconds since 1970; bad from then on */
    int64_t password_version;
};

struct token_memory;

/* NULL only where memory is out. signer must outlive it. */
struct token_memory *token_memory_new(const struct token_signer *signer);

/* memory may be NULL. No other call is under way. */
void token_memory_free(struct token_memory *memory);

/* As token_verify, which it calls where it doesn't remember the token: ST_OK or ST_BAD_TOKEN. mem: for
 * that call's strings. */
MUST_CHECK enum status token_memory_verify(struct token_memory *memory, struct str token,
                                           int64_t now_s, struct arena *mem,
                                           struct token_grant *ret_grant);

/* How many tokens were remembered when they came, and how many had their signature verified, good or
 * bad. */
struct token_counts {
    uint64_t remembered;
    uint64_t verified;
};
struct token_counts token_memory_counts(struct token_memory *memory);

#endif
