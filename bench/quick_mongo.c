/*
 * A MongoDB server that takes no time, so that what is left of a request's time is the program's own: it
 * stands before a real one and hands everything on, until SIGUSR1. From then on it answers each find,
 * aggregate and insert of a shape (the collection, and the members of the command without their values)
 * with the answer that the first of that shape got. What the program keeps for itself (orgd_...) is handed
 * on for ever.
 *
 *     quick_mongo PORT       the real server's, on 127.0.0.1; prints its own
 *
 * Ends with its standard input.
 */
#include <arpa/inet.h>
#include <bson/bson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_BYTES 16
#define MESSAGE_MAX (48 * 1024 * 1024)
#define SHAPES_MAX 64
#define DEPTH_MAX 16
#define OP_MSG 2013
#define BODY_AT (HEAD_BYTES + 5) /* behind the flags and the first section's kind */

struct message {
    uint8_t *bytes;
    uint32_t len;
    uint32_t capacity;
};

struct shape {
    uint64_t hash;
    struct message answer;
};

static struct shape shapes[SHAPES_MAX]; /* a taken one never changes */
static atomic_size_t shape_count;
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_quick;
static in_port_t server_port;

static uint32_t number_at(const uint8_t *at)
{
    uint32_t number;

    memcpy(&number, at, sizeof(number));
    return number; /* both ends are little-endian */
}

static bool read_all(int fd, uint8_t *at, size_t len)
{
    while (len > 0) {
        ssize_t n = read(fd, at, len);

        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const uint8_t *at, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool have_room(struct message *message, uint32_t len)
{
    if (!message->bytes || message->capacity < len) {
        uint8_t *bytes = realloc(message->bytes, len);

        if (!bytes) {
            return false;
        }
        message->bytes = bytes;
        message->capacity = len;
    }
    return true;
}

static bool read_message(int fd, struct message *message)
{
    uint8_t head[HEAD_BYTES];

    if (!read_all(fd, head, HEAD_BYTES)) {
        return false;
    }
    message->len = number_at(head);
    if (message->len < HEAD_BYTES || message->len > MESSAGE_MAX ||
        !have_room(message, message->len)) {
        return false;
    }
    memcpy(message->bytes, head, HEAD_BYTES);
    return read_all(fd, message->bytes + HEAD_BYTES, message->len - HEAD_BYTES);
}

static uint64_t add(uint64_t hash, const char *text)
{
    for (; *text; text++) {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(1099511628211);
    }
    return (hash ^ 1) * UINT64_C(1099511628211);
}

static uint64_t add_members(uint64_t hash, bson_iter_t *iter, int depth)
{
    bson_iter_t child;

    while (bson_iter_next(iter)) {
        hash = add(hash, bson_iter_key(iter));
        if (depth < DEPTH_MAX && (BSON_ITER_HOLDS_DOCUMENT(iter) || BSON_ITER_HOLDS_ARRAY(iter)) &&
            bson_iter_recurse(iter, &child)) {
            hash = add_members(hash, &child, depth + 1);
        }
    }
    return hash;
}

/* 0: not one of those that are answered at once. */
static uint64_t shape_of(const struct message *message)
{
    static const char *const commands[] = { "find", "aggregate", "insert" };
    bson_iter_t iter;
    bson_t body;
    uint32_t len;

    if (!atomic_load_explicit(&is_quick, memory_order_relaxed) || message->len < BODY_AT + 5 ||
        number_at(message->bytes + 12) != OP_MSG) {
        return 0;
    }
    len = number_at(message->bytes + BODY_AT);
    if (len > message->len - BODY_AT || !bson_init_static(&body, message->bytes + BODY_AT, len) ||
        !bson_iter_init(&iter, &body) || !bson_iter_next(&iter) || !BSON_ITER_HOLDS_UTF8(&iter) ||
        strncmp(bson_iter_utf8(&iter, NULL), "orgd_", 5) == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(bson_iter_key(&iter), commands[i]) == 0) {
            uint64_t hash =
                add(add(UINT64_C(1469598103934665603), commands[i]), bson_iter_utf8(&iter, NULL));

            return add_members(hash, &iter, 0) | 1;
        }
    }
    return 0;
}

static const struct message *remembered(uint64_t hash)
{
    size_t count = atomic_load(&shape_count);

    for (size_t i = 0; i < count; i++) {
        if (shapes[i].hash == hash) {
            return &shapes[i].answer;
        }
    }
    return NULL;
}

static void remember(uint64_t hash, const struct message *answer)
{
    size_t count;

    (void)pthread_mutex_lock(&adding);
    count = atomic_load(&shape_count);
    if (count < SHAPES_MAX && have_room(&shapes[count].answer, answer->len)) {
        shapes[count].hash = hash;
        shapes[count].answer.len = answer->len;
        memcpy(shapes[count].answer.bytes, answer->bytes, answer->len);
        atomic_store(&shape_count, count + 1);
    }
    (void)pthread_mutex_unlock(&adding);
}

/* Answers one message; own: a copy of what is remembered goes out from there. */
static bool serve_one(int client, int server, struct message *asked, struct message *own)
{
    uint64_t hash;
    const struct message *known;

    if (!read_message(client, asked)) {
        return false;
    }
    hash = shape_of(asked);
    known = hash ? remembered(hash) : NULL;
    if (known) {
        if (!have_room(own, known->len)) {
            return false;
        }
        own->len = known->len;
        memcpy(own->bytes, known->bytes, known->len);
        memcpy(own->bytes + 8, asked->bytes + 4, 4); /* responseTo: the request's number */
    } else {
        if (!write_all(server, asked->bytes, asked->len) || !read_message(server, own)) {
            return false;
        }
        if (hash) {
            remember(hash, own);
        }
    }
    return write_all(client, own->bytes, own->len);
}

static struct sockaddr_in local(in_port_t port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons(port) };
}

static void *serve_client(void *argument)
{
    struct sockaddr_in address = local(server_port);
    struct message asked = { .len = 0 };
    struct message own = { .len = 0 };
    int client = (int)(intptr_t)argument;
    int server = socket(AF_INET, SOCK_STREAM, 0);

    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    if (connect(server, (struct sockaddr *)&address, sizeof(address)) == 0) {
        while (serve_one(client, server, &asked, &own)) {
        }
    }
    free(asked.bytes);
    free(own.bytes);
    (void)close(server);
    (void)close(client);
    return NULL;
}

static void *end_with_input(void *argument)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    (void)argument;
    _exit(0);
}

static void be_quick(int number)
{
    (void)number;
    atomic_store(&is_quick, true);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = local(0);
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pthread_t thread;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: quick_mongo PORT\n");
        return 2;
    }
    server_port = (in_port_t)strtoul(argv[1], NULL, 10);
    (void)sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = be_quick, .sa_flags = SA_RESTART },
                    NULL);
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 512) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&thread, NULL, end_with_input, NULL) != 0) {
        return 1;
    }
    (void)printf("%u\n", (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client >= 0 &&
            pthread_create(&thread, NULL, serve_client, (void *)(intptr_t)client) == 0) {
            (void)pthread_detach(thread);
        } else if (client >= 0) {
            (void)close(client);
        }
    }
}
