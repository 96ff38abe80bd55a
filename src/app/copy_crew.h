/* The workers of a copy: many organizations at once, while the main thread draws and looks for
 * signals. */
#ifndef ORGD_APP_COPY_CREW_H
#define ORGD_APP_COPY_CREW_H

#include "app/copy_work.h"

#include <pthread.h>

struct crew;

/* The work on one organization. */
struct work {
    struct job job;
    struct crew *crew;
    struct pair pair;
    struct documents_sum from;
    struct documents_sum to;
    enum status status;
    struct err err;
};

struct crew {
    struct copy *copy;
    struct work works[COPY_PAIRS_MAX];
    size_t count;

    /* Private. */
    enum status (*run)(struct copy *copy, struct work *work);
    size_t left;
    enum status failure; /* the first that concerns all */
    struct err failure_err;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* NULL: no memory. */
struct crew *crew_new(struct copy *copy);
void crew_free(struct crew *crew); /* NULL is fine */

/*
 * Has the workers run each work, and waits for all. A failure that is about one organization is
 * left in its work; any other ends the copy. ST_OK; the first failure of the latter kind; ST_BUSY:
 * stopped by a signal. The main thread.
 */
MUST_CHECK enum status crew_run(struct crew *crew,
                                enum status (*run)(struct copy *copy, struct work *work),
                                struct err *err);

#endif
