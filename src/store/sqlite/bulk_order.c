/* Looking for two of a kind by a table of hashes, then sorting. */
#include "store/sqlite/bulk_order.h"

#include "base/hash_set.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* A name is not looked at: two of one have one slug, too, unless that is given, and then the order
 * among equal names is theirs anyway. */
static bool has_doubles(struct hash_set *seen, const struct tenant_creation creations[],
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct tenant *tenant = creations[i].tenant;
        const struct organization *organization = &tenant->organization;

        if (!hash_set_add(seen, organization->id.bytes, OID_BYTES) ||
            !hash_set_add(seen, organization->slug.ptr, organization->slug.len)) {
            return true;
        }
        for (size_t n = 0; n < tenant->member_count; n++) {
            const struct account *account = &tenant->members[n].account;

            if (!hash_set_add(seen, account->id.bytes, OID_BYTES) ||
                !hash_set_add(seen, account->email_key.ptr, account->email_key.len)) {
                return true;
            }
        }
    }
    return false;
}

struct place {
    uint64_t prefix; /* of the name: mostly enough to compare */
    const struct str *name;
    uint32_t index;
};

static uint64_t prefix_of(struct str name)
{
    uint64_t prefix = 0;

    memcpy(&prefix, name.ptr, name.len < sizeof(prefix) ? name.len : sizeof(prefix));
    return be64toh(prefix);
}

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;
    int order;

    if (left->prefix != right->prefix) {
        return left->prefix < right->prefix ? -1 : 1;
    }
    order = str_compare(*left->name, *right->name);
    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

static void sort(const struct tenant_creation creations[], size_t count, struct place places[],
                 uint32_t order[])
{
    for (size_t i = 0; i < count; i++) {
        const struct str *name = &creations[i].tenant->organization.name_key;

        places[i] =
            (struct place){ .prefix = prefix_of(*name), .name = name, .index = (uint32_t)i };
    }
    qsort(places, count, sizeof(*places), compare_places);
    for (size_t i = 0; i < count; i++) {
        order[i] = places[i].index;
    }
}

uint32_t *bulk_order(struct arena *mem, const struct tenant_creation creations[], size_t count)
{
    uint32_t *order = arena_alloc(mem, count * sizeof(*order));
    struct hash_set seen;
    size_t values = 2 * count;

    for (size_t i = 0; i < count; i++) {
        values += 2 * creations[i].tenant->member_count;
        order[i] = (uint32_t)i;
    }
    hash_set_init(&seen, mem, values);
    if (!has_doubles(&seen, creations, count)) {
        sort(creations, count, arena_alloc(mem, count * sizeof(struct place)), order);
    }
    return order;
}
