/*
 * One change of one document, decided by an edit and carried out: exactly what the edit saw becomes exactly
 * what it wants, or nothing happens.
 *
 * Where the server compares whole documents, it is the filter that makes sure of it: {_id, $expr: {$eq:
 * ["$$ROOT", <the document as it was read>]}}. Equal is what MongoDB takes for equal there: 1, 1.0 and NumberLong(1)
 * are; so a foreign program's change of a number's type alone, in the moment between, is overwritten.
 * Elsewhere, and for documents over CHANGE_COMPARED_MAX, whoever replaces or deletes holds the document's
 * lock (locks.h) from before its read to after its write, which excludes our own calls, not foreign
 * programs. Which of the two it is depends on what was read alone, so all calls do the same. To make a
 * document that isn't there needs neither: _id is unique. Nor does it, where documents are compared, to delete
 * one by an ObjectId whatever it is: it is never made anew, so who holds its lock finds it gone, no other.
 */
#ifndef ORGD_STORE_MONGO_DOCUMENT_CHANGE_H
#define ORGD_STORE_MONGO_DOCUMENT_CHANGE_H

#include "store/mongo/documents.h"

#define CHANGE_COMPARED_MAX (UINT32_C(4) * 1024 * 1024) /* bytes of BSON */

/* A call of mongo_document_edit. */
struct editing {
    struct mongo_store *engine;
    const struct call *call;
    const struct placement *placement;
    struct str id;
    document_edit_fn *edit;
    void *context;
    bool is_locked; /* no other call of ours changes the document while it is there */
};

/* One look at the document, and what is to become of it. */
struct change {
    const struct editing *editing;
    bool existed;
    bson_t before;   /* where it existed */
    struct buf text; /* of it */
    struct document_edit decision;
    bson_t after;    /* for EDIT_PUT */
    struct buf kept; /* its text, as it will be read */
};

/* Of a document that isn't there, so far. */
void change_init(struct change *change, const struct editing *editing);
void change_done(struct change *change);

/* ST_UNSURE, with words in the call's err. */
MUST_CHECK enum status change_unsure(const struct editing *editing);

/* Reads the document. ST_OK, also where there is none. */
MUST_CHECK enum status change_look(struct change *change);

/* Lets the edit decide. ST_OK, or what the edit returned. */
MUST_CHECK enum status change_decide(struct change *change);

/* Makes what is to be put, if anything is. ST_OK; ST_TOO_LARGE and ST_INVALID: the server can't
 * hold it. */
MUST_CHECK enum status change_make(struct change *change);

/* Whether there is anything to write. */
bool change_is_needed(const struct change *change);

/* Whether it may only be written under the document's lock. */
bool change_needs_lock(const struct change *change);

/* Appends what the document must be, where it existed, for the change to happen. */
void change_filter(const struct change *change, bson_t *filter);

/*
 * Writes, and tells the edit what is kept. ST_OK; ret_overtaken: nothing was written, because the document is
 * not what it was any more. ST_UNSURE where it can't be said. ST_DOCUMENT_EXISTS: a unique index of the
 * tenant's own refuses it. ST_INVALID: the server can't hold it; err names the member or the
 * document, and the server's own words are in the log.
 *
 * An unknown outcome is cleared up within the deadline where that is possible: what is there as it was is
 * changed again. What is there as it was to become is the outcome only where nobody else can have made it so;
 * otherwise the edit is asked, and it is one where the edit would keep it.
 */
MUST_CHECK enum status change_write(struct change *change, bool *ret_overtaken);

#endif
