/*
 * What the parts of an import share. A chunk of lines goes from the reader (import_read.c) to the
 * workers that judge each line (import_parse.c) to the thread that brings them into the store, in the
 * order of the file (import_commit.c), while the main thread draws (import.c).
 */
#ifndef ORGD_APP_IMPORT_WORK_H
#define ORGD_APP_IMPORT_WORK_H

#include "app/copy_progress.h"
#include "app/import.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/executor.h"
#include "org/import_settle.h"

#include <pthread.h>
#include <stdatomic.h>

#define IMPORT_CHUNKS 320                              /* under way at once */
#define IMPORT_CHUNK_LINES 512                         /* at most */
#define IMPORT_CHUNK_BYTES ((size_t)256 * 1024)        /* about; a longer line has one of its own */
#define IMPORT_TEXT_BYTES ((size_t)96 * 1024 * 1024)   /* of all chunks under way */
#define IMPORT_VALUES_BYTES ((size_t)96 * 1024 * 1024) /* what their lines hold: judges wait then */
#define IMPORT_LINE_BYTES ((size_t)16 * 1024 * 1024)   /* or four times the largest document */
#define IMPORT_ENDLESS_BYTES                                                                       \
    ((size_t)256 * 1024 * 1024) /* a line as long as that ends the import */
#define IMPORT_SAID_MAX 1000    /* lines named one by one; of further ones only the number */

/* A line, judged. */
struct import_item {
    uint64_t number; /* in the file, from 1 */
    enum status status;
    const char *words;   /* why it is refused, wholly or in part; NULL: its status says it */
    bool is_well_formed; /* it is a line for orgd, whatever becomes of it */
    bool is_there;       /* import_prepare found its organization */
    bool comes_later;    /* in its batch, when others are settled */
    bool is_partial;     /* a document of an organization's line was refused */
    enum import_outcome outcome;
    struct import_line line;
};

struct import_chunk {
    struct job job;
    struct import *import;
    struct buf text;
    uint64_t place; /* in the file, among chunks */
    uint64_t first_number;
    size_t line_count;
    bool is_overlong; /* one line that was longer than allowed: no text */
    bool ends_early;  /* the file ends in its last line, without a newline */
    size_t bytes;     /* of the file */
    struct arena mem; /* of the items */
    struct import_item *items;
    size_t count;
    size_t values_bytes; /* of mem, once it is judged; under the mutex, as is the next */
    bool is_judged;
};

struct import {
    struct store *store;
    struct import_rules rules;
    pthread_mutex_t large; /* the rules' */
    int fd;
    struct executor *judges;  /* lines */
    struct executor *callers; /* of the store */
    struct progress progress;
    _Atomic bool is_stopping; /* by a signal, or after a failure */

    pthread_mutex_t mutex; /* for all below */
    pthread_cond_t changed;
    struct import_chunk *chunks; /* number n of the file is chunks[n % IMPORT_CHUNKS] */
    uint64_t read_count;         /* chunks that the reader has filled */
    uint64_t free_count;         /* chunks that are done with */
    size_t text_bytes;           /* of the chunks under way */
    size_t values_bytes;         /* of those of them that are judged */
    bool is_waiting;             /* the committer, for the next chunk to be judged */
    bool is_read;                /* to the end, or as far as it goes */
    bool is_done;                /* the committer has ended */
    enum status failure;         /* the first that concerns all */
    struct err failure_err;
    struct arena words; /* of the present batch */
    struct buf said;    /* lines for people, one after the other */
    int64_t said_count;
    struct import_report report;
};

/* The threads' bodies; argument: the struct import. */
void *import_read(void *argument);
void *import_commit(void *argument);

/* The job of a chunk. */
void import_judge(struct job *job);

/* A failure that concerns all: the first one is kept, and everybody stops. Any thread. */
void import_fail(struct import *import, enum status status, const struct err *err);
bool import_is_stopping(const struct import *import);

/* Why something is refused, to stay until the end of the batch. Any thread. */
const char *import_keep_words(struct import *import, const char *words);

/* Says that a line is refused. Any thread. */
void import_refuse(struct import *import, const struct import_item *item);

/* Work on several things at once, in parts; ST_OK, or the first failure. */
struct import_parts {
    struct import *import;
    void *context;
    size_t count;
    size_t part; /* how many things of it one call is for */
    enum status (*run)(struct import_parts *parts, size_t from, size_t count, struct err *err);
};
MUST_CHECK enum status import_run_parts(struct import_parts *parts, struct err *err);

/* What the committer works with: the lines of some chunks, in order. */
struct import_batch {
    struct import *import;
    struct arena mem;
    struct import_item **items;
    size_t count;
};

/* The organizations of a batch, then the documents. Any status but ST_OK concerns all. */
MUST_CHECK enum status import_put_organizations(struct import_batch *batch, struct err *err);

/* The organization that documents without one of their own belong to: of the line above. */
struct import_current {
    bool is_known;
    bool is_refused;
    struct oid id;
    struct buf name_key; /* of the organization looked for last by its name */
    bool name_is_found;
    struct oid name_id;
};
MUST_CHECK enum status import_put_documents(struct import_batch *batch,
                                            struct import_current *current, struct err *err);

#endif
