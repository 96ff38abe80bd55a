/*
 * A pool of threads with a bounded queue: the hash pool and the store pool are two of these.
 * Submitting never waits: a full queue is the caller's to answer (503).
 */
#ifndef ORGD_BASE_EXECUTOR_H
#define ORGD_BASE_EXECUTOR_H

#include "base/err.h"
#include "base/fair_queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct executor;

/* A piece of work; part of a larger struct that its owner keeps until run was called. */
struct job {
    struct fair_item item; /* the executor's */
    void (*run)(struct job *job);
    uint64_t lane;      /* whose work it is; looked at where tenants share the pool */
    int64_t entered_us; /* the executor's */
};

/*
 * name:    static, for the metrics and the threads' names ("hash", "store")
 * threads: 1 to 1024; waiting: jobs that may queue behind those that run, 0 to 1,000,000
 * nice:    0, or up to 19 for threads that compute long and should let others go first (Linux keeps
 *          this for each thread)
 * Jobs run in order of arrival. Returns ST_OK, or ST_BROKEN where the system gives no threads.
 */
MUST_CHECK enum status executor_new(const char *name, size_t threads, size_t waiting, int nice,
                                    struct executor **ret_executor, struct err *err);

/*
 * The same for a pool that tenants share:
 *   - jobs that wait are taken from their lanes in turns;
 *   - one lane alone gets all threads; beyond them there is one for each eight, at least one, that only
 *     runs jobs of a lane with less than its share of threads, so that a newcomer needn't wait for
 *     another's job to end;
 *   - a lane may have as many jobs waiting as there are places left, so that one alone fills half the
 *     queue, and there is a place for each newcomer.
 * finds_pace: for jobs that wait for a server. Of the threads that one lane alone gets, only so many run
 * jobs at once as serve it best (base/pace.h), 4 at least; what lanes have less than their share of them
 * may begin beyond that, so that a lane whose jobs are stuck holds up no other.
 */
MUST_CHECK enum status executor_new_shared(const char *name, size_t threads, size_t waiting,
                                           bool finds_pace, struct executor **ret_executor,
                                           struct err *err);

/* Runs what is still queued, then joins the threads. Nothing may be submitted any more. */
void executor_free(struct executor *executor);

/* For what threads keep from one job to the next: rest is called on a thread that has had nothing to do
 * for a second, once until its next job. Before the first job is submitted. */
void executor_on_rest(struct executor *executor, void (*rest)(void));

/* What a job takes, where that is known before any has ended. */
void executor_expect(struct executor *executor, int64_t job_us);

/* Any thread. false: the queue is full (or would be, or the lane's part of it), and the job was not
 * taken. */
bool executor_submit(struct executor *executor, struct job *job);

/*
 * For work that is done without a thread of the pool (run is not called), and still belongs to what it may
 * have under way: it takes a place as if it had been submitted, of a thread or, beyond as many as there are, in
 * the queue, until executor_leave. false: as executor_submit. Any thread.
 */
bool executor_enter(struct executor *executor, struct job *job);
void executor_leave(struct executor *executor, struct job *job);

/* For one whose job was not taken: in how many seconds there will be a place, 1 to 60, behind those of others
 * who were told so (base/bookings.h). Where tenants share the pool, as if one alone filled it. Any thread. */
int executor_book(struct executor *executor);

/* Jobs waiting, not those running; of those without a thread, what is beyond the number of threads. */
size_t executor_depth(struct executor *executor);
/* How many jobs one lane alone may have running now. */
size_t executor_limit(struct executor *executor);
const char *executor_name(const struct executor *executor);

#endif
