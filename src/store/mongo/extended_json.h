/*
 * Documents between JSON text and BSON: MongoDB Extended JSON v2, relaxed
 * (the specification "MongoDB Extended JSON (v2)" of the drivers' project).
 *
 * Text to BSON. A value that has exactly the form of one of the specification's types becomes that type,
 * whether canonical or relaxed and in whatever order its members are: {"$oid": "…"},
 * {"$date": "2026-01-31T00:00:00Z"}, {"$numberDecimal": "1.10"}, {"$binary": {…}}, {"$uuid": "…"}. Any
 * other object is an embedded document, whatever its members are called, so no text is refused for its
 * members: a date in February with 30 days, an integer beyond its type, base64 without its padding, and
 * the forms of version 1 ({"$binary": "…", "$type": "…"}, {"$regex": …}, {"$date": 0}) among them. The
 * text as a whole, and the scope of a code, are documents even where they look like a type. An integer
 * becomes an int32 where it fits, else an int64; a real always a double.
 *
 * BSON to text. Relaxed form, compact, members in their order; numbers as json_out writes them (the
 * shortest that gives the same double again); a date with milliseconds only where it has any; canonical
 * what the relaxed form can't say (NaN, a date before 1970 or after 9999). The same bytes each time, and
 * always something that json_parse takes, unless it is nested more deeply than that allows:
 *   - Of members with one name the first is shown, which is the one that queries find.
 *   - In a string each byte that is not UTF-8, and NUL, is shown as U+FFFD. In a name it is followed by
 *     the byte's two hex digits, so that names that differ look different; a name that then looks like
 *     another member's own is left out.
 *
 * There and back. Compact text as json_out writes it, made BSON and text again, is the same text, but:
 *   - A type whose form was not the normal one comes back in the normal one: {"$numberInt": "5"} as 5,
 *     {"$numberDouble": "5"} as 5.0, "2026-01-31T01:00:00.000+01:00" as "2026-01-31T00:00:00Z", a $uuid
 *     as $binary, hex digits in lower case, decimals as their specification writes them, members and
 *     options of expressions in order. Text that came back comes back the same from then on (if it can
 *     be put: a date far off and a $uuid come back one level deeper).
 *   - An integer for which old (see below) keeps a double or a decimal comes back as that.
 * BSON made text and BSON again is the same BSON, but:
 *   - Integers: the text doesn't tell int32 from int64. With old it is the same.
 *   - An embedded document that has the form of a type becomes that type: JSON has no way to tell them
 *     apart.
 *   - What is shown otherwise than it is (second members with one name, bytes that are not UTF-8) or
 *     can't be shown (the payload of a NaN, names of an array's elements, an expression's options out
 *     of order).
 */
#ifndef ORGD_STORE_MONGO_EXTENDED_JSON_H
#define ORGD_STORE_MONGO_EXTENDED_JSON_H

#include "base/err.h"
#include "base/str.h"

#include <bson/bson.h>

struct buf;

#define BSON_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of a document that MongoDB stores */
#define BSON_DEPTH_MAX 200                        /* of one, the outermost is 1: its own limit */

/*
 * The members of a JSON object appended to ret_bson, which the caller has initialised, without a member
 * "_id" of the outermost object.
 *
 * text: a JSON object as json_parse accepts it, white space and escapes included; that no two members
 *       have one name is the caller's to know, and not looked at
 * old:  what the document was before, or NULL. Where an integer in text equals the number at the same
 *       place of old (same names of members, same indexes), it keeps that one's type, so that an int64,
 *       a double or a decimal that somebody read and put back is still one. Not 0 for -0.0. Of old with
 *       damage what stands before it counts.
 * ST_OK; ST_TOO_LARGE: ret_bson would have over BSON_BYTES_MAX; ST_BROKEN: no JSON object. ret_bson is
 * untouched where it isn't ST_OK. Any thread.
 */
MUST_CHECK enum status extended_json_read(struct str text, const bson_t *old, bson_t *ret_bson,
                                          struct err *err);

/*
 * A document's text appended to out: {"_id": id, then the other members}. id: as shown; the BSON's own
 * _id is left out. ST_OK; ST_BROKEN where the BSON is damaged or nested beyond BSON_DEPTH_MAX, or the
 * text would pass the buffer's limit: out has then what it had before. Any thread.
 */
MUST_CHECK enum status extended_json_write(const bson_t *bson, struct str id, struct buf *out,
                                           struct err *err);

#endif
