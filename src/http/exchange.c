/* The life of one request, in libmicrohttpd's callbacks; work.c is what happens in its middle. */
#include "http/internal.h"

#include "base/clock.h"
#include "http/pool.h"
#include "http/problem.h"

/*
 * Ends the library's view of the target behind its '?': it would make an entry in the connection's
 * memory for each pair of the query, so that a line well within the limits could exhaust it, and the
 * query is decoded here anyway. The bytes are the connection's own and the library writes to them next.
 */
static void hide_query(const char *uri)
{
    const char *query = uri ? strchr(uri, '?') : NULL;

    if (query && query[1]) {
        ((char *)(uintptr_t)query)[1] = '\0';
    }
}

void *exchange_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct loop *loop = cls;
    struct exchange *ex = exchange_take_spare(loop);

    if (!ex) {
        return NULL;
    }
    ex->loop = loop;
    ex->conn =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    ex->conn->exchange = ex;
    ex->connection = connection;
    ex->stage = STAGE_HEAD;
    ex->early = ST_OK;
    ex->raw_target_at = uri;
    ex->raw_target = arena_str(&ex->arena, str_of(uri ? uri : ""));
    hide_query(uri);
    ex->req.mem = &ex->arena;
    ex->req.exchange = ex;
    ex->req.services = loop->server->config.services;
    return ex;
}

/* Only the loop's thread counts. */
static void count_in_flight(struct loop *loop, int64_t change)
{
    int64_t now = atomic_load_explicit(&loop->in_flight, memory_order_relaxed);

    atomic_store_explicit(&loop->in_flight, now + change, memory_order_relaxed);
}

void exchange_completed(void *cls, struct MHD_Connection *connection, void **req_cls,
                        enum MHD_RequestTerminationCode code)
{
    struct exchange *ex = *req_cls;
    struct loop *loop = cls;

    (void)connection;
    (void)code;
    if (!ex) {
        return;
    }
    ex->conn->exchange = NULL;
    if (ex->stage != STAGE_HEAD) {
        count_in_flight(loop, -1);
        ex->conn->deadline_ms = loop->now_ms + loop->server->config.header_timeout_ms;
    }
    if (ex->is_answering) {
        loop->answering--;
    }
    if (ex->stage != STAGE_SENDING) {
        observe_abort(ex);
    }
    pool_expect_reset(ex);
    exchange_end(ex);
    *req_cls = NULL;
}

/* From here until exchange_completed a stop waits for it. */
static void count_answering(struct exchange *ex)
{
    ex->is_answering = true;
    ex->loop->answering++;
}

static enum status find_route(struct exchange *ex)
{
    struct request *req = &ex->req;
    struct route_match match;
    enum status status = router_match(ex->loop->server->router, req->method, &req->target, &match);

    if (req->method == METHOD_OPTIONS && str_is(req->target.path, "*")) {
        match.methods = (1U << METHOD_COUNT) - 1; /* the server as a whole (RFC 9110, 9.3.7) */
        status = ST_NO_METHOD;
    }
    ex->allowed = match.methods;
    if (status == ST_NO_METHOD && req->method == METHOD_OPTIONS) {
        ex->is_options = true;
        return ST_OK;
    }
    req->route = match.route;
    memcpy(req->params, match.params, sizeof(req->params));
    return status;
}

