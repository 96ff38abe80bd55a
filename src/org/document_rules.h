/* What a document and its `_id` may be: within the module, for all that make or change one. */
#ifndef ORGD_ORG_DOCUMENT_RULES_H
#define ORGD_ORG_DOCUMENT_RULES_H

#include "org/document.h"

/* Whether an `_id` is good; otherwise ST_INVALID, and an entry says so. where: "path" or "body"; member: what
 * it is called there, a literal. */
MUST_CHECK enum status document_judge_id(struct str id, const char *where, const char *member,
                                         struct invalid *invalid);

/* The same of a body (NULL: there is none) and of the `_id` in it: id is the path's (ptr NULL: the body may
 * choose). */
MUST_CHECK enum status document_judge_body(json_t *body, struct str id, struct invalid *invalid);

#endif
