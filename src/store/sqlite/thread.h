/* Threads and conditions as the engine's own threads need them. */
#ifndef ORGD_STORE_SQLITE_THREAD_H
#define ORGD_STORE_SQLITE_THREAD_H

#include "base/err.h"

#include <pthread.h>

/* Starts a thread that no signal is delivered to. name: at most 15 bytes. ST_OK or ST_BROKEN. */
MUST_CHECK enum status thread_start(const char *name, void *(*run)(void *), void *argument,
                                    pthread_t *ret_thread, struct err *err);

/* A condition whose timed waits are by the clock of clock_monotonic_ms. */
void condition_init(pthread_cond_t *condition);

#endif
