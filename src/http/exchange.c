/* The life of one request, in libmicrohttpd's callbacks and on the executors. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/oid.h"
#include "http/guard.h"
#include "http/problem.h"

#include <stdlib.h>

/* Memory for one request without its body: headers, decoded JSON strings, a page of documents. */
#define ARENA_BYTES ((size_t)160 * 1024 * 1024)
/* A body over its limit is read and forgotten up to this, so that the client hears the 413. */
#define DROP_BYTES ((size_t)16 * 1024 * 1024)
/* The slowest client that may take an answer; it has the request's time-out on top. */
#define SEND_BYTES_PER_MS 16
/* What a loop keeps of ended exchanges, so that a usual request allocates nothing. */
#define SPARE_MAX 128
#define SPARE_BYTES ((size_t)4096)

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

/* An exchange with memory of an earlier one, or a new one. */
static struct exchange *take_spare(struct loop *loop)
{
    struct exchange *ex = loop->spare;

    if (!ex) {
        ex = calloc(1, sizeof(*ex));
        if (ex) {
            arena_init(&ex->arena, ARENA_BYTES);
            response_init(&ex->resp);
            buf_init(&ex->body, 0);
        }
        return ex;
    }
    loop->spare = ex->next_done;
    loop->spare_count--;
    return ex;
}

void exchange_free(struct exchange *ex)
{
    if (ex) {
        response_done(&ex->resp);
        buf_done(&ex->body);
        arena_done(&ex->arena);
        free(ex);
    }
}

/* Ends an exchange; a few are kept, for what they have allocated. */
static void exchange_end(struct exchange *ex)
{
    struct loop *loop = ex->loop;
    struct arena arena;
    struct buf body;
    struct buf response_body;

    (void)atomic_fetch_sub(&loop->server->bodies_bytes, ex->body_charged);
    if (loop->spare_count == SPARE_MAX) {
        exchange_free(ex);
        return;
    }
    arena_clear(&ex->arena);
    buf_shrink(&ex->body, SPARE_BYTES);
    buf_shrink(&ex->resp.body, SPARE_BYTES);
    arena = ex->arena;
    body = ex->body;
    response_body = ex->resp.body;
    *ex = (struct exchange){ .arena = arena, .body = body, .next_done = loop->spare };
    response_init(&ex->resp);
    ex->resp.body = response_body;
    loop->spare = ex;
    loop->spare_count++;
}

void *exchange_request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct loop *loop = cls;
    struct exchange *ex = take_spare(loop);

    if (!ex) {
        return NULL;
    }
    ex->loop = loop;
    ex->connection = connection;
    ex->stage = STAGE_HEAD;
    ex->early = ST_OK;
    ex->raw_target_at = uri;
    ex->raw_target = arena_str(&ex->arena, str_of(uri ? uri : ""));
    hide_query(uri);
    ex->req.mem = &ex->arena;
    ex->req.services = loop->server->config.services;
    return ex;
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
    if (ex->stage != STAGE_HEAD) {
        (void)atomic_fetch_sub(&loop->server->in_flight, 1);
        ex->conn->deadline_ms = loop->now_ms + loop->server->config.header_timeout_ms;
        ex->conn->is_idle = true;
        ex->conn->was_looked_at = false;
    }
    if (ex->is_answering) {
        loop->answering--;
    }
    if (ex->stage != STAGE_SENDING) {
        observe_abort(ex);
    }
    exchange_end(ex);
    *req_cls = NULL;
}

/* From here until exchange_completed a stop waits for it. */
static void count_answering(struct exchange *ex)
{
    ex->is_answering = true;
    ex->loop->answering++;
}

