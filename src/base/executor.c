/* A mutex, a condition and a fair queue; where order of arrival is wanted, all is one lane. */
#include "base/executor.h"

#include "base/bookings.h"
#include "base/clock.h"
#include "base/pace.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREADS_PER_SPARE 8
#define REST_MS 1000
#define PACED_LEAST 4 /* enough for two tenants and what little waits for something else */

struct executor {
    const char *name;
    pthread_mutex_t mutex;
    pthread_cond_t called;
    struct fair_queue queue;
    size_t running;            /* jobs taken and not done */
    struct fair_queue entered; /* what is done without a thread: all of it counts as taken */
    size_t entered_count;
    size_t idle;      /* threads that sleep and weren't called */
    size_t calls;     /* for threads that haven't woken yet */
    size_t waiting;   /* how many jobs may be queued beyond those that threads were called for */
    struct pace pace; /* its limit: threads that any lane may have; there may be more */
    struct bookings bookings; /* of those who found no place */
    void (*rest)(void);       /* NULL: nothing to call */
    bool is_paced;
    int nice;
    bool is_shared;
    bool stopping;
    size_t threads;
    pthread_t thread[];
};

/* How many threads there are to so many that any lane may have. */
static size_t spare_for(size_t usual)
{
    return (usual + THREADS_PER_SPARE - 1) / THREADS_PER_SPARE;
}

/* Under the mutex: how many jobs a lane may have running, where busy threads have one; SIZE_MAX for any
 * number. */
static size_t lane_limit(const struct executor *executor, size_t busy)
{
    size_t usual = executor->pace.limit;
    size_t share;

    if (busy < usual) {
        return SIZE_MAX;
    }
    /* And one that is still to come. */
    share = (usual + spare_for(usual)) / (executor->queue.lanes + 1);
    return share ? share : 1;
}

static size_t beyond(size_t number, size_t limit)
{
    return number > limit ? number - limit : 0;
}

/* Under the mutex: jobs that no thread was called for. */
static size_t depth(const struct executor *executor)
{
    return beyond(executor->queue.waiting, executor->calls);
}

/* Under the mutex: of what is done without threads, as much as threads would leave waiting. */
static size_t entered_depth(const struct executor *executor)
{
    return beyond(executor->entered_count, executor->pace.limit);
}

/* Under the mutex: the next job that may run now, or NULL. */
static struct job *take(struct executor *executor)
{
    struct fair_item *item =
        fair_queue_take(&executor->queue, lane_limit(executor, executor->running));

    executor->running += item != NULL;
    return (struct job *)item;
}

/* Under the mutex: sleeps until a job was put for this thread, or all is to end; false: a second has
 * passed instead. */
static bool is_called_soon(struct executor *executor)
{
    int64_t until_ms = clock_monotonic_ms() + REST_MS;
    struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
    int waited = 0;

    while (executor->calls == 0 && !executor->stopping && waited == 0) {
        waited = pthread_cond_timedwait(&executor->called, &executor->mutex, &until);
    }
    return executor->calls > 0 || executor->stopping;
}

/* Under the mutex, which is free meanwhile: a thread that is called now finds it out when it is back. */
static void call_rest(struct executor *executor)
{
    (void)pthread_mutex_unlock(&executor->mutex);
    executor->rest();
    (void)pthread_mutex_lock(&executor->mutex);
}

/* Under the mutex: sleeps until a job was put for this thread, or all is to end. */
static void wait_for_call(struct executor *executor)
{
    executor->idle++;
    if (executor->rest && !is_called_soon(executor)) {
        call_rest(executor);
    }
    while (executor->calls == 0 && !executor->stopping) {
        (void)pthread_cond_wait(&executor->called, &executor->mutex);
    }
    if (executor->calls > 0) {
        executor->calls--;
    } else {
        executor->idle--;
    }
}

/* Under the mutex: calls one more thread, where more may run than before; it does the same. */
static void call_another(struct executor *executor)
{
    if (executor->idle > 0 && executor->queue.waiting > executor->calls &&
        executor->running + executor->calls < executor->pace.limit) {
        executor->idle--;
        executor->calls++;
        (void)pthread_cond_signal(&executor->called);
    }
}

