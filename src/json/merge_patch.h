/* JSON merge patch (RFC 7396). */
#ifndef ORGD_JSON_MERGE_PATCH_H
#define ORGD_JSON_MERGE_PATCH_H

#include <jansson.h>

/*
 * A new tree: target with patch merged into it, as the RFC's MergePatch(Target, Patch), except that
 * a member's value in a form of Extended JSON (json/extended.h) counts as a scalar, not as an
 * object: one in the patch replaces what the target has, and one in the target is replaced, never
 * merged into. So no patch makes {"$date": …, "$oid": …} of two values. The outermost object is one
 * whatever it looks like.
 *
 * Neither argument changes; unchanged parts may be shared with them. target may be NULL (nothing
 * there). Nulls inside arrays stay, and so do those inside the scope of a $code. The caller owns
 * the result; NULL only where memory is out. Recursion is bounded by JSON_DEPTH_MAX of the patch.
 */
json_t *json_merge_patch(json_t *target, json_t *patch);

#endif
