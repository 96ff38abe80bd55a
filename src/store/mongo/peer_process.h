/*
 * Whether a process on this host is still there: so that a killed instance's work is recovered at once,
 * and not after PEER_DEAD_MS. Process ids are compared only within one boot and one name space of
 * process ids, and a process id that another process has got since is told by its start time.
 */
#ifndef ORGD_STORE_MONGO_PEER_PROCESS_H
#define ORGD_STORE_MONGO_PEER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct peer_process {
    char host[96]; /* boot id and name space; empty: not known, and compares with nothing */
    int64_t pid;
    int64_t start; /* in clock ticks since boot; 0: not known */
};

void peer_process_self(struct peer_process *ret_process);

/* Of a process of the same host as this one: true only where it is known to have ended. */
bool peer_process_is_gone(int64_t pid, int64_t start);

#endif
