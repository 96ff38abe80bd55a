/* Looking, merging, putting. */
#include "org/import_settle.h"

#include "auth/password.h"
#include "base/clock.h"
#include "store/tenant.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SLUG_TRIES 8
#define NAME_SHOWN_BYTES 80

enum status import_may_hash(const struct call *call, const struct import_rules *rules)
{
    return atomic_load(rules->is_stopping) ? err_set(call->err, ST_BUSY, "stopped") : ST_OK;
}

static enum status hash_all(const struct call *call, const struct import_rules *rules,
                            struct import_line *line)
{
    for (size_t i = 0; i < line->admin_count; i++) {
        struct import_admin *admin = &line->admins[i];
        struct str *hash = &admin->member.account.password_hash;

        if (admin->password.ptr && !hash->ptr) {
            TRY(import_may_hash(call, rules));
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

enum status import_prepare(struct store *store, const struct call *call,
                           const struct import_rules *rules, struct import_line *line,
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
        return hash_all(call, rules, line);
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

static enum status make(struct store *store, const struct call *call,
                        const struct import_rules *rules, const struct import_line *line)
{
    struct tenant tenant;

    TRY(check_names(store, call, line));
    TRY(import_merge_members(store, call, rules, line, NULL, &tenant));
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

static enum status update(struct store *store, const struct call *call,
                          const struct import_rules *rules, const struct import_line *line,
                          const struct tenant *there, enum import_outcome *ret_outcome)
{
    bool chooses_slug = !line->has_slug && !slug_stays(call, line, &there->organization);
    struct organization *organization;
    struct tenant tenant;

    TRY(check_names(store, call, line));
    TRY(import_merge_members(store, call, rules, line, there, &tenant));
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
        if (!import_member_of(there, &line->admins[i])) {
            return false;
        }
    }
    return true;
}

/* Whether nothing happened to an organization since this line made it, or began to. */
static bool is_as_made(const struct organization *there, const struct import_line *line)
{
    return there->updated_ms == there->created_ms ||
           there->updated_ms == line->organization.updated_ms ||
           there->updated_ms == line->admins[0].member.account.updated_ms;
}

/* Whether a member has what the line says of him; his password aside. */
static bool is_as_said(const struct tenant_member *member, const struct import_admin *admin)
{
    return (!admin->has_role || str_equal(member->role, admin->member.role)) &&
           (!admin->has_version ||
            member->account.password_version == admin->member.account.password_version);
}

/*
 * Whether an organization is what remains of the making of this line where that was killed: an engine may
 * put one administrator after the other, and what is said of them and the times last. It has some of
 * them, the first among them and nobody else, and nothing happened to it since.
 */
static bool is_unfinished(const struct tenant *there, const struct import_line *line)
{
    const struct organization *organization = &there->organization;
    const struct tenant_member *first = import_member_of(there, &line->admins[0]);
    bool is_whole = !line->has_updated || organization->updated_ms == line->organization.updated_ms;
    size_t known = 0;

    for (size_t i = 0; i < line->admin_count; i++) {
        const struct tenant_member *member = import_member_of(there, &line->admins[i]);

        known += member != NULL;
        is_whole = is_whole && member && is_as_said(member, &line->admins[i]);
    }
    return !is_whole && first && oid_equal(&first->account.id, &organization->admin_id) &&
           known == there->member_count && is_as_made(organization, line);
}

/*
 * A line without an id changes no password that is there, and putting the rest is no change. The line
 * itself stays as it is: where it is refused now, and looked at again once others have given up what it
 * wants, its name may be free, and the organization that is there another one's.
 */
static struct import_line with_accounts(const struct call *call, const struct tenant *there,
                                        const struct import_line *line)
{
    size_t bytes = line->admin_count * sizeof(*line->admins);
    struct import_line kept = *line;

    kept.organization.id = there->organization.id;
    kept.admins = arena_alloc(call->mem, bytes);
    memcpy(kept.admins, line->admins, bytes);
    for (size_t i = 0; i < kept.admin_count; i++) {
        struct import_admin *admin = &kept.admins[i];
        struct account *account = &admin->member.account;
        const struct tenant_member *member = import_member_of(there, admin);

        if (!member) {
            continue;
        }
        admin->password.ptr = NULL;
        account->password_hash = member->account.password_hash;
        if (!admin->has_created) {
            account->created_ms = member->account.created_ms;
        }
        if (!admin->has_updated) {
            account->updated_ms = member->account.updated_ms;
        }
        admin->has_created = admin->has_updated = true;
    }
    return kept;
}

/* Whether an organization of the line's name is known to be the line's without a further look. */
static bool is_plainly_same(const struct organization *found, const struct import_line *line)
{
    const struct import_admin *first = &line->admins[0];

    return line->admin_count == 1 && !first->has_id && !first->has_role && !first->has_version &&
           (!line->has_updated || found->updated_ms == line->organization.updated_ms) &&
           str_equal(first->member.account.email, found->admin_email);
}

/* What a line without an id means where an organization of its name is there. */
static enum status judge_same(struct store *store, const struct call *call,
                              const struct import_rules *rules, const struct import_line *line,
                              const struct organization *found, enum import_outcome *ret_outcome)
{
    struct tenant there;
    struct import_line kept;

    *ret_outcome = IMPORT_UNCHANGED;
    if (is_plainly_same(found, line)) {
        return ST_OK;
    }
    TRY(tenant_find(store, call, &found->id, &there));
    if (is_unfinished(&there, line)) {
        kept = with_accounts(call, &there, line);
        return update(store, call, rules, &kept, &there, ret_outcome);
    }
    return has_all_admins(&there, line) ? ST_OK
                                        : taken(call, "name", line->organization.name, found);
}

enum status import_settle(struct store *store, const struct call *call,
                          const struct import_rules *rules, const struct import_line *line,
                          enum import_outcome *ret_outcome, struct oid *ret_id)
{
    enum import_outcome outcome = IMPORT_UNCHANGED;
    struct organization found;
    struct tenant there;
    enum status status = find(store, call, line, &found);

    if (status == ST_OK && line->has_id) {
        TRY(tenant_find(store, call, &found.id, &there));
        TRY(update(store, call, rules, line, &there, &outcome));
    } else if (status == ST_OK) {
        TRY(judge_same(store, call, rules, line, &found, &outcome));
    } else if (status == ST_NO_ORGANIZATION) {
        TRY(make(store, call, rules, line));
        outcome = IMPORT_MADE;
        found.id = line->organization.id;
    } else {
        return status;
    }
    *ret_outcome = outcome;
    *ret_id = found.id;
    return ST_OK;
}
