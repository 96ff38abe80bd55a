/*
 * The one thread that writes. Callers hand it operations and wait; it runs what is waiting in one
 * transaction, and hands the results back only after that was synced (group commit).
 */
#ifndef ORGD_STORE_SQLITE_WRITER_H
#define ORGD_STORE_SQLITE_WRITER_H

#include "base/fair_queue.h"
#include "store/sqlite/batch_pace.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/removal_pace.h"
#include "store/sqlite/write_op.h"

#include <pthread.h>

struct checkpointer;

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

/*
 * The same without waiting: ST_PENDING, and op->call->later is told. op stays until then. ST_BUSY where
 * memory is out. Where its deadline passes before it was begun, that is its outcome once it would have been
 * begun; later_withdraw has it at once.
 */
MUST_CHECK enum status writer_submit(struct writer *writer, struct write_op *op);

/* Says that there is something to reclaim. Any thread. */
void writer_reclaim(struct writer *writer);

#endif
