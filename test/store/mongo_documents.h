/* What tests of documents on MongoDB share: an organization, and its collection as any client sees it. */
#ifndef ORGD_TEST_STORE_MONGO_DOCUMENTS_H
#define ORGD_TEST_STORE_MONGO_DOCUMENTS_H

#include "mongo_place.h"

#include "store/wire_proxy.h"

#include <bson/bson.h>

#define TENANT "org_acme"

/* A fixture with an organization whose collection is TENANT, on a database without any other. */
struct tenant_fixture {
    struct mongo_place place;
    struct fixture f;
    struct oid id;
    struct wire_proxy
        *proxy; /* a lab's that is over, and its connection: the keeper may still be at it, */
    struct mongo *proxied; /* so they end after the store */
};

/* cmocka's for each test; the program's place is made before. */
int tenant_setup(void **state);
int tenant_teardown(void **state);
extern struct mongo_place tenant_place;

#define TENANT_TEST(name) static void name(void **state)
#define TENANT_FIXTURE struct tenant_fixture *t = *state
#define tenant_test(name) cmocka_unit_test_setup_teardown(name, tenant_setup, tenant_teardown)

/* The document that a filter in JSON with single quotes finds, the caller's to destroy; NULL: none. */
bson_t *tenant_raw(const struct tenant_fixture *t, const char *filter);

/* The type of a member that must be there. */
bson_type_t tenant_type(const bson_t *document, const char *key);

/* Inserts {_id: id, text: text}, as a foreign program. */
void tenant_insert_text(const struct tenant_fixture *t, const char *id, const char *text);

/* A document's text by GET; fails the test where there is none. */
struct str tenant_text(struct tenant_fixture *t, const char *id);

/* What an edit is, and what came of it. body with single quotes; NULL: it deletes. */
struct put {
    const char *body;
    bool is_creation; /* and there may be none */
    bool has_made_id;
    struct arena *mem;
    struct str kept; /* what the store told; ptr NULL: nothing */
    int calls;
};
enum status tenant_edit(struct tenant_fixture *t, const char *id, struct put *put);
document_edit_fn tenant_put;

/* The verbs of documents through a proxy; what an instance does for itself mostly goes straight to the server.
 * Once in a test. Skips it where no plain server is there to stand in front of. */
struct lab {
    struct wire_proxy *proxy;
    struct mongo *direct;
};
void lab_begin(struct lab *lab, struct tenant_fixture *t);
void lab_end(struct lab *lab, struct tenant_fixture *t);
void lab_arm(const struct lab *lab, const char *command, enum wire_fault fault); /* once */

/* A text with double quotes for single ones, in mem. */
struct str tenant_json(struct arena *mem, const char *text);

#endif
