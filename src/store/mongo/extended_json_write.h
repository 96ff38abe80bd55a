/*
 * What the two halves of writing share: extended_json_write.c walks through containers,
 * extended_json_values.c writes what is in them. Private to them.
 */
#ifndef ORGD_STORE_MONGO_EXTENDED_JSON_WRITE_H
#define ORGD_STORE_MONGO_EXTENDED_JSON_WRITE_H

#include "base/str.h"

#include <bson/bson.h>

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Whether a text is UTF-8 without NUL. */
bool writing_is_good(struct str text);

/* A good text as a JSON string. */
void writing_quoted(struct buf *out, struct str text);

/* Any bytes as a JSON string, bad ones replaced. */
void writing_text(struct buf *out, const char *bytes, size_t len);

/* Appends a name that isn't good as it is shown; no other name that isn't good is shown like that. */
void writing_mend_name(struct str name, struct buf *out);

/* A value that is no container. false: there is no such type. */
bool writing_scalar(struct buf *out, const bson_iter_t *value);

#endif
