/*
 * A response being made. Its body is built in a buffer of its own, or is static; headers are few.
 */
#ifndef ORGD_HTTP_RESPONSE_H
#define ORGD_HTTP_RESPONSE_H

#include "base/buf.h"
#include "base/str.h"
#include "http/route.h"
#include "json/json_out.h"

#include <stdbool.h>

#define RESPONSE_HEADERS_MAX 12
#define RESPONSE_BODY_MAX                                                                          \
    ((size_t)80 * 1024 * 1024) /* the largest document that settings allow, written out */

struct response_header {
    const char *name;  /* static */
    const char *value; /* static or in the request's arena; ends in NUL */
};

struct response {
    int http_status; /* 200 unless said otherwise */
    struct response_header headers[RESPONSE_HEADERS_MAX];
    size_t header_count;
    const char *content_type;  /* NULL: no body */
    const char *cache_control; /* "no-store" unless said otherwise */
    struct buf body;
    struct str static_body; /* instead of body, where ptr is set; lives as long as the process */
    bool close;             /* the connection ends with this answer */
};

void response_init(struct response *resp);
void response_done(struct response *resp);

/* As response_init leaves it, with the memory of its body, which must be empty. */
void response_reset(struct response *resp);

/* name static; value as in struct response_header. */
void response_header(struct response *resp, const char *name, const char *value);

/* Begins a JSON body: `out` writes into the response. */
void response_json(struct response *resp, struct json_out *out);

/* Drops the body and what else a handler decided, but for its headers. */
void response_clear(struct response *resp);

#endif