/* Header by header: the guard looks, the request keeps what it may need. */
struct header_walk {
    struct guard guard;
    struct exchange *ex;
};

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t key_size, const char *value, size_t value_size)
{
    struct header_walk *walk = cls;
    struct request *req = &walk->ex->req;
    struct str name = { .ptr = key, .len = key_size };
    struct str text = { .ptr = value ? value : "", .len = value ? value_size : 0 };

    (void)kind;
    if (!guard_header(&walk->guard, name, text)) {
        return MHD_NO;
    }
    req->headers[req->header_count++] =
        (struct request_header){ .name = name, .value = str_trim_blanks(text) };
    return MHD_YES;
}

static bool id_is_good(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '.' || c == '_' || c == '-')) {
            return false;
        }
    }
    return id.len >= 1 && id.len <= REQUEST_ID_MAX;
}

/* The caller's id, or a new one. */
static struct str choose_id(struct exchange *ex)
{
    struct str given = request_header(&ex->req, "X-Request-Id");
    char hex[OID_HEX_LEN + 1];
    struct oid oid;

    if (given.ptr && id_is_good(given)) {
        return arena_str(&ex->arena, given);
    }
    oid = oid_new();
    oid_format(&oid, hex);
    return arena_str(&ex->arena, str_of(hex));
}

/* Whether the request line is a method, a target and a version with one space between (RFC 9112, 3).
 * The library skips further spaces, and ends the target at a NUL: then they don't lie side by side. */
static bool line_is_clean(const struct exchange *ex, struct str method, const char *version)
{
    return guard_is_token(method) && ex->raw_target_at == method.ptr + method.len + 1 &&
           ex->raw_target_at + ex->raw_target.len + 1 == version &&
           !memchr(ex->raw_target.ptr, ' ', ex->raw_target.len);
}

/* From the method's first byte to the body's. */
static size_t head_bytes(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
        ->header_size;
}

static enum status look_at_head(struct exchange *ex, const char *method, const char *version)
{
    const struct server_config *config = &ex->loop->server->config;
    struct request *req = &ex->req;
    struct header_walk walk = { .ex = ex };
    int count = MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, NULL, NULL);
    size_t line_bytes = strlen(method) + ex->raw_target.len + strlen(version) + 2;
    enum status head;
    enum status target;

    guard_init(&walk.guard, config->max_headers, config->max_header_bytes, str_of(version),
               &req->err);
    req->headers = arena_alloc(&ex->arena, (size_t)(count + 1) * sizeof(*req->headers));
    (void)MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, take_header, &walk);
    req->id = choose_id(ex);
    head = guard_finish(&walk.guard, method + head_bytes(ex->connection),
                        strcmp(version, MHD_HTTP_VERSION_1_1) == 0);
    if (line_bytes > config->max_request_line_bytes) {
        head = err_set(&req->err, ST_TARGET_TOO_LONG, "The request line is over %zu bytes",
                       config->max_request_line_bytes);
    }
    if (head == ST_OK && !line_is_clean(ex, str_of(method), version)) {
        head = err_set(&req->err, ST_BAD_REQUEST, "The request line is not METHOD TARGET VERSION");
    }
    if (head != ST_OK) {
        ex->resp.close = true;
        return head;
    }
    target = target_parse(ex->raw_target, &ex->arena, &req->target, &req->err);
    if (target != ST_OK) {
        req->target.path = ex->raw_target; /* so that the answer takes the right shape */
    }
    return target;
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

static enum MHD_Result send_response(struct exchange *ex);

