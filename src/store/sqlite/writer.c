/* The queue, the waiting and the thread; batch.c is what it does with a full hand. */
#include "store/sqlite/writer.h"

#include "base/clock.h"
#include "base/later.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/sqlite/batch.h"
#include "store/sqlite/checkpointer.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/removals.h"

#include <stddef.h>
#include <time.h>

#define ALONE_PAGES (BULK_CACHE_KIB / 4) /* what a large transaction may add to the log */
#define SHARED_MS 1000                   /* one tenant is alone again when it was for so long */

static enum status enqueue(struct writer *writer, struct write_op *op)
{
    bool taken;
    bool wakes = false;

    if (!writer->running) {
        return err_set(op->call->err, ST_BROKEN, "the store was opened for reading only");
    }
    (void)pthread_mutex_lock(&writer->mutex);
    taken = fair_queue_put(&writer->queue, &op->item, op->lane);
    if (taken && writer->idle && writer->queue.waiting >= writer->wanted) {
        writer->idle = false;
        wakes = true;
    }
    (void)pthread_mutex_unlock(&writer->mutex);
    if (wakes) { /* not before: the thread would wake only to wait for the mutex */
        (void)pthread_cond_signal(&writer->filled);
    }
    return taken ? ST_OK : err_set(op->call->err, ST_BUSY, "no memory for the writer's queue");
}

/* Takes op back where the writer hasn't it yet. */
static bool withdraw(void *work)
{
    struct write_op *op = work;
    struct writer *writer = op->writer;
    bool found;

    (void)pthread_mutex_lock(&writer->mutex);
    found = fair_queue_remove(&writer->queue, &op->item);
    (void)pthread_mutex_unlock(&writer->mutex);
    return found;
}

enum status writer_run(struct writer *writer, struct write_op *op)
{
    write_op_init(op, writer, NULL);
    TRY(enqueue(writer, op));
    if (!write_op_sleep(op, op->call->deadline_ms)) {
        if (withdraw(op)) {
            return err_set(op->call->err, ST_BUSY, "waited too long for the writer");
        }
        (void)write_op_sleep(op, INT64_MAX); /* it has begun: there is an outcome to wait for */
    }
    return op->status;
}

enum status writer_submit(struct writer *writer, struct write_op *op)
{
    struct later *later = op->call->later;

    write_op_init(op, writer, later);
    (void)later_begin(later, withdraw, op); /* before another thread may end it */
    TRY(enqueue(writer, op));
    return ST_PENDING;
}

static struct write_op *op_of(struct fair_item *item)
{
    return item ? (struct write_op *)(void *)((char *)item - offsetof(struct write_op, item))
                : NULL;
}

/* Under the mutex: how many operations of one tenant the next batch takes. One tenant alone gets as many
 * into a commit as there are. */
static size_t share(const struct writer *writer)
{
    bool is_alone = writer->queue.lanes <= 1 && clock_monotonic_ms() >= writer->shared_until_ms;

    return is_alone ? BATCH_MAX : batch_pace_share(&writer->pace);
}

/* Under the mutex: takes the next batch off the queue, in turns; NULL where nothing waits. */
static struct write_op *take(struct writer *writer)
{
    size_t most = share(writer);
    struct write_op *first = NULL;
    struct write_op **end = &first;

    for (size_t i = 0; i < BATCH_MAX; i++) {
        struct write_op *op = op_of(fair_queue_take(&writer->queue, most));

        if (!op) {
            break;
        }
        if (writer->last_lane != op->lane && writer->last_lane != 0) {
            writer->shared_until_ms = clock_monotonic_ms() + SHARED_MS;
        }
        writer->last_lane = op->lane;
        *end = op;
        end = &op->next;
    }
    *end = NULL;
    return first;
}

/* Under the mutex, the last first: what a batch had no room for waits again, where it was. */
static void put_back(struct writer *writer, struct write_op *rest)
{
    if (rest) {
        put_back(writer, rest->next);
        fair_queue_put_back(&writer->queue, &rest->item);
    }
}

