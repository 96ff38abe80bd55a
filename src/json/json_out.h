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
void json_out_key_plain(struct json_out *out, struct str key);
void json_out_plain(struct json_out *out, struct str s);

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

#endif
