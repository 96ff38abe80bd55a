/* /org/create, /org/get, /org/delete */
#include "api/api.h"

#include "api/handlers.h"
#include "api/services.h"
#include "org/name.h"
#include "org/organization.h"
#include "json/fields.h"
#include "json/json.h"

struct create_body {
    struct str organization_name;
    struct str email;
    struct str password;
};

static const struct json_field create_fields[] = {
    { "organization_name", offsetof(struct create_body, organization_name), FIELD_REQUIRED },
    { "email", offsetof(struct create_body, email), FIELD_REQUIRED },
    { "password", offsetof(struct create_body, password), FIELD_REQUIRED },
    { .name = NULL },
};

static enum status respond_organization(struct response *resp,
                                        const struct organization *organization)
{
    struct json_out out;

    response_json(resp, &out);
    json_out_object(&out);
    api_write_organization(&out, organization);
    json_out_end(&out);
    return ST_OK;
}

enum status organization_create_handler(struct request *req, struct response *resp)
{
    json_auto_t *json = NULL;
    struct create_body body = { .organization_name = { .ptr = NULL } };
    struct organization organization;
    struct signup signup;

    TRY(request_json(req, &json));
    (void)!json_fields_decode(json, create_fields, req->mem, &body, &req->invalid);
    signup = (struct signup){
        .name = { body.organization_name, "body", "organization_name" },
        .email = { body.email, "body", "email" },
        .password = { body.password, "body", "password" },
    };
    TRY(organization_create(req->services->domain, &req->call, &signup, &req->invalid,
                            &organization));
    req->tenant = organization.slug;
    return respond_organization(resp, &organization);
}

enum status organization_get_handler(struct request *req, struct response *resp)
{
    struct input name;
    struct organization organization;

    TRY(api_organization_name(req, &name));
    if (!name.text.ptr) {
        return invalid_add(&req->invalid, "missing", name.where, name.member, "Field required");
    }
    TRY(organization_get(req->services->domain, &req->call, &name, &req->invalid, &organization));
    req->tenant = organization.slug;
    return respond_organization(resp, &organization);
}

/* The header that seed 001's clients send along: it must be the token's administrator. */
static bool admin_email_agrees(const struct request *req)
{
    struct str given = request_header_list(req, "x-admin-email");
    struct str key;

    return !given.ptr || (email_make(given, req->mem, &key) == EMAIL_OK &&
                          str_equal(key, req->caller->account.email_key));
}

enum status organization_delete_handler(struct request *req, struct response *resp)
{
    struct input name;
    struct json_out out;

    TRY(api_organization_name(req, &name));
    if (!admin_email_agrees(req)) {
        return ST_FORBIDDEN;
    }
    TRY(organization_delete(req->services->domain, &req->call, req->caller, &name, &req->invalid));
    response_json(resp, &out);
    json_out_object(&out);
    json_out_key(&out, "detail");
    json_out_text(&out, "deleted");
    json_out_key(&out, "message");
    json_out_text(&out, "Organization deleted successfully");
    json_out_end(&out);
    return ST_OK;
}
