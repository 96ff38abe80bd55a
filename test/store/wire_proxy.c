/* Messages of the wire protocol, passed on one by one. */
#include "store/wire_proxy.h"

#include "store/wire_message.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define COMMAND_SIZE 64
#define POLL_MS 20

struct connection {
    struct wire_proxy *proxy;
    pthread_t thread;
    int client;
    int server;
};

struct wire_proxy {
    int listener;
    uint16_t port;
    struct sockaddr_in upstream;
    pthread_t thread;
    atomic_bool ends;
    atomic_bool gives_up; /* connections end: the door is closed, or the proxy goes */
    atomic_bool poses;

    pthread_mutex_t mutex;
    char command[COMMAND_SIZE];
    enum wire_fault fault;
    int left;
    int seen;
    bson_t *reply;
    enum wire_fault next_fault; /* once left is 0 */
    bson_t *next_reply;
    bson_t *last;

    struct connection connections[CONNECTIONS_MAX];
    int count;
};

/* What is to be done with a message; counts it. ret_reply: a copy for WIRE_ANSWER and WIRE_REPLACE. */
static enum wire_fault fault_of(struct wire_proxy *proxy, const struct wire_message *message,
                                bson_t **ret_reply)
{
    enum wire_fault fault = WIRE_NONE;
    bson_iter_t first;
    bson_t command;

    if (!wire_command(message, &command) || !bson_iter_init(&first, &command) ||
        !bson_iter_next(&first)) {
        return WIRE_NONE;
    }
    (void)pthread_mutex_lock(&proxy->mutex);
    if (strcmp(bson_iter_key(&first), proxy->command) == 0) {
        proxy->seen++;
        bson_destroy(proxy->last);
        proxy->last = bson_copy(&command);
        if (proxy->left > 0) {
            proxy->left--;
            fault = proxy->fault;
            *ret_reply = proxy->reply ? bson_copy(proxy->reply) : NULL;
        } else {
            fault = proxy->next_fault;
            *ret_reply = proxy->next_reply;
            proxy->next_fault = WIRE_NONE;
            proxy->next_reply = NULL;
        }
    }
    (void)pthread_mutex_unlock(&proxy->mutex);
    return fault;
}

/* Keeps the connection open and silent until the driver has had enough. */
static void hold(struct connection *this)
{
    unsigned char byte;

    while (wire_wait(&this->proxy->gives_up, this->client) && recv(this->client, &byte, 1, 0) > 0) {
    }
}

/* Passes a request on and gives its reply; false where the connection is over. */
static bool forward(struct connection *this, const struct wire_message *request,
                    struct wire_message *ret_reply)
{
    return wire_write(this->server, request->bytes, (size_t)request->len) &&
           wire_read(&this->proxy->gives_up, this->server, ret_reply);
}

/* One request, from there to there; whether the connection goes on. */
static bool serve_one(struct connection *this, const struct wire_message *request)
{
    struct wire_message reply = { .bytes = NULL };
    bson_t *given = NULL;
    enum wire_fault fault = fault_of(this->proxy, request, &given);
    bool goes_on = false;

    if (fault == WIRE_ANSWER && given) {
        goes_on = wire_answer(this->client, request, given);
    } else if (fault == WIRE_HOLD_BEFORE) {
        hold(this);
    } else if (fault != WIRE_CUT_BEFORE && forward(this, request, &reply)) {
        if (atomic_load(&this->proxy->poses)) {
            wire_pose(&reply, this->proxy->port);
        }
        if (fault == WIRE_NONE) {
            goes_on = wire_write(this->client, reply.bytes, (size_t)reply.len);
        } else if (fault == WIRE_REPLACE && given) {
            goes_on = wire_answer(this->client, request, given);
        } else if (fault == WIRE_HOLD_AFTER) {
            hold(this);
        } else if (fault == WIRE_CUT_MIDDLE) {
            (void)wire_write(this->client, reply.bytes, (size_t)reply.len / 2);
        }
    }
    free(reply.bytes);
    bson_destroy(given);
    return goes_on;
}

static void *run_connection(void *argument)
{
    struct connection *this = argument;
    bool goes_on = connect(this->server, (struct sockaddr *)&this->proxy->upstream,
                           sizeof(this->proxy->upstream)) == 0;

    while (goes_on) {
        struct wire_message request;

        goes_on = wire_read(&this->proxy->gives_up, this->client, &request);
        if (goes_on) {
            goes_on = serve_one(this, &request);
            free(request.bytes);
        }
    }
    (void)shutdown(this->client, SHUT_RDWR);
    (void)shutdown(this->server, SHUT_RDWR);
    return NULL;
}

