/* From a method and a path to a row of the route table. Any thread. */
#ifndef ORGD_HTTP_ROUTER_H
#define ORGD_HTTP_ROUTER_H

#include "http/route.h"
#include "http/target.h"

struct buf;

struct router;

/* Takes the table's paths apart, once. The rows must outlive the router. NULL where memory is out. */
struct router *router_new(const struct route_table *table);
void router_free(struct router *router);

struct route_match {
    const struct route *route;           /* NULL with ST_NOT_FOUND and ST_NO_METHOD */
    struct str params[ROUTE_PARAMS_MAX]; /* in the order of the path's braces */
    unsigned int methods;                /* bit per enum method that the path has rows for */
};

/* HEAD finds GET's row. ST_OK, ST_NOT_FOUND, or ST_NO_METHOD (methods says which there are). OPTIONS
 * on a path that exists is ST_NO_METHOD too: the caller answers it from methods. */
MUST_CHECK enum status router_match(const struct router *router, enum method method,
                                    const struct target *target, struct route_match *ret_match);

/* The Allow header's value for a set of methods, HEAD and OPTIONS included. */
void router_allow(unsigned int methods, struct buf *out);

#endif
