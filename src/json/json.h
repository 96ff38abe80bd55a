/*
 * JSON in: strict parsing (RFC 8259) of what outsiders send. The tree is jansson's json_t.
 *
 * Refused beyond the grammar: duplicate members, NUL and lone surrogates in strings, invalid UTF-8,
 * integers outside signed 64 bits, reals beyond a double, more than JSON_DEPTH_MAX levels.
 */
#ifndef ORGD_JSON_JSON_H
#define ORGD_JSON_JSON_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 32 /* the outermost container is 1 */

/*
 * Parses one value of any type with white space around it.
 *
 * ret_value: a new reference, the caller's to json_decref (or: json_auto_t)
 * Returns ST_OK, or ST_BAD_JSON with the reason in err->text and in err->offset the first byte that
 * can't continue: text.len where the text ends too early. A text that is empty or blank is
 * ST_BAD_JSON too; a caller that treats it otherwise asks json_is_blank first. A duplicate member
 * is refused at the closing quote of its second name. ST_BROKEN where memory is out. Any thread.
 */
MUST_CHECK enum status json_parse(struct str text, json_t **ret_value, struct err *err);

/* The same with another greatest depth: 1 to 64. */
MUST_CHECK enum status json_parse_within(struct str text, int depth_max, json_t **ret_value,
                                         struct err *err);

/* About how much memory the tree of a text takes at most; a text of many empty containers takes a
 * hundred times its own length. Any thread. */
size_t json_tree_bytes(struct str text);

/* Whether there is nothing but JSON's white space. */
bool json_is_blank(struct str text);

/*
 * The offset of the first byte that can't continue a strict JSON text (as above, but for duplicate
 * members), and why as a static text; true, and both untouched, where the whole text is fine.
 * Linear, no recursion, no allocation. Any thread.
 */
bool json_scan(struct str text, size_t *ret_offset, const char **ret_why);

/* The same with another greatest depth: 1 to 64. */
bool json_scan_within(struct str text, int depth_max, size_t *ret_offset, const char **ret_why);

#endif
