/* How an organization looks to clients, and how they name one. */
#include "api/api.h"

#include "base/clock.h"
#include "json/fields.h"
#include "json/json.h"

void api_write_oid(struct json_out *out, const struct oid *oid)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(oid, hex);
    json_out_plain(out, (struct str){ .ptr = hex, .len = OID_HEX_LEN });
}

/* Most organizations are as they were made, and have one time to format. */
static void write_times(struct json_out *out, int64_t created_ms, int64_t updated_ms)
{
    char text[CLOCK_TEXT_SIZE];
    struct str time = { .ptr = text, .len = sizeof(text) - 1 };

    clock_format_ms(created_ms, text);
    json_out_key_plain(out, STR("created_at"));
    json_out_plain(out, time);
    if (updated_ms != created_ms) {
        clock_format_ms(updated_ms, text);
    }
    json_out_key_plain(out, STR("updated_at"));
    json_out_plain(out, time);
}

/* An organization of a seed's database may have none. */
static void write_admin_id(struct json_out *out, const struct oid *admin_id)
{
    static const struct oid none;

    json_out_key_plain(out, STR("admin_id"));
    if (oid_equal(admin_id, &none)) {
        json_out_null(out);
    } else {
        api_write_oid(out, admin_id);
    }
}

static void write_admin_email(struct json_out *out, struct str email)
{
    json_out_key_plain(out, STR("admin_email"));
    if (email.len == 0) {
        json_out_null(out);
    } else {
        json_out_str(out, email);
    }
}

void api_write_organization(struct json_out *out, const struct organization *organization)
{
    json_out_key_plain(out, STR("organization_name"));
    json_out_str(out, organization->name);
    json_out_key_plain(out, STR("collection_name"));
    json_out_str(out, organization->collection);
    write_admin_email(out, organization->admin_email);
    json_out_key_plain(out, STR("id"));
    api_write_oid(out, &organization->id);
    json_out_key_plain(out, STR("slug"));
    json_out_str(out, organization->slug);
    write_admin_id(out, &organization->admin_id);
    write_times(out, organization->created_ms, organization->updated_ms);
}

struct name_body {
    struct str organization_name;
};

static const struct json_field name_fields[] = {
    { "organization_name", offsetof(struct name_body, organization_name), FIELD_OPTIONAL },
    { .name = NULL },
};

enum status api_organization_name(struct request *req, struct input *ret_name)
{
    struct input name = {
        .text = target_query(&req->target, "organization_name"),
        .where = "query",
        .member = "organization_name",
    };
    json_auto_t *json = NULL;
    struct name_body body;

    TRY(request_json(req, &json));
    if (!name.text.ptr && json) {
        TRY(json_fields_decode(json, name_fields, req->mem, &body, &req->invalid));
        name.text = body.organization_name;
        name.where = "body";
    }
    *ret_name = name;
    return ST_OK;
}
