/* A whole request is authorized and handled: on its loop, or on the executor that its route names. */
#include "http/internal.h"

#include "base/clock.h"
#include "http/problem.h"
#include "json/json.h"

/* Answers above this count against the limit on memory for bodies. */
#define LARGE_ANSWER_BYTES ((size_t)256 * 1024)
/* What is parsed on a loop holds up its other connections: each of these takes some 0.2 ms. And the tree stays
 * counted while its request is parked. */
#define PARKED_BODY_MAX ((size_t)16 * 1024)
#define PARKED_TREE_MAX ((size_t)64 * 1024)

/* Whether what was handled makes an answer. */
static enum status handled(void *context, enum status status)
{
    struct exchange *ex = context;
    struct request *req = &ex->req;

    if (status == ST_OK && buf_overflowed(&ex->resp.body)) {
        status = err_set(&req->err, ST_BROKEN, "the answer passes %zu bytes", RESPONSE_BODY_MAX);
    }
    /* A large answer counts like a body; of a read that the limit forbids, nothing is lost. */
    if (status == ST_OK && ex->resp.body.len > LARGE_ANSWER_BYTES &&
        !exchange_charge(ex, ex->resp.body.len + ex->arena.used_bytes) &&
        req->route->method == METHOD_GET) {
        status = ST_BUSY;
    }
    return status;
}

/* Authorizes and handles, on whichever thread; where it succeeds, the response is made. */
static enum status try(struct exchange *ex)
{
    struct request *req = &ex->req;
    enum status status = ex->loop->server->config.authorize(req);

    if (status == ST_OK) {
        status = req->route->handler(req, &ex->resp);
    }
    return call_then(&req->call, status, handled, ex);
}

/* Makes the response to what came of it. */
static void respond(struct exchange *ex, enum status status)
{
    if (status == ST_LIMITED) {
        observe_refused(ex->loop->server, REFUSED_LIMITED);
    }
    if (status != ST_OK) {
        problem_respond(&ex->req, status, &ex->resp);
    }
}

static void run(struct exchange *ex)
{
    respond(ex, try(ex));
}

/* On the loop, where nothing has to be waited for. false: it has to be, and nothing has happened. */
static bool answer_from_memory(struct exchange *ex)
{
    size_t charged = ex->body_charged;
    enum status status;

    ex->req.call.memory_only = true;
    status = try(ex);
    ex->req.call.memory_only = false;
    if (status == ST_BUSY) {
        response_clear(&ex->resp);
        exchange_charge_back(ex, charged); /* its trees are gone, and are made once more */
        return false;
    }
    respond(ex, status);
    return true;
}

/* The pool that a route's handler runs on; NULL: the event loop itself. */
static struct executor *pool_of(const struct server_config *config, const struct route *route)
{
    switch (route->run) {
    case RUN_HASH:
        return config->hash_pool;
    case RUN_WRITE:
    case RUN_STORE:
        return config->store_pool;
    case RUN_READ:
    case RUN_FIND:
        return config->reads_block ? config->store_pool : NULL;
    case RUN_LOOP:
        break;
    }
    return NULL;
}

/* A 503 with when there will be a place. */
static void refuse(struct exchange *ex, struct executor *pool, enum refused reason)
{
    observe_refused(ex->loop->server, reason);
    ex->req.err.retry_after_s = executor_book(pool);
    problem_respond(&ex->req, ST_BUSY, &ex->resp);
}

static void run_job(struct job *job)
{
    struct exchange *ex = (struct exchange *)job;

    if (clock_monotonic_ms() > ex->req.call.deadline_ms) { /* it waited too long for this thread */
        refuse(ex, pool_of(&ex->loop->server->config, ex->req.route), REFUSED_DEADLINE);
    } else {
        run(ex);
    }
    loop_finish(ex->loop, ex);
}

/*
 * Hands the exchange to a pool; false: its queue is full, and the answer is made. Suspended afterwards,
 * so that a refusal goes out at once: the pool's thread may be done by then, but what is done is resumed on
 * this thread, later.
 */
static bool submit(struct exchange *ex, struct executor *pool)
{
    const struct server_config *config = &ex->loop->server->config;
    struct MHD_Connection *connection = ex->connection;

    ex->stage = STAGE_RUNNING;
    ex->loop->running++;
    ex->job.run = run_job;
    ex->job.lane = ex->req.lane;
    if (executor_submit(pool, &ex->job)) {
        MHD_suspend_connection(connection);
        return true;
    }
    ex->stage = STAGE_BODY;
    ex->loop->running--;
    refuse(ex, pool, pool == config->hash_pool ? REFUSED_HASH_QUEUE : REFUSED_STORE_QUEUE);
    return false;
}

/* Whether the sender may have a place of the store pool at all; else the answer is made. */
static bool is_admitted(struct exchange *ex)
{
    if (ex->req.lane == 0) {
        ex->early = ex->loop->server->config.admit(&ex->req);
        if (ex->early != ST_OK) {
            exchange_respond_early(ex);
            return false;
        }
    }
    return true;
}

/*
 * Handled on the loop as far as its commit, which takes no thread: false: the response is made. What ends at once
 * is resumed on this thread, later. It has a place of the pool's all the while, so that its limits hold.
 */
static bool park(struct exchange *ex, struct executor *pool)
{
    struct MHD_Connection *connection = ex->connection;
    enum status status;

    ex->job.lane = ex->req.lane;
    if (!executor_enter(pool, &ex->job)) {
        refuse(ex, pool, REFUSED_STORE_QUEUE);
        return false;
    }
    ex->later.home = &ex->loop->home;
    ex->req.call.later = &ex->later;
    status = try(ex);
    if (status != ST_PENDING) {
        executor_leave(pool, &ex->job);
        respond(ex, status);
        return false;
    }
    ex->stage = STAGE_PARKED;
    ex->loop->running++;
    MHD_suspend_connection(connection);
    return true;
}

void exchange_go_on(struct exchange *ex)
{
    executor_leave(ex->loop->server->config.store_pool, &ex->job);
    respond(ex, later_go_on(&ex->later));
}

bool exchange_give_up(struct exchange *ex)
{
    if (!later_withdraw(&ex->later, ST_BUSY)) {
        return false; /* it has begun: there is an outcome to wait for */
    }
    observe_refused(ex->loop->server, REFUSED_DEADLINE);
    (void)!err_set(&ex->req.err, ST_BUSY, "waited too long for the store");
    ex->req.err.retry_after_s = executor_book(ex->loop->server->config.store_pool);
    exchange_go_on(ex);
    return true;
}

/* Whether a body is parsed in no time. */
static bool is_light(struct str body)
{
    return body.len <= PARKED_BODY_MAX && json_tree_bytes(body) <= PARKED_TREE_MAX;
}

bool exchange_work(struct exchange *ex)
{
    const struct server_config *config = &ex->loop->server->config;
    struct executor *pool = pool_of(config, ex->req.route);

    if (!pool) {
        run(ex);
        return false;
    }
    if (ex->req.route->run == RUN_FIND && answer_from_memory(ex)) {
        return false;
    }
    if (pool == config->store_pool && !is_admitted(ex)) {
        return false;
    }
    if (ex->req.route->run == RUN_WRITE && config->writes_pend && is_light(ex->req.body)) {
        return park(ex, pool);
    }
    return submit(ex, pool);
}