/* Runs a job; under the mutex, but for that. */
static void run_job(struct executor *executor, struct job *job)
{
    struct fair_item item = job->item; /* the job is gone once it ran */
    int64_t begun_us;
    int64_t now_us;

    (void)pthread_mutex_unlock(&executor->mutex);
    begun_us = clock_monotonic_us();
    job->run(job);
    now_us = clock_monotonic_us();
    (void)pthread_mutex_lock(&executor->mutex);
    fair_queue_done(&executor->queue, &item);
    executor->running--;
    bookings_ended(&executor->bookings, now_us - begun_us);
    if (executor->is_paced) {
        pace_done(&executor->pace, now_us, depth(executor) > 0);
    }
}

static void *thread_main(void *argument)
{
    struct executor *executor = argument;

    if (executor->nice > 0) {
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), executor->nice);
    }
    (void)pthread_mutex_lock(&executor->mutex);
    for (;;) {
        struct job *job = take(executor);

        if (job) {
            if (executor->is_paced) {
                call_another(executor);
            }
            run_job(executor, job);
        } else if (executor->stopping) {
            break; /* what is left, others take when they end their jobs */
        } else {
            wait_for_call(executor);
        }
    }
    (void)pthread_mutex_unlock(&executor->mutex);
    return NULL;
}

static enum status make(const char *name, const struct pace *pace, size_t spare, size_t waiting,
                        int nice, struct executor **ret_executor, struct err *err)
{
    size_t threads = pace->most + spare;
    struct executor *executor = calloc(1, sizeof(*executor) + threads * sizeof(pthread_t));
    enum status status = ST_OK;

    if (!executor) {
        return err_set(err, ST_BROKEN, "no memory for the %s pool", name);
    }
    executor->name = name;
    executor->pace = *pace;
    executor->is_paced = pace->least < pace->most;
    executor->is_shared = spare > 0;
    executor->waiting = waiting;
    executor->nice = nice;
    fair_queue_init(&executor->queue);
    fair_queue_init(&executor->entered);
    (void)pthread_mutex_init(&executor->mutex, NULL);
    condition_init(&executor->called);
    while (status == ST_OK && executor->threads < threads) {
        pthread_t thread;

        status = thread_start(name, thread_main, executor, &thread, err);
        if (status == ST_OK) {
            (void)pthread_mutex_lock(&executor->mutex);
            executor->thread[executor->threads++] = thread;
            (void)pthread_mutex_unlock(&executor->mutex);
        }
    }
    if (status != ST_OK) {
        executor_free(executor);
        return status;
    }
    *ret_executor = executor;
    return ST_OK;
}

enum status executor_new(const char *name, size_t threads, size_t waiting, int nice,
                         struct executor **ret_executor, struct err *err)
{
    struct pace pace;

    pace_init(&pace, threads, threads, threads);
    return make(name, &pace, 0, waiting, nice, ret_executor, err);
}

enum status executor_new_shared(const char *name, size_t threads, size_t waiting, bool finds_pace,
                                struct executor **ret_executor, struct err *err)
{
    size_t least = finds_pace && threads > PACED_LEAST ? PACED_LEAST : threads;
    struct pace pace;

    pace_init(&pace, least, least, threads);
    return make(name, &pace, spare_for(threads), waiting, 0, ret_executor, err);
}

void executor_free(struct executor *executor)
{
    if (!executor) {
        return;
    }
    (void)pthread_mutex_lock(&executor->mutex);
    executor->stopping = true;
    (void)pthread_cond_broadcast(&executor->called);
    (void)pthread_mutex_unlock(&executor->mutex);
    for (size_t i = 0; i < executor->threads; i++) {
        (void)pthread_join(executor->thread[i], NULL);
    }
    (void)pthread_cond_destroy(&executor->called);
    (void)pthread_mutex_destroy(&executor->mutex);
    fair_queue_free(&executor->queue);
    fair_queue_free(&executor->entered);
    free(executor);
}

void executor_on_rest(struct executor *executor, void (*rest)(void))
{
    (void)pthread_mutex_lock(&executor->mutex);
    executor->rest = rest;
    (void)pthread_mutex_unlock(&executor->mutex);
}