/* The headers are there: who is asked for what, and is it worth reading the body? */
static enum MHD_Result begin(struct exchange *ex, const char *method, const char *version)
{
    struct server *server = ex->loop->server;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    ex->stage = STAGE_BODY;
    ex->conn = info->socket_context;
    ex->conn->is_idle = false;
    ex->started_us = clock_monotonic_us();
    ex->conn->deadline_ms = ex->started_us / 1000 + server->config.body_timeout_ms;
    (void)atomic_fetch_add(&server->in_flight, 1);
    ex->req.method = method_parse(method);
    ex->req.call = (struct call){ .mem = &ex->arena, .err = &ex->req.err };
    ex->body_limit = server->config.max_body_bytes;
    ex->early = look_at_head(ex, method, version);
    if (ex->resp.close) {
        observe_refused(server, REFUSED_WIRE);
    } else {
        if (ex->early == ST_OK) {
            ex->early = find_route(ex);
        }
        if (ex->req.route && ex->req.route->body == BODY_DOCUMENT) {
            ex->body_limit = server->config.max_document_bytes;
        }
        if (announced_length(&ex->req) > ex->body_limit) {
            ex->resp.close = true;
            if (ex->early == ST_OK) {
                ex->early = err_set(&ex->req.err, ST_TOO_LARGE, "The body is over %zu bytes",
                                    ex->body_limit);
            }
        }
    }
    ex->body.limit = ex->body_limit;
    if (ex->resp.close) { /* answered before any of the body is read, and before 100 Continue */
        count_answering(ex);
        problem_respond(&ex->req, ex->early, &ex->resp);
        return send_response(ex);
    }
    return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *ex, const char *bytes, size_t len)
{
    struct server *server = ex->loop->server;

    ex->body_received += len;
    if (!ex->body_dropped && ex->body_received > ex->body_limit) {
        ex->body_dropped = true;
        if (ex->early == ST_OK) {
            ex->early =
                err_set(&ex->req.err, ST_TOO_LARGE, "The body is over %zu bytes", ex->body_limit);
        }
    }
    if (!ex->body_dropped) {
        size_t before = atomic_fetch_add(&server->bodies_bytes, len);

        ex->body_charged += len;
        if (before + len > server->config.max_bodies_bytes) {
            observe_refused(server, REFUSED_BODIES);
            ex->body_dropped = true;
            ex->early = ex->early == ST_OK ? ST_BUSY : ex->early;
        }
    }
    if (ex->body_dropped) {
        return ex->body_received > ex->body_limit + DROP_BYTES ? MHD_NO : MHD_YES;
    }
    buf_append(&ex->body, bytes, len);
    return MHD_YES;
}

/* Authorizes and handles, on whichever thread; the response is made when it returns. */
static void run(struct exchange *ex)
{
    const struct server_config *config = &ex->loop->server->config;
    struct request *req = &ex->req;
    enum status status;

    status = config->authorize(req);
    if (status == ST_OK) {
        status = req->route->handler(req, &ex->resp);
    }
    if (status == ST_OK && buf_overflowed(&ex->resp.body)) {
        status = err_set(&req->err, ST_BROKEN, "the answer passes %zu bytes", RESPONSE_BODY_MAX);
    }
    if (status == ST_LIMITED) {
        observe_refused(ex->loop->server, REFUSED_LIMITED);
    }
    if (status != ST_OK) {
        problem_respond(req, status, &ex->resp);
    }
}

static void run_job(struct job *job)
{
    struct exchange *ex = (struct exchange *)job;

    if (clock_monotonic_ms() > ex->req.call.deadline_ms) { /* it waited too long for this thread */
        observe_refused(ex->loop->server, REFUSED_DEADLINE);
        problem_respond(&ex->req, ST_BUSY, &ex->resp);
    } else {
        run(ex);
    }
    loop_finish(ex->loop, ex);
}

/* The pool that a route's handler runs on; NULL: the event loop itself. */
static struct executor *pool_of(const struct server_config *config, const struct route *route)
{
    switch (route->run) {
    case RUN_HASH:
        return config->hash_pool;
    case RUN_STORE:
        return config->store_pool;
    case RUN_READ:
        return config->reads_block ? config->store_pool : NULL;
    case RUN_LOOP:
        break;
    }
    return NULL;
}

static void respond_options(struct exchange *ex)
{
    response_clear(&ex->resp);
    ex->resp.http_status = 204;
}