/* Hands back the results up to rest, and puts that back. */
static void hand_back(struct writer *writer, struct write_op *first, struct write_op *rest)
{
    size_t answered = 0;

    (void)pthread_mutex_lock(&writer->mutex);
    for (struct write_op *op = first; op != rest; op = op->next) {
        fair_queue_done(&writer->queue, &op->item);
        answered++;
    }
    put_back(writer, rest);
    writer->written_us = clock_monotonic_us();
    batch_pace_answered(&writer->pace, writer->written_us, answered, writer->queue.waiting);
    (void)pthread_mutex_unlock(&writer->mutex);
    write_ops_answer(first, rest);
}

static int64_t quiet_us(const struct writer *writer)
{
    return clock_monotonic_us() - writer->written_us;
}

/* Before the answers go to whoever was in the same batch: one of them may come back to say that it left
 * documents behind, and that must not be forgotten. */
static void reclaimed(struct writer *writer, const struct removal_portion *portion, bool rode)
{
    int64_t now_us = clock_monotonic_us();

    if (portion->op.status != ST_OK) {
        log_line(LOG_DEBUG, "reclaiming failed", LOG_TEXT("code", status_code(portion->op.status)),
                 LOG_TEXT("detail", portion->op.call->err->text));
        removal_pace_failed(&writer->reclaim, now_us);
    } else if (!portion->more) {
        (void)pthread_mutex_lock(&writer->mutex);
        writer->reclaiming = false;
        (void)pthread_mutex_unlock(&writer->mutex);
    } else if (rode) {
        removal_pace_rode(&writer->reclaim, now_us, portion->took_us);
    } else {
        removal_pace_went(&writer->reclaim, now_us, portion->took_us, quiet_us(writer));
    }
}

/* Within the gate: a portion of reclaiming and what waits, or nobody, in one transaction. */
static struct write_op *run_with_portion(struct writer *writer, struct write_op *first,
                                         int64_t budget_us)
{
    struct err err = { 0 };
    const struct call call = { .err = &err, .deadline_ms = INT64_MAX };
    struct removal_portion portion = {
        .op = { .run = removals_go_on, .call = &call, .next = first }, .budget_us = budget_us
    };
    int64_t run_ns = writer->pace.run_ns;
    int64_t commit_ns = writer->pace.commit_ns;
    struct write_op *rest = batch_run(&writer->connection, &portion.op, &writer->pace);

    writer->pace.run_ns = run_ns; /* a portion is not what a change takes */
    writer->pace.commit_ns = commit_ns;
    reclaimed(writer, &portion, first);
    if (first && portion.lost) { /* before any of theirs was run */
        rest = batch_run(&writer->connection, first, &writer->pace);
    }
    return rest;
}

/* Runs a batch, with a portion of reclaiming where budget_us is not 0. first: NULL for that alone. */
static void run_batch(struct writer *writer, struct write_op *first, int64_t budget_us)
{
    struct err err = { 0 };
    struct write_op *rest = NULL;
    int pages = first && first->is_alone ? ALONE_PAGES : 0;
    enum status status = checkpointer_enter(writer->checkpointer, pages, &err);

    if (status != ST_OK) {
        batch_refuse(first, status, &err);
        removal_pace_failed(&writer->reclaim, clock_monotonic_us());
    } else {
        rest = budget_us > 0 ? run_with_portion(writer, first, budget_us)
                             : batch_run(&writer->connection, first, &writer->pace);
        checkpointer_leave(writer->checkpointer);
    }
    if (first) {
        hand_back(writer, first, rest);
    }
}

/* Whether a portion goes by itself now. */
static void reclaim(struct writer *writer)
{
    int64_t budget_us =
        removal_pace_alone(&writer->reclaim, clock_monotonic_us(), quiet_us(writer));

    if (budget_us > 0) {
        run_batch(writer, NULL, budget_us);
    }
}

