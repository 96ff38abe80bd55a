/* Reading, writing and understanding messages. */
#include "store/wire_message.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX (64 * 1024 * 1024)
#define HEADER_BYTES 16
#define BODY_AT (HEADER_BYTES + 5) /* flags and the kind of the first section */
#define OP_MSG 2013
#define OP_REPLY 1
#define REPLY_BODY_AT (HEADER_BYTES + 20) /* flags, cursor, start and number */
#define POLL_MS 20

void wire_must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

static int32_t int_at(const unsigned char *bytes)
{
    int32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

bool wire_wait(const atomic_bool *gives_up, int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    while (!atomic_load(gives_up)) {
        if (poll(&poll_fd, 1, POLL_MS) > 0) {
            return true;
        }
    }
    return false;
}

static bool read_all(const atomic_bool *gives_up, int fd, unsigned char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t got = wire_wait(gives_up, fd) ? recv(fd, bytes, len, 0) : 0;

        if (got <= 0) {
            return false;
        }
        bytes += got;
        len -= (size_t)got;
    }
    return true;
}

bool wire_write(int fd, const unsigned char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);

        if (put <= 0) {
            return false;
        }
        bytes += put;
        len -= (size_t)put;
    }
    return true;
}

bool wire_read(const atomic_bool *gives_up, int fd, struct wire_message *ret_message)
{
    unsigned char header[HEADER_BYTES];
    int32_t len;

    if (!read_all(gives_up, fd, header, sizeof(header))) {
        return false;
    }
    len = int_at(header);
    if (len < HEADER_BYTES || len > MESSAGE_MAX) {
        return false;
    }
    *ret_message = (struct wire_message){ .bytes = malloc((size_t)len), .len = len };
    wire_must(ret_message->bytes, "malloc");
    memcpy(ret_message->bytes, header, sizeof(header));
    if (!read_all(gives_up, fd, ret_message->bytes + HEADER_BYTES, (size_t)len - HEADER_BYTES)) {
        free(ret_message->bytes);
        *ret_message = (struct wire_message){ .bytes = NULL };
        return false;
    }
    return true;
}

bool wire_command(const struct wire_message *message, bson_t *ret_view)
{
    int32_t len;

    if (int_at(message->bytes + 12) != OP_MSG || message->len < BODY_AT + 5 ||
        message->bytes[BODY_AT - 1] != 0) {
        return false;
    }
    len = int_at(message->bytes + BODY_AT);
    return len >= 5 && len <= message->len - BODY_AT &&
           bson_init_static(ret_view, message->bytes + BODY_AT, (size_t)len);
}

bool wire_answer(int fd, const struct wire_message *request, const bson_t *reply)
{
    unsigned char head[BODY_AT] = { 0 };
    int32_t len = BODY_AT + (int32_t)reply->len;
    int32_t opcode = OP_MSG;

    memcpy(head, &len, sizeof(len));
    memcpy(head + 8, request->bytes + 4, sizeof(int32_t)); /* responseTo: its requestID */
    memcpy(head + 12, &opcode, sizeof(opcode));
    return wire_write(fd, head, sizeof(head)) && wire_write(fd, bson_get_data(reply), reply->len);
}

/* Where the body of a server's message begins; 0: in none that is known here. */
static int32_t body_at(const struct wire_message *message)
{
    int32_t opcode = int_at(message->bytes + 12);
    int32_t at = opcode == OP_MSG ? BODY_AT : opcode == OP_REPLY ? REPLY_BODY_AT : 0;

    return at > 0 && message->len >= at + 5 && int_at(message->bytes + at) == message->len - at ? at
                                                                                                : 0;
}

void wire_pose(struct wire_message *reply, uint16_t port)
{
    int32_t at = body_at(reply);
    __attribute__((cleanup(bson_destroy))) bson_t body = BSON_INITIALIZER;
    bson_t view;
    char here[32];
    int32_t len;

    if (at == 0 || !bson_init_static(&view, reply->bytes + at, (size_t)(reply->len - at)) ||
        !bson_has_field(&view, "maxWireVersion")) {
        return;
    }
    (void)snprintf(here, sizeof(here), "127.0.0.1:%d", port);
    bson_copy_to_excluding_noinit(&view, &body, "setName", "hosts", "isWritablePrimary",
                                  "logicalSessionTimeoutMinutes", NULL);
    BCON_APPEND(&body, "setName", "posed", "hosts", "[", BCON_UTF8(here), "]", "me",
                BCON_UTF8(here), "primary", BCON_UTF8(here), "setVersion", BCON_INT32(1),
                "isWritablePrimary", BCON_BOOL(true), "secondary", BCON_BOOL(false),
                "logicalSessionTimeoutMinutes", BCON_INT32(30));
    len = at + (int32_t)body.len;
    reply->bytes = realloc(reply->bytes, (size_t)len);
    wire_must(reply->bytes, "realloc");
    memcpy(reply->bytes, &len, sizeof(len));
    memcpy(reply->bytes + at, bson_get_data(&body), body.len);
    reply->len = len;
}
