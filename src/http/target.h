/*
 * The request target (RFC 9112, 3.2): split into path segments and query pairs, percent-decoded.
 * Queries are form-decoded: '+' is a space. A '%' that no two hex digits follow stands for itself.
 */
#ifndef ORGD_HTTP_TARGET_H
#define ORGD_HTTP_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define TARGET_SEGMENTS_MAX 8

struct query_pair {
    struct str name;
    struct str value;
};

struct target {
    struct str path;                          /* as sent, without the query */
    struct str segments[TARGET_SEGMENTS_MAX]; /* decoded; "/a/b" has two */
    size_t segment_count;                     /* TARGET_SEGMENTS_MAX + 1: more than any route has */
    struct query_pair *pairs;
    size_t pair_count;
};

/* raw: origin-form ("/path?query"), absolute-form ("http://host/path") or "*".
 * Returns ST_OK, or ST_BAD_REQUEST for a NUL or invalid UTF-8 in path or query, or another form. */
MUST_CHECK enum status target_parse(struct str raw, struct arena *mem, struct target *ret_target,
                                    struct err *err);

/* The last value of a name; ptr NULL where there is none. */
struct str target_query(const struct target *target, const char *name);

#define FORM_PAIRS_MAX 1000

/* Form-decodes "a=1&b=2" (application/x-www-form-urlencoded), as it is: no rule about the bytes.
 * ST_BAD_REQUEST for more than FORM_PAIRS_MAX pairs. */
MUST_CHECK enum status form_decode(struct str raw, struct arena *mem, struct query_pair **ret_pairs,
                                   size_t *ret_count, struct err *err);
struct str form_value(const struct query_pair *pairs, size_t count, const char *name);

#endif
