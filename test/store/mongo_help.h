/*
 * What tests of mongo.h share: a connection to the server that ORGD_TEST_MONGO_URL names, another one
 * through a proxy that can be told to fail, and a database of the test's own.
 */
#ifndef ORGD_TEST_STORE_MONGO_HELP_H
#define ORGD_TEST_STORE_MONGO_HELP_H

#include "unit/test.h"

#include "base/arena.h"
#include "store/mongo/mongo.h"
#include "store/wire_proxy.h"

#define C_TEST "things"

struct mongo_fixture {
    const char *url;       /* ORGD_TEST_MONGO_URL */
    char database[64];     /* dropped at the end */
    struct mongo *mongo;   /* straight to the server */
    struct mongo *proxied; /* through proxy; NULL where the URL is not that of one plain server */
    struct wire_proxy *proxy;
    char proxied_url[128];
    struct arena mem;
    struct err err;
    struct call call; /* with 10 s from the test's begin */
};

/* cmocka's set-up and tear-down of a group; *state is the fixture. */
int mongo_help_begin(void **state);
int mongo_help_end(void **state);

/* Before each test: skips it where there is no server; an empty collection C_TEST. */
int mongo_help_reset(void **state);

/* The rest of a test is skipped where there is no proxy. */
void mongo_help_needs_proxy(const struct mongo_fixture *f);

/* Until the call's end. */
void mongo_help_deadline(struct mongo_fixture *f, int64_t ms);

/* {_id: id, n: n}, to be destroyed. */
bson_t *mongo_help_thing(const char *id, int n);

/* Inserts it, straight. */
void mongo_help_put(struct mongo_fixture *f, const char *id, int n);

/* n of the document of that id, read straight from the server; -1: there is none. */
int64_t mongo_help_n(struct mongo_fixture *f, const char *id);

#endif