void executor_expect(struct executor *executor, int64_t job_us)
{
    (void)pthread_mutex_lock(&executor->mutex);
    bookings_ended(&executor->bookings, job_us);
    (void)pthread_mutex_unlock(&executor->mutex);
}

/* Under the mutex: whether a thread that sleeps may begin one more job of a lane at once. */
static bool may_begin(const struct executor *executor, const struct fair_counts *lane)
{
    size_t limit = lane_limit(executor, executor->running + executor->calls);

    return executor->idle > 0 && lane->taken + lane->waiting < limit;
}

/* Under the mutex: whether the queue has a place for a job of a lane. */
static bool has_place(const struct executor *executor, const struct fair_counts *lane,
                      uint64_t number)
{
    size_t apart = entered_depth(executor);
    size_t queued = depth(executor) + apart;
    size_t own = lane->waiting;

    if (apart > 0) {
        size_t entered = fair_queue_counts(&executor->entered, number).taken;

        own += entered < apart ? entered : apart;
    }
    return queued < executor->waiting && (!executor->is_shared || own < executor->waiting - queued);
}

bool executor_submit(struct executor *executor, struct job *job)
{
    uint64_t number = executor->is_shared ? job->lane : 0;
    struct fair_counts lane;
    bool begins;
    bool taken;

    (void)pthread_mutex_lock(&executor->mutex);
    lane = fair_queue_counts(&executor->queue, number);
    begins = may_begin(executor, &lane);
    taken = (begins || has_place(executor, &lane, number)) &&
            fair_queue_put(&executor->queue, &job->item, number);
    if (taken && begins) {
        executor->idle--;
        executor->calls++;
    }
    (void)pthread_mutex_unlock(&executor->mutex);
    if (taken && begins) { /* not before: the thread would wake only to wait for the mutex */
        (void)pthread_cond_signal(&executor->called);
    }
    return taken;
}

bool executor_enter(struct executor *executor, struct job *job)
{
    uint64_t number = executor->is_shared ? job->lane : 0;
    struct fair_counts lane;
    bool taken;

    job->entered_us = clock_monotonic_us();
    (void)pthread_mutex_lock(&executor->mutex);
    taken = executor->entered_count < executor->pace.limit;
    if (!taken) {
        lane = fair_queue_counts(&executor->queue, number);
        taken = has_place(executor, &lane, number);
    }
    taken = taken && fair_queue_put_taken(&executor->entered, &job->item, number);
    executor->entered_count += taken;
    (void)pthread_mutex_unlock(&executor->mutex);
    return taken;
}

/* Where more are under way than there are threads, as many end in its time as if each took a thread for a
 * part of it. */
void executor_leave(struct executor *executor, struct job *job)
{
    int64_t took_us = clock_monotonic_us() - job->entered_us;
    size_t limit;

    (void)pthread_mutex_lock(&executor->mutex);
    limit = executor->pace.limit;
    if (executor->entered_count > limit) {
        took_us = took_us * (int64_t)limit / (int64_t)executor->entered_count;
    }
    fair_queue_done(&executor->entered, &job->item);
    executor->entered_count--;
    bookings_ended(&executor->bookings, took_us);
    (void)pthread_mutex_unlock(&executor->mutex);
}

int executor_book(struct executor *executor)
{
    int64_t now_us = clock_monotonic_us();
    size_t waiting = executor->is_shared ? (executor->waiting + 1) / 2 : executor->waiting;
    size_t at_once;
    int seconds;

    (void)pthread_mutex_lock(&executor->mutex);
    at_once = executor->pace.limit;
    seconds = bookings_make(&executor->bookings, now_us, at_once, at_once + waiting);
    (void)pthread_mutex_unlock(&executor->mutex);
    return seconds;
}

size_t executor_depth(struct executor *executor)
{
    size_t queued;

    (void)pthread_mutex_lock(&executor->mutex);
    queued = depth(executor) + entered_depth(executor);
    (void)pthread_mutex_unlock(&executor->mutex);
    return queued;
}

size_t executor_limit(struct executor *executor)
{
    size_t limit;

    (void)pthread_mutex_lock(&executor->mutex);
    limit = executor->pace.limit;
    (void)pthread_mutex_unlock(&executor->mutex);
    return limit;
}

const char *executor_name(const struct executor *executor)
{
    return executor->name;
}
