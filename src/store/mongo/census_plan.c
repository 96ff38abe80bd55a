/* Decisions that need the whole: who belongs where, and which of two has a key. */
#include "store/mongo/census.h"

#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/rules.h"

#include <stdlib.h>

struct str census_no_key(struct census *census, const struct oid *id)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(id, hex);
    return arena_printf(&census->mem, KEY_NONE "%s", hex);
}

int census_compare_age(int64_t a_ms, const struct oid *a, int64_t b_ms, const struct oid *b)
{
    if (a_ms != b_ms) {
        return b_ms == 0 || (a_ms != 0 && a_ms < b_ms) ? -1 : 1;
    }
    return memcmp(a->bytes, b->bytes, OID_BYTES);
}

/* A nominee that is there is settled on; a dangling id waits for somebody else. */
static void join_nominees(struct census *census)
{
    for (size_t i = 0; i < census->nominee_count; i++) {
        const struct census_nominee *nominee = &census->nominees[i];
        struct census_organization *organization = &census->organizations[nominee->organization];

        if (census_find_account(census, &nominee->account) == NOBODY) {
            continue;
        }
        census_add_membership(census, &organization->id, &nominee->account, true);
        if (!organization->is_admin_settled) {
            organization->admin_id = nominee->account;
            organization->has_admin_id = true;
            organization->is_admin_settled = true;
        }
    }
}

static void join_by_id(struct census *census)
{
    for (size_t i = 0; i < census->reference_count; i++) {
        const struct census_reference *reference = &census->references[i];

        if (!reference->organization_name.ptr &&
            census_find_organization(census, &reference->organization) != NOBODY) {
            census_add_membership(census, &reference->organization,
                                  &census->accounts[reference->account].id, true);
        }
    }
}

/* A name that two organizations have says nothing; nor does one that may have changed since: an
 * organization that is ready may have got its name later. */
static void join_by_name(struct census *census)
{
    struct key_table named = { 0 };
    struct key_table doubled = { 0 };

    for (size_t i = 0; i < census->organization_count; i++) {
        const struct census_organization *organization = &census->organizations[i];

        if (!organization->is_ready && organization->name.ptr &&
            !key_table_add(&named, organization->name, i)) {
            (void)key_table_add(&doubled, organization->name, i);
        }
    }
    for (size_t i = 0; i < census->reference_count; i++) {
        const struct census_reference *reference = &census->references[i];
        struct census_account *account = &census->accounts[reference->account];
        size_t number;

        if (reference->organization_name.ptr && account->organizations == 0 &&
            key_table_find(&named, reference->organization_name, &number) &&
            !key_table_find(&doubled, reference->organization_name, NULL)) {
            census_add_membership(census, &census->organizations[number].id, &account->id, true);
        }
    }
    key_table_done(&named);
    key_table_done(&doubled);
}

static void join_by_address(struct census *census)
{
    for (size_t i = 0; i < census->organization_count; i++) {
        const struct census_organization *organization = &census->organizations[i];
        size_t number;

        if (!organization->is_ready && organization->admins == 0 && organization->admin_email.ptr &&
            key_table_find(&census->account_of_email, organization->admin_email, &number)) {
            census_add_membership(census, &organization->id, &census->accounts[number].id, true);
        }
    }
}

/* Whoever names no administrator gets the oldest of those that belong to it. */
static void settle_admins(struct census *census)
{
    for (size_t i = 0; i < census->membership_count; i++) {
        const struct oid *ids = census->memberships[i].ids;
        size_t organization_number = census_find_organization(census, &ids[0]);
        size_t number = census_find_account(census, &ids[1]);
        struct census_organization *organization;
        size_t present;

        if (organization_number == NOBODY || number == NOBODY) {
            continue;
        }
        organization = &census->organizations[organization_number];
        if (organization->is_ready || organization->is_admin_settled) {
            continue;
        }
        present = organization->has_admin_id ? census_find_account(census, &organization->admin_id)
                                             : NOBODY;
        if (present == NOBODY ||
            census_compare_age(census->accounts[number].created_ms, &ids[1],
                               census->accounts[present].created_ms, &organization->admin_id) < 0) {
            organization->admin_id = ids[1];
            organization->has_admin_id = true;
        }
    }
}

