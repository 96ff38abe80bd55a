/* Documents as the store has them: compact text, `_id` first. */
#ifndef ORGD_ORG_DOCUMENT_TEXT_H
#define ORGD_ORG_DOCUMENT_TEXT_H

#include "base/err.h"
#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Appends the text of an object, with this `_id` and without its own. */
void document_text_write(const json_t *body, struct str id, struct buf *out);

/*
 * What a patch makes of a document, in out, which is cleared first. now: its text, which another
 * program may have made larger and deeper than a body may be; what comes of it must be within the
 * limits again.
 * ST_OK; ST_INVALID: it is nested beyond JSON_DEPTH_MAX; ST_TOO_LARGE: it has over
 * max_bytes; ST_BROKEN.
 */
MUST_CHECK enum status document_text_merge(struct str now, json_t *patch, struct str id,
                                           size_t max_bytes, struct buf *out, struct err *err);

/* Whether it is nested beyond JSON_DEPTH_MAX. */
bool document_text_is_deep(const json_t *body);

/*
 * The length that a document's text has at least, however it is written. A request's limit is on the text
 * as it came, and 1e14 comes back as 100000000000000.0: so a text in the store may be up to four times as
 * long. Only reals have several ways to be written.
 */
size_t document_text_least(struct str text);

/* ST_TOO_LARGE, with words. */
MUST_CHECK enum status document_text_too_large(size_t max_bytes, struct err *err);

#endif
