/* A cursor for the usual case, a sorted array for the others. */
#include "store/mongo/bson_members.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST_COUNT ((size_t)16)

struct bson_member {
    const char *name;
    uint32_t name_len;
    uint32_t offset;
};

void bson_members_init(struct bson_members *members, const uint8_t *data, size_t len)
{
    members->data = data;
    members->len = len;
    members->sorted = NULL;
    members->count = 0;
    members->has_next = data && bson_iter_init_from_data(&members->next, data, len) &&
                        bson_iter_next(&members->next);
}

void bson_members_done(struct bson_members *members)
{
    bson_free(members->sorted);
    members->sorted = NULL;
}

static bool is_next(const struct bson_members *members, const char *name)
{
    return members->has_next && strcmp(bson_iter_key(&members->next), name) == 0;
}

bool bson_members_pass(struct bson_members *members, const char *name)
{
    if (!is_next(members, name)) {
        return false;
    }
    members->has_next = bson_iter_next(&members->next);
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct bson_member *a = left;
    const struct bson_member *b = right;
    int order = strcmp(a->name, b->name);

    return order != 0 ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* Out of memory ends the program, as in all of libbson. */
static void sort(struct bson_members *members)
{
    size_t room = SMALLEST_COUNT;
    bson_iter_t member;

    members->sorted = bson_malloc(room * sizeof(*members->sorted));
    members->count = 0;
    if (!members->data || !bson_iter_init_from_data(&member, members->data, members->len)) {
        return;
    }
    while (bson_iter_next(&member)) {
        if (members->count == room) {
            room *= 2;
            members->sorted = bson_realloc(members->sorted, room * sizeof(*members->sorted));
        }
        members->sorted[members->count++] = (struct bson_member){
            .name = bson_iter_key(&member),
            .name_len = bson_iter_key_len(&member),
            .offset = bson_iter_offset(&member),
        };
    }
    qsort(members->sorted, members->count, sizeof(*members->sorted), compare);
}

bool bson_members_first(struct bson_members *members, const char *name, bson_iter_t *ret_member)
{
    size_t low = 0;
    size_t high;
    const struct bson_member *found;

    if (!members->sorted) {
        sort(members);
    }
    high = members->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(members->sorted[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == members->count || strcmp(members->sorted[low].name, name) != 0) {
        return false;
    }
    found = &members->sorted[low];
    return bson_iter_init_from_data_at_offset(ret_member, members->data, members->len,
                                              found->offset, found->name_len);
}

bool bson_members_find(struct bson_members *members, const char *name, bson_iter_t *ret_member)
{
    if (is_next(members, name)) {
        *ret_member = members->next;
        members->has_next = bson_iter_next(&members->next);
        return true;
    }
    if (!members->data || !bson_members_first(members, name, ret_member)) {
        return false;
    }
    members->next = *ret_member;
    members->has_next = bson_iter_next(&members->next);
    return true;
}
