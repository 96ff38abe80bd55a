/* Answers on their way out: through the library, or past it in the middle of a body. */
#include "http/internal.h"

#include "http/pool.h"
#include "http/problem.h"
#include "http/replies.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* The slowest client that may take an answer; it has the request's time-out on top. */
#define SEND_BYTES_PER_MS 16

static void add_allow(struct exchange *ex)
{
    struct buf allow;

    buf_init(&allow, 256);
    router_allow(ex->allowed, &allow);
    response_header(&ex->resp, "Allow", arena_str(&ex->arena, buf_view(&allow)).ptr);
    buf_done(&allow);
}

/* The answer that was decided without a handler. */
void exchange_respond_early(struct exchange *ex)
{
    if (ex->is_options) {
        response_clear(&ex->resp);
        ex->resp.http_status = 204;
    } else {
        problem_respond(&ex->req, ex->early, &ex->resp);
    }
    if (ex->is_options || ex->early == ST_NO_METHOD) {
        add_allow(ex);
    }
}

/*
 * Answers in the middle of a body. The library takes no response there, but nothing else is being sent
 * on the connection: so the answer goes straight to the socket, and the connection ends.
 */
enum MHD_Result exchange_refuse_body(struct exchange *ex, enum status status)
{
    struct response *resp = &ex->resp;
    struct buf head;

    if (ex->early == ST_OK) {
        ex->early = status;
        ex->is_options = false;
    }
    exchange_respond_early(ex);
    buf_init(&head, 4096);
    buf_printf(&head, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\nContent-Type: %s\r\n",
               resp->http_status, MHD_get_reason_phrase_for((unsigned int)resp->http_status),
               resp->body.len, resp->content_type);
    for (size_t i = 0; i < resp->header_count; i++) {
        buf_printf(&head, "%s: %s\r\n", resp->headers[i].name, resp->headers[i].value);
    }
    buf_printf(&head,
               "Cache-Control: no-store\r\nX-Request-Id: %s\r\nX-Content-Type-Options: nosniff\r\n"
               "Connection: close\r\n\r\n",
               ex->req.id.ptr);
    if (ex->req.method != METHOD_HEAD) {
        buf_str(&head, buf_view(&resp->body));
    }
    if (!buf_overflowed(&head)) { /* a socket that was only read from has room for this */
        (void)!send(ex->conn->fd, head.ptr, head.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    buf_done(&head);
    observe_response(ex);
    ex->stage = STAGE_SENDING;
    return MHD_NO;
}

static struct MHD_Response *make_response(struct exchange *ex)
{
    struct response *resp = &ex->resp;
    struct str body = resp->static_body.ptr ? resp->static_body : buf_view(&resp->body);

    /* The bytes stay where they are until exchange_completed, which comes after the last one. */
    return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr,
                                           MHD_RESPMEM_PERSISTENT);
}

/*
 * Whether the client has sent more than the requests that were answered: then a stop lets the connection
 * go on. What the library skips (empty lines before a request) makes it answer yes, which is the safe
 * side.
 */
static bool has_more(const struct exchange *ex)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (getsockopt(ex->conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) || len < sizeof(info)) {
        return true;
    }
    return info.tcpi_bytes_received > ex->conn->taken_bytes;
}

/* An answer with the headers that all have, or these and an ETag, goes out with a reply that is used
 * again. */
static struct reply *usual_reply(struct exchange *ex)
{
    struct response *resp = &ex->resp;
    struct reply_shape shape = {
        .body = buf_view(&resp->body),
        .content_type = resp->content_type,
        .cache_control = resp->cache_control,
        .id = ex->req.id,
        .date = loop_date(ex->loop),
    };

    if (resp->header_count > 1 || resp->close || resp->static_body.ptr || !resp->content_type) {
        return NULL;
    }
    if (resp->header_count == 1) {
        if (strcmp(resp->headers[0].name, "ETag") != 0) {
            return NULL;
        }
        shape.etag = str_of(resp->headers[0].value);
    }
    return replies_take(ex->loop->replies, &shape);
}

static void add_headers(struct exchange *ex, struct MHD_Response *response)
{
    struct response *resp = &ex->resp;

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
}

static enum MHD_Result queue(struct exchange *ex)
{
    unsigned int status = (unsigned int)ex->resp.http_status;
    struct MHD_Response *response;
    enum MHD_Result result;

    ex->reply = usual_reply(ex);
    pool_expect_answer(ex);
    if (ex->reply) {
        return MHD_queue_response(ex->connection, status, reply_response(ex->reply));
    }
    response = make_response(ex);
    if (!response) {
        return MHD_NO;
    }
    add_headers(ex, response);
    result = MHD_queue_response(ex->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result exchange_send(struct exchange *ex)
{
    struct server *server = ex->loop->server;
    struct response *resp = &ex->resp;
    int64_t draining = atomic_load_explicit(&server->draining_since_ms, memory_order_relaxed);
    int64_t now_ms = ex->loop->now_ms;
    size_t len = resp->static_body.ptr ? resp->static_body.len : resp->body.len;

    if (draining) {
        int64_t keep_ms = ex->conn->is_inexact ? DRAIN_KEEP_INEXACT_MS : DRAIN_KEEP_MS;

        resp->close = resp->close || now_ms - draining > keep_ms || !has_more(ex);
    }
    observe_response(ex);
    ex->stage = STAGE_SENDING;
    ex->conn->deadline_ms =
        now_ms + server->config.body_timeout_ms + (int64_t)(len / SEND_BYTES_PER_MS);
    return queue(ex);
}
