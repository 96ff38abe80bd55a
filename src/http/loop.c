/*
 * The event loop: polls libmicrohttpd's epoll descriptor together with an eventfd of its own, so that
 * other threads can hand over connections and finished answers; and keeps the clocks of connections,
 * because the library only knows how long one was silent, not how long a request has been coming.
 */
#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/replies.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWEEP_MS 100
#define CROWD_CONNS 128 /* so many fewer than there were: their memory goes back to the system */
#define CROWD_GONE_MS 1000
#define QUIET_MS 40         /* a draining loop that saw nothing for as long is done */
#define QUIET_LINGER_MS 200 /* and so long while clients are still sending what nobody wants */

static void conn_release(struct loop *loop, struct conn *conn)
{
    if (conn->link) {
        *conn->link = conn->next;
        if (conn->next) {
            conn->next->link = conn->link;
        }
    }
    peers_remove(loop->server->peers, &conn->address);
    (void)atomic_fetch_sub(&loop->conn_count, 1);
    free(conn);
}

static void notify_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                              enum MHD_ConnectionNotificationCode code)
{
    struct loop *loop = cls;
    struct conn *conn;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        conn = loop->adding;
        loop->adding = NULL;
        *socket_context = conn;
        conn->next = loop->conns;
        if (conn->next) {
            conn->next->link = &conn->next;
        }
        conn->link = &loop->conns;
        loop->conns = conn;
        loop->open++;
        if (loop->open > loop->most_open) {
            loop->most_open = loop->open;
        }
        return;
    }
    conn = *socket_context;
    if (conn->exchange) { /* the library forgot to say that the request is over */
        exchange_completed(loop, connection, &(void *){ conn->exchange },
                           MHD_REQUEST_TERMINATED_WITH_ERROR);
    }
    loop->open--;
    linger_begin(loop, conn->fd);
    conn_release(loop, conn);
}

static void add_connections(struct loop *loop, struct conn *incoming)
{
    while (incoming) {
        struct conn *conn = incoming;

        incoming = conn->next;
        conn->next = NULL;
        conn->deadline_ms = clock_monotonic_ms() + loop->server->config.header_timeout_ms;
        loop->adding = conn;
        (void)MHD_add_connection(loop->daemon, conn->fd, (const struct sockaddr *)&conn->peer,
                                 conn->peer_len);
        if (loop->adding) { /* the library refused it, and has closed the socket */
            loop->adding = NULL;
            conn_release(loop, conn);
        }
    }
}

/* Its response is made. */
static void resume(struct exchange *ex)
{
    ex->stage = STAGE_DONE;
    ex->loop->running--;
    MHD_resume_connection(ex->connection);
}

static void take_over(struct loop *loop)
{
    struct handed handed = loop_take(loop);

    add_connections(loop, handed.incoming);
    while (handed.done) {
        struct exchange *ex = handed.done;

        handed.done = ex->next_done;
        resume(ex);
    }
    while (handed.ended) {
        struct exchange *ex =
            (struct exchange *)((char *)handed.ended - offsetof(struct exchange, later));

        handed.ended = handed.ended->next;
        exchange_go_on(ex);
        resume(ex);
    }
}

static bool is_receiving(const struct conn *conn)
{
    return !conn->exchange || conn->exchange->stage <= STAGE_BODY;
}

/*
 * Whether a client has closed its side while its request is awaited or coming: then nothing more comes.
 * The library learns of that by the edge that epoll gives, and where the edge came together with bytes
 * it has not looked.
 */
