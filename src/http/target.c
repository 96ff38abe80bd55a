/* Splitting first, decoding each piece after: an encoded '/' or '&' stays part of its piece. */
#include "http/target.h"

/* Decodes one piece; pieces without anything to decode are not copied. */
static struct str decode(struct str raw, bool is_form, struct arena *mem)
{
    char *out;
    size_t len = 0;

    if (raw.len == 0 ||
        !(memchr(raw.ptr, '%', raw.len) || (is_form && memchr(raw.ptr, '+', raw.len)))) {
        return raw.ptr ? raw : STR("");
    }
    out = arena_alloc(mem, raw.len + 1);
    for (size_t i = 0; i < raw.len; i++) {
        int high = raw.ptr[i] == '%' && i + 2 < raw.len ? str_hex_value(raw.ptr[i + 1]) : -1;
        int low = high >= 0 ? str_hex_value(raw.ptr[i + 2]) : -1;

        if (low >= 0) {
            out[len++] = (char)(high << 4 | low);
            i += 2;
        } else if (is_form && raw.ptr[i] == '+') {
            out[len++] = ' ';
        } else {
            out[len++] = raw.ptr[i];
        }
    }
    return (struct str){ .ptr = out, .len = len };
}

static enum status judge(struct str text, const char *what, struct err *err)
{
    if (text.len > 0 && memchr(text.ptr, '\0', text.len)) {
        return err_set(err, ST_BAD_REQUEST, "The %s has a NUL", what);
    }
    if (!str_is_utf8(text)) {
        return err_set(err, ST_BAD_REQUEST, "The %s is not valid UTF-8", what);
    }
    return ST_OK;
}

/* Cuts off what stands before the separator; *rest is what stands behind it (ptr NULL: nothing). */
static struct str cut(struct str *rest, char separator)
{
    struct str piece = *rest;
    const char *at = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;

    if (!at) {
        *rest = (struct str){ .ptr = NULL, .len = 0 };
        return piece;
    }
    piece.len = (size_t)(at - piece.ptr);
    rest->len -= piece.len + 1;
    rest->ptr = at + 1;
    return piece;
}

static size_t count_pieces(struct str raw, char separator)
{
    const char *at = raw.len ? memchr(raw.ptr, separator, raw.len) : NULL;
    size_t count = raw.len > 0;

    while (at) {
        at++;
        at = memchr(at, separator, raw.len - (size_t)(at - raw.ptr));
        count++;
    }
    return count;
}

enum status form_decode(struct str raw, struct arena *mem, struct query_pair **ret_pairs,
                        size_t *ret_count, struct err *err)
{
    struct query_pair *pairs = NULL;
    size_t most = count_pieces(raw, '&');
    size_t count = 0;

    if (most > FORM_PAIRS_MAX) {
        return err_set(err, ST_BAD_REQUEST, "More than %d fields", FORM_PAIRS_MAX);
    }
    if (most > 0) {
        pairs = arena_alloc(mem, most * sizeof(*pairs));
    }
    while (raw.ptr && count < most) {
        struct str value = cut(&raw, '&');
        struct str name = cut(&value, '=');

        if (name.len > 0 || value.len > 0) {
            pairs[count].name = decode(name, true, mem);
            pairs[count].value = decode(value, true, mem);
            count++;
        }
    }
    *ret_pairs = pairs;
    *ret_count = count;
    return ST_OK;
}

struct str form_value(const struct query_pair *pairs, size_t count, const char *name)
{
    while (count > 0) {
        count--;
        if (str_is(pairs[count].name, name)) {
            return pairs[count].value;
        }
    }
    return (struct str){ .ptr = NULL, .len = 0 };
}

/* "http://host:port/path?query" to "/path?query" (RFC 9112, 3.2.2). */
static struct str without_authority(struct str raw)
{
    static const char scheme[] = "http://";
    size_t skip = sizeof(scheme) - 1;

    if (raw.len < skip ||
        !str_equal_nocase((struct str){ .ptr = raw.ptr, .len = skip }, STR("http://"))) {
        return raw;
    }
    while (skip < raw.len && raw.ptr[skip] != '/' && raw.ptr[skip] != '?') {
        skip++;
    }
    return skip == raw.len ? STR("/")
                           : (struct str){ .ptr = raw.ptr + skip, .len = raw.len - skip };
}

enum status target_parse(struct str raw, struct arena *mem, struct target *ret_target,
                         struct err *err)
{
    struct target target = { .pairs = NULL };
    struct str query = without_authority(raw);
    struct str rest;

    target.path = cut(&query, '?');
    rest = target.path;
    if (str_is(rest, "*")) {
        *ret_target = target;
        return ST_OK;
    }
    if (rest.len == 0 || rest.ptr[0] != '/') {
        return err_set(err, ST_BAD_REQUEST, "The request target has no path");
    }
    if (str_has_control(rest)) {
        return err_set(err, ST_BAD_REQUEST, "The path has a control character");
    }
    rest.ptr++;
    rest.len--;
    while (rest.ptr) {
        struct str segment = cut(&rest, '/');
        struct str decoded = decode(segment, false, mem);

        TRY(judge(decoded, "path", err));
        if (target.segment_count < TARGET_SEGMENTS_MAX) {
            target.segments[target.segment_count] = decoded;
        }
        target.segment_count += target.segment_count <= TARGET_SEGMENTS_MAX;
    }
    if (query.ptr) {
        TRY(form_decode(query, mem, &target.pairs, &target.pair_count, err));
        for (size_t i = 0; i < target.pair_count; i++) {
            TRY(judge(target.pairs[i].name, "query", err));
            TRY(judge(target.pairs[i].value, "query", err));
        }
    }
    *ret_target = target;
    return ST_OK;
}

struct str target_query(const struct target *target, const char *name)
{
    return form_value(target->pairs, target->pair_count, name);
}
