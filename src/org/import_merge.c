/* The administrators of a line on the base of those that are there. */
#include "org/import_settle.h"

#include "auth/password.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

static int compare_members(const void *a, const void *b)
{
    const struct tenant_member *left = a;
    const struct tenant_member *right = b;

    return memcmp(left->account.id.bytes, right->account.id.bytes, OID_BYTES);
}

static void sort_members(struct tenant *tenant)
{
    if (tenant->member_count > 1) {
        qsort(tenant->members, tenant->member_count, sizeof(*tenant->members), compare_members);
    }
}

void import_tenant(const struct import_line *line, struct arena *mem, struct tenant *ret_tenant)
{
    struct tenant tenant = {
        .organization = line->organization,
        .members = arena_alloc(mem, line->admin_count * sizeof(*tenant.members)),
        .member_count = line->admin_count,
    };

    for (size_t i = 0; i < line->admin_count; i++) {
        tenant.members[i] = line->admins[i].member;
    }
    sort_members(&tenant);
    *ret_tenant = tenant;
}

static enum status email_taken(const struct call *call, const struct account *account)
{
    return err_set(call->err, ST_EMAIL_TAKEN,
                   "the address \"%.*s\" is that of another organization's account",
                   STR_ARG(account->email));
}

const struct tenant_member *import_member_of(const struct tenant *tenant,
                                             const struct import_admin *admin)
{
    const struct account *account = &admin->member.account;

    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *there = &tenant->members[i].account;

        if (admin->has_id ? oid_equal(&there->id, &account->id)
                          : str_equal(there->email_key, account->email_key)) {
            return &tenant->members[i];
        }
    }
    return NULL;
}

/* An account that is there and belongs to other organizations only. ret_base: untouched where there is
 * none. ST_EMAIL_TAKEN. */
static enum status look_elsewhere(struct store *store, const struct call *call,
                                  const struct import_admin *admin, const struct tenant *there,
                                  struct tenant_member *ret_base, bool *ret_found)
{
    const struct account *account = &admin->member.account;
    struct membership membership;
    enum status found = store_membership_by_email(store, call, account->email_key, &membership);

    if (found != ST_OK) {
        return found == ST_NO_ACCOUNT ? ST_OK : found;
    }
    if (admin->has_id && oid_equal(&membership.account.id, &account->id)) {
        *ret_base = (struct tenant_member){ .account = membership.account, .role = STR("admin") };
        *ret_found = true;
        return ST_OK;
    }
    if (there && oid_equal(&membership.organization.id, &there->organization.id)) {
        return ST_OK; /* of a member that this one takes the place of */
    }
    return email_taken(call, account);
}

static bool same_account(const struct account *a, const struct account *b)
{
    return str_equal(a->email, b->email) && str_equal(a->email_key, b->email_key) &&
           str_equal(a->password_hash, b->password_hash) &&
           a->password_version == b->password_version && a->created_ms == b->created_ms;
}

/* A password that is another than before ends the tokens that were made with that one. */
static enum status merge_password(const struct call *call, const struct import_admin *admin,
                                  const struct account *base, struct account *account)
{
    struct str *hash = &account->password_hash;

    if (admin->password.ptr && password_verify(admin->password, base->password_hash)) {
        *hash = base->password_hash;
    } else if (admin->password.ptr && !hash->ptr) {
        TRY(password_hash(admin->password, call->mem, hash, call->err));
    }
    if (!admin->has_version) {
        account->password_version = base->password_version + !str_equal(*hash, base->password_hash);
    }
    return ST_OK;
}

/* What the line doesn't say is as it was. */
static enum status merge_member(const struct call *call, const struct import_admin *admin,
                                const struct tenant_member *base, struct tenant_member *ret_member)
{
    struct tenant_member member = admin->member;
    struct account *account = &member.account;

    account->id = base->account.id;
    TRY(merge_password(call, admin, &base->account, account));
    if (!admin->has_role) {
        member.role = base->role;
    }
    if (!admin->has_created) {
        account->created_ms = base->account.created_ms;
    }
    if (!admin->has_updated) {
        account->updated_ms =
            same_account(account, &base->account) ? base->account.updated_ms : clock_now_ms();
    }
    *ret_member = member;
    return ST_OK;
}

enum status import_merge_members(struct store *store, const struct call *call,
                                 const struct import_rules *rules, const struct import_line *line,
                                 const struct tenant *there, struct tenant *ret_tenant)
{
    import_tenant(line, call->mem, ret_tenant);
    for (size_t i = 0; i < line->admin_count; i++) {
        const struct import_admin *admin = &line->admins[i];
        const struct tenant_member *own = there ? import_member_of(there, admin) : NULL;
        struct tenant_member *member = &ret_tenant->members[i];
        struct tenant_member base;
        bool found = own != NULL;

        if (admin->password.ptr) {
            TRY(import_may_hash(call, rules));
        }
        if (own) {
            base = *own;
        } else {
            TRY(look_elsewhere(store, call, admin, there, &base, &found));
        }
        *member = admin->member;
        if (found) {
            TRY(merge_member(call, admin, &base, member));
        } else if (admin->password.ptr && !member->account.password_hash.ptr) {
            TRY(password_hash(admin->password, call->mem, &member->account.password_hash,
                              call->err));
        }
    }
    ret_tenant->organization.admin_id = ret_tenant->members[0].account.id;
    ret_tenant->organization.admin_email = ret_tenant->members[0].account.email;
    sort_members(ret_tenant);
    return ST_OK;
}
