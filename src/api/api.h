/* What the API's files share: who is calling, and the shapes that several answers have. */
#ifndef ORGD_API_API_H
#define ORGD_API_API_H

#include "http/request.h"
#include "http/response.h"
#include "org/input.h"
#include "org/organization.h"

/* authorize.c: what the server asks (struct server_config). */
MUST_CHECK enum status api_admit(struct request *req);
MUST_CHECK enum status api_authorize(struct request *req);

/* Whether the request has a bearer token at all. */
bool api_has_token(const struct request *req);

/* Sets req->caller and req->tenant from the bearer token.
 * ST_NOT_AUTHENTICATED where there is none, ST_BAD_TOKEN. */
MUST_CHECK enum status api_authorize_token(struct request *req);

/* organization_json.c: a member that is an id, and the members of an organization, into an open object. */
void api_write_oid(struct json_out *out, const struct oid *oid);
void api_write_organization(struct json_out *out, const struct organization *organization);

/* The organization_name of the query, or else of a JSON body; text.ptr NULL where neither has it.
 * ST_BAD_JSON, ST_INVALID (the body is no object, or the member no text). */
MUST_CHECK enum status api_organization_name(struct request *req, struct input *ret_name);

#endif