static void add_allow(struct exchange *ex)
{
    struct buf allow;

    buf_init(&allow, 256);
    router_allow(ex->allowed, &allow);
    response_header(&ex->resp, "Allow", arena_str(&ex->arena, buf_view(&allow)).ptr);
    buf_done(&allow);
}

/* The whole request is there. */
static enum MHD_Result dispatch(struct exchange *ex)
{
    struct server *server = ex->loop->server;
    struct executor *pool;

    ex->conn->deadline_ms = 0;
    count_answering(ex);
    if (MHD_get_connection_values(ex->connection, MHD_FOOTER_KIND, NULL, NULL) > 0) {
        /* The library ends a chunked body's trailers at a line that begins with a colon, too, and would
         * take what follows for a request. Nobody needs trailers: no request follows them. */
        ex->resp.close = true;
    }
    ex->req.body = buf_view(&ex->body);
    if (ex->early != ST_OK) {
        problem_respond(&ex->req, ex->early, &ex->resp);
        if (ex->early == ST_NO_METHOD) {
            add_allow(ex);
        }
        return send_response(ex);
    }
    if (ex->is_options) {
        respond_options(ex);
        add_allow(ex);
        return send_response(ex);
    }
    ex->req.call.deadline_ms =
        clock_monotonic_ms() +
        atomic_load_explicit(server->config.request_timeout_ms, memory_order_relaxed);
    pool = pool_of(&server->config, ex->req.route);
    if (!pool) {
        run(ex);
        return send_response(ex);
    }
    ex->stage = STAGE_RUNNING;
    ex->loop->running++;
    ex->job.run = run_job;
    MHD_suspend_connection(ex->connection); /* before another thread can resume it */
    if (!executor_submit(pool, &ex->job)) {
        observe_refused(server, pool == server->config.hash_pool ? REFUSED_HASH_QUEUE
                                                                 : REFUSED_STORE_QUEUE);
        problem_respond(&ex->req, ST_BUSY, &ex->resp);
        loop_finish(ex->loop, ex);
    }
    return MHD_YES;
}

static struct MHD_Response *make_response(struct exchange *ex)
{
    struct response *resp = &ex->resp;
    struct str body = resp->static_body.ptr ? resp->static_body : buf_view(&resp->body);

    /* The bytes stay where they are until exchange_completed, which comes after the last one. */
    return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr,
                                           MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_response(struct exchange *ex)
{
    struct server *server = ex->loop->server;
    struct response *resp = &ex->resp;
    struct MHD_Response *response = make_response(ex);
    int64_t draining = atomic_load_explicit(&server->draining_since_ms, memory_order_relaxed);
    int64_t now_ms = ex->loop->now_ms;
    size_t len = resp->static_body.ptr ? resp->static_body.len : resp->body.len;
    enum MHD_Result result;

    if (!response) {
        return MHD_NO;
    }
    if (draining && now_ms - draining > DRAIN_KEEP_MS) {
        resp->close = true;
    }
    for (size_t i = 0; i < resp->header_count; i++) {
        (void)MHD_add_response_header(response, resp->headers[i].name, resp->headers[i].value);
    }
    if (resp->content_type) {
        (void)MHD_add_response_header(response, "Content-Type", resp->content_type);
    }
    (void)MHD_add_response_header(response, "Cache-Control", resp->cache_control);
    (void)MHD_add_response_header(response, "X-Request-Id", ex->req.id.ptr);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (resp->close) {
        (void)MHD_add_response_header(response, "Connection", "close");
    }
    observe_response(ex);
    ex->stage = STAGE_SENDING;
    ex->conn->deadline_ms =
        now_ms + server->config.body_timeout_ms + (int64_t)(len / SEND_BYTES_PER_MS);
    result = MHD_queue_response(ex->connection, (unsigned int)resp->http_status, response);
    MHD_destroy_response(response);
    return result;
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
        return send_response(ex);
    case STAGE_HEAD:
    case STAGE_RUNNING:
    case STAGE_SENDING:
        break;
    }
    return MHD_YES;
}
