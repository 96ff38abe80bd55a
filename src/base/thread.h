/* Starting threads, on how many cores, and conditions by the clock that only goes forward. */
#ifndef ORGD_BASE_THREAD_H
#define ORGD_BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* Starts a thread that no signal is delivered to (they are the main thread's), with a stack of 1 MiB.
 * name: at most 15 bytes. ST_OK or ST_BROKEN. */
MUST_CHECK enum status thread_start(const char *name, void *(*run)(void *), void *argument,
                                    pthread_t *ret_thread, struct err *err);

/* On how many cores the process may run, 1 at least. */
size_t thread_cores(void);

/* Whether SIGTERM or SIGINT, blocked while the program starts, has come meanwhile: what would wait long
 * gives up then. */
bool thread_stop_is_pending(void);

/* A condition whose timed waits are by the clock of clock_monotonic_ms. */
void condition_init(pthread_cond_t *condition);

#endif
