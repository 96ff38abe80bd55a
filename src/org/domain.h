/* What the rules work with: the store, the signer of tokens, and the settings that rules depend on. */
#ifndef ORGD_ORG_DOMAIN_H
#define ORGD_ORG_DOMAIN_H

#include "base/call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define CURSOR_KEY_BYTES 32

struct buf;
struct limiter;
struct store;
struct token_memory;
struct token_signer;

struct domain {
    struct store *store;
    const struct token_signer *signer;
    struct token_memory *tokens;                /* of the signer */
    struct limiter *logins;                     /* refused logins by address */
    unsigned char cursor_key[CURSOR_KEY_BYTES]; /* the same in every instance on one store */
    /* May change while running. */
    _Atomic int64_t token_seconds;
    _Atomic int64_t password_min_bytes;
    int64_t document_max_bytes;
    pthread_mutex_t large_merge; /* see document.c */
};

/* For operators: whether the store answers (ST_OK, or what is missing in call->err), which engine it
 * is, and how long its operations take and how tokens were checked (orgd_store_duration_seconds and
 * orgd_token_checks_total, in Prometheus' text format). */
MUST_CHECK enum status domain_ping(struct domain *domain, const struct call *call);
const char *domain_store_name(const struct domain *domain);
void domain_metrics(const struct domain *domain, struct buf *out);

#endif
