/* Writing documents, and merging patches into them. */
#include "org/document_text.h"

#include "base/buf.h"
#include "json/json.h"
#include "json/json_out.h"
#include "json/merge_patch.h"

#include <stdbool.h>

void document_text_write(const json_t *body, struct str id, struct buf *out)
{
    struct json_out json;
    const char *key;
    json_t *value;

    json_out_init(&json, out);
    json_out_object(&json);
    json_out_key(&json, "_id");
    json_out_str(&json, id);
    json_object_foreach((json_t *)(uintptr_t)body, key, value)
    {
        if (strcmp(key, "_id") != 0) {
            json_out_key(&json, key);
            json_out_value(&json, value);
        }
    }
    json_out_end(&json);
}

/* The length of a string with its quotes. */
static size_t string_at(struct str text)
{
    size_t at = 1;

    while (at < text.len && text.ptr[at] != '"') {
        at += text.ptr[at] == '\\' ? 2 : 1;
    }
    return at < text.len ? at + 1 : text.len;
}

static bool is_of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '.' || c == 'e';
}

/* The length of a number, and how much of it a shorter form might do without: zeros, in a real. */
static size_t number_at(struct str text, size_t *ret_spare)
{
    size_t first = SIZE_MAX; /* of the digits but 0 in front of the exponent */
    size_t last = 0;
    size_t point = SIZE_MAX;
    size_t least;
    bool has_exponent = false;
    size_t len = 0;

    for (; len < text.len && is_of_number(text.ptr[len]); len++) {
        char c = text.ptr[len];

        has_exponent = has_exponent || c == 'e';
        if (c == '.') {
            point = len;
        } else if (!has_exponent && c >= '1' && c <= '9') {
            first = first < len ? first : len;
            last = len;
        }
    }
    *ret_spare = 0;
    if (point != SIZE_MAX && first != SIZE_MAX) {
        least = last - first + 1 - (first < point && point < last);
        least = (text.ptr[0] == '-') + (least > 2 ? least + 1 : 3); /* 1e9; 123.5 */
        *ret_spare = len > least ? len - least : 0;
    }
    return len;
}

size_t document_text_least(struct str text)
{
    size_t least = text.len;
    size_t at = 0;

    while (at < text.len) {
        struct str rest = { .ptr = text.ptr + at, .len = text.len - at };
        size_t spare = 0;

        if (*rest.ptr == '"') {
            at += string_at(rest);
        } else if (*rest.ptr == '-' || (*rest.ptr >= '0' && *rest.ptr <= '9')) {
            at += number_at(rest, &spare);
            least -= spare;
        } else {
            at++;
        }
    }
    return least;
}

enum status document_text_too_large(size_t max_bytes, struct err *err)
{
    return err_set(err, ST_TOO_LARGE, "A document has at most %zu bytes", max_bytes);
}

/* Whether containers are nested beyond so many levels; recurses as deep as that. */
static bool is_deeper(const json_t *value, int levels)
{
    const char *key;
    json_t *inside;
    size_t i;

    if (!json_is_object(value) && !json_is_array(value)) {
        return false;
    }
    if (levels == 0) {
        return true;
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, inside)
    {
        if (is_deeper(inside, levels - 1)) {
            return true;
        }
    }
    json_array_foreach(value, i, inside)
    {
        if (is_deeper(inside, levels - 1)) {
            return true;
        }
    }
    return false;
}

bool document_text_is_deep(const json_t *body)
{
    return is_deeper(body, JSON_DEPTH_MAX);
}

enum status document_text_merge(struct str now, json_t *patch, struct str id, size_t max_bytes,
                                struct buf *out, struct err *err)
{
    json_error_t error;
    /* Not json_parse: what is in the store may be nested more deeply. */
    json_auto_t *before = json_loadb(now.ptr, now.len, JSON_REJECT_DUPLICATES, &error);
    json_auto_t *after = NULL;

    if (!before && json_error_code(&error) == json_error_duplicate_key) {
        return err_set(err, ST_INVALID,
                       "The document has two members of one name, one of which a "
                       "patch would lose; replace it as a whole");
    }
    if (!before) {
        return err_set(err, ST_BROKEN, "a document in the store is no JSON: %s", error.text);
    }
    after = json_merge_patch(before, patch);
    if (!after) {
        return err_set(err, ST_BROKEN, "no memory for a merge");
    }
    if (is_deeper(after, JSON_DEPTH_MAX)) {
        return err_set(err, ST_INVALID, "A document is nested at most %d levels deep",
                       JSON_DEPTH_MAX);
    }
    buf_clear(out);
    document_text_write(after, id, out);
    return buf_overflowed(out) || out->len > max_bytes ? document_text_too_large(max_bytes, err)
                                                       : ST_OK;
}
