/* The rules for organizations. Races are the store's to decide; what is looked up before only saves
 * the work of hashing for a call that can't succeed. */
#include "org/organization.h"

#include "auth/password.h"
#include "base/clock.h"
#include "org/domain.h"

/* A rename that another one overtook is judged again from the start, so often. */
#define RENAME_TRIES 8

/* Looks before hashing. */
static enum status refuse_early(struct domain *domain, const struct call *call, struct str name_key,
                                struct str email_key)
{
    struct organization organization;
    struct membership membership;
    enum status found = store_organization_by_name(domain->store, call, name_key, &organization);

    if (found != ST_NO_ORGANIZATION) {
        return found == ST_OK ? ST_NAME_TAKEN : found;
    }
    found = store_membership_by_email(domain->store, call, email_key, &membership);
    if (found != ST_NO_ACCOUNT) {
        return found == ST_OK ? ST_EMAIL_TAKEN : found;
    }
    return ST_OK;
}

/* The plain slug, or the id where nothing is left of a name. */
static struct str slug_or_id(const struct name *name, const struct oid *id, struct arena *mem)
{
    char hex[OID_HEX_LEN + 1];

    if (name->slug.len > 0) {
        return name->slug;
    }
    oid_format(id, hex);
    return arena_str(mem, str_of(hex));
}

enum status organization_create(struct domain *domain, const struct call *call,
                                const struct signup *signup, struct invalid *invalid,
                                struct organization *ret_organization)
{
    struct new_organization new = { .now_ms = clock_now_ms() };
    struct name name = { .text = { .ptr = NULL } };

    if (signup->name.text.ptr) {
        (void)!input_name(&signup->name, call->mem, invalid, &name);
    }
    if (signup->email.text.ptr) {
        (void)!input_email(&signup->email, call->mem, invalid, &new.email_key);
    }
    if (signup->password.text.ptr) {
        (void)!input_password(&signup->password, atomic_load(&domain->password_min_bytes), invalid);
    }
    if (invalid->count > 0) {
        return ST_INVALID;
    }
    TRY(refuse_early(domain, call, name.key, new.email_key));
    TRY(password_hash(signup->password.text, call->mem, &new.password_hash, call->err));
    new.id = oid_new();
    new.account_id = oid_new();
    new.name = name.text;
    new.name_key = name.key;
    new.slug = slug_or_id(&name, &new.id, call->mem);
    new.slug_needs_suffix = name.slug_is_hex;
    new.email = signup->email.text;
    return store_organization_create(domain->store, call, &new, ret_organization);
}

/* A name that breaks the rules is wrong where no organization has it to the letter: a seed's may. */
enum status organization_get(struct domain *domain, const struct call *call,
                             const struct input *input, struct invalid *invalid,
                             struct organization *ret_organization)
{
    struct organization organization;
    struct name name;
    struct str key;
    enum status found;
    bool breaks_rules = !name_make_key(input->text, call->mem, &key);

    if (breaks_rules) {
        if (!name_make_stored(input->text, call->mem, &name)) {
            return input_name(input, call->mem, invalid, &name);
        }
        key = name.key;
    }
    found = store_organization_by_name(domain->store, call, key, &organization);
    if (breaks_rules && (found == ST_NO_ORGANIZATION ||
                         (found == ST_OK && !str_equal(organization.name, input->text)))) {
        return input_name(input, call->mem, invalid, &name);
    }
    if (found == ST_OK) {
        *ret_organization = organization;
    }
    return found;
}

/* Whether the organization that the caller names is the caller's own. Nothing named is. */
static enum status own(struct domain *domain, const struct call *call,
                       const struct membership *caller, const struct input *input,
                       struct invalid *invalid)
{
    struct organization named;

    if (!input->text.ptr) {
        return ST_OK;
    }
    TRY(organization_get(domain, call, input, invalid, &named));
    return oid_equal(&named.id, &caller->organization.id) ? ST_OK : ST_FORBIDDEN;
}

/* What update asks for, judged. */
struct judged_update {
    struct name name;
    struct str email_key;
    struct str password_hash; /* ptr NULL: as it is */
};

static enum status judge(struct domain *domain, const struct call *call,
                         const struct organization_update *update, struct invalid *invalid,
                         struct judged_update *ret_judged)
{
    if (update->new_name.text.ptr) {
        (void)!input_name(&update->new_name, call->mem, invalid, &ret_judged->name);
    }
    if (update->new_email.text.ptr) {
        (void)!input_email(&update->new_email, call->mem, invalid, &ret_judged->email_key);
    }
    if (update->new_password.text.ptr) {
        (void)!input_password(&update->new_password, atomic_load(&domain->password_min_bytes),
                              invalid);
    }
    return invalid->count > 0 ? ST_INVALID : ST_OK;
}

