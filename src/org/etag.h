/* Entity tags and the preconditions on them (RFC 9110, 8.8.3 and 13.1). */
#ifndef ORGD_ORG_ETAG_H
#define ORGD_ORG_ETAG_H

#include "base/str.h"
#include "org/document.h"

/* The strong tag of a document's text: 128 bits of BLAKE2b. */
void etag_of(struct str body, char ret_etag[ETAG_SIZE]);

/* Whether a list ("*", or tags between commas) holds the tag. weak: W/"x" counts as "x" (for
 * If-None-Match); otherwise a weak tag never matches (for If-Match). */
bool etag_list_holds(struct str list, const char *etag, bool weak);

/* Whether the preconditions allow a change of what is there (body ptr NULL: nothing is). */
bool etag_allows(const struct preconditions *preconditions, struct str body);

/* Whether they ask for nothing at all, or (If-None-Match: *) that nothing be there, whatever it is. */
bool etag_asks_nothing(const struct preconditions *preconditions);
bool etag_asks_for_none(const struct preconditions *preconditions);

#endif
