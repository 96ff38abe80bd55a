/* Looking, merging, putting. */
#include "org/import_settle.h"

#include "auth/password.h"
#include "base/clock.h"
#include "store/tenant.h"

#include <sodium.h>
#include <stdlib.h>

#define SLUG_TRIES 8
#define NAME_SHOWN_BYTES 80

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

static enum status hash_all(const struct call *call, struct import_line *line)
{
    for (size_t i = 0; i < line->admin_count; i++) {
        struct import_admin *admin = &line->admins[i];
        struct str *hash = &admin->member.account.password_hash;

        if (admin->password.ptr && !hash->ptr) {
            TRY(password_hash(admin->password, call->mem, hash, call->err));
        }
    }
    return ST_OK;
}

/* The organization that a line means, if it is there: ST_NO_ORGANIZATION. */
static enum status find(struct store *store, const struct call *call,
                        const struct import_line *line, struct organization *ret_organization)
{
    return line->has_id
               ? store_organization_by_id(store, call, &line->organization.id, ret_organization)
               : store_organization_by_name(store, call, line->name.key, ret_organization);
}

enum status import_prepare(struct store *store, const struct call *call, struct import_line *line,
                           bool *ret_is_there)
{
    bool has_plain = false;
    struct organization there;
    enum status found;

    for (size_t i = 0; i < line->admin_count; i++) {
        has_plain = has_plain || line->admins[i].password.ptr;
    }
    *ret_is_there = false;
    if (!has_plain) {
        return ST_OK;
    }
    found = find(store, call, line, &there);
    if (found == ST_NO_ORGANIZATION) {
        return hash_all(call, line);
    }
    *ret_is_there = found == ST_OK;
    return found;
}

static enum status taken(const struct call *call, const char *what, struct str value,
                         const struct organization *holder)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(&holder->id, hex);
    return err_set(call->err, ST_NAME_TAKEN, "the %s \"%.*s\" is that of organization %s", what,
                   value.len < NAME_SHOWN_BYTES ? (int)value.len : NAME_SHOWN_BYTES, value.ptr,
                   hex);
}

static enum status email_taken(const struct call *call, const struct account *account)
{
    return err_set(call->err, ST_EMAIL_TAKEN,
                   "the address \"%.*s\" is that of another organization's account",
                   STR_ARG(account->email));
}

