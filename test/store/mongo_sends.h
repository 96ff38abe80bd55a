/*
 * What this process says to MongoDB, counted as it leaves: this file's sendmsg stands before the C
 * library's, and libmongoc's plain connections send by it (those with TLS can't be looked into).
 */
#ifndef ORGD_TEST_STORE_MONGO_SENDS_H
#define ORGD_TEST_STORE_MONGO_SENDS_H

#include <stdbool.h>

#define SENDS_ENDED 9 /* exit status of a process that ended by sends_end_at */

/* Whether what is sent to that URL can be looked into. */
bool sends_are_plain(const char *url);

/* How many commands this thread has sent since it asked last. */
int sends_count(void);

/* Where the process ends: before the n-th command that writes (from now on, n from 1; what an instance
 * writes of itself isn't counted) is sent, or as soon as it is sent and without waiting for its answer. */
enum sends_end { BEFORE_SENDING, AFTER_SENDING };

/* Ends the process, as a power cut would, at the n-th write by this thread, or by any but this thread. */
void sends_end_at(int n, enum sends_end end, bool by_others);

/* Calls a function, once, before this thread's n-th command that writes is sent: what others do just then.
 * n 0: no more. */
void sends_call_at(int n, void (*call)(void *context), void *context);

#endif
