/*
 * One line of what `orgd import` reads: an organization with its administrators, perhaps with
 * documents, or one document. docs/internals/import.md has the form; here is what each may hold.
 *
 * What is in a line is judged by the rules that hold for the API. Members that no line has are refused:
 * a misspelt "password" must not make an administrator without one.
 */
#ifndef ORGD_ORG_IMPORT_LINE_H
#define ORGD_ORG_IMPORT_LINE_H

#include "base/arena.h"
#include "base/err.h"
#include "org/name.h"
#include "store/store.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#define IMPORT_TREE_BYTES ((size_t)256 * 1024 * 1024) /* what a line's values may take in memory */
#define IMPORT_DOCUMENTS_MAX 100000                   /* in an organization's line */
#define IMPORT_VERSION_MAX INT32_MAX /* of a password: room for more changes of it */

struct import_rules {
    int64_t password_min_bytes;
    size_t document_max_bytes;
    pthread_mutex_t *large;          /* lines that take much memory are read one at a time */
    const _Atomic bool *is_stopping; /* looked at before each password that is hashed */
};

struct import_admin {
    struct tenant_member member; /* with an id and times of its own where none are given */
    struct str password;         /* plain text, still to be hashed; ptr NULL: a hash is given */
    bool has_id;
    bool has_version;
    bool has_role;
    bool has_created;
    bool has_updated;
};

struct import_document {
    struct document document; /* without has_id: an id that import_document_name replaces */
    char *body;               /* the document's */
    bool has_id;
};

enum import_kind { IMPORT_BLANK, IMPORT_ORGANIZATION, IMPORT_DOCUMENT };

struct import_line {
    enum import_kind kind;
    struct import_document *documents; /* of a line for a document exactly one */
    size_t document_count;

    /* IMPORT_ORGANIZATION. The first administrator is the organization's admin_id. */
    struct organization organization; /* with an id and times of its own where none are given */
    struct name name;
    bool has_id;
    bool has_slug;
    bool has_created;
    bool has_updated;
    struct import_admin *admins;
    size_t admin_count; /* 1 to TENANT_MEMBERS_MAX */

    /* IMPORT_DOCUMENT: which organization's. Neither: that of the line for one above. */
    bool by_id;
    struct oid organization_id;
    struct str name_key; /* ptr NULL: not by name */
};

/*
 * Reads a line, without what ends it. Strings of the result live in mem. Also of a line that is refused
 * ret_line->kind is set: IMPORT_DOCUMENT where it certainly is for a document, else
 * IMPORT_ORGANIZATION.
 * ST_OK; ST_BAD_JSON, with the offset; ST_INVALID, ST_TOO_LARGE. err says in words what is wrong. Any
 * thread.
 */
MUST_CHECK enum status import_line_read(struct str text, const struct import_rules *rules,
                                        struct arena *mem, struct import_line *ret_line,
                                        struct err *err);

/* Gives a document without an _id one that is made of its organization, its place in the file and its
 * text: so that the same line imported again is the same document. number: of the line; index: of the
 * document in it. */
void import_document_name(struct import_document *document, const struct oid *organization,
                          uint64_t number, uint64_t index);

/* Private to import_line.c, import_admin.c and import_document.c. */
struct import_reader {
    const struct import_rules *rules;
    struct arena *mem;
    struct err *err;
    int64_t now_ms;
};

/* Each sets err and gives ST_INVALID where the value is of another kind or breaks the rule. member: its
 * name, for the words. */
MUST_CHECK enum status import_text(const struct import_reader *reader, const json_t *value,
                                   const char *member, struct str *ret_text);
MUST_CHECK enum status import_id(const struct import_reader *reader, const json_t *value,
                                 const char *member, struct oid *ret_id);
MUST_CHECK enum status import_time(const struct import_reader *reader, const json_t *value,
                                   const char *member, int64_t *ret_ms);

/* body: a document. */
MUST_CHECK enum status import_document_read(const struct import_reader *reader, const json_t *body,
                                            struct import_document *ret_document);

/* object: an administrator; of the line itself where it has one only, and no list of them. */
MUST_CHECK enum status import_admin_read(const struct import_reader *reader, const json_t *object,
                                         struct import_admin *ret_admin);
MUST_CHECK enum status import_admin_member(const struct import_reader *reader, const char *key,
                                           const json_t *value, struct import_admin *admin,
                                           bool *ret_known);
MUST_CHECK enum status import_admin_finish(const struct import_reader *reader,
                                           struct import_admin *admin);

#endif