static void *run_listener(void *argument)
{
    struct wire_proxy *proxy = argument;

    while (!atomic_load(&proxy->ends)) {
        struct pollfd poll_fd = { .fd = proxy->listener, .events = POLLIN };
        struct connection *this = &proxy->connections[proxy->count];
        int client;

        if (poll(&poll_fd, 1, POLL_MS) <= 0) {
            continue;
        }
        client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0 && (atomic_load(&proxy->gives_up) || proxy->count == CONNECTIONS_MAX)) {
            (void)close(client);
            continue;
        }
        *this = (struct connection){ .proxy = proxy, .client = client };
        this->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        wire_must(client >= 0 && this->server >= 0, "socket");
        wire_must(pthread_create(&this->thread, NULL, run_connection, this) == 0, "thread");
        proxy->count++;
    }
    return NULL;
}

struct wire_proxy *wire_proxy_new(const char *upstream_host, uint16_t upstream_port)
{
    struct wire_proxy *proxy = calloc(1, sizeof(*proxy));
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(here);

    wire_must(proxy, "malloc");
    proxy->upstream =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(upstream_port) };
    wire_must(inet_pton(AF_INET, upstream_host, &proxy->upstream.sin_addr) == 1, "upstream");
    (void)pthread_mutex_init(&proxy->mutex, NULL);
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    wire_must(bind(proxy->listener, (struct sockaddr *)&here, sizeof(here)) == 0, "bind");
    wire_must(listen(proxy->listener, CONNECTIONS_MAX) == 0, "listen");
    wire_must(getsockname(proxy->listener, (struct sockaddr *)&here, &len) == 0, "getsockname");
    proxy->port = ntohs(here.sin_port);
    wire_must(pthread_create(&proxy->thread, NULL, run_listener, proxy) == 0, "thread");
    return proxy;
}

void wire_proxy_free(struct wire_proxy *proxy)
{
    if (!proxy) {
        return;
    }
    atomic_store(&proxy->ends, true);
    atomic_store(&proxy->gives_up, true);
    (void)pthread_join(proxy->thread, NULL);
    for (int i = 0; i < proxy->count; i++) {
        (void)pthread_join(proxy->connections[i].thread, NULL);
        (void)close(proxy->connections[i].client);
        (void)close(proxy->connections[i].server);
    }
    (void)close(proxy->listener);
    (void)pthread_mutex_destroy(&proxy->mutex);
    bson_destroy(proxy->reply);
    bson_destroy(proxy->next_reply);
    bson_destroy(proxy->last);
    free(proxy);
}

uint16_t wire_proxy_port(const struct wire_proxy *proxy)
{
    return proxy->port;
}

void wire_proxy_arm(struct wire_proxy *proxy, const char *command, enum wire_fault fault, int count,
                    const bson_t *reply)
{
    (void)pthread_mutex_lock(&proxy->mutex);
    (void)snprintf(proxy->command, sizeof(proxy->command), "%s", command);
    proxy->fault = fault;
    proxy->left = count;
    proxy->seen = 0;
    bson_destroy(proxy->reply);
    proxy->reply = reply ? bson_copy(reply) : NULL;
    bson_destroy(proxy->next_reply);
    proxy->next_reply = NULL;
    proxy->next_fault = WIRE_NONE;
    (void)pthread_mutex_unlock(&proxy->mutex);
}

void wire_proxy_then(struct wire_proxy *proxy, enum wire_fault fault, const bson_t *reply)
{
    (void)pthread_mutex_lock(&proxy->mutex);
    bson_destroy(proxy->next_reply);
    proxy->next_reply = reply ? bson_copy(reply) : NULL;
    proxy->next_fault = fault;
    (void)pthread_mutex_unlock(&proxy->mutex);
}

void wire_proxy_pose_as_replica_set(struct wire_proxy *proxy)
{
    atomic_store(&proxy->poses, true);
}

int wire_proxy_seen(struct wire_proxy *proxy)
{
    int seen;

    (void)pthread_mutex_lock(&proxy->mutex);
    seen = proxy->seen;
    (void)pthread_mutex_unlock(&proxy->mutex);
    return seen;
}

bson_t *wire_proxy_last(struct wire_proxy *proxy)
{
    bson_t *last;

    (void)pthread_mutex_lock(&proxy->mutex);
    last = proxy->last ? bson_copy(proxy->last) : bson_new();
    (void)pthread_mutex_unlock(&proxy->mutex);
    return last;
}

void wire_proxy_close_door(struct wire_proxy *proxy)
{
    atomic_store(&proxy->gives_up, true);
}

void wire_proxy_open_door(struct wire_proxy *proxy)
{
    atomic_store(&proxy->gives_up, false);
}
