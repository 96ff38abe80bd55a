/*
 * PUT /org/update: three generations of clients name its members differently, and seed 001's sends its
 * credentials in the body instead of a token. Here all of them become one struct organization_update.
 */
#include "api/api.h"

#include "api/handlers.h"
#include "api/services.h"
#include "org/account.h"
#include "org/organization.h"
#include "json/fields.h"
#include "json/json.h"

enum update_member {
    CURRENT_FIRST,
    CURRENT_LAST = 3,
    NEW_FIRST,
    NEW_LAST = 5,
    EMAIL,
    PASSWORD,
    MEMBER_COUNT
};

struct update_body {
    struct str members[MEMBER_COUNT];
};

#define MEMBER(name, index)                                                                        \
    {                                                                                              \
        name, (index) * sizeof(struct str), FIELD_OPTIONAL                                         \
    }
static const struct json_field update_fields[] = {
    MEMBER("organization_name", CURRENT_FIRST), /* seed 001 */
    MEMBER("old_organization_name", 1),
    MEMBER("old_name", 2),
    MEMBER("current_organization_name", CURRENT_LAST),
    MEMBER("new_organization_name", NEW_FIRST), /* seed 001 */
    MEMBER("new_name", NEW_LAST),
    MEMBER("email", EMAIL),
    MEMBER("password", PASSWORD),
    { .name = NULL },
};
#undef MEMBER

static struct input input_at(const struct update_body *body, size_t index)
{
    return (struct input){ body->members[index], "body", update_fields[index].name };
}

/* Whether two spellings are meant to be one: names by their key, the new name to the letter. */
static bool agree(struct str a, struct str b, bool to_the_letter, struct arena *mem)
{
    struct name one;
    struct name other;

    if (str_equal(a, b)) {
        return true;
    }
    return name_make(a, mem, &one) == NAME_OK && name_make(b, mem, &other) == NAME_OK &&
           str_equal(to_the_letter ? one.text : one.key, to_the_letter ? other.text : other.key);
}

/* The one name that the members from first to last give; a second, different one is an entry. */
static struct input pick(struct request *req, const struct update_body *body, size_t first,
                         size_t last, bool to_the_letter)
{
    struct input picked = { .text = { .ptr = NULL } };

    for (size_t i = first; i <= last; i++) {
        struct input candidate = input_at(body, i);

        if (!candidate.text.ptr) {
            continue;
        }
        if (!picked.text.ptr) {
            picked = candidate;
        } else if (!agree(picked.text, candidate.text, to_the_letter, req->mem)) {
            (void)!invalid_add(&req->invalid, "value_error", "body", candidate.member,
                               "Value error, differs from %s", picked.member);
        }
    }
    return picked;
}

/* Who is calling: a token, or the body's credentials, which then are no new ones. */
static enum status identify(struct request *req, struct update_body *body)
{
    struct str email = body->members[EMAIL];
    struct str password = body->members[PASSWORD];
    struct membership *caller;

    if (api_has_token(req)) {
        return api_authorize_token(req);
    }
    if (!email.ptr || !password.ptr) {
        return ST_NOT_AUTHENTICATED;
    }
    caller = arena_alloc(req->mem, sizeof(*caller));
    TRY(account_login(req->services->domain, &req->call, email, password,
                      (struct str){ .ptr = NULL }, caller));
    req->caller = caller;
    req->tenant = caller->organization.slug;
    body->members[EMAIL].ptr = NULL;
    body->members[PASSWORD].ptr = NULL;
    return ST_OK;
}

static void read_update(struct request *req, const struct update_body *body,
                        struct organization_update *ret_update)
{
    struct organization_update update = {
        .current_name = pick(req, body, CURRENT_FIRST, CURRENT_LAST, false),
        .new_name = pick(req, body, NEW_FIRST, NEW_LAST, true),
        .new_email = input_at(body, EMAIL),
        .new_password = input_at(body, PASSWORD),
    };
    bool only_first = body->members[CURRENT_FIRST].ptr && !body->members[1].ptr &&
                      !body->members[2].ptr && !body->members[CURRENT_LAST].ptr;

    if (!update.new_name.text.ptr && only_first) { /* organization_name alone is the new name */
        update.new_name = update.current_name;
        update.current_name.text.ptr = NULL;
    }
    if (req->invalid.count == 0 && !update.new_name.text.ptr && !update.new_email.text.ptr &&
        !update.new_password.text.ptr) {
        (void)!invalid_add(&req->invalid, "missing", "body", "new_organization_name",
                           "Field required: a new name, email or password");
    }
    *ret_update = update;
}

enum status organization_update_handler(struct request *req, struct response *resp)
{
    json_auto_t *json = NULL;
    struct update_body body = { .members = { { .ptr = NULL } } };
    struct organization_update update;
    struct organization organization;
    struct json_out out;

    TRY(request_json(req, &json));
    (void)!json_fields_decode(json, update_fields, req->mem, &body, &req->invalid);
    TRY(identify(req, &body));
    read_update(req, &body, &update);
    TRY(organization_update(req->services->domain, &req->call, req->caller, &update, &req->invalid,
                            &organization));
    response_json(resp, &out);
    json_out_object(&out);
    api_write_organization(&out, &organization);
    json_out_key(&out, "message");
    json_out_text(&out, "Organization updated successfully");
    json_out_end(&out);
    return ST_OK;
}
