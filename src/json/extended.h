/*
 * Values that JSON has no type for, each written as an object: {"$date": "2026-01-31T00:00:00Z"},
 * {"$oid": "…"}, {"$binary": {"base64": "…", "subType": "00"}}, the forms of MongoDB's Extended
 * JSON v2.
 */
#ifndef ORGD_JSON_EXTENDED_H
#define ORGD_JSON_EXTENDED_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Whether an object has the form of such a value: exactly the members of one, each of the right
 * type. What their texts mean is not looked at, so the 30th of February has the form of a date too:
 * this holds for every value that store/mongo/extended_json.h makes a type of, and for a few that
 * it doesn't. false for what is no object, and for NULL. Any thread.
 */
bool json_is_extended(const json_t *value);

#endif
