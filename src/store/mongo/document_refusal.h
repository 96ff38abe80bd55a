/*
 * What a client hears of a document that the server can't hold: which member it is, or else which
 * document, in our words. Private to the files of documents.
 */
#ifndef ORGD_STORE_MONGO_DOCUMENT_REFUSAL_H
#define ORGD_STORE_MONGO_DOCUMENT_REFUSAL_H

#include "base/err.h"
#include "base/str.h"

#include <bson/bson.h>

/* Before it is sent to a server without every type, which ends its connection over one: ST_OK, or
 * ST_INVALID with words in err. */
MUST_CHECK enum status document_types_check(const bson_t *document, struct err *err);

/* After mongo_insert or mongo_update gave ST_INVALID: logs the server's words, which are in err,
 * and puts ours in their place. id: as shown. Returns ST_INVALID. */
MUST_CHECK enum status document_refused(const bson_t *document, struct str id,
                                        const char *collection, struct err *err);

#endif
