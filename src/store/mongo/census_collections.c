/*
 * Which collection each organization has, and which slug.
 *
 * A recorded collection that begins with org_ stays, and gives the slug. One of another name is
 * moved to org_<slug>. Where none is recorded, the one is looked for that the seeds' programs would
 * have made of the name; without it the organization gets a new, empty one. Who has a collection
 * together with somebody else is marked: nobody can tell their documents apart.
 */
#include "store/mongo/census.h"

#include "store/mongo/layout.h"
#include "store/rules.h"

#include <stdlib.h>

#define COLLECTION_MAX 120 /* bytes; what placements.h and old servers have room for */
#define STEM_MAX (COLLECTION_MAX - sizeof(C_TENANT_PREFIX) + 1)
#define SUFFIX_DIGITS 6

struct plan {
    struct census *census;
    const struct store_rules *rules;
    struct key_table tenants; /* collections org_* by the slug of what follows org_ */
    struct key_table doubled; /* those of such a slug that there are several of */
};

static bool begins_with(struct str text, const char *start)
{
    size_t len = strlen(start);

    return text.len >= len && memcmp(text.ptr, start, len) == 0;
}

/* What follows org_; ptr NULL for another name, and for one that can't stay. */
static struct str stem_of(struct str collection)
{
    size_t prefix = strlen(C_TENANT_PREFIX);

    if (!collection.ptr || !begins_with(collection, C_TENANT_PREFIX) || collection.len == prefix ||
        collection.len > COLLECTION_MAX) {
        return (struct str){ .ptr = NULL };
    }
    for (size_t i = 0; i < collection.len; i++) {
        unsigned char c = (unsigned char)collection.ptr[i];

        if (c < ' ' || c == 0x7F || c == '$') {
            return (struct str){ .ptr = NULL };
        }
    }
    return (struct str){ .ptr = collection.ptr + prefix, .len = collection.len - prefix };
}

static struct str tenant_name(struct plan *plan, struct str slug)
{
    return arena_printf(&plan->census->mem, C_TENANT_PREFIX "%.*s", STR_ARG(slug));
}

static bool exists(const struct plan *plan, struct str collection)
{
    return key_table_find(&plan->census->collection_names, collection, NULL);
}

static bool is_claimed(const struct plan *plan, struct str collection)
{
    return key_table_find(&plan->census->organization_of_collection, collection, NULL);
}

/* A collection that can't be a tenant's. */
static bool is_reserved(struct str collection)
{
    static const char *const names[] = { C_ORGANIZATIONS, C_ADMINS, C_MEMBERSHIPS, C_ADMIN_USERS };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (str_is(collection, names[i])) {
            return true;
        }
    }
    return begins_with(collection, "orgd_") || begins_with(collection, "system.");
}

/* What the rules make of a text, for comparing; ptr NULL: nothing. */
static struct str plain_slug(struct plan *plan, struct str text)
{
    struct rules_name name;

    if (!text.ptr || !plan->rules->name(text, &plan->census->mem, &name) || name.slug.len == 0) {
        return (struct str){ .ptr = NULL };
    }
    return name.slug;
}

/* A slug that nobody has: slug itself, or with digits of the id behind it, or the id. */
static struct str free_slug(struct plan *plan, const struct oid *id, struct str slug,
                            bool needs_suffix, bool for_new_collection)
{
    const struct key_table *taken = &plan->census->organization_of_slug;
    struct arena *mem = &plan->census->mem;
    char hex[OID_HEX_LEN + 1];
    struct str tries[3];
    size_t cut = slug.len < STEM_MAX - SUFFIX_DIGITS - 1 ? slug.len : STEM_MAX - SUFFIX_DIGITS - 1;

    while (cut > 0 && cut < slug.len && ((unsigned char)slug.ptr[cut] & 0xC0) == 0x80) {
        cut--;
    }
    oid_format(id, hex);
    tries[0] = slug;
    tries[1] = arena_printf(mem, "%.*s_%s", (int)cut, slug.ptr, hex + OID_HEX_LEN - SUFFIX_DIGITS);
    tries[2] = arena_str(mem, str_of(hex));
    for (size_t i = needs_suffix ? 1 : 0; i < 2; i++) {
        struct str collection = tenant_name(plan, tries[i]);

        if (!key_table_find(taken, tries[i], NULL) &&
            !(for_new_collection && (exists(plan, collection) || is_claimed(plan, collection)))) {
            return tries[i];
        }
    }
    return tries[2];
}

/* The collection that a program made of the name without writing it down; ptr NULL: none. */
static struct str guess(struct plan *plan, const struct census_organization *organization)
{
    struct str slug = plain_slug(plan, organization->name);
    struct str tries[] = { organization->name, organization->collection, organization->slug, slug };
    size_t number;

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        struct str collection;

