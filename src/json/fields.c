/* Decoding an object of texts by table. */
#include "json/fields.h"

static struct str *slot(void *target, const struct json_field *field)
{
    return (struct str *)(void *)((char *)target + field->offset);
}

static enum status decode_text(const json_t *member, const char *name, struct arena *mem,
                               struct str *ret_text, struct invalid *invalid)
{
    if (!json_is_string(member)) {
        return invalid_add(invalid, "string_type", "body", name, "Input should be a valid string");
    }
    *ret_text = arena_str(
        mem, (struct str){ .ptr = json_string_value(member), .len = json_string_length(member) });
    return ST_OK;
}

enum status json_fields_decode(const json_t *body, const struct json_field *fields,
                               struct arena *mem, void *target, struct invalid *invalid)
{
    enum status status = ST_OK;

    for (const struct json_field *field = fields; field->name; field++) {
        *slot(target, field) = (struct str){ .ptr = NULL };
    }
    if (!body) {
        return invalid_add(invalid, "missing", "body", NULL, "Field required");
    }
    if (!json_is_object(body)) {
        return invalid_add(invalid, "model_attributes_type", "body", NULL,
                           "Input should be a valid object");
    }
    for (const struct json_field *field = fields; field->name; field++) {
        const json_t *member = json_object_get(body, field->name);

        if (!member && field->need == FIELD_REQUIRED) {
            status = invalid_add(invalid, "missing", "body", field->name, "Field required");
        } else if (member &&
                   decode_text(member, field->name, mem, slot(target, field), invalid) != ST_OK) {
            status = ST_INVALID;
        }
    }
    return status;
}
