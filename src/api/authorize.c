/* Who is calling: the bearer token (RFC 6750), and whether it opens what the path names. */
#include "api/api.h"

#include "api/services.h"
#include "org/account.h"

/* The token behind "Bearer " (any case); ptr NULL: another scheme, or none. */
static struct str bearer(const struct request *req)
{
    struct str value = request_header_list(req, "Authorization");
    struct str scheme = { .ptr = value.ptr, .len = 6 };

    if (value.len < 7 || !str_equal_nocase(scheme, STR("Bearer")) || value.ptr[6] != ' ') {
        return (struct str){ .ptr = NULL, .len = 0 };
    }
    return str_trim_blanks((struct str){ .ptr = value.ptr + 7, .len = value.len - 7 });
}

bool api_has_token(const struct request *req)
{
    return bearer(req).len > 0;
}

enum status api_authorize_token(struct request *req)
{
    struct str token = bearer(req);
    struct membership *caller;

    if (token.len == 0) {
        return ST_NOT_AUTHENTICATED;
    }
    caller = arena_alloc(req->mem, sizeof(*caller));
    TRY(account_by_token(req->services->domain, &req->call, token, caller));
    req->caller = caller;
    req->tenant = caller->organization.slug;
    return ST_OK;
}

/* Whether a path's {org} is the organization: by id where it reads as one, else by slug. */
static bool is_named(const struct organization *organization, struct str org)
{
    struct oid id;

    if (oid_parse(org, &id)) {
        return oid_equal(&id, &organization->id);
    }
    return str_equal(org, organization->slug);
}

/*
 * The lane is the organization that a good token was issued for, so nobody gets a turn in another's name,
 * nor more turns by naming other organizations in paths. Calls without a token have one for each row of
 * the route table: however many addresses they come from, they take one turn of many, and a flood of one
 * of them holds up none of the others.
 */
enum status api_admit(struct request *req)
{
    bool wants_token = req->route->who == WHO_ADMIN || req->route->who == WHO_TENANT;
    struct str token = bearer(req);
    struct oid organization_id;

    if (!wants_token) {
        req->lane = (uintptr_t)req->route; /* below 2^63, where no oid_number is */
        return ST_OK;
    }
    if (token.len == 0) {
        return ST_NOT_AUTHENTICATED;
    }
    TRY(account_token_is_signed(req->services->domain, &req->call, token, &organization_id));
    req->lane = oid_number(&organization_id);
    return ST_OK;
}

enum status api_authorize(struct request *req)
{
    switch (req->route->who) {
    case WHO_ANYONE:
    case WHO_CREDENTIALS: /* after the body was read: the handler's */
        return ST_OK;
    case WHO_ADMIN:
        return api_authorize_token(req);
    case WHO_TENANT:
        TRY(api_authorize_token(req));
        return is_named(&req->caller->organization, req->params[0]) ? ST_OK : ST_NO_ORGANIZATION;
    case WHO_NOBODY:
        break;
    }
    return ST_FORBIDDEN;
}
