/*
 * A man in the middle of a MongoDB connection: passes messages on, but for commands of one name, with
 * which it does what it was told. For tests of what a failure means.
 *
 * One thread for each connection. Listens on 127.0.0.1, on a port of the kernel's choice.
 */
#ifndef ORGD_TEST_STORE_WIRE_PROXY_H
#define ORGD_TEST_STORE_WIRE_PROXY_H

#include <bson/bson.h>
#include <stdint.h>

enum wire_fault {
    WIRE_NONE,
    WIRE_CUT_BEFORE,  /* the connection ends before the command gets to the server */
    WIRE_CUT_AFTER,   /* the server executes it, the connection ends without the reply */
    WIRE_CUT_MIDDLE,  /* and ends in the middle of the reply */
    WIRE_HOLD_BEFORE, /* nothing comes back, and nothing got to the server */
    WIRE_HOLD_AFTER,  /* the server executes it, the reply is kept back */
    WIRE_ANSWER,      /* the reply is the one that was given, and nothing gets to the server */
    WIRE_REPLACE,     /* the server executes it, the reply is the one that was given */
};

struct wire_proxy;

/* Fails the test where it can't be made. upstream: "127.0.0.1:27017". */
struct wire_proxy *wire_proxy_new(const char *upstream_host, uint16_t upstream_port);
void wire_proxy_free(struct wire_proxy *proxy); /* ends every connection */
uint16_t wire_proxy_port(const struct wire_proxy *proxy);

/* From now on the next count commands called command meet fault. reply: for WIRE_ANSWER and WIRE_REPLACE;
 * copied. */
void wire_proxy_arm(struct wire_proxy *proxy, const char *command, enum wire_fault fault, int count,
                    const bson_t *reply);

/* What the one after those meets. */
void wire_proxy_then(struct wire_proxy *proxy, enum wire_fault fault, const bson_t *reply);

/* From now on the server looks like the primary, and only member, of a replica set; for connections made
 * after this. */
void wire_proxy_pose_as_replica_set(struct wire_proxy *proxy);

/* How many commands of the last armed name came by since, passed on or not. */
int wire_proxy_seen(struct wire_proxy *proxy);

/* The last command of that name; the caller destroys it. */
bson_t *wire_proxy_last(struct wire_proxy *proxy);

/* Refuses connections and ends those that are there; or lets them in again. */
void wire_proxy_close_door(struct wire_proxy *proxy);
void wire_proxy_open_door(struct wire_proxy *proxy);

#endif
