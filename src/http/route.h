/*
 * The shape of the route table (its rows are in src/api/routes.c): who may call what, where it runs,
 * how much it takes, and which handler answers.
 */
#ifndef ORGD_HTTP_ROUTE_H
#define ORGD_HTTP_ROUTE_H

#include "base/status.h"

#include <stddef.h>

struct request;
struct response;

enum method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_COUNT,
    METHOD_HEAD,
    METHOD_OPTIONS,
    METHOD_OTHER
};

/* Who may call a route. A row that names nobody is refused to all. */
enum who {
    WHO_NOBODY,
    WHO_ANYONE,      /* no credential is looked at */
    WHO_ADMIN,       /* a token of an organization's administrator */
    WHO_CREDENTIALS, /* a token, or without one the handler asks the body for address and password */
    WHO_TENANT,      /* a token of the organization that the path's {org} names */
};

/* Which executor a handler runs on; its code can't tell. */
enum run {
    RUN_LOOP, /* on the event loop: computes or reads memory only */
    RUN_READ, /* reads the store: on the event loop where the engine's reads don't block */
    RUN_FIND, /* the same, and mostly remembered: on the event loop where nothing has to be waited for */
    RUN_WRITE, /* changes a document: on the event loop where the engine keeps no thread waiting for the
                  commit, and the body is light; else on the store pool */
    RUN_STORE, /* waits for the store, or reads much: on the store pool */
    RUN_HASH,  /* hashes a password: on the hash pool */
};

/* Which limit a body is under; the numbers are settings. */
enum body_kind { BODY_SMALL, BODY_DOCUMENT };

/* Makes the answer. A status other than ST_OK is turned into the right error answer by the router;
 * what was put into the response before is dropped then, but for its headers. */
typedef enum status handler_fn(struct request *req, struct response *resp);

#define ROUTE_PARAMS_MAX 2

struct route {
    enum method method;
    const char *path; /* "/v1/organizations/{org}/documents": a segment in braces is a parameter */
    enum who who;
    enum run run;
    enum body_kind body;
    int success; /* HTTP status of the usual answer: its counter is there from the start */
    handler_fn *handler;
};

struct route_table {
    const struct route *rows;
    size_t count;
};

const char *method_name(enum method method);
enum method method_parse(const char *name);

#endif
