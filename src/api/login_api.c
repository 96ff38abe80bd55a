/* POST /admin/login, by JSON or by form (OAuth 2.0 password grant, RFC 6749, 4.3). */
#include "api/api.h"

#include "api/handlers.h"
#include "api/services.h"
#include "org/account.h"
#include "json/fields.h"
#include "json/json.h"

struct login_body {
    struct str email;
    struct str password;
    struct str organization_name;
};

static const struct json_field login_fields[] = {
    { "email", offsetof(struct login_body, email), FIELD_REQUIRED },
    { "password", offsetof(struct login_body, password), FIELD_REQUIRED },
    { "organization_name", offsetof(struct login_body, organization_name), FIELD_OPTIONAL },
    { .name = NULL },
};

static bool is_form(const struct request *req)
{
    static const char form[] = "application/x-www-form-urlencoded";
    struct str type = request_header(req, "Content-Type");
    size_t len = sizeof(form) - 1;

    /* curl -d calls everything a form; no form begins with a brace. */
    if (req->body.len > 0 && req->body.ptr[0] == '{') {
        return false;
    }
    return type.len >= len &&
           str_equal_nocase((struct str){ .ptr = type.ptr, .len = len }, str_of(form)) &&
           (type.len == len || type.ptr[len] == ';' || type.ptr[len] == ' ');
}

static enum status decode_form(struct request *req, struct login_body *ret_body)
{
    struct query_pair *pairs;
    size_t count;

    TRY(form_decode(req->body, req->mem, &pairs, &count, &req->err));
    ret_body->email = form_value(pairs, count, "username");
    ret_body->password = form_value(pairs, count, "password");
    ret_body->organization_name = form_value(pairs, count, "organization_name");
    if (!ret_body->email.ptr) {
        (void)!invalid_add(&req->invalid, "missing", "body", "username", "Field required");
    }
    if (!ret_body->password.ptr) {
        (void)!invalid_add(&req->invalid, "missing", "body", "password", "Field required");
    }
    return req->invalid.count > 0 ? ST_INVALID : ST_OK;
}

static enum status decode_json(struct request *req, struct login_body *ret_body)
{
    json_auto_t *json = NULL;

    TRY(request_json(req, &json));
    return json_fields_decode(json, login_fields, req->mem, ret_body, &req->invalid);
}

static void count_login(struct services *services, enum status status)
{
    _Atomic uint64_t *counter = status == ST_OK        ? &services->logins_ok
                                : status == ST_LIMITED ? &services->logins_limited
                                                       : &services->logins_refused;

    if (status == ST_OK || status == ST_LIMITED || status == ST_BAD_CREDENTIALS) {
        (void)atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    }
}

enum status login_handler(struct request *req, struct response *resp)
{
    struct login_body body = { .email = { .ptr = NULL } };
    struct membership membership;
    struct issued_token token;
    struct json_out out;
    enum status status;

    TRY(is_form(req) ? decode_form(req, &body) : decode_json(req, &body));
    status = account_login(req->services->domain, &req->call, body.email, body.password,
                           body.organization_name, &membership);
    count_login(req->services, status);
    TRY(status);
    req->tenant = membership.organization.slug;
    TRY(account_issue_token(req->services->domain, &req->call, &membership, &token));
    response_json(resp, &out);
    json_out_object(&out);
    json_out_key(&out, "access_token");
    json_out_str(&out, token.token);
    json_out_key(&out, "token_type");
    json_out_text(&out, "bearer");
    json_out_key(&out, "expires_in");
    json_out_int(&out, token.expires_in_s);
    json_out_key_plain(&out, STR("admin_id"));
    api_write_oid(&out, &membership.account.id);
    json_out_key_plain(&out, STR("organization_id"));
    api_write_oid(&out, &membership.organization.id);
    json_out_key(&out, "organization_name");
    json_out_str(&out, membership.organization.name);
    json_out_end(&out);
    return ST_OK;
}
