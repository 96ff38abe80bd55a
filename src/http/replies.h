/*
 * Responses of the library that are used again.
 *
 * A MHD_Response costs three allocations for each header and some for itself, although most answers of
 * a service have the same headers, and few lengths. So one that was sent is kept with its bytes, and
 * the next answer of the same shape is written over it: the body, X-Request-Id, Date and ETag. What makes
 * up the shape can't be changed in a response: its length, its other headers, how long the id and the tag
 * are.
 *
 * Belongs to one loop; only its thread calls.
 */
#ifndef ORGD_HTTP_REPLIES_H
#define ORGD_HTTP_REPLIES_H

#include "base/str.h"

#include <microhttpd.h>

#define REPLY_BODY_MAX 1024 /* longer answers get a response of their own */
#define REPLIES_KEPT 256    /* that are not being sent */

struct reply;
struct replies;

/* What an answer looks like. */
struct reply_shape {
    struct str body;
    const char *content_type;  /* static */
    const char *cache_control; /* static */
    struct str id;             /* ends in NUL, as date does */
    const char *date;
    struct str etag; /* ends in NUL; ptr NULL: none */
};

/* NULL where memory is out. */
struct replies *replies_new(void);

/* Frees those that are kept; replies may be NULL. None is being sent. */
void replies_free(struct replies *replies);

/* One that has this content, for nobody else until it is given back. NULL: the body is too long, or
 * memory is out. */
struct reply *replies_take(struct replies *replies, const struct reply_shape *shape);

/* After its last byte was sent, or where it won't be. reply may be NULL. */
void replies_give_back(struct replies *replies, struct reply *reply);

/* The library's; stays the reply's. */
struct MHD_Response *reply_response(const struct reply *reply);

/* No answer with it has a longer head. */
size_t reply_head_bytes(const struct reply *reply);

#endif
