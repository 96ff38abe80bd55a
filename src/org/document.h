/*
 * Documents: a tenant's own JSON objects, each under an `_id`. The organization is given by the
 * immutable id that the router resolved; no function here can leave it.
 *
 * An ETag is a hash of the document's text: it changes only when the document does, and needs no place
 * in the store.
 */
#ifndef ORGD_ORG_DOCUMENT_H
#define ORGD_ORG_DOCUMENT_H

#include "base/call.h"
#include "base/invalid.h"
#include "base/str.h"
#include "store/store.h"

#include <jansson.h>
#include <stdbool.h>

#define DOCUMENT_ID_MAX 128
#define DOCUMENT_PAGE_MAX 500
#define DOCUMENT_PAGE_DEFAULT 50
#define DOCUMENT_PAGE_BYTES ((size_t)16 * 1024 * 1024)
#define ETAG_SIZE sizeof("\"0123456789abcdef0123456789abcdef\"")

struct domain;

/* The values of If-Match and If-None-Match (RFC 9110, 13.1); ptr NULL: not sent. */
struct preconditions {
    struct str if_match;
    struct str if_none_match;
};

struct document_result {
    struct document document; /* body: in the call's mem */
    char etag[ETAG_SIZE];
    bool created;
};

/* For all: ST_NO_ORGANIZATION; ST_INVALID for an id (of the path) or a body that breaks a rule, with
 * entries; ST_TOO_LARGE for a document over the limit. body: any JSON value or NULL, stays the
 * caller's. Where call->later is given, document_create, _put and _delete may be ST_PENDING: then the
 * organization's and the path's id, what preconditions points into, invalid and ret_result have to stay, and
 * body has not. */

/*
 * The text of a document that comes otherwise than by a request, judged by the same rules: id is its
 * `_id` where it has none of its own. text is the caller's, and its limit the document's; ret_id is in
 * mem. ST_INVALID, ST_TOO_LARGE; it says why in invalid or, where that has no entry, in err.
 */
struct buf;
MUST_CHECK enum status document_text_of(const json_t *body, struct str id, struct arena *mem,
                                        struct buf *text, struct str *ret_id,
                                        struct invalid *invalid, struct err *err);

/* ST_DOCUMENT_EXISTS. */
MUST_CHECK enum status document_create(struct domain *domain, const struct call *call,
                                       const struct oid *organization, json_t *body,
                                       struct invalid *invalid, struct document_result *ret_result);
/* ST_NO_DOCUMENT. */
MUST_CHECK enum status document_get(struct domain *domain, const struct call *call,
                                    const struct oid *organization, struct str id,
                                    struct invalid *invalid, struct document_result *ret_result);
/* ST_PRECONDITION. */
MUST_CHECK enum status document_put(struct domain *domain, const struct call *call,
                                    const struct oid *organization, struct str id, json_t *body,
                                    const struct preconditions *preconditions,
                                    struct invalid *invalid, struct document_result *ret_result);
/* JSON merge patch, as json/merge_patch.h has it. The limits hold for what comes of it, also where
 * what another program put there is larger (ST_TOO_LARGE) or nested more deeply (ST_INVALID).
 * ST_NO_DOCUMENT before ST_PRECONDITION. */
MUST_CHECK enum status document_patch(struct domain *domain, const struct call *call,
                                      const struct oid *organization, struct str id, json_t *patch,
                                      const struct preconditions *preconditions,
                                      struct invalid *invalid, struct document_result *ret_result);
/* ST_NO_DOCUMENT before ST_PRECONDITION. */
MUST_CHECK enum status document_delete(struct domain *domain, const struct call *call,
                                       const struct oid *organization, struct str id,
                                       const struct preconditions *preconditions,
                                       struct invalid *invalid);

/* Whether an If-None-Match holds the etag, so that a GET is a 304. */
bool document_is_known(struct str if_none_match, const char *etag);

struct document_list_query {
    struct str after; /* a cursor that an earlier page gave as next; ptr NULL: from the first */
    size_t limit;     /* 1 to DOCUMENT_PAGE_MAX */
    bool with_total;
};

struct document_list {
    struct document_page page;
    struct str next; /* a cursor; ptr NULL: that was all */
};

/* ST_INVALID (entry for "after") for a cursor that this organization's pages never gave, and where the
 * caller has entries of its own. */
MUST_CHECK enum status document_list(struct domain *domain, const struct call *call,
                                     const struct oid *organization,
                                     const struct document_list_query *query,
                                     struct invalid *invalid, struct document_list *ret_list);

#endif
