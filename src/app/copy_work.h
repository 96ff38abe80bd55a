/* What the parts of a copy share, and the work on one organization. */
#ifndef ORGD_APP_COPY_WORK_H
#define ORGD_APP_COPY_WORK_H

#include "app/busy.h"
#include "app/copy.h"
#include "app/copy_progress.h"
#include "app/copy_walk.h"
#include "base/executor.h"

#include <stdatomic.h>

#define COPY_SAID_MAX 20 /* organizations named one by one; of further ones only the number */

struct copy {
    struct store *from;
    struct store *to;
    bool deletes;
    struct progress progress;
    struct executor *workers;
    _Atomic bool is_stopping; /* by a signal, or after a failure that concerns all */
    bool is_interrupted;      /* by a signal */
    int64_t said;             /* organizations named; the main thread's */
};

/* ST_OK, or ST_BUSY with its words: asked by every loop before it goes on. Any thread. */
MUST_CHECK enum status copy_may_go_on(struct copy *copy, struct err *err);

/* Begins a call to the destination (app/busy.h), with more time where it is for a tenant of many members.
 * Any thread. */
void copy_call_begin(struct copy *copy, struct busy_call *busy, const struct tenant *tenant,
                     struct err *err);

/* tenant_put, and organization_delete (ST_OK also where it is gone), again while the destination is
 * busy. Any thread. */
MUST_CHECK enum status copy_put_tenant(struct copy *copy, const struct tenant *tenant,
                                       struct err *err);
MUST_CHECK enum status copy_delete_tenant(struct copy *copy, const struct tenant *tenant,
                                          struct err *err);

/*
 * Puts at the destination the documents of an organization that are missing or differ there; with
 * copy->deletes those that the source lacks go. is_new: the destination is known to have none.
 * Counts in the progress. ST_NO_ORGANIZATION: on one of the sides it is gone. Any thread.
 */
MUST_CHECK enum status copy_documents(struct copy *copy, const struct oid *organization,
                                      bool is_new, struct err *err);

struct documents_sum {
    int64_t count; /* with those that are hidden behind others: see store.h's has_twin */
    unsigned char digest[COPY_DIGEST_BYTES]; /* of ids and bodies, in order */
};

/* Counts and sums up the documents of an organization on both sides; has_…: it is there. Counts in
 * the progress. Any thread. */
MUST_CHECK enum status copy_compare_documents(struct copy *copy, const struct oid *organization,
                                              bool has_from, bool has_to,
                                              struct documents_sum *ret_from,
                                              struct documents_sum *ret_to, struct err *err);

/*
 * Puts a tenant whose name, slug or address another one has at the destination from an earlier
 * copy: that one is set aside, under names made from its id, until its own turn comes, which is at
 * once. The main thread, while no worker runs.
 */
MUST_CHECK enum status copy_settle(struct copy *copy, const struct tenant *tenant, struct err *err);

#endif
