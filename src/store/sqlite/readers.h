/*
 * The pool of read connections: a thread takes one for one read and gives it back. The one given back
 * last is taken first, so that few caches are warm rather than all of them cold.
 */
#ifndef ORGD_STORE_SQLITE_READERS_H
#define ORGD_STORE_SQLITE_READERS_H

#include "store/sqlite/connection.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define READERS_MAX 256

struct readers {
    const char *path; /* the caller's, for as long as the pool lives */
    enum connection_use use;
    pthread_mutex_t mutex;
    pthread_cond_t given;
    struct connection *free; /* newest first */
    size_t opened;           /* free or taken */
};

/* use: CONNECTION_READ or CONNECTION_LOOK. */
void readers_init(struct readers *readers, const char *path, enum connection_use use);

/* After the last connection was given back. */
void readers_done(struct readers *readers);

/* A connection, opened where none is free. ST_BUSY where READERS_MAX are taken until deadline_ms (of
 * clock_monotonic_ms); else what connection_init gives. Any thread. */
MUST_CHECK enum status readers_take(struct readers *readers, int64_t deadline_ms,
                                    struct connection **ret_connection, struct err *err);
void readers_give(struct readers *readers, struct connection *connection);

#endif
