/* Listening sockets, and the thread that accepts: it keeps the limits and spreads over the loops. */
#include "http/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define ADDRESS_TEXT 64
#define NO_DESCRIPTORS_PAUSE_MS 20

/* "127.0.0.1:8000" or "[::1]:8000"; the settings have judged the form. */
static enum status listen_on(struct str address, int *ret_fd, struct err *err)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char host[ADDRESS_TEXT];
    const char *colon = address.len ? memrchr(address.ptr, ':', address.len) : NULL;
    struct str name = { .ptr = address.ptr, .len = colon ? (size_t)(colon - address.ptr) : 0 };
    char port[8];
    int one = 1;
    int fd = -1;
    int failed;

    if (!colon || name.len >= sizeof(host)) {
        return err_set(err, ST_INVALID, "listen: %.*s is not host:port", STR_ARG(address));
    }
    (void)snprintf(port, sizeof(port), "%.*s", (int)(address.ptr + address.len - colon - 1),
                   colon + 1);
    if (name.len >= 2 && name.ptr[0] == '[') {
        name = (struct str){ .ptr = name.ptr + 1, .len = name.len - 2 };
    }
    (void)snprintf(host, sizeof(host), "%.*s", STR_ARG(name));
    failed = getaddrinfo(host, port, &hints, &found);
    if (failed) {
        return err_set(err, ST_INVALID, "listen: %.*s: %s", STR_ARG(address), gai_strerror(failed));
    }
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    failed = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
             (found->ai_family == AF_INET6 &&
              setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) ||
             bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG);
    freeaddrinfo(found);
    if (failed) {
        failed = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return err_set(err, ST_BROKEN, "listen: can't listen on %.*s: %s", STR_ARG(address),
                       strerror(failed));
    }
    *ret_fd = fd;
    return ST_OK;
}

enum status listener_open(struct server *server, struct err *err)
{
    struct str rest = str_of(server->config.listen);

    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
        struct str address = str_trim_blanks((struct str){ .ptr = rest.ptr, .len = len });

        if (server->listener_count == LISTENERS_MAX) {
            return err_set(err, ST_INVALID, "listen: more than %d addresses", LISTENERS_MAX);
        }
        TRY(listen_on(address, &server->listeners[server->listener_count], err));
        server->listener_count++;
        rest.ptr += len + (comma != NULL);
        rest.len -= len + (comma != NULL);
    }
    return ST_OK;
}

static void log_address(int fd, size_t loops)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof(address);
    char host[ADDRESS_TEXT];
    char port[8];
    char text[ADDRESS_TEXT + 16];

    if (getsockname(fd, (struct sockaddr *)&address, &len) ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV)) {
        return;
    }
    (void)snprintf(text, sizeof(text), address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
                   port);
    log_line(LOG_ALWAYS, "listening", LOG_TEXT("addr", text), LOG_INT("loops", (int64_t)loops));
}

static struct loop *least_loaded(struct server *server)
{
    struct loop *best = &server->loops[0];

    for (size_t i = 1; i < server->config.loops; i++) {
        if (atomic_load(&server->loops[i].conn_count) < atomic_load(&best->conn_count)) {
            best = &server->loops[i];
        }
    }
    return best;
}

static size_t connections(struct server *server)
{
    size_t total = 0;

    for (size_t i = 0; i < server->config.loops; i++) {
        total += atomic_load(&server->loops[i].conn_count);
    }
    return total;
}

/* Takes one connection; false: there is none, or it must be tried again later. */
static bool accept_one(struct server *server, int listener)
{
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof(peer);
    int fd = accept4(listener, (struct sockaddr *)&peer, &peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct peer_address address;
    struct conn *conn;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            (void)poll(NULL, 0, NO_DESCRIPTORS_PAUSE_MS);
            return false;
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    address = peer_address_of((struct sockaddr *)&peer);
    if (connections(server) >= server->config.max_connections ||
        !peers_enter(server->peers, &address)) {
        observe_refused(server, REFUSED_CONNECTIONS);
        (void)close(fd);
        return true;
    }
    conn = calloc(1, sizeof(*conn));
    if (!conn) {
        peers_remove(server->peers, &address);
        (void)close(fd);
        return true;
    }
    conn->fd = fd;
    conn->address = address;
    conn->peer = peer;
    conn->peer_len = peer_len;
    loop_add(least_loaded(server), conn);
    return true;
}

static void *listener_main(void *argument)
{
    struct server *server = argument;
    struct pollfd fds[LISTENERS_MAX + 1];

    for (size_t i = 0; i < server->listener_count; i++) {
        fds[i] = (struct pollfd){ .fd = server->listeners[i], .events = POLLIN };
    }
    fds[server->listener_count] = (struct pollfd){ .fd = server->stop_fd, .events = POLLIN };
    for (;;) {
        bool stopping;

        (void)poll(fds, server->listener_count + 1, -1);
        stopping = fds[server->listener_count].revents != 0;
        for (size_t i = 0; i < server->listener_count; i++) {
            /* In a stop the queue is emptied first: those clients believe themselves connected. */
            for (int n = 0; (n < 64 || (stopping && n < 2 * BACKLOG)); n++) {
                if (!accept_one(server, server->listeners[i])) {
                    break;
                }
            }
        }
        if (stopping) {
            return NULL;
        }
    }
}

enum status listener_start(struct server *server, struct err *err)
{
    TRY(thread_start("listener", listener_main, server, &server->listener, err));
    server->has_listener = true;
    for (size_t i = 0; i < server->listener_count; i++) {
        log_address(server->listeners[i], server->config.loops);
    }
    return ST_OK;
}

void listener_stop(struct server *server)
{
    uint64_t one = 1;

    if (server->has_listener) {
        ssize_t ignored = write(server->stop_fd, &one, sizeof(one));

        (void)ignored;
        (void)pthread_join(server->listener, NULL);
        server->has_listener = false;
    }
    for (size_t i = 0; i < server->listener_count; i++) {
        (void)close(server->listeners[i]);
    }
    server->listener_count = 0;
}
