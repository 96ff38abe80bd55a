/* JSON merge patch (RFC 7396). */
#ifndef ORGD_JSON_MERGE_PATCH_H
#define ORGD_JSON_MERGE_PATCH_H

#include <jansson.h>

/*
 * A new tree: target with patch merged into it, as the RFC's MergePatch(Target, Patch). Neither
 * argument changes; unchanged parts may be shared with them. target may be NULL (nothing there).
 * Nulls inside arrays stay. The caller owns the result; NULL only where memory is out.
 * Recursion is bounded by JSON_DEPTH_MAX of the patch.
 */
json_t *json_merge_patch(json_t *target, json_t *patch);

#endif
