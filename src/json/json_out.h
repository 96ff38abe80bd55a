/*
 * JSON out: text streamed straight into a buffer, without a tree. Commas and colons are placed by
 * the writer; nesting is the caller's to keep right (checked by assert).
 *
 *     json_out_init(&out, &buf);
 *     json_out_object(&out);
 *     json_out_key(&out, "status");
 *     json_out_str(&out, STR("running"));
 *     json_out_end(&out);
 */
#ifndef ORGD_JSON_JSON_OUT_H
#define ORGD_JSON_JSON_OUT_H

#include "base/buf.h"
#include "base/str.h"

#include <assert.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct json_out {
    struct buf *buf;
    int depth;
    uint64_t is_object; /* bit per level: 1 object, 0 array */
    bool first;         /* nothing yet in the innermost container */
    bool after_key;
};

void json_out_init(struct json_out *out, struct buf *buf);
void json_out_object(struct json_out *out);
void json_out_array(struct json_out *out);
void json_out_end(struct json_out *out); /* of the innermost object or array */
void json_out_key_str(struct json_out *out, struct str key);
void json_out_str(struct json_out *out, struct str s); /* s is UTF-8 */
/* The same for what is known to have nothing to escape: the program's own names, ids, times. */
static inline void json_out_key_plain(struct json_out *out, struct str key);
static inline void json_out_plain(struct json_out *out, struct str s);

/* Inline, so that the length of a literal costs nothing. */
static inline void json_out_key(struct json_out *out, const char *key)
{
    json_out_key_str(out, str_of(key));
}

static inline void json_out_text(struct json_out *out, const char *text)
{
    json_out_str(out, str_of(text));
}

void json_out_int(struct json_out *out, int64_t value);
void json_out_bool(struct json_out *out, bool value);
void json_out_null(struct json_out *out);
/* A value that is JSON text already. */
void json_out_raw(struct json_out *out, struct str json);
/* A finite double, with as few digits as give the same one again; it always looks like a real (1.0,
 * 1e300). */
void json_out_real(struct json_out *out, double value);
/* A tree, compact, members in the order in which they came, reals as json_out_real writes them. */
void json_out_value(struct json_out *out, const json_t *value);

/* Whether the innermost container is an object. */
static inline bool json_out_in_object(const struct json_out *out)
{
    return out->depth > 0 && (out->is_object >> (out->depth - 1) & 1);
}

/* Text between quotes and with what stands around them, in one piece. Inline, as keys are literals. */
static inline void json_out_quoted(struct buf *buf, struct str before, struct str s,
                                   struct str behind)
{
    size_t len = before.len + s.len + behind.len;
    char *at;

    if (!(buf_has_room(buf, len) || buf_reserve(buf, len))) {
        return;
    }
    at = buf->ptr + buf->len;
    memcpy(at, before.ptr, before.len);
    at += before.len;
    if (s.len > 0) {
        memcpy(at, s.ptr, s.len);
    }
    memcpy(at + s.len, behind.ptr, behind.len);
    buf->len += len;
}

static inline void json_out_key_plain(struct json_out *out, struct str key)
{
    assert(json_out_in_object(out) && !out->after_key);
    if (out->first) {
        json_out_quoted(out->buf, STR("\""), key, STR("\":"));
    } else {
        json_out_quoted(out->buf, STR(",\""), key, STR("\":"));
    }
    out->first = false;
    out->after_key = true;
}

/* The comma, where one is due. */
static inline void json_out_begin_value(struct json_out *out)
{
    if (out->after_key) {
        out->after_key = false;
        return;
    }
    assert(!json_out_in_object(out));
    if (!out->first) {
        assert(out->depth > 0);
        buf_char(out->buf, ',');
    }
    out->first = false;
}

static inline void json_out_plain(struct json_out *out, struct str s)
{
    json_out_begin_value(out);
    json_out_quoted(out->buf, STR("\""), s, STR("\""));
}

#endif