/* The change from an organization as it is; *ret_any: whether there is one at all. */
static void plan(const struct call *call, const struct membership *caller,
                 const struct organization *now, const struct organization_update *update,
                 const struct judged_update *judged, struct organization_change *ret_change,
                 bool *ret_any)
{
    struct organization_change change = {
        .id = now->id,
        .account_id = caller->account.id,
        .expected_password_version = caller->account.password_version,
        .expected_name = now->name,
        .password_hash = judged->password_hash,
        .now_ms = clock_now_ms(),
    };
    struct name old;

    if (update->new_name.text.ptr && !str_equal(judged->name.text, now->name)) {
        change.name = judged->name.text;
        change.name_key = judged->name.key;
        if (!name_make_stored(now->name, call->mem, &old) ||
            !str_equal(old.slug, judged->name.slug)) {
            change.slug = slug_or_id(&judged->name, &now->id, call->mem);
            change.slug_needs_suffix = judged->name.slug_is_hex;
        }
    }
    if (update->new_email.text.ptr && !str_equal(update->new_email.text, caller->account.email)) {
        change.email = update->new_email.text;
        change.email_key = judged->email_key;
    }
    *ret_change = change;
    *ret_any = change.name.ptr || change.email.ptr || change.password_hash.ptr;
}

/* Looks before hashing, as for a signup. */
static enum status refuse_update_early(struct domain *domain, const struct call *call,
                                       const struct membership *caller,
                                       const struct organization_update *update,
                                       const struct judged_update *judged)
{
    struct organization organization;
    struct membership membership;
    enum status found;

    if (update->new_name.text.ptr) {
        found = store_organization_by_name(domain->store, call, judged->name.key, &organization);
        if (found == ST_OK && !oid_equal(&organization.id, &caller->organization.id)) {
            return ST_NEW_NAME_TAKEN;
        }
    }
    if (update->new_email.text.ptr) {
        found = store_membership_by_email(domain->store, call, judged->email_key, &membership);
        if (found == ST_OK && !oid_equal(&membership.account.id, &caller->account.id)) {
            return ST_EMAIL_TAKEN;
        }
    }
    return ST_OK;
}

/* The present name as written, where it is a seed's that breaks the rules: nobody else can have got it
 * since. A good one is compared with what the store has by then. */
static bool is_kept_in_spite_of_rules(const struct membership *caller, const struct input *name,
                                      struct arena *mem)
{
    struct name judged;

    return name->text.ptr && str_equal(name->text, caller->organization.name) &&
           name_make(name->text, mem, &judged) != NAME_OK;
}

enum status organization_update(struct domain *domain, const struct call *call,
                                const struct membership *caller,
                                const struct organization_update *asked, struct invalid *invalid,
                                struct organization *ret_organization)
{
    struct judged_update judged = { .password_hash = { .ptr = NULL } };
    struct organization_update wanted = *asked;
    const struct organization_update *update = &wanted;
    enum status status = own(domain, call, caller, &update->current_name, invalid);

    if (is_kept_in_spite_of_rules(caller, &wanted.new_name, call->mem)) {
        wanted.new_name.text.ptr = NULL;
    }
    TRY(judge(domain, call, update, invalid, &judged)); /* all that is wrong, before whose it is */
    TRY(status);
    TRY(refuse_update_early(domain, call, caller, update, &judged));
    if (update->new_password.text.ptr &&
        !password_verify(update->new_password.text, caller->account.password_hash)) {
        TRY(password_hash(update->new_password.text, call->mem, &judged.password_hash, call->err));
    }
    for (int tries = 0; tries < RENAME_TRIES; tries++) {
        struct organization now;
        struct organization_change change;
        bool any;

        status = store_organization_by_id(domain->store, call, &caller->organization.id, &now);
        if (status != ST_OK) {
            return status == ST_NO_ORGANIZATION ? ST_BAD_TOKEN : status;
        }
        plan(call, caller, &now, update, &judged, &change, &any);
        if (!any) {
            *ret_organization = now;
            return ST_OK;
        }
        status = store_organization_update(domain->store, call, &change, ret_organization);
        if (status != ST_PRECONDITION) {
            break;
        }
    }
    return status == ST_PRECONDITION ? ST_BUSY : status;
}

enum status organization_delete(struct domain *domain, const struct call *call,
                                const struct membership *caller, const struct input *input,
                                struct invalid *invalid)
{
    enum status status;

    TRY(own(domain, call, caller, input, invalid));
    status = store_organization_delete(domain->store, call, &caller->organization.id);
    return status == ST_NO_ORGANIZATION ? ST_BAD_TOKEN : status;
}
