/*
 * How many operations go into one commit while several tenants write. Everybody waits for the batch that
 * is under way and for their own, and beyond that for the cores: each operation is a request, which
 * takes them many times as long as its part on the writer's thread. Arithmetic only: all times are given.
 */
#ifndef ORGD_STORE_SQLITE_BATCH_PACE_H
#define ORGD_STORE_SQLITE_BATCH_PACE_H

#include <stddef.h>
#include <stdint.h>

#define BATCH_MAX 256 /* operations, whoever writes */

/* How long things usually take. All zero but for cores: not known yet. */
struct batch_pace {
    int64_t run_ns;    /* one operation on the writer's thread */
    int64_t commit_ns; /* a commit */
    size_t cores;      /* on which the process may run, 1 at least */
};

/* A batch of count operations, 1 at least, was run and committed in so long. */
void batch_pace_learn(struct batch_pace *pace, int64_t run_ns, int64_t commit_ns, size_t count);

/* The most operations of the next batch while several tenants write; lanes: how many of them have one
 * waiting or under way. At least one of each where BATCH_MAX allows it. */
size_t batch_pace_size(const struct batch_pace *pace, size_t lanes);

#endif