static bool has_left(const struct conn *conn)
{
    char byte;

    return is_receiving(conn) && recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Whether a stop has waited long enough for a request: it was coming at the last sweep already, and
 * nothing came whole since. */
static bool is_too_late(struct conn *conn, int64_t now_ms, int64_t draining_ms)
{
    bool was_receiving = conn->was_receiving;

    if (!draining_ms || now_ms - draining_ms < DRAIN_RECEIVE_MS) {
        return false;
    }
    conn->was_receiving = is_receiving(conn);
    return was_receiving && conn->was_receiving;
}

/* Whether a commit is not waited for any longer. */
static bool is_parked_too_long(const struct conn *conn, int64_t now_ms)
{
    const struct exchange *ex = conn->exchange;

    return ex && ex->stage == STAGE_PARKED && now_ms > ex->req.call.deadline_ms;
}

/*
 * After a crowd of connections has closed, and stayed away for a second, gives their memory back: the C library
 * keeps what was freed. Seldom, because it looks at all that is free, and takes a loop some milliseconds.
 */
static void give_back(struct loop *loop)
{
    if (loop->most_open - loop->open < CROWD_CONNS) {
        loop->crowd_gone_ms = 0;
    } else if (!loop->crowd_gone_ms) {
        loop->crowd_gone_ms = loop->now_ms;
    } else if (loop->now_ms - loop->crowd_gone_ms >= CROWD_GONE_MS) {
        (void)malloc_trim(0);
        loop->most_open = loop->open;
        loop->crowd_gone_ms = 0;
    }
}

/* Ends the reception of what took too long. The library sees an end of file and closes. */
static void sweep(struct loop *loop)
{
    int64_t draining_ms;

    if (loop->lingering > 0) {
        linger_read(loop, loop->now_ms);
    }
    if (loop->now_ms - loop->swept_ms < SWEEP_MS) {
        return;
    }
    loop->swept_ms = loop->now_ms;
    draining_ms = atomic_load(&loop->server->draining_since_ms);
    for (struct conn *conn = loop->conns; conn; conn = conn->next) {
        if ((conn->deadline_ms && loop->now_ms > conn->deadline_ms) || has_left(conn) ||
            is_too_late(conn, loop->now_ms, draining_ms)) {
            (void)shutdown(conn->fd, SHUT_RDWR);
            conn->deadline_ms = 0;
        } else if (is_parked_too_long(conn, loop->now_ms) && exchange_give_up(conn->exchange)) {
            resume(conn->exchange);
        }
    }
    give_back(loop);
}

static int poll_timeout(const struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    int timeout = loop->lingering ? 10 : SWEEP_MS;

    if (atomic_load_explicit(&loop->server->draining_since_ms, memory_order_relaxed)) {
        timeout = QUIET_MS / 2;
    } else if (!loop->conns && !loop->lingering && loop->most_open < CROWD_CONNS) {
        timeout = -1;
    }
    if (MHD_get_timeout(loop->daemon, &wanted) == MHD_YES &&
        (timeout < 0 || wanted < (MHD_UNSIGNED_LONG_LONG)timeout)) {
        timeout = (int)wanted;
    }
    return timeout;
}

/* Whether the library has something to do that no descriptor tells of. */
static bool has_work(const struct loop *loop)
{
    MHD_UNSIGNED_LONG_LONG wanted;

    return MHD_get_timeout(loop->daemon, &wanted) == MHD_YES && wanted == 0;
}

static void read_clocks(struct loop *loop)
{
    loop->now_ms = clock_monotonic_ms();
    loop->wall_ms = clock_now_ms();
}

const char *loop_date(struct loop *loop)
{
    int64_t second = loop->wall_ms / 1000;

    if (second != loop->date_second) {
        loop->date_second = second;
        clock_format_http(loop->wall_ms, loop->date);
    }
    return loop->date;
}

static void *loop_main(void *argument)
{
    struct loop *loop = argument;
    struct server *server = loop->server;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd fds[] = {
        { .fd = info->epoll_fd, .events = POLLIN },
        { .fd = loop->wake_fd, .events = POLLIN },
    };
    int64_t active_ms = 0; /* when a draining loop last had something to do */

    for (;;) {
        int ready = poll(fds, 2, poll_timeout(loop));
        int64_t draining = atomic_load(&server->draining_since_ms);

        read_clocks(loop);
        log_batch_begin(&loop->log);
        if (ready > 0 && fds[1].revents) {
            uint64_t count;
            ssize_t ignored = read(loop->wake_fd, &count, sizeof(count));

            (void)ignored;
            take_over(loop);
        }
        (void)MHD_run(loop->daemon);
        log_batch_end();
        read_clocks(loop); /* a run may have taken long */
        sweep(loop);
        if (!draining) {
            continue;
        }
        if (active_ms == 0 || ready > 0 || loop->answering > 0 || has_work(loop)) {
            active_ms = loop->now_ms;
        }
        if (loop->now_ms - active_ms >= (loop->lingering ? QUIET_LINGER_MS : QUIET_MS) ||
            loop->now_ms - draining > server->config.stop_timeout_ms) {
            break;
        }
    }
    return NULL;
}

static void library_log(void *cls, const char *format, va_list args)
{
    char text[256];

    (void)cls;
    if (!log_enabled(LOG_DEBUG)) {
        return;
    }
    (void)vsnprintf(text, sizeof(text), format, args);
    log_line(LOG_DEBUG, "http library", LOG_STR("said", str_trim_blanks(str_of(text))));
}

/* Room for the longest head that the limits allow, the library's entry for each header and query
 * pair, and the head of the answer; in whole pages, as the library would round it. */
static size_t pool_bytes(const struct server_config *config)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t least = config->max_request_line_bytes + config->max_header_bytes +
                   config->max_headers * 64 + REPLY_HEAD_BYTES;

    return (least + page - 1) / page * page;
}

