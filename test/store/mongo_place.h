/*
 * What tests of the whole MongoDB engine share: a database of the process's own on the server that
 * ORGD_TEST_MONGO_URL names, and a look behind the engine's back.
 */
#ifndef ORGD_TEST_STORE_MONGO_PLACE_H
#define ORGD_TEST_STORE_MONGO_PLACE_H

#include "suite.h"

#define PLACE_SKIPPED 77 /* exit status of a test program that could not run */

struct _mongoc_client_t;

struct mongo_place {
    const char *url;
    char database[64];
    struct _mongoc_client_t *client; /* the tests' own, beside the engine's */
};

/* False, having said so, where no server is named: the program then ends with PLACE_SKIPPED. */
bool place_init(struct mongo_place *place, const char *program);
void place_done(struct mongo_place *place);

/* Whether the server is FerretDB 1, which has no decimals, and one _id for a string and an ObjectId of the
 * same digits. */
bool place_is_ferretdb(const struct mongo_place *place);

/* What struct engine asks for; context is a struct mongo_place. */
void place_wipe(void *context);
struct store *place_open(void *context);
void place_add_membership(void *context, const struct oid *account_id,
                          const struct oid *organization_id);

/* A program that runs the contract suite on the engine, with the stores that open makes of a place: its exit
 * status. */
int place_run_suite(const char *program, struct store *(*open)(void *context));

/* A fixture on the database as it is, and its end. */
void place_fixture(struct mongo_place *place, struct fixture *f);
void place_fixture_done(struct fixture *f);

/* cmocka's set-up and tear-down of a test: a fixture on an empty database, of the place that place_init made
 * last. */
int place_begin(void **state);
int place_end(void **state);

/* How many documents of a collection match a filter in JSON with single quotes. */
int64_t place_count(const struct mongo_place *place, const char *collection, const char *filter);

/* Inserts a document, in JSON with single quotes. */
void place_insert(const struct mongo_place *place, const char *collection, const char *json);

/* Changes one document of a collection: filter and update in JSON with single quotes. */
void place_update(const struct mongo_place *place, const char *name, const char *filter,
                  const char *update);

/* Deletes every document of a collection; ends a collection. */
void place_clear(const struct mongo_place *place, const char *name);
void place_drop(const struct mongo_place *place, const char *name);

bool place_has_collection(const struct mongo_place *place, const char *name);

/* Waits until the instance that is there has brought to an end what dead ones left. */
void place_await_recovery(const struct mongo_place *place);

/*
 * Fails the test unless everything belongs together: each organization active, with an administrator that
 * has a membership of it and with its collection; no account, membership or tenant's collection beside
 * that; no lock.
 */
void place_check(const struct mongo_place *place);

#endif
