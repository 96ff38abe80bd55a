/* A mutex, a condition and a list. */
#include "store/sqlite/readers.h"

#include "base/clock.h"
#include "base/thread.h"

#include <stdlib.h>
#include <time.h>

void readers_init(struct readers *readers, const char *path, enum connection_use use)
{
    *readers = (struct readers){ .path = path, .use = use };
    (void)pthread_mutex_init(&readers->mutex, NULL);
    condition_init(&readers->given);
}

void readers_done(struct readers *readers)
{
    while (readers->free) {
        struct connection *connection = readers->free;

        readers->free = connection->next;
        connection_done(connection);
        free(connection);
    }
    (void)pthread_cond_destroy(&readers->given);
    (void)pthread_mutex_destroy(&readers->mutex);
}

/* Under the mutex: waits until a connection is free or one more may be opened. */
static bool wait_for_one(struct readers *readers, int64_t deadline_ms)
{
    struct timespec until = { .tv_sec = deadline_ms / 1000,
                              .tv_nsec = deadline_ms % 1000 * 1000000 };

    while (!readers->free && readers->opened >= READERS_MAX) {
        if (clock_monotonic_ms() >= deadline_ms) {
            return false;
        }
        (void)pthread_cond_timedwait(&readers->given, &readers->mutex, &until);
    }
    return true;
}

static enum status open_one(struct readers *readers, struct connection **ret_connection,
                            struct err *err)
{
    struct connection *connection = malloc(sizeof(*connection));
    enum status status;

    if (!connection) {
        status = err_set(err, ST_BROKEN, "no memory for a connection");
    } else {
        status = connection_init(connection, readers->path, readers->use, err);
    }
    if (status != ST_OK) {
        free(connection);
        (void)pthread_mutex_lock(&readers->mutex);
        readers->opened--;
        (void)pthread_cond_signal(&readers->given);
        (void)pthread_mutex_unlock(&readers->mutex);
        return status;
    }
    *ret_connection = connection;
    return ST_OK;
}

enum status readers_take(struct readers *readers, int64_t deadline_ms,
                         struct connection **ret_connection, struct err *err)
{
    struct connection *connection;
    bool may;

    (void)pthread_mutex_lock(&readers->mutex);
    may = wait_for_one(readers, deadline_ms);
    connection = readers->free;
    if (connection) {
        readers->free = connection->next;
    } else if (may) {
        readers->opened++;
    }
    (void)pthread_mutex_unlock(&readers->mutex);
    if (!may) {
        return err_set(err, ST_BUSY, "all %d read connections are in use", READERS_MAX);
    }
    if (!connection) {
        return open_one(readers, ret_connection, err);
    }
    *ret_connection = connection;
    return ST_OK;
}

void readers_give(struct readers *readers, struct connection *connection)
{
    (void)pthread_mutex_lock(&readers->mutex);
    connection->next = readers->free;
    readers->free = connection;
    (void)pthread_cond_signal(&readers->given);
    (void)pthread_mutex_unlock(&readers->mutex);
}
