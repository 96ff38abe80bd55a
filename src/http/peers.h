/* How many connections each client address has. Any thread. */
#ifndef ORGD_HTTP_PEERS_H
#define ORGD_HTTP_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define PEER_ADDRESS_BYTES 16

/* An IPv6 address, IPv4 ones as ::ffff:a.b.c.d. */
struct peer_address {
    unsigned char bytes[PEER_ADDRESS_BYTES];
};

struct peers;

/* most: connections at once in all. NULL where memory is out. */
struct peers *peers_new(size_t most, size_t most_per_address);
void peers_free(struct peers *peers);

struct peer_address peer_address_of(const struct sockaddr *address);

/* Counts one connection in; false, and nothing counted, where there are as many as may be. */
bool peers_enter(struct peers *peers, const struct peer_address *address);
void peers_remove(struct peers *peers, const struct peer_address *address);

#endif
