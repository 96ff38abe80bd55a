/* Trying a command until it succeeds, fails for good or runs out of time. */
#include "store/mongo/mongo_internal.h"

#include "base/clock.h"

#include <time.h>

#define PAUSE_FIRST_MS 10
#define PAUSE_LONGEST_MS 200
#define PATIENCE_LONGEST_MS 20000 /* a call with this much time left is never cut short */
#define BUDGET_REST_MS 500        /* the server stops this long before the connection's time-out */

/* How many commands this thread has handed to the network since the try began. The driver tells before
 * it writes the first byte, so that 0 means that nothing can have happened. */
static _Thread_local unsigned sent;

void mongo_count_sent(const mongoc_apm_command_started_t *event)
{
    (void)event;
    sent++;
}

static _Thread_local bool is_keeper;

void mongo_thread_is_keeper(void)
{
    is_keeper = true;
}

void mongo_metrics(const struct mongo *mongo, struct buf *out)
{
    static const char name[] = "orgd_mongo_command_duration_seconds";

    metrics_head(out, name, "histogram", "How long commands to the MongoDB server took.");
    histogram_write(&mongo->commands[false], name, "of=\"requests\"", out);
    histogram_write(&mongo->commands[true], name, "of=\"keeper\"", out);
}

bool mongo_try_once(struct mongo *mongo, const struct mongo_pool *pool, int64_t deadline_ms,
                    mongo_try_fn *function, void *context, struct mongo_try *ret_try)
{
    int64_t left_ms = deadline_ms - clock_monotonic_ms();
    int64_t bearable_ms = pool->socket_ms - BUDGET_REST_MS;
    int64_t begun_us;
    bool ok;

    *ret_try =
        (struct mongo_try){ .mongo = mongo, .client = mongoc_client_pool_pop(pool->clients) };
    ret_try->budget_ms = left_ms < bearable_ms ? left_ms : bearable_ms;
    if (ret_try->budget_ms < 1) {
        ret_try->budget_ms = 1;
    }
    if (!ret_try->client) {
        bson_init(&ret_try->reply);
        bson_set_error(&ret_try->error, MONGOC_ERROR_POOL, 0, "every connection is in use");
        return false;
    }
    sent = 0;
    begun_us = clock_monotonic_us();
    ok = function(ret_try, context);
    histogram_record(&mongo->commands[is_keeper], clock_monotonic_us() - begun_us);
    ret_try->sent = sent;
    mongoc_client_pool_push(pool->clients, ret_try->client);
    ret_try->client = NULL;
    return ok;
}

void mongo_try_done(struct mongo_try *try)
{
    bson_destroy(&try->reply);
}

/* Waits before the next try, no longer than there is time; whether there is any left. */
static bool pause_before(int64_t deadline_ms, int64_t *pause_ms)
{
    int64_t left_ms = deadline_ms - clock_monotonic_ms();
    int64_t this_ms = *pause_ms < left_ms ? *pause_ms : left_ms;

    if (left_ms <= 0) {
        return false;
    }
    (void)nanosleep(
        &(struct timespec){ .tv_sec = this_ms / 1000, .tv_nsec = (this_ms % 1000) * 1000000 },
        NULL);
    *pause_ms = 2 * *pause_ms < PAUSE_LONGEST_MS ? 2 * *pause_ms : PAUSE_LONGEST_MS;
    return this_ms < left_ms;
}

/* A try may take its connection's time-out twice (the driver repeats a write itself, once). */
static const struct mongo_pool *pool_for(const struct mongo *mongo, int64_t left_ms)
{
    int64_t needed_ms = 2 * mongo->patient.socket_ms;

    if (needed_ms > PATIENCE_LONGEST_MS) {
        needed_ms = PATIENCE_LONGEST_MS;
    }
    return left_ms >= needed_ms ? &mongo->patient : &mongo->quick;
}

/* The status of a refusal, where an earlier try may have done it. */
static enum status refusal(struct mongo_operation operation, struct mongo_outcome outcome,
                           bool maybe, struct err *err)
{
    bool is_answer = outcome.status == ST_DOCUMENT_EXISTS || outcome.status == ST_NOT_FOUND;

    if (maybe && !(is_answer && operation.meets_itself)) {
        return err_set(err, ST_UNSURE, "mongodb: %s", outcome.words);
    }
    return is_answer ? outcome.status : err_set(err, outcome.status, "mongodb: %s", outcome.words);
}

static enum status run(struct mongo *mongo, bool quick, const struct call *call,
                       struct mongo_operation operation, mongo_try_fn *function, void *context,
                       bool *ret_repeated)
{
    char words[sizeof(((bson_error_t *)NULL)->message)] = "no time was left";
    int64_t pause_ms = PAUSE_FIRST_MS;
    bool maybe = false;
    int64_t left_ms;

    while ((left_ms = call->deadline_ms - clock_monotonic_ms()) > 0) {
        struct mongo_try try;
        bool ok = mongo_try_once(mongo, quick ? &mongo->quick : pool_for(mongo, left_ms),
                                 call->deadline_ms, function, context, &try);
        struct mongo_outcome outcome = mongo_judge(&try, ok, operation.effect);
        enum status status = ST_OK;

        if (outcome.verdict == VERDICT_REFUSED) {
            status = refusal(operation, outcome, maybe, call->err);
        }
        (void)bson_strncpy(words, outcome.words, sizeof(words));
        mongo_try_done(&try);
        if (outcome.verdict == VERDICT_DONE && ret_repeated) {
            *ret_repeated = maybe;
        }
        if (outcome.verdict == VERDICT_DONE || outcome.verdict == VERDICT_REFUSED) {
            return status;
        }
        maybe = maybe || outcome.verdict != VERDICT_NOTHING;
        if (outcome.verdict == VERDICT_LOST || (maybe && operation.repeat == ONCE) ||
            !pause_before(call->deadline_ms, &pause_ms)) {
            break;
        }
    }
    return err_set(call->err, maybe ? ST_UNSURE : ST_UNAVAILABLE, "mongodb: %s", words);
}

enum status mongo_run(struct mongo *mongo, const struct call *call,
                      struct mongo_operation operation, mongo_try_fn *function, void *context,
                      bool *ret_repeated)
{
    return run(mongo, false, call, operation, function, context, ret_repeated);
}

enum status mongo_run_quick(struct mongo *mongo, const struct call *call, int64_t try_ms,
                            mongo_try_fn *function, void *context)
{
    int64_t until_ms = clock_monotonic_ms() + try_ms;
    struct call quick = *call;

    if (until_ms < quick.deadline_ms) {
        quick.deadline_ms = until_ms;
    }
    return run(mongo, true, &quick, (struct mongo_operation){ .effect = EFFECT_NONE }, function,
               context, NULL);
}
