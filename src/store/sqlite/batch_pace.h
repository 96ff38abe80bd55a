/*
 * How many operations of each tenant go into one commit while several write, and how long a commit waits for
 * more.
 *
 * Everybody waits for the batch that is under way and for their own, and beyond that for the cores: each
 * operation is a request, which takes them many times as long as its part on the writer's thread.
 *
 * Who was just answered usually comes back at once, and a moment too late for the next commit. Where that
 * moment is short beside a commit, waiting for it makes one commit of what would be two.
 *
 * Arithmetic only: all times are given.
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

    int64_t answered_us; /* when the last batch was handed back */
    size_t expected;     /* who got an answer then, and who waited already */
    unsigned vain;       /* how often in a row they didn't come in time */
    unsigned unwaited;   /* so many batches more wait for nobody, because of that */
};

/* A batch of count operations, 1 at least, was run and committed in so long. */
void batch_pace_learn(struct batch_pace *pace, int64_t run_ns, int64_t commit_ns, size_t count);

/* The most operations of one tenant in the next batch while several of them write, 4 to BATCH_MAX: so much
 * one may put before another who has little. */
size_t batch_pace_share(const struct batch_pace *pace);

/* A batch was handed back: so many were answered, and so many others waited by then. */
void batch_pace_answered(struct batch_pace *pace, int64_t now_us, size_t answered, size_t waiting);

/*
 * Until when the next batch, which takes most at most, waits for more than the waiting that are there; 0:
 * it doesn't wait. Never for more than came before: a lone client waits for nobody. Half of a commit's time
 * from when they were answered is the longest. Once for each batch.
 * ret_wanted: with so many it waits no longer
 */
int64_t batch_pace_gather(struct batch_pace *pace, size_t waiting, size_t most, size_t *ret_wanted);

/* So many of the missing came in time. Where few did, the next tries are further and further apart. */
void batch_pace_gathered(struct batch_pace *pace, size_t missing, size_t came);

#endif
