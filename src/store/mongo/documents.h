/*
 * What the files of documents share: the forms of an _id, and one document found and shown.
 *
 * A document is the API's if its _id is an ObjectId, shown as 24 lower-case hex digits, or a string, shown
 * as it is. Ids of other types, which only a foreign program can make, have no form in which a path could
 * name them: such documents are neither found nor listed nor counted. Two documents whose ids look alike
 * (an ObjectId and a string of its digits) are made by no call of ours; where a foreign program did, all
 * calls mean the one with the ObjectId, and the other isn't listed, until the first is gone.
 */
#ifndef ORGD_STORE_MONGO_DOCUMENTS_H
#define ORGD_STORE_MONGO_DOCUMENTS_H

#include "base/buf.h"
#include "base/oid.h"
#include "store/mongo/engine.h"

#include <bson/bson.h>

/* What a document's text has at most: a foreign one of 16 MiB can come to several times that. */
#define DOCUMENT_TEXT_MAX ((size_t)64 * 1024 * 1024)

/* Whether an id can be that of an ObjectId: 24 hex digits as they are shown. An id with upper-case digits is
 * a string like any other. ret_oid may be NULL. */
bool document_id_is_oid(struct str id, struct oid *ret_oid);

/* An _id as shown; hex is room for an ObjectId's digits, ret_id points there or into the document. false:
 * it is of another type. */
bool document_id_shown(const bson_t *document, char hex[OID_HEX_LEN + 1], struct str *ret_id);

/* The least ObjectId whose digits come behind a text, in order of bytes; false: there is none. */
bool document_id_least_oid_behind(struct str text, struct oid *ret_oid);

/* The document of that id. ST_OK, ST_NO_DOCUMENT, or as mongo_find_one. */
MUST_CHECK enum status document_find(struct mongo *mongo, const struct call *call,
                                     enum mongo_from from, const char *collection, struct str id,
                                     bson_t *ret_document);

/* Its text, appended to out. ST_TOO_LARGE: it would pass DOCUMENT_TEXT_MAX (out has room for that);
 * ST_BROKEN: damaged. In words of err is its id. */
MUST_CHECK enum status document_write(const bson_t *document, struct str id, struct buf *out,
                                      struct err *err);

/* After a read, and before each write: waits for the others' trust where it is gone for a moment, and says
 * whether the collection has been where it is ever since the gate was entered. ST_OK, ST_UNAVAILABLE. */
MUST_CHECK enum status document_place_check(struct mongo_store *engine, const struct call *call,
                                            const struct placement *placement);

#endif
