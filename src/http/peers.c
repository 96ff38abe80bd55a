/* A hash table with chains; its entries are allocated once, one for each connection there may be. */
#include "http/peers.h"

#include "base/hash.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct peer {
    struct peer *next;
    struct peer_address address;
    size_t connections;
};

struct peers {
    pthread_mutex_t mutex;
    struct hash_key key; /* so that nobody can aim for one chain */
    size_t most_per_address;
    struct peer *unused;
    struct peer *buckets[BUCKETS];
    struct peer entries[];
};

struct peers *peers_new(size_t most, size_t most_per_address)
{
    struct peers *peers = calloc(1, sizeof(*peers) + most * sizeof(struct peer));

    if (!peers) {
        return NULL;
    }
    (void)pthread_mutex_init(&peers->mutex, NULL);
    hash_key_make(&peers->key);
    peers->most_per_address = most_per_address;
    for (size_t i = 0; i < most; i++) {
        peers->entries[i].next = peers->unused;
        peers->unused = &peers->entries[i];
    }
    return peers;
}

void peers_free(struct peers *peers)
{
    if (peers) {
        (void)pthread_mutex_destroy(&peers->mutex);
        free(peers);
    }
}

struct peer_address peer_address_of(const struct sockaddr *address)
{
    struct peer_address result = { .bytes = { 0 } };

    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

        memcpy(result.bytes, &v6->sin6_addr, PEER_ADDRESS_BYTES);
    } else if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

        memset(result.bytes + 10, 0xFF, 2);
        memcpy(result.bytes + 12, &v4->sin_addr, 4);
    }
    return result;
}

/* The link that points to an address' entry, or to the end of its chain. */
static struct peer **find(struct peers *peers, const struct peer_address *address)
{
    uint64_t hash = hash_bytes(&peers->key, address->bytes, PEER_ADDRESS_BYTES);
    struct peer **link = &peers->buckets[hash % BUCKETS];

    while (*link && memcmp((*link)->address.bytes, address->bytes, PEER_ADDRESS_BYTES) != 0) {
        link = &(*link)->next;
    }
    return link;
}

bool peers_enter(struct peers *peers, const struct peer_address *address)
{
    struct peer **link;
    bool entered = false;

    (void)pthread_mutex_lock(&peers->mutex);
    link = find(peers, address);
    if (!*link && peers->unused) {
        struct peer *peer = peers->unused;

        peers->unused = peer->next;
        *peer = (struct peer){ .address = *address };
        *link = peer;
    }
    if (*link && (*link)->connections < peers->most_per_address) {
        (*link)->connections++;
        entered = true;
    }
    (void)pthread_mutex_unlock(&peers->mutex);
    return entered;
}

void peers_remove(struct peers *peers, const struct peer_address *address)
{
    struct peer **link;

    (void)pthread_mutex_lock(&peers->mutex);
    link = find(peers, address);
    if (*link && --(*link)->connections == 0) {
        struct peer *peer = *link;

        *link = peer->next;
        peer->next = peers->unused;
        peers->unused = peer;
    }
    (void)pthread_mutex_unlock(&peers->mutex);
}
