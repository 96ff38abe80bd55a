/* A mutex, a condition and a list in order of arrival. */
#include "base/executor.h"

#include "base/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct executor {
    const char *name;
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    struct job *first;
    struct job **last;
    size_t queued;  /* on the list */
    size_t idle;    /* threads that wait for a job */
    size_t waiting; /* how many may be queued beyond the idle threads */
    int nice;
    bool stopping;
    size_t threads;
    pthread_t thread[];
};

static void *thread_main(void *argument)
{
    struct executor *executor = argument;

    if (executor->nice > 0) {
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), executor->nice);
    }
    (void)pthread_mutex_lock(&executor->mutex);
    for (;;) {
        struct job *job;

        while (!executor->first && !executor->stopping) {
            executor->idle++;
            (void)pthread_cond_wait(&executor->filled, &executor->mutex);
            executor->idle--;
        }
        job = executor->first;
        if (!job) {
            break;
        }
        executor->first = job->next;
        if (!executor->first) {
            executor->last = &executor->first;
        }
        executor->queued--;
        (void)pthread_mutex_unlock(&executor->mutex);
        job->run(job);
        (void)pthread_mutex_lock(&executor->mutex);
    }
    (void)pthread_mutex_unlock(&executor->mutex);
    return NULL;
}

enum status executor_new(const char *name, size_t threads, size_t waiting, int nice,
                         struct executor **ret_executor, struct err *err)
{
    struct executor *executor = calloc(1, sizeof(*executor) + threads * sizeof(pthread_t));
    enum status status = ST_OK;

    if (!executor) {
        return err_set(err, ST_BROKEN, "no memory for the %s pool", name);
    }
    executor->name = name;
    executor->waiting = waiting;
    executor->nice = nice;
    executor->last = &executor->first;
    (void)pthread_mutex_init(&executor->mutex, NULL);
    (void)pthread_cond_init(&executor->filled, NULL);
    while (status == ST_OK && executor->threads < threads) {
        status =
            thread_start(name, thread_main, executor, &executor->thread[executor->threads], err);
        executor->threads += status == ST_OK;
    }
    if (status != ST_OK) {
        executor_free(executor);
        return status;
    }
    *ret_executor = executor;
    return ST_OK;
}

void executor_free(struct executor *executor)
{
    if (!executor) {
        return;
    }
    (void)pthread_mutex_lock(&executor->mutex);
    executor->stopping = true;
    (void)pthread_cond_broadcast(&executor->filled);
    (void)pthread_mutex_unlock(&executor->mutex);
    for (size_t i = 0; i < executor->threads; i++) {
        (void)pthread_join(executor->thread[i], NULL);
    }
    (void)pthread_cond_destroy(&executor->filled);
    (void)pthread_mutex_destroy(&executor->mutex);
    free(executor);
}

bool executor_submit(struct executor *executor, struct job *job)
{
    bool taken;

    (void)pthread_mutex_lock(&executor->mutex);
    taken = executor->queued < executor->idle + executor->waiting;
    if (taken) {
        job->next = NULL;
        *executor->last = job;
        executor->last = &job->next;
        executor->queued++;
    }
    (void)pthread_mutex_unlock(&executor->mutex);
    if (taken) { /* not before: the thread would wake only to wait for the mutex */
        (void)pthread_cond_signal(&executor->filled);
    }
    return taken;
}

size_t executor_depth(struct executor *executor)
{
    size_t depth;

    (void)pthread_mutex_lock(&executor->mutex);
    depth = executor->queued > executor->idle ? executor->queued - executor->idle : 0;
    (void)pthread_mutex_unlock(&executor->mutex);
    return depth;
}

const char *executor_name(const struct executor *executor)
{
    return executor->name;
}