enum status loop_init(struct loop *loop, struct server *server, struct err *err)
{
    const struct server_config *config = &server->config;

    *loop = (struct loop){ .server = server, .wake_fd = -1, .pool_bytes = pool_bytes(config) };
    loop->home.ended = loop_go_on;
    loop->ended_last = &loop->ended;
    read_clocks(loop);
    (void)pthread_mutex_init(&loop->mutex, NULL);
    loop->metrics = calloc(config->routes.count + 1, sizeof(*loop->metrics));
    loop->replies = replies_new();
    if (!loop->metrics || !loop->replies) {
        return err_set(err, ST_BROKEN, "no memory for an event loop");
    }
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0) {
        return err_set(err, ST_BROKEN, "no eventfd for an event loop: %s", strerror(errno));
    }
    loop->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, exchange_handle, loop, MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned int)config->max_connections + 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        loop->pool_bytes, MHD_OPTION_URI_LOG_CALLBACK, exchange_request_line, loop,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
        notify_connection, loop, MHD_OPTION_END);
    if (!loop->daemon) {
        return err_set(err, ST_BROKEN, "libmicrohttpd does not start");
    }
    return ST_OK;
}

enum status loop_start(struct loop *loop, struct err *err)
{
    TRY(thread_start("loop", loop_main, loop, &loop->thread, err));
    loop->has_thread = true;
    return ST_OK;
}

void loop_join(struct loop *loop)
{
    if (loop->has_thread) {
        (void)pthread_join(loop->thread, NULL);
        loop->has_thread = false;
    }
}

void loop_done(struct loop *loop)
{
    if (!loop || !loop->server) {
        return;
    }
    if (loop->daemon) {
        MHD_stop_daemon(loop->daemon);
    }
    for (size_t i = 0; i < loop->lingering; i++) {
        (void)close(loop->linger[i].fd);
    }
    while (loop->spare) {
        struct exchange *ex = loop->spare;

        loop->spare = ex->next_done;
        exchange_free(ex);
    }
    while (loop->incoming) {
        struct conn *conn = loop->incoming;

        loop->incoming = conn->next;
        (void)close(conn->fd);
        conn->link = NULL;
        conn_release(loop, conn);
    }
    if (loop->wake_fd >= 0) {
        (void)close(loop->wake_fd);
    }
    replies_free(loop->replies);
    free(loop->metrics);
    (void)pthread_mutex_destroy(&loop->mutex);
}
