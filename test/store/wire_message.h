/*
 * Messages of MongoDB's wire protocol, as far as wire_proxy.c needs them. A reader gives up when the
 * flag that it is given becomes true.
 */
#ifndef ORGD_TEST_STORE_WIRE_MESSAGE_H
#define ORGD_TEST_STORE_WIRE_MESSAGE_H

#include <bson/bson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct wire_message {
    unsigned char *bytes; /* owned; NULL: none */
    int32_t len;
};

/* Ends the process where the test's own means fail. */
void wire_must(bool ok, const char *what);

/* Waits for readable bytes; false once gives_up is true. */
bool wire_wait(const atomic_bool *gives_up, int fd);

/* One whole message; false where the connection is over, and there is none then. */
bool wire_read(const atomic_bool *gives_up, int fd, struct wire_message *ret_message);
bool wire_write(int fd, const unsigned char *bytes, size_t len);

/* The command of an OP_MSG, as a view; false in any other message. */
bool wire_command(const struct wire_message *message, bson_t *ret_view);

/* Sends reply as the answer to request. */
bool wire_answer(int fd, const struct wire_message *request, const bson_t *reply);

/* Puts what a primary at 127.0.0.1:port says of its replica set into a reply that says what the server
 * is; leaves any other as it is. */
void wire_pose(struct wire_message *reply, uint16_t port);

#endif
