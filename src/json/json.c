/* json_parse: the scanner judges, jansson builds the tree and refuses duplicate members. */
#include "json/json.h"

size_t json_tree_bytes(struct str text)
{
    /* What jansson 2.14 allocates behind each of these bytes, rounded up. */
    static const unsigned char costs[256] = { ['{'] = 208, ['['] = 112, [','] = 48, [':'] = 96 };
    size_t bytes = text.len;

    for (size_t i = 0; i < text.len; i++) {
        bytes += costs[(unsigned char)text.ptr[i]];
    }
    return bytes;
}

/*
 * jansson fails on a text that the scanner passed only for a duplicate member, which it sees right
 * behind the closing quote of the second name: the position that it gives is the number of bytes
 * read.
 */
static enum status refused(const json_error_t *error, struct err *err)
{
    if (json_error_code(error) == json_error_duplicate_key && error->position > 0) {
        return err_set_at(err, ST_BAD_JSON, (size_t)error->position - 1, "Duplicate member");
    }
    return err_set(err, ST_BROKEN, "JSON parser: %s", error->text);
}

enum status json_parse(struct str text, json_t **ret_value, struct err *err)
{
    return json_parse_within(text, JSON_DEPTH_MAX, ret_value, err);
}

enum status json_parse_within(struct str text, int depth_max, json_t **ret_value, struct err *err)
{
    json_error_t error;
    const char *why;
    size_t offset;
    json_t *value;

    if (!json_scan_within(text, depth_max, &offset, &why)) {
        return err_set_at(err, ST_BAD_JSON, offset, "%s", why);
    }
    value = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        return refused(&error, err);
    }
    *ret_value = value;
    return ST_OK;
}