        if (!tries[i].ptr || tries[i].len > STEM_MAX) {
            continue;
        }
        collection = tenant_name(plan, tries[i]);
        if (stem_of(collection).ptr && exists(plan, collection)) {
            return collection;
        }
    }
    if (slug.ptr && key_table_find(&plan->tenants, slug, &number) &&
        !key_table_find(&plan->doubled, slug, NULL)) {
        return plan->census->collections[number];
    }
    return (struct str){ .ptr = NULL };
}

/* A new collection's name, for an organization without one or with one that is to be moved. */
static struct str new_collection(struct plan *plan, const struct census_organization *organization)
{
    struct rules_name name = { .slug = { .ptr = NULL } };
    char hex[OID_HEX_LEN + 1];
    struct str slug;

    oid_format(&organization->id, hex);
    if (!plan->rules->name(organization->name, &plan->census->mem, &name) || name.slug.len == 0) {
        slug = str_of(hex);
        name.slug_needs_suffix = false;
    } else {
        slug = name.slug;
    }
    return tenant_name(plan,
                       free_slug(plan, &organization->id, slug, name.slug_needs_suffix, true));
}

static void decide_collection(struct plan *plan, struct census_organization *organization,
                              const struct key_table *doubled)
{
    struct str recorded = organization->collection;
    struct str found = { .ptr = NULL };

    if (stem_of(recorded).ptr) {
        return;
    }
    if (recorded.ptr && !is_reserved(recorded) && exists(plan, recorded)) {
        if (key_table_find(doubled, recorded, NULL)) {
            return; /* two have it: it isn't moved */
        }
        organization->moved_from = recorded;
        found = new_collection(plan, organization);
    } else {
        found = guess(plan, organization);
        if (!found.ptr) {
            found = new_collection(plan, organization);
        }
    }
    organization->collection = found;
    organization->is_planned = true;
}

static void claim(struct census *census, size_t number)
{
    struct census_organization *organization = &census->organizations[number];
    size_t first;

    if (!organization->collection.ptr ||
        key_table_add(&census->organization_of_collection, organization->collection, number)) {
        return;
    }
    (void)key_table_find(&census->organization_of_collection, organization->collection, &first);
    if (first != number) {
        organization->is_shared = true;
        census->organizations[first].is_shared = true;
    }
}

static void decide_slug(struct plan *plan, size_t number)
{
    struct census_organization *organization = &plan->census->organizations[number];
    struct str slug = stem_of(organization->collection);

    if (!slug.ptr) {
        slug = plain_slug(plan, organization->name);
    }
    if (!slug.ptr) {
        slug = STR("organization");
    }
    organization->slug = free_slug(plan, &organization->id, slug, false, false);
    (void)key_table_add(&plan->census->organization_of_slug, organization->slug, number);
}

/* Tenants' collections by what the rules make of their names. */
static void index_tenants(struct plan *plan)
{
    for (size_t i = 0; i < plan->census->collection_count; i++) {
        struct str slug = plain_slug(plan, stem_of(plan->census->collections[i]));

        if (slug.ptr && !key_table_add(&plan->tenants, slug, i)) {
            (void)key_table_add(&plan->doubled, slug, i);
        }
    }
}

/* Collections that two organizations have written down. */
static void find_doubled(const struct census *census, struct key_table *doubled)
{
    struct key_table seen = { 0 };

    for (size_t i = 0; i < census->organization_count; i++) {
        struct str collection = census->organizations[i].collection;

        if (collection.ptr && !key_table_add(&seen, collection, i)) {
            (void)key_table_add(doubled, collection, i);
        }
    }
    key_table_done(&seen);
}

void census_plan_collections(struct census *census, const struct store_rules *rules,
                             const size_t order[])
{
    struct plan plan = { .census = census, .rules = rules };
    struct key_table doubled = { 0 };

    index_tenants(&plan);
    find_doubled(census, &doubled);
    /* What is written down comes first; then the others look for theirs. */
    for (size_t i = 0; i < census->organization_count; i++) {
        const struct census_organization *organization = &census->organizations[order[i]];

        if (organization->is_ready || stem_of(organization->collection).ptr) {
            claim(census, order[i]);
        }
        if (organization->is_ready && organization->slug.ptr) {
            (void)key_table_add(&census->organization_of_slug, organization->slug, order[i]);
        }
    }
    for (size_t i = 0; i < census->organization_count; i++) {
        struct census_organization *organization = &census->organizations[order[i]];

        if (!organization->is_ready && !stem_of(organization->collection).ptr) {
            decide_collection(&plan, organization, &doubled);
            claim(census, order[i]);
        }
    }
    for (size_t i = 0; i < census->organization_count; i++) {
        if (!census->organizations[order[i]].is_ready) {
            decide_slug(&plan, order[i]);
        }
    }
    key_table_done(&doubled);
    key_table_done(&plan.tenants);
    key_table_done(&plan.doubled);
}
