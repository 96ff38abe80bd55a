/* The access line and the numbers behind /metrics. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>

static const char *const refused_names[REFUSED_COUNT] = {
    [REFUSED_CONNECTIONS] = "connections", [REFUSED_HASH_QUEUE] = "hash_queue",
    [REFUSED_STORE_QUEUE] = "store_queue", [REFUSED_BODIES] = "body_memory",
    [REFUSED_DEADLINE] = "deadline",       [REFUSED_LIMITED] = "rate_limit",
    [REFUSED_WIRE] = "malformed",
};

void observe_refused(struct server *server, enum refused reason)
{
    (void)atomic_fetch_add_explicit(&server->refused[reason], 1, memory_order_relaxed);
}

static struct str route_label(const struct request *req)
{
    return req->route ? str_of(req->route->path) : STR("none");
}

static void log_exchange(const struct exchange *ex, const char *msg, int status, int64_t now_us)
{
    const struct request *req = &ex->req;
    const struct log_pair pairs[] = {
        LOG_PLAIN("id", req->id),
        LOG_STR("tenant", req->tenant),
        LOG_PLAIN("method", str_of(method_name(req->method))),
        LOG_PLAIN("route", route_label(req)),
        LOG_INT("status", status),
        LOG_MS("duration_ms", now_us - ex->started_us),
        LOG_TEXT("error", status >= 500 && req->err.text[0] ? req->err.text : NULL),
        { .type = LOG_END },
    };

    /* The wall clock was read when the loop woke, and has gone on as far as the other one. */
    log_pairs_at(ex->loop->wall_ms + now_us / 1000 - ex->loop->now_ms, LOG_INFO, msg, pairs);
}

void observe_response(struct exchange *ex)
{
    struct server *server = ex->loop->server;
    const struct route_table *routes = &server->config.routes;
    size_t row = ex->req.route ? (size_t)(ex->req.route - routes->rows) : routes->count;
    struct route_metrics *metrics = &ex->loop->metrics[row];
    int64_t now_us = clock_monotonic_us();

    counter_add(&metrics->statuses[ex->resp.http_status], 1);
    histogram_record_own(&metrics->duration, now_us - ex->started_us);
    log_exchange(ex, "request", ex->resp.http_status, now_us);
}

/* The client went away, or its bytes were refused by the library itself. */
void observe_abort(struct exchange *ex)
{
    if (ex->stage != STAGE_HEAD) {
        log_exchange(ex, "request aborted", 0, clock_monotonic_us());
    }
}

/* Of all loops. */
static uint64_t count_of(const struct server *server, size_t row, int status)
{
    uint64_t count = 0;

    for (size_t i = 0; i < server->config.loops; i++) {
        count += atomic_load_explicit(&server->loops[i].metrics[row].statuses[status],
                                      memory_order_relaxed);
    }
    return count;
}

static int64_t in_flight(const struct server *server)
{
    int64_t count = 0;

    for (size_t i = 0; i < server->config.loops; i++) {
        count += atomic_load_explicit(&server->loops[i].in_flight, memory_order_relaxed);
    }
    return count;
}

static void write_route(const struct server *server, size_t row, struct buf *out)
{
    const struct route_table *routes = &server->config.routes;
    const struct route *route = row < routes->count ? &routes->rows[row] : NULL;
    const char *method = route ? method_name(route->method) : "any";
    const char *path = route ? route->path : "none";
    int usual = route ? route->success : 404;

    for (int status = 100; status < HTTP_STATUS_MAX; status++) {
        uint64_t count = count_of(server, row, status);

        if (count > 0 || status == usual) {
            buf_printf(out,
                       "orgd_http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"} %" PRIu64
                       "\n",
                       method, path, status, count);
        }
    }
}

/* Rows of one path share a series of durations: the contract has them by route alone. */
static void write_durations(const struct server *server, size_t row, struct buf *out)
{
    const struct route_table *routes = &server->config.routes;
    const char *path = row < routes->count ? routes->rows[row].path : "none";
    struct histogram sum = { .sum_us = 0 };
    char label[160];

    for (size_t i = 0; i <= routes->count; i++) {
        const char *other = i < routes->count ? routes->rows[i].path : "none";

        if (strcmp(path, other) != 0) {
            continue;
        }
        if (i < row) {
            return; /* written with the first of them */
        }
        for (size_t at = 0; at < server->config.loops; at++) {
            histogram_sum(&sum, &server->loops[at].metrics[i].duration);
        }
    }
    (void)snprintf(label, sizeof(label), "route=\"%s\"", path);
    histogram_write(&sum, "orgd_http_request_duration_seconds", label, out);
}

void server_metrics(struct server *server, struct buf *out)
{
    size_t rows = server->config.routes.count + 1;
    struct executor *pools[] = { server->config.hash_pool, server->config.store_pool };

    metrics_head(out, "orgd_http_requests_total", "counter",
                 "Answers, by method, route and status.");
    for (size_t row = 0; row < rows; row++) {
        write_route(server, row, out);
    }
    metrics_head(out, "orgd_http_request_duration_seconds", "histogram",
                 "Time from the headers' arrival until the answer is made.");
    for (size_t row = 0; row < rows; row++) {
        write_durations(server, row, out);
    }
    metrics_head(out, "orgd_http_requests_in_flight", "gauge",
                 "Requests being received or answered.");
    buf_printf(out, "orgd_http_requests_in_flight %" PRId64 "\n", in_flight(server));
    metrics_head(out, "orgd_executor_queue_depth", "gauge",
                 "Requests that wait for a thread, or as many more for a commit.");
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        buf_printf(out, "orgd_executor_queue_depth{executor=\"%s\"} %zu\n", executor_name(pools[i]),
                   executor_depth(pools[i]));
    }
    metrics_head(out, "orgd_executor_limit", "gauge",
                 "How many requests of one lane may run at once.");
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        buf_printf(out, "orgd_executor_limit{executor=\"%s\"} %zu\n", executor_name(pools[i]),
                   executor_limit(pools[i]));
    }
    metrics_head(out, "orgd_refused_total", "counter", "Requests and connections turned away.");
    for (int reason = 0; reason < REFUSED_COUNT; reason++) {
        buf_printf(out, "orgd_refused_total{reason=\"%s\"} %" PRIu64 "\n", refused_names[reason],
                   atomic_load(&server->refused[reason]));
    }
}