/* Under the mutex: sleeps until there is something to do. */
static void wait_for_work(struct writer *writer)
{
    while (writer->queue.waiting == 0 && !writer->stopping) {
        writer->idle = true;
        if (!writer->reclaiming) {
            (void)pthread_cond_wait(&writer->filled, &writer->mutex);
        } else if (clock_monotonic_us() < writer->reclaim.alone_us) {
            struct timespec until = { .tv_sec = writer->reclaim.alone_us / 1000000,
                                      .tv_nsec = writer->reclaim.alone_us % 1000000 * 1000 };

            (void)pthread_cond_timedwait(&writer->filled, &writer->mutex, &until);
        } else {
            break;
        }
    }
    writer->idle = false;
}

/* Under the mutex: lets who was just answered come back, where there is something to do already. */
static void gather(struct writer *writer)
{
    size_t before = writer->queue.waiting;
    size_t most = share(writer) * writer->queue.lanes;
    struct timespec until;
    int64_t until_us = 0;

    if (before > 0) {
        until_us = batch_pace_gather(&writer->pace, before, most < BATCH_MAX ? most : BATCH_MAX,
                                     &writer->wanted);
    }
    if (until_us <= clock_monotonic_us()) {
        writer->wanted = 0;
        return;
    }
    until = (struct timespec){ .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };
    while (writer->queue.waiting < writer->wanted && !writer->stopping &&
           clock_monotonic_us() < until_us) {
        writer->idle = true;
        (void)pthread_cond_timedwait(&writer->filled, &writer->mutex, &until);
    }
    writer->idle = false;
    batch_pace_gathered(&writer->pace, writer->wanted - before,
                        writer->queue.waiting > before ? writer->queue.waiting - before : 0);
    writer->wanted = 0;
}

static void *thread_main(void *argument)
{
    struct writer *writer = argument;

    (void)pthread_mutex_lock(&writer->mutex);
    for (;;) {
        struct write_op *batch;
        bool reclaiming;

        wait_for_work(writer);
        gather(writer);
        batch = take(writer);
        if (!batch && writer->stopping) {
            break;
        }
        reclaiming = writer->reclaiming;
        (void)pthread_mutex_unlock(&writer->mutex);
        if (batch) {
            run_batch(writer, batch,
                      reclaiming ? removal_pace_ride(&writer->reclaim, clock_monotonic_us(),
                                                     writer->pace.commit_ns / 1000)
                                 : 0);
        }
        if (reclaiming) {
            reclaim(writer);
        }
        (void)pthread_mutex_lock(&writer->mutex);
    }
    (void)pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

enum status writer_init(struct writer *writer, const char *path, struct err *err)
{
    enum status status;

    *writer = (struct writer){ .reclaiming = true, .pace.cores = thread_cores() };
    TRY(connection_init(&writer->connection, path, CONNECTION_WRITE, err));
    status = migrate(&writer->connection, err);
    if (status != ST_OK) {
        connection_done(&writer->connection);
        return status;
    }
    fair_queue_init(&writer->queue);
    (void)pthread_mutex_init(&writer->mutex, NULL);
    condition_init(&writer->filled);
    return ST_OK;
}

enum status writer_start(struct writer *writer, struct checkpointer *checkpointer, struct err *err)
{
    writer->checkpointer = checkpointer;
    checkpointer_watch(checkpointer, &writer->connection);
    TRY(thread_start("writer", thread_main, writer, &writer->thread, err));
    writer->running = true;
    return ST_OK;
}

void writer_stop(struct writer *writer)
{
    (void)pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    (void)pthread_cond_signal(&writer->filled);
    (void)pthread_mutex_unlock(&writer->mutex);
    if (writer->running) {
        (void)pthread_join(writer->thread, NULL);
        writer->running = false;
    }
}

void writer_done(struct writer *writer)
{
    connection_done(&writer->connection);
    fair_queue_free(&writer->queue);
    (void)pthread_cond_destroy(&writer->filled);
    (void)pthread_mutex_destroy(&writer->mutex);
}

void writer_reclaim(struct writer *writer)
{
    (void)pthread_mutex_lock(&writer->mutex);
    if (!writer->reclaiming) {
        writer->reclaiming = true;
        if (writer->idle) {
            writer->idle = false;
            (void)pthread_cond_signal(&writer->filled);
        }
    }
    (void)pthread_mutex_unlock(&writer->mutex);
}
