/* RFC 7396, on trees that are never changed: each object on the patch's way is a shallow copy. */
#include "json/merge_patch.h"

#include <stdbool.h>

/* Sets or removes one member of a merged object; false where memory is out. */
static bool merge_member(json_t *merged, const char *name, json_t *patch)
{
    json_t *value;

    if (json_is_null(patch)) {
        (void)json_object_del(merged, name); /* fails where there is none, which is fine */
        return true;
    }
    value = json_merge_patch(json_object_get(merged, name), patch);
    return value && json_object_set_new_nocheck(merged, name, value) == 0;
}

json_t *json_merge_patch(json_t *target, json_t *patch)
{
    const char *name;
    json_t *member;
    json_t *merged;

    if (!json_is_object(patch)) {
        return json_incref(patch);
    }
    merged = json_is_object(target) ? json_copy(target) : json_object();
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