void census_plan_memberships(struct census *census)
{
    join_nominees(census);
    join_by_id(census);
    join_by_name(census);
    join_by_address(census);
    settle_admins(census);
    for (size_t i = 0; i < census->membership_count; i++) {
        const struct oid *ids = census->memberships[i].ids;
        size_t organization = census_find_organization(census, &ids[0]);
        size_t account = census_find_account(census, &ids[1]);

        /* Readers know by these two whether they see one state of both (change.h). */
        if (organization != NOBODY && account != NOBODY &&
            !census->organizations[organization].is_ready &&
            census->organizations[organization].updated_ms < census->accounts[account].updated_ms) {
            census->organizations[organization].updated_ms = census->accounts[account].updated_ms;
        }
    }
}

/* Ready first, then who belongs somewhere, then by age. */
static int compare_accounts(const void *a, const void *b, void *context)
{
    const struct census *census = context;
    const struct census_account *one = &census->accounts[*(const size_t *)a];
    const struct census_account *other = &census->accounts[*(const size_t *)b];

    if (one->is_ready != other->is_ready) {
        return one->is_ready ? -1 : 1;
    }
    if ((one->organizations > 0) != (other->organizations > 0)) {
        return one->organizations > 0 ? -1 : 1;
    }
    return census_compare_age(one->created_ms, &one->id, other->created_ms, &other->id);
}

static int compare_organizations(const void *a, const void *b, void *context)
{
    const struct census *census = context;
    const struct census_organization *one = &census->organizations[*(const size_t *)a];
    const struct census_organization *other = &census->organizations[*(const size_t *)b];

    if (one->is_ready != other->is_ready) {
        return one->is_ready ? -1 : 1;
    }
    return census_compare_age(one->created_ms, &one->id, other->created_ms, &other->id);
}

static size_t *make_order(struct census *census, size_t count,
                          int (*compare)(const void *, const void *, void *))
{
    size_t *order = arena_alloc(&census->mem, (count + 1) * sizeof(*order));

    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
    qsort_r(order, count, sizeof(*order), compare, census);
    return order;
}

void census_plan_accounts(struct census *census, const struct store_rules *rules)
{
    size_t *order = make_order(census, census->account_count, compare_accounts);

    census->account_order = order;
    for (size_t i = 0; i < census->account_count; i++) {
        struct census_account *account = &census->accounts[order[i]];
        struct str key;

        if (account->is_ready) {
            (void)key_table_add(&census->account_of_key, account->email_key, order[i]);
            continue;
        }
        if (!account->email.ptr || !rules->email(account->email, &census->mem, &key) ||
            !key_table_add(&census->account_of_key, key, order[i])) {
            key = census_no_key(census, &account->id);
            (void)key_table_add(&census->account_of_key, key, order[i]);
        }
        account->email_key = key;
    }
}

void census_plan_names(struct census *census, const struct store_rules *rules, const size_t order[])
{
    for (size_t i = 0; i < census->organization_count; i++) {
        struct census_organization *organization = &census->organizations[order[i]];
        struct rules_name name;

        if (organization->is_ready) {
            (void)key_table_add(&census->organization_of_key, organization->name_key, order[i]);
            continue;
        }
        if (rules->name(organization->name, &census->mem, &name) &&
            key_table_add(&census->organization_of_key, name.key, order[i])) {
            organization->name_key = name.key;
            continue;
        }
        organization->name_key = census_no_key(census, &organization->id);
        (void)key_table_add(&census->organization_of_key, organization->name_key, order[i]);
    }
}

/* An organization that nobody named is called by its slug, its collection or its id. */
static void name_the_nameless(struct census *census)
{
    size_t prefix = strlen(C_TENANT_PREFIX);

    for (size_t i = 0; i < census->organization_count; i++) {
        struct census_organization *organization = &census->organizations[i];
        struct str collection = organization->collection;
        char hex[OID_HEX_LEN + 1];

        if (organization->name.ptr || organization->is_ready) {
            continue;
        }
        organization->is_nameless = true;
        oid_format(&organization->id, hex);
        if (organization->slug.ptr) {
            organization->name = organization->slug;
        } else if (collection.len > prefix &&
                   memcmp(collection.ptr, C_TENANT_PREFIX, prefix) == 0) {
            organization->name =
                (struct str){ .ptr = collection.ptr + prefix, .len = collection.len - prefix };
        } else {
            organization->name = collection.ptr ? collection : arena_str(&census->mem, str_of(hex));
        }
        bson_put_str(organization->set, F_NAME, organization->name);
    }
}

void census_plan(struct census *census, const struct store_rules *rules)
{
    size_t *order;

    name_the_nameless(census);
    order = make_order(census, census->organization_count, compare_organizations);
    census->organization_order = order;
    census_plan_memberships(census);
    census_plan_accounts(census, rules);
    census_plan_collections(census, rules, order);
    census_plan_names(census, rules, order);
}
