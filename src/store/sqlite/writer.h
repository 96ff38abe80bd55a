/*
 * The one thread that writes. Callers hand it operations and wait; it runs what is waiting in one
 * transaction, and hands the results back only after that was synced (group commit).
 */
#ifndef ORGD_STORE_SQLITE_WRITER_H
#define ORGD_STORE_SQLITE_WRITER_H

#include "base/call.h"
#include "base/fair_queue.h"
#include "store/sqlite/batch_pace.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/removal_pace.h"

#include <pthread.h>
#include <stdatomic.h>

struct checkpointer;

/* A change, the first member of a verb's own struct, which holds inputs and results. On the caller's
 * stack until writer_run returns. */
struct write_op {
    /* Runs on the writer's thread inside a transaction and a savepoint. Whatever it returns but
     * ST_OK undoes its own changes only. Its results are the caller's after writer_run gave ST_OK. */
    enum status (*run)(struct connection *connection, struct write_op *op);
    const struct call *call;
    uint64_t lane; /* whose change it is (oid_number of the organization); 0: nobody's yet */
    bool is_alone; /* in a transaction of its own, which may be a large one, without a savepoint */
    size_t bytes;  /* set by run: how much it wrote, roughly; a batch ends where it is much */

    /* The writer's. */
    struct fair_item item;
    struct write_op *next; /* in a batch */
    enum status status;
    atomic_int state;
};

struct writer {
    struct connection connection;
    struct checkpointer *checkpointer;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct fair_queue queue;
    struct batch_pace pace;
    uint64_t last_lane;      /* of the operation that was run last */
    int64_t shared_until_ms; /* several tenants write: batches are short until then */
    int64_t written_us;      /* when the last batch ended */
    struct removal_pace reclaim;
    size_t wanted; /* operations on the queue, for a signal */
    bool idle;     /* the thread sleeps and wants a signal */
    bool stopping;
    bool running;    /* the thread was started */
    bool reclaiming; /* deleted organizations' documents are left */
};

/* Opens the writing connection at path and brings the database to this program's version. */
MUST_CHECK enum status writer_init(struct writer *writer, const char *path, struct err *err);

/* Starts the thread. */
MUST_CHECK enum status writer_start(struct writer *writer, struct checkpointer *checkpointer,
                                    struct err *err);

/* Runs what is waiting and stops the thread; nothing may be handed in any more. */
void writer_stop(struct writer *writer);

/* Closes the connection. */
void writer_done(struct writer *writer);

/*
 * Hands op to the writer and waits. Returns what op->run returned, once its transaction is synced; or
 * ST_BUSY where call->deadline_ms passed before op was begun; or, where the transaction as a whole
 * failed, what that means: ST_STORAGE_FULL, ST_BUSY, ST_BROKEN, or ST_UNSURE where even a second
 * look could not say whether it survives. Any thread but the writer's.
 */
MUST_CHECK enum status writer_run(struct writer *writer, struct write_op *op);

/* Says that there is something to reclaim. Any thread. */
void writer_reclaim(struct writer *writer);

#endif
