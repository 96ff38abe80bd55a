/* RFC 7396, on trees that are never changed: each object on the patch's way is a shallow copy. */
#include "json/merge_patch.h"

#include "json/extended.h"

#include <stdbool.h>

/* An object, and not the form of a value that JSON has no type for. */
static bool has_members(const json_t *value)
{
    return json_is_object(value) && !json_is_extended(value);
}

static json_t *merge_objects(json_t *target, json_t *patch);

/* Sets or removes one member of a merged object; false where memory is out. */
static bool merge_member(json_t *merged, const char *name, json_t *patch)
{
    json_t *target = json_object_get(merged, name);
    json_t *value;

    if (json_is_null(patch)) {
        (void)json_object_del(merged, name); /* fails where there is none, which is fine */
        return true;
    }
    value = has_members(patch) ? merge_objects(has_members(target) ? target : NULL, patch)
                               : json_incref(patch);
    return value && json_object_set_new_nocheck(merged, name, value) == 0;
}

/* target: an object, or NULL for an empty one. */
static json_t *merge_objects(json_t *target, json_t *patch)
{
    json_t *merged = target ? json_copy(target) : json_object();
    const char *name;
    json_t *member;

    if (!merged) {
        return NULL;
    }
    json_object_foreach(patch, name, member)
    {
        if (!merge_member(merged, name, member)) {
            json_decref(merged);
            return NULL;
        }
    }
    return merged;
}

json_t *json_merge_patch(json_t *target, json_t *patch)
{
    if (!json_is_object(patch)) {
        return json_incref(patch);
    }
    return merge_objects(json_is_object(target) ? target : NULL, patch);
}
