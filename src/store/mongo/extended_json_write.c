/* BSON to JSON text, straight from the bytes into the buffer. */
#include "store/mongo/extended_json.h"

#include "base/buf.h"
#include "store/mongo/bson_members.h"
#include "store/mongo/extended_json_write.h"

#include <string.h>

#define SEEN_MAX 64

/* A document's members so far: by the hashes of their names while they are few. */
struct seen {
    uint32_t hashes[SEEN_MAX];
    size_t count;
    struct bson_members members;
};

static bool write_value(struct buf *out, const bson_iter_t *value, int depth);

/* FNV-1a. */
static uint32_t hash_of(struct str name)
{
    uint32_t hash = 2166136261;

    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619;
    }
    return hash;
}

/* Whether no member before this one has its name. */
static bool is_new(struct seen *seen, bson_iter_t *member, struct str name)
{
    uint32_t hash = hash_of(name);
    bool may_be_known = seen->count == SEEN_MAX;
    bson_iter_t first;

    for (size_t i = 0; i < seen->count; i++) {
        may_be_known |= seen->hashes[i] == hash;
    }
    if (seen->count < SEEN_MAX) {
        seen->hashes[seen->count++] = hash;
    }
    return !may_be_known || !bson_members_first(&seen->members, name.ptr, &first) ||
           bson_iter_offset(&first) == bson_iter_offset(member);
}

static void write_good_name(struct buf *out, struct str name, bool needs_comma)
{
    if (needs_comma) {
        buf_char(out, ',');
    }
    writing_quoted(out, name);
    buf_char(out, ':');
}

/* A name with its comma and colon; false where the member is left out. */
static bool write_name(struct buf *out, struct seen *seen, bson_iter_t *member, bool needs_comma)
{
    struct str name = { .ptr = bson_iter_key(member), .len = bson_iter_key_len(member) };
    struct buf mended;
    bson_iter_t other;
    bool is_other;

    if (!is_new(seen, member, name)) {
        return false;
    }
    if (writing_is_good(name)) {
        write_good_name(out, name, needs_comma);
        return true;
    }
    buf_init(&mended, SIZE_MAX);
    writing_mend_name(name, &mended);
    buf_char(&mended, '\0');
    is_other = bson_members_first(&seen->members, mended.ptr, &other);
    if (!is_other) {
        write_good_name(out, str_of(mended.ptr), needs_comma);
    }
    buf_done(&mended);
    return !is_other;
}

/* The members of a document, into the object that is open; of the outermost without its _id, which is
 * there already. false: damaged, or too deep. */
static bool write_members(struct buf *out, const uint8_t *data, size_t len, int depth)
{
    struct seen seen;
    bson_iter_t member;
    bool needs_comma = depth == 1;
    bool is_good = true;

    if (depth > BSON_DEPTH_MAX || !bson_iter_init_from_data(&member, data, len)) {
        return false;
    }
    seen.count = 0;
    bson_members_init(&seen.members, data, len);
    while (is_good && bson_iter_next(&member)) {
        if (depth == 1 && strcmp(bson_iter_key(&member), "_id") == 0) {
            continue;
        }
        if (write_name(out, &seen, &member, needs_comma)) {
            needs_comma = true;
            is_good = write_value(out, &member, depth);
        }
    }
    bson_members_done(&seen.members);
    return is_good && member.err_off == 0;
}

static bool write_document(struct buf *out, const uint8_t *data, size_t len, int depth)
{
    buf_char(out, '{');
    if (!write_members(out, data, len, depth)) {
        return false;
    }
    buf_char(out, '}');
    return true;
}

static bool write_code_with_scope(struct buf *out, const bson_iter_t *value, int depth)
{
    const uint8_t *scope;
    uint32_t scope_len;
    uint32_t len;
    const char *code = bson_iter_codewscope(value, &len, &scope_len, &scope);

    buf_text(out, "{\"$code\":");
    writing_text(out, code, len);
    buf_text(out, ",\"$scope\":");
    if (!write_document(out, scope, scope_len, depth)) {
        return false;
    }
    buf_char(out, '}');
    return true;
}

static bool write_embedded(struct buf *out, const bson_iter_t *value, int depth)
{
    const uint8_t *data;
    uint32_t len;

    bson_iter_document(value, &len, &data);
    return write_document(out, data, len, depth);
}

static bool write_array(struct buf *out, const bson_iter_t *value, int depth)
{
    const uint8_t *data;
    uint32_t len;
    bson_iter_t element;
    bool needs_comma = false;

    bson_iter_array(value, &len, &data);
    if (depth > BSON_DEPTH_MAX || !bson_iter_init_from_data(&element, data, len)) {
        return false;
    }
    buf_char(out, '[');
    while (bson_iter_next(&element)) {
        if (needs_comma) {
            buf_char(out, ',');
        }
        needs_comma = true;
        if (!write_value(out, &element, depth)) {
            return false;
        }
    }
    buf_char(out, ']');
    return element.err_off == 0;
}

/* depth: of the container that it is in; recurses up to BSON_DEPTH_MAX. */
static bool write_value(struct buf *out, const bson_iter_t *value, int depth)
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_DOCUMENT:
        return write_embedded(out, value, depth + 1);
    case BSON_TYPE_ARRAY:
        return write_array(out, value, depth + 1);
    case BSON_TYPE_CODEWSCOPE:
        return write_code_with_scope(out, value, depth + 1);
    default:
        return writing_scalar(out, value);
    }
}

enum status extended_json_write(const bson_t *bson, struct str id, struct buf *out, struct err *err)
{
    size_t len = out->len;
    const char *why = NULL;

    buf_text(out, "{\"_id\":");
    writing_text(out, id.ptr, id.len);
    if (!write_members(out, bson_get_data(bson), bson->len, 1)) {
        why = "the BSON is damaged or nested too deeply";
    }
    buf_char(out, '}');
    if (buf_overflowed(out)) {
        why = "the text is too long";
    }
    if (why) {
        out->len = len;
        return err_set(err, ST_BROKEN, "%s", why);
    }
    return ST_OK;
}
