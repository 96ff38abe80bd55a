/* Handing out work, waiting for it, and signals meanwhile. */
#include "app/copy_crew.h"

#include "app/stop.h"
#include "base/clock.h"
#include "base/thread.h"

#include <stdlib.h>
#include <time.h>

#define TICK_MS 100

struct crew *crew_new(struct copy *copy)
{
    struct crew *crew = calloc(1, sizeof(*crew));

    if (crew) {
        crew->copy = copy;
        (void)pthread_mutex_init(&crew->mutex, NULL);
        condition_init(&crew->changed);
    }
    return crew;
}

void crew_free(struct crew *crew)
{
    if (crew) {
        (void)pthread_cond_destroy(&crew->changed);
        (void)pthread_mutex_destroy(&crew->mutex);
        free(crew);
    }
}

/* Whether a failure is about one organization, so that the others can go on. */
static bool concerns_one(enum status status)
{
    return status == ST_INVALID || status == ST_FORBIDDEN || status == ST_NAME_TAKEN ||
           status == ST_EMAIL_TAKEN || status == ST_NO_ORGANIZATION || status == ST_TOO_LARGE ||
           status == ST_BROKEN;
}

static void run_work(struct job *job)
{
    struct work *work = (struct work *)job;
    struct crew *crew = work->crew;
    bool is_first = false;

    work->err.text[0] = '\0';
    work->status = copy_may_go_on(crew->copy, &work->err);
    if (work->status == ST_OK) {
        work->status = crew->run(crew->copy, work);
    }
    if (work->status != ST_OK && !concerns_one(work->status)) {
        is_first = !atomic_exchange(&crew->copy->is_stopping, true);
    } else {
        progress_add(&crew->copy->progress, 1, 0);
    }
    (void)pthread_mutex_lock(&crew->mutex);
    if (is_first) {
        crew->failure = work->status;
        crew->failure_err = work->err;
    }
    crew->left--;
    (void)pthread_cond_signal(&crew->changed);
    (void)pthread_mutex_unlock(&crew->mutex);
}

static void look_for_signals(struct copy *copy)
{
    if (!copy->is_interrupted && stop_was_asked()) {
        copy->is_interrupted = true;
        atomic_store(&copy->is_stopping, true);
    }
}

static void wait_for_all(struct crew *crew)
{
    bool is_done = false;

    while (!is_done) {
        int64_t until_ms = clock_monotonic_ms() + TICK_MS;
        struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };

        (void)pthread_mutex_lock(&crew->mutex);
        while (crew->left > 0 && clock_monotonic_ms() < until_ms) {
            (void)pthread_cond_timedwait(&crew->changed, &crew->mutex, &until);
        }
        is_done = crew->left == 0;
        (void)pthread_mutex_unlock(&crew->mutex);
        look_for_signals(crew->copy);
        progress_draw(&crew->copy->progress);
    }
}

enum status crew_run(struct crew *crew, enum status (*run)(struct copy *copy, struct work *work),
                     struct err *err)
{
    crew->run = run;
    crew->left = crew->count;
    crew->failure = ST_OK;
    for (size_t i = 0; i < crew->count; i++) {
        struct work *work = &crew->works[i];

        work->crew = crew;
        work->job.run = run_work;
        if (!executor_submit(crew->copy->workers, &work->job)) {
            run_work(&work->job); /* never so: the queue has room for all */
        }
    }
    wait_for_all(crew);
    if (crew->failure != ST_OK) {
        *err = crew->failure_err;
        return crew->failure;
    }
    return copy_may_go_on(crew->copy, err);
}