static const struct tenant_member *member_of(const struct tenant *tenant,
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

/* The line's members, each on the base of what is there. there: NULL: the organization is new. */
static enum status merge_members(struct store *store, const struct call *call,
                                 const struct import_line *line, const struct tenant *there,
                                 struct tenant *ret_tenant)
{
    import_tenant(line, call->mem, ret_tenant);
    for (size_t i = 0; i < line->admin_count; i++) {
        const struct import_admin *admin = &line->admins[i];
        const struct tenant_member *own = there ? member_of(there, admin) : NULL;
        struct tenant_member *member = &ret_tenant->members[i];
        struct tenant_member base;
        bool found = own != NULL;

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

/* A slug for a name that has none in the line: the plain one, or where another has it one on top. */
static enum status choose_slug(struct store *store, const struct call *call,
                               const struct import_line *line, struct str *ret_slug)
{
    struct str plain = line->organization.slug;
    struct organization holder;
    enum status found = ST_OK;

    if (!line->name.slug_is_hex) {
        found = store_organization_by_slug(store, call, plain, &holder);
    }
    if (found != ST_OK && found != ST_NO_ORGANIZATION) {
        return found;
    }
    *ret_slug = plain;
    if (found == ST_OK && !oid_equal(&holder.id, &line->organization.id)) {
        *ret_slug = arena_printf(call->mem, "%.*s_%06x", STR_ARG(plain),
                                 (unsigned int)randombytes_uniform(1U << 24));
    }
    return ST_OK;
}

/* tenant_put, with other slugs where that is what another has taken meanwhile. */
static enum status put(struct store *store, const struct call *call, const struct import_line *line,
                       bool chooses_slug, struct tenant *tenant)
{
    enum status status = ST_NAME_TAKEN;

    for (int tries = 0; tries < SLUG_TRIES && status == ST_NAME_TAKEN; tries++) {
        if (chooses_slug) {
            TRY(choose_slug(store, call, line, &tenant->organization.slug));
        }
        status = store_tenant_put(store, call, tenant);
        if (!chooses_slug) {
            break;
        }
    }
    return status;
}

/* Who has its name or slug. */
static enum status check_names(struct store *store, const struct call *call,
                               const struct import_line *line)
{
    const struct organization *organization = &line->organization;
    struct organization holder;
    enum status found = store_organization_by_name(store, call, organization->name_key, &holder);

    if (found == ST_OK && !oid_equal(&holder.id, &organization->id)) {
        return taken(call, "name", organization->name, &holder);
    }
    if (line->has_slug && (found == ST_OK || found == ST_NO_ORGANIZATION)) {
        found = store_organization_by_slug(store, call, organization->slug, &holder);
        if (found == ST_OK && !oid_equal(&holder.id, &organization->id)) {
            return taken(call, "slug", organization->slug, &holder);
        }
    }
    return found == ST_NO_ORGANIZATION ? ST_OK : found;
}

static enum status make(struct store *store, const struct call *call, struct import_line *line)
{
    struct tenant tenant;

    TRY(check_names(store, call, line));
    TRY(merge_members(store, call, line, NULL, &tenant));
    return put(store, call, line, !line->has_slug, &tenant);
}

/* Whether its slug stays with another name: the plain slugs are the same. */
static bool slug_stays(const struct call *call, const struct import_line *line,
                       const struct organization *there)
{
    struct name name;

    return str_equal(there->name, line->name.text) ||
           (name_make_stored(there->name, call->mem, &name) &&
            str_equal(name.slug, line->name.slug));
}

static enum status update(struct store *store, const struct call *call, struct import_line *line,
                          const struct tenant *there, enum import_outcome *ret_outcome)
{
    bool chooses_slug = !line->has_slug && !slug_stays(call, line, &there->organization);
    struct organization *organization;
    struct tenant tenant;

    TRY(check_names(store, call, line));
    TRY(merge_members(store, call, line, there, &tenant));
    organization = &tenant.organization;
    if (!line->has_slug && !chooses_slug) {
        organization->slug = there->organization.slug;
    }
    if (!line->has_created) {
        organization->created_ms = there->organization.created_ms;
    }
    if (!line->has_updated) {
        organization->updated_ms = there->organization.updated_ms;
    }
    tenant_settle_time(&tenant);
    if (!chooses_slug && tenant_equal(&tenant, there)) {
        *ret_outcome = IMPORT_UNCHANGED;
        return ST_OK;
    }
    if (!line->has_updated) {
        organization->updated_ms = clock_now_ms();
    }
    *ret_outcome = IMPORT_UPDATED;
    return put(store, call, line, chooses_slug, &tenant);
}

static bool has_all_admins(const struct tenant *there, const struct import_line *line)
{
    for (size_t i = 0; i < line->admin_count; i++) {
        if (!member_of(there, &line->admins[i])) {
            return false;
        }
    }
    return true;
}

/* Whether a line without an id means an organization that is there: without a further look where its
 * only administrator is the first one. */
static enum status judge_same(struct store *store, const struct call *call,
                              const struct import_line *line, const struct organization *found)
{
    struct tenant there;

    if (line->admin_count == 1 && !line->admins[0].has_id &&
        str_equal(line->admins[0].member.account.email, found->admin_email)) {
        return ST_OK;
    }
    TRY(tenant_find(store, call, &found->id, &there));
    return has_all_admins(&there, line) ? ST_OK
                                        : taken(call, "name", line->organization.name, found);
}

enum status import_settle(struct store *store, const struct call *call, struct import_line *line,
                          enum import_outcome *ret_outcome, struct oid *ret_id)
{
    enum import_outcome outcome = IMPORT_UNCHANGED;
    struct organization found;
    struct tenant there;
    enum status status = find(store, call, line, &found);

    if (status == ST_OK && line->has_id) {
        TRY(tenant_find(store, call, &found.id, &there));
        TRY(update(store, call, line, &there, &outcome));
    } else if (status == ST_OK) {
        TRY(judge_same(store, call, line, &found));
    } else if (status == ST_NO_ORGANIZATION) {
        TRY(make(store, call, line));
        outcome = IMPORT_MADE;
        found.id = line->organization.id;
    } else {
        return status;
    }
    *ret_outcome = outcome;
    *ret_id = found.id;
    return ST_OK;
}
