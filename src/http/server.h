/*
 * The HTTP server: listening sockets, event loops around libmicrohttpd, and the way of a request from
 * the socket through guard, router and authorizer to its handler on the right executor.
 *
 *   socket ─ listener (limits) ─ loop ─ guard ─ router ─ executor: authorize, handler ─ loop ─ socket
 *
 * docs/internals/http.md tells why the loops poll by themselves.
 */
#ifndef ORGD_HTTP_SERVER_H
#define ORGD_HTTP_SERVER_H

#include "base/err.h"
#include "http/route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct executor;
struct request;
struct server;
struct services;

struct server_config {
    const char *listen; /* comma-separated addresses, valid by the settings' rules */
    size_t loops;       /* at least 1 */
    size_t max_connections;
    size_t max_connections_per_address;
    size_t max_request_line_bytes;
    size_t max_header_bytes;
    size_t max_headers;
    size_t max_body_bytes;     /* BODY_SMALL */
    size_t max_document_bytes; /* BODY_DOCUMENT */
    size_t max_bodies_bytes;   /* of all requests under way */
    int64_t header_timeout_ms;
    int64_t body_timeout_ms;
    int64_t stop_timeout_ms;
    bool reads_block; /* RUN_READ goes to the store pool, and RUN_FIND what is not remembered */
    bool writes_pend; /* RUN_WRITE is begun on the loop, and its handler may give ST_PENDING */

    const _Atomic int64_t *request_timeout_ms; /* may change while running */
    struct route_table routes;
    struct executor *hash_pool;
    struct executor *store_pool;
    struct services *services; /* handed to every request */

    /* Decides on the loop, before a large body is read or a place in the store pool's queue is taken,
     * whether the sender may have that at all, and sets req->lane: computes only. A status other than
     * ST_OK is the answer. */
    enum status (*admit)(struct request *req);

    /* Decides who calls, by req->route->who: sets req->caller and req->tenant. Runs where the handler
     * runs. A status other than ST_OK is the answer. */
    enum status (*authorize)(struct request *req);
};

/*
 * Opens the sockets and starts the threads; config and what it points to are copied or outlive the
 * server. Returns ST_OK; ST_INVALID for an address that nobody has; ST_BROKEN for one that can't be
 * listened on, or where the system gives no more (err has the reason).
 */
MUST_CHECK enum status server_new(const struct server_config *config, struct server **ret_server,
                                  struct err *err);

/* Starts the threads, begins to accept and logs each chosen address ("listening"). Where it fails the
 * process should end. */
MUST_CHECK enum status server_start(struct server *server, struct err *err);

/*
 * Stops gracefully: no new connections, what was sent whole is answered, then everything is closed;
 * blocks for at most stop_timeout_ms. false: a handler hasn't come back by then; the server and what
 * it uses can't be freed any more, and the process should end.
 */
MUST_CHECK bool server_stop(struct server *server);

/* After server_stop gave true, or instead of server_start. */
void server_free(struct server *server);

/* orgd_http_* and orgd_refused_total in Prometheus' text format. Any thread. */
void server_metrics(struct server *server, struct buf *out);

#endif
