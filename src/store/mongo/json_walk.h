/*
 * Walking through JSON text that json_scan has passed, without a tree: no function here looks for an
 * error or an end, because in valid text each value ends before the text does. Any thread.
 */
#ifndef ORGD_STORE_MONGO_JSON_WALK_H
#define ORGD_STORE_MONGO_JSON_WALK_H

#include "base/str.h"

#include <stdbool.h>

struct buf;

/* Between the quotes of a string. */
struct json_raw {
    struct str text;
    bool has_escapes;
};

static inline const char *json_walk_white(const char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
        at++;
    }
    return at;
}

/* at: an opening quote. Returns what stands behind the closing one. */
const char *json_walk_string(const char *at, struct json_raw *ret_raw);

/* at: the first byte of a value of any type. Returns what stands behind it. */
const char *json_walk_value(const char *at);

/* From behind a container's opening bracket, or behind a value in it, to the next member's name or
 * element; false where there is none: *at is then behind the closing bracket. */
bool json_walk_next(const char **at);

/* From behind a member's name to its value. */
static inline const char *json_walk_colon(const char *at)
{
    return json_walk_white(json_walk_white(at) + 1);
}

/* Appends what the string says, in UTF-8. */
void json_walk_unescape(const struct json_raw *raw, struct buf *out);

/* Whether the string says this text, which is ASCII. */
bool json_walk_is(const struct json_raw *raw, const char *text);

#endif