/* The length that a Content-Length announces; the library has checked its form. */
static uint64_t announced_length(const struct request *req)
{
    struct str text = request_header(req, "Content-Length");
    uint64_t length = 0;

    for (size_t i = 0; i < text.len && length < UINT64_MAX / 16; i++) {
        length = length * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    return length;
}

/* The route, and whether its body may come at all: large ones only from who has a token. */
static enum status choose_route(struct exchange *ex)
{
    const struct server_config *config = &ex->loop->server->config;

    TRY(find_route(ex));
    if (ex->req.route && ex->req.route->body == BODY_DOCUMENT) {
        TRY(config->admit(&ex->req));
        ex->body_limit = config->max_document_bytes;
    }
    return ST_OK;
}

/* The headers are there: who is asked for what, and is it worth reading the body? */
static enum MHD_Result begin(struct exchange *ex, const char *method, const char *version)
{
    struct server *server = ex->loop->server;
    bool is_too_large;

    ex->stage = STAGE_BODY;
    ex->started_us = clock_monotonic_us();
    ex->conn->deadline_ms = ex->started_us / 1000 + server->config.body_timeout_ms;
    count_in_flight(ex->loop, 1);
    ex->req.method = method_parse(method);
    ex->req.call = (struct call){ .mem = &ex->arena, .err = &ex->req.err };
    ex->body_limit = server->config.max_body_bytes;
    ex->early = exchange_look_at_head(ex, str_of(method), str_of(version));
    if (ex->is_refused) {
        observe_refused(server, REFUSED_WIRE);
    } else if (ex->early == ST_OK) {
        ex->early = choose_route(ex);
    }
    ex->body_bytes = ex->is_refused ? 0 : announced_length(&ex->req);
    is_too_large = ex->body_bytes > ex->body_limit;
    if (is_too_large && ex->early == ST_OK && !ex->is_options) {
        ex->early =
            err_set(&ex->req.err, ST_TOO_LARGE, "The body is over %zu bytes", ex->body_limit);
    }
    ex->body.limit = ex->body_limit;
    if (ex->is_refused || is_too_large) {
        /* Answered before any of the body is read, and before 100 Continue. */
        ex->resp.close = true;
        count_answering(ex);
        exchange_respond_early(ex);
        return exchange_send(ex);
    }
    return MHD_YES;
}

bool exchange_charge(struct exchange *ex, size_t bytes)
{
    struct server *server = ex->loop->server;
    size_t before = atomic_fetch_add(&server->bodies_bytes, bytes);

    ex->body_charged += bytes;
    if (before + bytes > server->config.max_bodies_bytes) {
        observe_refused(server, REFUSED_BODIES);
        return false;
    }
    return true;
}

void exchange_charge_back(struct exchange *ex, size_t bytes)
{
    (void)atomic_fetch_sub(&ex->loop->server->bodies_bytes, ex->body_charged - bytes);
    ex->body_charged = bytes;
}

static enum MHD_Result take_body(struct exchange *ex, const char *bytes, size_t len)
{
    if (len > ex->body_limit - ex->body.len) {
        return exchange_refuse_body(
            ex, err_set(&ex->req.err, ST_TOO_LARGE, "The body is over %zu bytes", ex->body_limit));
    }
    if (!exchange_charge(ex, len)) {
        return exchange_refuse_body(ex, ST_BUSY);
    }
    buf_append(&ex->body, bytes, len);
    return MHD_YES;
}

/*
 * Whether a chunked body ended in a plain blank line. The library takes a trailer that begins with a
 * colon or a NUL for the end of the trailers, and what follows for another request; it moves what is
 * behind the last chunk to where the body began, so there the blank line's CR LF must be (two NULs by
 * now). With trailers, or a third NUL, nobody can tell: then the connection ends with the answer.
 */
static bool ended_cleanly(const struct exchange *ex)
{
    const char *end = ex->body_at;

    return MHD_get_connection_values(ex->connection, MHD_FOOTER_KIND, NULL, NULL) == 0 &&
           end[0] == '\0' && end[1] == '\0' && end[2] != '\0';
}

/* The whole request is there. */
static enum MHD_Result dispatch(struct exchange *ex)
{
    struct server *server = ex->loop->server;

    ex->conn->deadline_ms = 0;
    ex->conn->taken_bytes += ex->head_bytes + ex->body.len;
    ex->conn->is_inexact = ex->conn->is_inexact || ex->is_chunked;
    ex->conn->was_receiving = false;
    count_answering(ex);
    if (ex->is_chunked && !ended_cleanly(ex)) {
        ex->resp.close = true;
    }
    ex->req.body = buf_view(&ex->body);
    if (ex->early != ST_OK || ex->is_options) {
        exchange_respond_early(ex);
        return exchange_send(ex);
    }
    ex->req.call.deadline_ms =
        ex->loop->now_ms +
        atomic_load_explicit(server->config.request_timeout_ms, memory_order_relaxed);
    return exchange_work(ex) ? MHD_YES : exchange_send(ex);
}

enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **req_cls)
{
    struct exchange *ex = *req_cls;

    (void)cls;
    (void)connection;
    (void)url;
    if (!ex) {
        return MHD_NO; /* no memory when the request line came */
    }
    if (ex->stage == STAGE_HEAD) {
        return begin(ex, method, version);
    }
    if (*upload_data_size > 0) {
        size_t len = *upload_data_size;

        *upload_data_size = 0;
        return take_body(ex, upload_data, len);
    }
    switch (ex->stage) {
    case STAGE_BODY:
        return dispatch(ex);
    case STAGE_DONE:
        return exchange_send(ex);
    case STAGE_HEAD:
    case STAGE_RUNNING:
    case STAGE_PARKED:
    case STAGE_SENDING:
        break;
    }
    return MHD_YES;
}
