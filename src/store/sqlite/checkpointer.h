/*
 * The thread that copies the write-ahead log into the database, so that the writer doesn't, and the
 * gate at which the writer waits while the log is brought to its end or has grown too long.
 */
#ifndef ORGD_STORE_SQLITE_CHECKPOINTER_H
#define ORGD_STORE_SQLITE_CHECKPOINTER_H

#include "store/sqlite/connection.h"

#include <pthread.h>

/* In pages of the log. Sensible order: copy < restart < limit. */
struct checkpoint_limits {
    int copy;    /* new ones after which they are copied while the writer goes on */
    int restart; /* a log this long is copied to its end with the writer held, and begun anew */
    int limit;   /* no transaction begins behind this many */
};

#define CHECKPOINT_LIMITS                                                                          \
    ((struct checkpoint_limits){ .copy = 1000, .restart = 8000, .limit = 65536 })

struct checkpointer {
    struct connection connection;
    struct checkpoint_limits limits;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* anything below */
    int log_pages;          /* as of the last commit */
    int copied_pages;       /* of these */
    bool inside;            /* the writer is between enter and leave */
    bool held;              /* the writer may not enter */
    bool wanted;            /* the writer waits for room */
    bool stopping;
    bool running;       /* the thread was started */
    int rounds;         /* done so far */
    int64_t retry_ms;   /* after a failure: not before */
    enum status status; /* of the last round */
    struct err err;
};

/* Opens its connection and starts its thread. */
MUST_CHECK enum status checkpointer_init(struct checkpointer *checkpointer, const char *path,
                                         struct checkpoint_limits limits, struct err *err);

/* Stops the thread and closes the connection. After the writer stopped. */
void checkpointer_done(struct checkpointer *checkpointer);

/* Learns from the writer's connection how long the log is. */
void checkpointer_watch(struct checkpointer *checkpointer, struct connection *writer);

/* The writer, before and after each transaction. enter waits while the log is being brought to its
 * end, and at the limit for a second: then it gives ST_STORAGE_FULL where the disk is why, or
 * ST_BUSY, and the transaction must not begin (nor leave be called). pages: how many more than usual
 * the transaction may add to the log; it begins only where it then stays within the limit, or where
 * all of the log is copied and it begins anew. */
MUST_CHECK enum status checkpointer_enter(struct checkpointer *checkpointer, int pages,
                                          struct err *err);
void checkpointer_leave(struct checkpointer *checkpointer);

#endif
