/*
 * Names that went from one organization to another at the source between two runs of a copy. The
 * destination, which has the state of the first run, would refuse the one because the other still
 * has them; so that one steps aside until it is put itself.
 */
#include "app/copy_work.h"

#define MEM_BYTES ((size_t)256 * 1024 * 1024)
#define TURNS_MAX 1000 /* a chain of more is none that names make */

/* The organization at the destination that has a name, slug or address of the tenant. ST_NOT_FOUND.
 * */
static enum status find_holder(struct copy *copy, const struct call *call,
                               const struct tenant *tenant, struct oid *ret_id)
{
    const struct organization *organization = &tenant->organization;
    struct organization holder;
    struct membership member;
    enum status found = store_organization_by_name(copy->to, call, organization->name_key, &holder);

    if (found == ST_NO_ORGANIZATION ||
        (found == ST_OK && oid_equal(&holder.id, &organization->id))) {
        found = store_organization_by_slug(copy->to, call, organization->slug, &holder);
    }
    if (found == ST_OK && !oid_equal(&holder.id, &organization->id)) {
        *ret_id = holder.id;
        return ST_OK;
    }
    if (found != ST_OK && found != ST_NO_ORGANIZATION) {
        return found;
    }
    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        found = store_membership_by_email(copy->to, call, account->email_key, &member);
        if (found == ST_OK && !oid_equal(&member.account.id, &account->id)) {
            *ret_id = member.organization.id;
            return ST_OK;
        }
        if (found != ST_OK && found != ST_NO_ACCOUNT) {
            return found;
        }
    }
    return ST_NOT_FOUND;
}

static struct str hex_of(const struct oid *id, struct arena *mem)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(id, hex);
    return arena_str(mem, str_of(hex));
}

/* With its own memory from here on: a tenant has many members, and a chain many tenants. */

static enum status aside_in(struct copy *copy, const struct oid *id, struct arena *mem,
                            struct err *err)
{
    struct call call = copy_call(mem, err);
    struct organization *organization;
    struct tenant tenant;

    TRY(tenant_find(copy->to, &call, id, &tenant));
    organization = &tenant.organization;
    organization->name = organization->name_key = organization->slug = hex_of(id, mem);
    for (size_t i = 0; i < tenant.member_count; i++) {
        struct account *account = &tenant.members[i].account;

        account->email = account->email_key =
            arena_printf(mem, "%.*s@moving.invalid", STR_ARG(hex_of(&account->id, mem)));
    }
    return copy_put_tenant(copy, &tenant, err);
}

/* Gives an organization of the destination names that nobody else has. */
static enum status set_aside(struct copy *copy, const struct oid *id, struct err *err)
{
    enum status status;
    struct arena mem;

    arena_init(&mem, MEM_BYTES);
    status = aside_in(copy, id, &mem, err);
    arena_done(&mem);
    return status;
}

/* Who is in the tenant's way; ST_NOT_FOUND, or why that can't be said. */
static enum status look_for_holder(struct copy *copy, const struct tenant *tenant,
                                   struct oid *ret_id)
{
    struct err unused = { .text = "" };
    enum status status;
    struct arena mem;
    struct call call;

    arena_init(&mem, MEM_BYTES);
    call = copy_call(&mem, &unused);
    status = find_holder(copy, &call, tenant, ret_id);
    arena_done(&mem);
    return status;
}

/* Puts it, setting aside who is in its way, one after the other; those are noted in ids. */
static enum status put_at_once(struct copy *copy, const struct tenant *tenant, struct oid *ids,
                               size_t *count, struct err *err)
{
    for (;;) {
        enum status status = copy_put_tenant(copy, tenant, err);
        struct oid holder;

        if (status != ST_NAME_TAKEN && status != ST_EMAIL_TAKEN) {
            return status;
        }
        TRY(copy_may_go_on(copy, err));
        if (*count == TURNS_MAX || look_for_holder(copy, tenant, &holder) != ST_OK) {
            return status;
        }
        TRY(set_aside(copy, &holder, err));
        ids[(*count)++] = holder;
    }
}

/* One that was set aside gets its turn. Where it was deleted at the source meanwhile, the comparison will
 * say so. */
static enum status put_back(struct copy *copy, const struct oid *id, struct oid *ids, size_t *count,
                            struct err *err)
{
    struct tenant tenant;
    struct arena mem;
    struct call call;
    enum status status;

    arena_init(&mem, MEM_BYTES);
    call = copy_call(&mem, err);
    status = tenant_find(copy->from, &call, id, &tenant);
    if (status == ST_OK) {
        status = put_at_once(copy, &tenant, ids, count, err);
    }
    arena_done(&mem);
    return status == ST_NO_ORGANIZATION ? ST_OK : status;
}

enum status copy_settle(struct copy *copy, const struct tenant *tenant, struct err *err)
{
    struct oid ids[TURNS_MAX];
    size_t count = 0;
    enum status status = put_at_once(copy, tenant, ids, &count, err);

    for (size_t i = 0; i < count; i++) {
        struct err words = { .text = "" };
        enum status other = copy_may_go_on(copy, &words);

        if (other == ST_OK &&
            !oid_equal(&ids[i], &tenant->organization.id)) { /* not its own earlier members */
            other = put_back(copy, &ids[i], ids, &count, &words);
        }
        if (status == ST_OK && other != ST_OK) {
            status = other;
            *err = words;
        }
    }
    return status;
}
