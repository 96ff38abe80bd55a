/*
 * Error answers, from a status: the seeds' shape ({"detail", "code", "request_id"}) outside /v1, and
 * RFC 9457's application/problem+json under it.
 */
#ifndef ORGD_HTTP_PROBLEM_H
#define ORGD_HTTP_PROBLEM_H

#include "http/request.h"
#include "http/response.h"

/* Whether a path is under /v1. */
bool problem_is_v1(struct str path);

/* Replaces whatever the response was to be by the answer for status; words come from req->err and
 * req->invalid. Adds WWW-Authenticate to a 401 and Retry-After to a 429 and 503. */
void problem_respond(struct request *req, enum status status, struct response *resp);

#endif
