/*
 * What shows wrk's own limit: threads that answer whatever arrives on a connection with a constant, unread.
 * Each has a socket of its own on the one port.
 *
 *     bare_socket PORT THREADS
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS_MAX 64
#define EVENTS 64
#define BODY 264 /* as in bare_http.c */

static char answer[512];
static size_t answer_len;
static uint16_t port;

static int listen_on(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 1024) != 0) {
        perror("bare_socket");
        exit(1);
    }
    return fd;
}

static bool watch(int epoll, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void take(int epoll, int listener)
{
    int one = 1;
    int fd = accept(listener, NULL, NULL);

    if (fd >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        (void)watch(epoll, fd);
    }
}

static void serve(int fd)
{
    char request[4096];

    if (recv(fd, request, sizeof(request), 0) <= 0 ||
        send(fd, answer, answer_len, MSG_NOSIGNAL) != (ssize_t)answer_len) {
        (void)close(fd);
    }
}

static void *loop_main(void *argument)
{
    struct epoll_event events[EVENTS];
    int listener = listen_on();
    int epoll = epoll_create1(0);

    (void)argument;
    if (epoll < 0 || !watch(epoll, listener)) {
        exit(1);
    }
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener) {
                take(epoll, listener);
            } else {
                serve(events[i].data.fd);
            }
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t id;
    unsigned threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

    if (threads < 1 || threads > THREADS_MAX) {
        (void)fprintf(stderr, "usage: bare_socket PORT THREADS\n");
        return 2;
    }
    port = (uint16_t)strtoul(argv[1], NULL, 10);
    answer_len = (size_t)snprintf(answer, sizeof(answer),
                                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                  "Content-Length: %d\r\n\r\n",
                                  BODY);
    memset(answer + answer_len, 'x', BODY);
    answer_len += BODY;
    for (unsigned i = 1; i < threads; i++) {
        if (pthread_create(&id, NULL, loop_main, NULL) != 0) {
            return 1;
        }
    }
    (void)loop_main(NULL);
    return 1;
}
