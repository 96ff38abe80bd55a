/*
 * What the tests of instances side by side share: several engines' parts in one process, each an
 * instance to the others, on a database of the test's own that is dropped after it. Needs a server,
 * ORGD_TEST_MONGO_URL; without it every test is skipped.
 */
#ifndef ORGD_TEST_STORE_PEERS_HELP_H
#define ORGD_TEST_STORE_PEERS_HELP_H

#include "suite.h"

#include "store/mongo/engine.h"

#define NODES 3

/* An instance: an engine without its verbs. */
struct node {
    struct mongo_store engine;
    bool is_there;
};

struct scene {
    struct shot shot;
    struct mongo *mongo; /* to look from outside */
    char database[64];
    struct node nodes[NODES];
    struct oid acme; /* an organization */
};

const char *peers_help_url(void); /* NULL: no server */

int peers_help_setup(void **state);
int peers_help_teardown(void **state);
#define scene_test(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, peers_help_setup, peers_help_teardown)

/* A test's first line. */
#define SCENE                                                                                      \
    struct scene *s = *state;                                                                      \
    if (!peers_help_url()) {                                                                       \
        skip();                                                                                    \
    }

/* Starts an instance; fails the test where that fails. */
void node_start(struct node *node, const char *database, const struct call *call);
struct mongo_store *scene_node(struct scene *s, int i);

/* Stops and starts an instance's keeper: to the others it is as if the process stood still. */
void node_freeze(struct node *node);
void node_thaw(struct node *node);

/* The scene's call with a deadline so far away. */
struct call scene_soon(struct scene *s, int64_t ms);
void sleep_ms(int64_t ms);

/* The document of the organization acme: what documents' calls need of it. */
void scene_put_organization(struct scene *s, const char *status, const char *collection,
                            bool is_shared);
void scene_set_organization(struct scene *s, const char *status, const char *collection);

void scene_drop_database(struct scene *s);

/* How many documents a collection has. scene_await_count waits until it has so many, and returns the
 * milliseconds that it took; after RECOVERED_MS the test fails. */
#define RECOVERED_MS 20000
int64_t scene_count(struct scene *s, const char *collection);
int64_t scene_await_count(struct scene *s, const char *collection, int64_t number);

/* One lock. */
enum status node_take(struct mongo_store *engine, const struct call *call,
                      const struct lock_owner *owner, const char *name);
void node_give(struct mongo_store *engine, const struct call *call, const struct lock_owner *owner,
               const char *name);

#endif
