/* Writing lines. */
#include "org/export_line.h"

#include "base/buf.h"
#include "base/clock.h"
#include "json/json_out.h"

static void put_id(struct json_out *json, const char *key, const struct oid *id)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(id, hex);
    json_out_key(json, key);
    json_out_text(json, hex);
}

static void put_str(struct json_out *json, const char *key, struct str value)
{
    json_out_key(json, key);
    json_out_str(json, value);
}

static void put_time(struct json_out *json, const char *key, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format_ms(ms, text);
    json_out_key(json, key);
    json_out_text(json, text);
}

static void put_member(struct json_out *json, const struct tenant_member *member)
{
    const struct account *account = &member->account;

    json_out_object(json);
    put_id(json, "id", &account->id);
    put_str(json, "email", account->email);
    put_str(json, "password_hash", account->password_hash);
    json_out_key(json, "password_version");
    json_out_int(json, account->password_version);
    put_str(json, "role", member->role);
    put_time(json, "created_at", account->created_ms);
    put_time(json, "updated_at", account->updated_ms);
    json_out_end(json);
}

void export_organization_line(const struct tenant *tenant, struct buf *out)
{
    const struct organization *organization = &tenant->organization;
    struct json_out json;

    json_out_init(&json, out);
    json_out_object(&json);
    put_str(&json, "organization_name", organization->name);
    put_id(&json, "id", &organization->id);
    put_str(&json, "slug", organization->slug);
    put_time(&json, "created_at", organization->created_ms);
    put_time(&json, "updated_at", organization->updated_ms);
    json_out_key(&json, "admins");
    json_out_array(&json);
    for (int first = 1; first >= 0; first--) {
        for (size_t i = 0; i < tenant->member_count; i++) {
            const struct tenant_member *member = &tenant->members[i];

            if (oid_equal(&member->account.id, &organization->admin_id) == (first == 1)) {
                put_member(&json, member);
            }
        }
    }
    json_out_end(&json);
    json_out_end(&json);
    buf_char(out, '\n');
}

void export_document_line(const struct oid *organization, const struct document *document,
                          struct buf *out)
{
    struct json_out json;
    struct oid id;

    json_out_init(&json, out);
    json_out_object(&json);
    put_id(&json, "organization_id", organization);
    if (document->id_kind == ID_TEXT && oid_parse(document->id, &id)) {
        json_out_key(&json, "id_is_text"); /* else it would become an ObjectId */
        json_out_bool(&json, true);
    }
    json_out_key(&json, "document");
    json_out_raw(&json, document->body);
    json_out_end(&json);
    buf_char(out, '\n');
}
