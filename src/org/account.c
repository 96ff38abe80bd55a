/* Logins and tokens. */
#include "org/account.h"

#include "auth/password.h"
#include "auth/token.h"
#include "auth/token_memory.h"
#include "base/clock.h"
#include "base/log.h"
#include "org/domain.h"
#include "org/limiter.h"
#include "org/name.h"

/* Replaces a hash of a seed's format. Not worth failing a login for. */
static void rehash(struct domain *domain, const struct call *call, const struct account *account,
                   struct str password)
{
    struct err err = { .text = "" };
    struct call quiet = { .mem = call->mem, .err = &err, .deadline_ms = call->deadline_ms };
    struct str hash;
    enum status status = password_hash(password, call->mem, &hash, &err);

    if (status == ST_OK) {
        status =
            store_account_rehash(domain->store, &quiet, &account->id, account->password_hash, hash);
    }
    if (status != ST_OK) {
        log_line(LOG_WARN, "password hash not renewed", LOG_TEXT("code", status_code(status)),
                 LOG_TEXT("error", err.text));
    }
}

static bool belongs_to(const struct membership *membership, struct str organization_name,
                       struct arena *mem)
{
    struct name name;

    return str_equal(organization_name, membership->organization.name) ||
           (name_make(organization_name, mem, &name) == NAME_OK &&
            str_equal(name.key, membership->organization.name_key));
}

/* What the limiter counts by: the address as compared, or as given where it is none. */
static struct str limiter_key(struct str email, struct arena *mem)
{
    struct str key;

    return email_make(email, mem, &key) == EMAIL_OK ? key : email;
}

static enum status judge(struct domain *domain, const struct call *call, struct str email,
                         struct str password, struct str organization_name,
                         struct membership *ret_membership)
{
    struct membership membership;
    struct str key;
    enum status found = ST_NO_ACCOUNT;

    if (email_make(email, call->mem, &key) == EMAIL_OK) {
        found = store_membership_by_email(domain->store, call, key, &membership);
    }
    if (found == ST_NO_ACCOUNT) {
        (void)password_verify_nobody(password);
        return ST_BAD_CREDENTIALS;
    }
    TRY(found);
    if (!password_verify(password, membership.account.password_hash)) {
        return ST_BAD_CREDENTIALS;
    }
    if (organization_name.ptr && !belongs_to(&membership, organization_name, call->mem)) {
        return ST_BAD_CREDENTIALS;
    }
    if (password_needs_rehash(membership.account.password_hash)) {
        rehash(domain, call, &membership.account, password);
    }
    *ret_membership = membership;
    return ST_OK;
}

enum status account_login(struct domain *domain, const struct call *call, struct str email,
                          struct str password, struct str organization_name,
                          struct membership *ret_membership)
{
    struct str key = limiter_key(email, call->mem);
    enum status status;

    if (!limiter_try(domain->logins, key, clock_monotonic_ms(), &call->err->retry_after_s)) {
        return ST_LIMITED;
    }
    status = judge(domain, call, email, password, organization_name, ret_membership);
    if (status != ST_BAD_CREDENTIALS) {
        limiter_forgive(domain->logins, key, clock_monotonic_ms());
    }
    return status;
}

enum status account_issue_token(struct domain *domain, const struct call *call,
                                const struct membership *membership, struct issued_token *ret_token)
{
    int64_t now_s = clock_now_ms() / 1000;
    int64_t lifetime_s = atomic_load(&domain->token_seconds);
    struct token_claims claims = {
        .account_id = membership->account.id,
        .organization_id = membership->organization.id,
        .organization_name = membership->organization.name,
        .role = membership->role,
        .issued_at = now_s,
        .expires_at = now_s + lifetime_s,
        .password_version = membership->account.password_version,
    };

    TRY(token_issue(domain->signer, &claims, call->mem, &ret_token->token, call->err));
    ret_token->expires_in_s = lifetime_s;
    return ST_OK;
}

enum status account_by_token(struct domain *domain, const struct call *call, struct str token,
                             struct membership *ret_membership)
{
    struct token_grant grant;
    struct membership membership;
    enum status found;

    TRY(token_memory_verify(domain->tokens, token, clock_now_ms() / 1000, call->mem, &grant));
    found = store_membership_by_ids(domain->store, call, &grant.account_id, &grant.organization_id,
                                    &membership);
    if (found == ST_NO_ACCOUNT) {
        return ST_BAD_TOKEN;
    }
    TRY(found);
    if (membership.account.password_version != grant.password_version) {
        return ST_BAD_TOKEN;
    }
    *ret_membership = membership;
    return ST_OK;
}

enum status account_token_is_signed(const struct domain *domain, const struct call *call,
                                    struct str token, struct oid *ret_organization_id)
{
    struct token_grant grant;

    TRY(token_memory_verify(domain->tokens, token, clock_now_ms() / 1000, call->mem, &grant));
    *ret_organization_id = grant.organization_id;
    return ST_OK;
}
