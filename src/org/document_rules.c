/* What a document and its `_id` may be. */
#include "org/document_rules.h"

#include "base/buf.h"
#include "org/document_text.h"
#include "org/name.h"
#include "json/json.h"

static bool id_is_good(struct str id)
{
    return id.len >= 1 && id.len <= DOCUMENT_ID_MAX && !text_has_control(id) && !str_is(id, ".") &&
           !str_is(id, "..");
}

enum status document_judge_id(struct str id, const char *where, const char *member,
                              struct invalid *invalid)
{
    if (id_is_good(id)) {
        return ST_OK;
    }
    return invalid_add(invalid, "value_error", where, member,
                       "Value error, an _id has 1 to %d bytes, no control characters, and is not "
                       "'.' or '..'",
                       DOCUMENT_ID_MAX);
}

enum status document_judge_body(json_t *body, struct str id, struct invalid *invalid)
{
    size_t before = invalid->count;
    json_t *own = json_object_get(body, "_id");
    const char *key;
    json_t *value;

    if (!json_is_object(body)) {
        return body ? invalid_add(invalid, "model_attributes_type", "body", NULL,
                                  "Input should be a valid object")
                    : invalid_add(invalid, "missing", "body", NULL, "Field required");
    }
    if (own && !json_is_string(own)) {
        (void)!invalid_add(invalid, "string_type", "body", "_id", "Input should be a valid string");
    } else if (own) {
        struct str text = { .ptr = json_string_value(own), .len = json_string_length(own) };

        if (!id.ptr) {
            (void)!document_judge_id(text, "body", "_id", invalid);
        } else if (!str_equal(text, id)) {
            (void)!invalid_add(invalid, "value_error", "body", "_id",
                               "Value error, the _id differs from the path's");
        }
    }
    json_object_foreach(body, key, value)
    {
        if (key[0] == '$') {
            (void)!invalid_add(
                invalid, "value_error", "body", NULL,
                "Value error, member names that start with $ are kept for the store");
            break;
        }
    }
    return invalid->count > before ? ST_INVALID : ST_OK;
}

enum status document_text_of(const json_t *body, struct str id, struct arena *mem, struct buf *text,
                             struct str *ret_id, struct invalid *invalid, struct err *err)
{
    const json_t *own = json_object_get(body, "_id");

    TRY(document_judge_body((json_t *)(uintptr_t)body, (struct str){ .ptr = NULL }, invalid));
    if (document_text_is_deep(body)) {
        return err_set(err, ST_INVALID, "A document is nested at most %d levels deep",
                       JSON_DEPTH_MAX);
    }
    if (own) {
        id = (struct str){ .ptr = json_string_value(own), .len = json_string_length(own) };
    }
    document_text_write(body, id, text);
    if (buf_overflowed(text)) {
        return document_text_too_large(text->limit, err);
    }
    *ret_id = arena_str(mem, id);
    return ST_OK;
}
