/*
 * A request as handlers see it. Everything in it lives in the request's arena until the answer has been
 * sent. A handler frees nothing, and reaches services through it, never through globals.
 */
#ifndef ORGD_HTTP_REQUEST_H
#define ORGD_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/call.h"
#include "base/err.h"
#include "base/invalid.h"
#include "http/route.h"
#include "http/target.h"

#include <jansson.h>
#include <stdbool.h>

#define REQUEST_ID_MAX 64
#define REQUEST_HEADERS_MAX 128

struct request_header {
    struct str name;
    struct str value; /* without white space at the ends */
};

struct request {
    struct arena *mem;
    struct call call;          /* for the domain: mem, err, deadline */
    struct services *services; /* the API's */
    struct exchange *exchange; /* the server's */

    struct str id; /* X-Request-Id */
    enum method method;
    const struct route *route; /* NULL where none matched */
    struct str params[ROUTE_PARAMS_MAX];
    struct target target;
    struct request_header *headers;
    size_t header_count;
    struct str body;
    uint64_t
        lane; /* whose turn it takes where requests wait for a thread; set by server_config.admit */

    /* Set by the authorizer, before the handler runs. */
    const struct membership *caller; /* WHO_ADMIN, WHO_TENANT; WHO_CREDENTIALS where a token came */
    struct str tenant;               /* for the log: an organization's slug; ptr NULL: none known */

    struct err err;
    struct invalid invalid; /* last: its entries are not cleared from one request to the next */
};

/* The first header of a name (any case); ptr NULL where there is none. */
struct str request_header_find(const struct request *req, struct str name);

/* Inline, so that the length of a literal costs nothing. */
static inline struct str request_header(const struct request *req, const char *name)
{
    return request_header_find(req, str_of(name));
}

/* All headers of a name as one list, joined by commas (RFC 9110, 5.3); ptr NULL where there is none. */
struct str request_header_list(const struct request *req, const char *name);

/* Parses the body as JSON, whatever Content-Type says. A blank body gives ST_OK and NULL.
 * ret_json: a new reference. ST_BAD_JSON with the offset in req->err; ST_BUSY where its tree would take more
 * memory than all bodies together may. */
MUST_CHECK enum status request_json(struct request *req, json_t **ret_json);

#endif
