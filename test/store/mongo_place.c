/* A database for tests, and what is in it as any client sees it. */
#include "mongo_place.h"

#include "app/store_rules.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo_store.h"

#include <mongoc/mongoc.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define RECOVERY_MS 30000
#define PAUSE_MS 20
#define JSON_MAX 1024
#define MEM_BYTES ((size_t)64 * 1024 * 1024)
#define CALL_MS 60000

static struct mongo_place *present; /* place_begin's */

bool place_init(struct mongo_place *place, const char *program)
{
    present = place;
    place->url = getenv("ORGD_TEST_MONGO_URL");
    if (!place->url || !*place->url) {
        (void)fprintf(stderr, "%s: skipped, ORGD_TEST_MONGO_URL names no server\n", program);
        return false;
    }
    log_set_level(LOG_ERROR);
    mongoc_init();
    (void)snprintf(place->database, sizeof(place->database), "orgd_%.20s_%d", program,
                   (int)getpid());
    place->client = mongoc_client_new(place->url);
    if (!place->client) {
        (void)fprintf(stderr, "%s: ORGD_TEST_MONGO_URL is no URL\n", program);
        abort();
    }
    (void)mongoc_client_set_error_api(place->client, MONGOC_ERROR_API_VERSION_2);
    return true;
}

void place_done(struct mongo_place *place)
{
    place_wipe(place);
    mongoc_client_destroy(place->client);
    mongoc_cleanup();
}

bool place_is_ferretdb(const struct mongo_place *place)
{
    bson_t *command = BCON_NEW("buildInfo", BCON_INT32(1));
    bson_error_t error;
    bson_t reply;
    bool is_ferretdb;

    if (!mongoc_client_command_simple(place->client, "admin", command, NULL, &reply, &error)) {
        (void)fprintf(stderr, "buildInfo: %s\n", error.message);
        abort();
    }
    is_ferretdb = bson_has_field(&reply, "ferretdb") || bson_has_field(&reply, "ferretdbVersion");
    bson_destroy(&reply);
    bson_destroy(command);
    return is_ferretdb;
}

void place_wipe(void *context)
{
    struct mongo_place *place = context;
    mongoc_database_t *database = mongoc_client_get_database(place->client, place->database);
    bson_error_t error;

    if (!mongoc_database_drop(database, &error)) {
        fail_msg("drop: %s", error.message);
    }
    mongoc_database_destroy(database);
}

struct store *place_open(void *context)
{
    struct mongo_place *place = context;
    struct store *store = NULL;
    struct err err = { .text = "" };
    enum status status =
        mongo_store_open(place->url, place->database, &app_store_rules, &store, &err);

    if (status != ST_OK) {
        fail_msg("open: %s: %s", status_code(status), err.text);
    }
    return store;
}

int place_run_suite(const char *program, struct store *(*open)(void *context))
{
    static struct mongo_place place; /* place_begin's for as long as the program runs */
    struct engine engine = {
        .name = "mongodb", /* a cache tells the name of what it is around */
        .context = &place,
        .wipe = place_wipe,
        .open = open,
        .add_membership = place_add_membership,
    };
    int failures;

    if (!place_init(&place, program)) {
        return PLACE_SKIPPED;
    }
    failures = store_suite_run(&engine);
    place_done(&place);
    return failures;
}

void place_fixture(struct mongo_place *place, struct fixture *f)
{
    *f = (struct fixture){ .store = place_open(place) };
    arena_init(&f->mem, MEM_BYTES);
    f->call = (struct call){ .mem = &f->mem,
                             .err = &f->err,
                             .deadline_ms = clock_monotonic_ms() + CALL_MS };
}

void place_fixture_done(struct fixture *f)
{
    store_close(f->store);
    arena_done(&f->mem);
}

int place_begin(void **state)
{
    static struct fixture f;

    place_wipe(present);
    place_fixture(present, &f);
    *state = &f;
    return 0;
}

int place_end(void **state)
{
    place_fixture_done(*state);
    return 0;
}

static mongoc_collection_t *collection_of(const struct mongo_place *place, const char *name)
{
    return mongoc_client_get_collection(place->client, place->database, name);
}

/* JSON in C is easier to read with single quotes. */
static bson_t *from_json(const char *json)
{
    char text[JSON_MAX];
    bson_error_t error;
    bson_t *bson;

    assert_true(strlen(json) < sizeof(text));
    (void)snprintf(text, sizeof(text), "%s", json);
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    bson = bson_new_from_json((const uint8_t *)text, -1, &error);
    if (!bson) {
        fail_msg("%s: %s", json, error.message);
    }
    return bson;
}

static void insert(const struct mongo_place *place, const char *name, const bson_t *document)
{
    mongoc_collection_t *collection = collection_of(place, name);
    bson_error_t error;

    if (!mongoc_collection_insert_one(collection, document, NULL, NULL, &error)) {
        fail_msg("insert into %s: %s", name, error.message);
    }
    mongoc_collection_destroy(collection);
}

void place_add_membership(void *context, const struct oid *account_id,
                          const struct oid *organization_id)
{
    bson_t document = BSON_INITIALIZER;
    bson_oid_t account;
    bson_oid_t organization;
    struct oid made = oid_new();
    bson_oid_t id;

    bson_oid_init_from_data(&id, made.bytes);
    bson_oid_init_from_data(&account, account_id->bytes);
    bson_oid_init_from_data(&organization, organization_id->bytes);
    (void)BSON_APPEND_OID(&document, F_ID, &id);
    (void)BSON_APPEND_OID(&document, F_ORGANIZATION_ID, &organization);
    (void)BSON_APPEND_OID(&document, F_ADMIN_ID, &account);
    (void)BSON_APPEND_UTF8(&document, F_ROLE, "admin");
    insert(context, C_MEMBERSHIPS, &document);
    bson_destroy(&document);
}

void place_insert(const struct mongo_place *place, const char *collection, const char *json)
{
    bson_t *document = from_json(json);

    insert(place, collection, document);
    bson_destroy(document);
}

void place_update(const struct mongo_place *place, const char *name, const char *filter,
                  const char *update)
{
    mongoc_collection_t *collection = collection_of(place, name);
    bson_t *which = from_json(filter);
    bson_t *what = from_json(update);
    bson_error_t error;

    if (!mongoc_collection_update_one(collection, which, what, NULL, NULL, &error)) {
        fail_msg("update of %s: %s", name, error.message);
    }
    bson_destroy(which);
    bson_destroy(what);
    mongoc_collection_destroy(collection);
}

static int64_t count(const struct mongo_place *place, const char *name, const bson_t *filter)
{
    mongoc_collection_t *collection = collection_of(place, name);
    bson_error_t error;
    int64_t found = mongoc_collection_count_documents(collection, filter, NULL, NULL, NULL, &error);

    if (found < 0) {
        fail_msg("count of %s: %s", name, error.message);
    }
    mongoc_collection_destroy(collection);
    return found;
}

int64_t place_count(const struct mongo_place *place, const char *collection, const char *filter)
{
    bson_t *bson = from_json(filter);
    int64_t found = count(place, collection, bson);

    bson_destroy(bson);
    return found;
}

void place_clear(const struct mongo_place *place, const char *name)
{
    mongoc_collection_t *collection = collection_of(place, name);
    bson_t all = BSON_INITIALIZER;
    bson_error_t error;

    if (!mongoc_collection_delete_many(collection, &all, NULL, NULL, &error)) {
        fail_msg("delete from %s: %s", name, error.message);
    }
    mongoc_collection_destroy(collection);
    bson_destroy(&all);
}

void place_drop(const struct mongo_place *place, const char *name)
{
    mongoc_collection_t *collection = collection_of(place, name);
    bson_error_t error;

    if (!mongoc_collection_drop(collection, &error)) {
        fail_msg("drop of %s: %s", name, error.message);
    }
    mongoc_collection_destroy(collection);
}

bool place_has_collection(const struct mongo_place *place, const char *name)
{
    mongoc_database_t *database = mongoc_client_get_database(place->client, place->database);
    bson_error_t error = { .message = "" };
    bool has = mongoc_database_has_collection(database, name, &error);

    if (!has && error.code != 0) {
        fail_msg("listCollections: %s", error.message);
    }
    mongoc_database_destroy(database);
    return has;
}

void place_await_recovery(const struct mongo_place *place)
{
    int64_t until_ms = clock_monotonic_ms() + RECOVERY_MS;

    for (;;) {
        int64_t locks = place_count(place, C_LOCKS, "{}");
        int64_t changes = place_count(place, C_ORGANIZATIONS, "{'change': {'$exists': true}}");
        int64_t instances = place_count(place, C_INSTANCES, "{}");

        if (locks == 0 && changes == 0 && instances <= 1) {
            return;
        }
        if (clock_monotonic_ms() > until_ms) {
            fail_msg("not recovered: %d locks, %d changes, %d instances", (int)locks, (int)changes,
                     (int)instances);
        }
        (void)nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
    }
}

static bson_oid_t oid_at(const bson_t *document, const char *key, const char *what)
{
    bson_iter_t iter;

    if (!bson_iter_init_find(&iter, document, key) || !BSON_ITER_HOLDS_OID(&iter)) {
        fail_msg("%s without %s", what, key);
    }
    return *bson_iter_oid(&iter);
}

static const char *text_at(const bson_t *document, const char *key, const char *what)
{
    bson_iter_t iter;

    if (!bson_iter_init_find(&iter, document, key) || !BSON_ITER_HOLDS_UTF8(&iter)) {
        fail_msg("%s without %s", what, key);
    }
    return bson_iter_utf8(&iter, NULL);
}

/* How many documents have these ids in these members; the second may be NULL. */
static int64_t count_oids(const struct mongo_place *place, const char *collection,
                          const char *first_key, const bson_oid_t *first, const char *second_key,
                          const bson_oid_t *second)
{
    bson_t filter = BSON_INITIALIZER;
    int64_t found;

    (void)bson_append_oid(&filter, first_key, -1, first);
    if (second) {
        (void)bson_append_oid(&filter, second_key, -1, second);
    }
    found = count(place, collection, &filter);
    bson_destroy(&filter);
    return found;
}

typedef void check_fn(const struct mongo_place *place, const bson_t *document);

static void check_each(const struct mongo_place *place, const char *name, check_fn *check)
{
    mongoc_collection_t *collection = collection_of(place, name);
    bson_t all = BSON_INITIALIZER;
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(collection, &all, NULL, NULL);
    const bson_t *document;
    bson_error_t error;

    while (mongoc_cursor_next(cursor, &document)) {
        check(place, document);
    }
    if (mongoc_cursor_error(cursor, &error)) {
        fail_msg("find in %s: %s", name, error.message);
    }
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(collection);
    bson_destroy(&all);
}

static void check_organization(const struct mongo_place *place, const bson_t *document)
{
    bson_oid_t id = oid_at(document, F_ID, "organization");
    bson_oid_t admin = oid_at(document, F_ADMIN_ID, "organization");
    const char *collection = text_at(document, F_COLLECTION, "organization");
    const char *slug = text_at(document, F_SLUG, "organization");

    assert_string_equal(text_at(document, F_STATUS, "organization"), STATUS_ACTIVE);
    assert_false(bson_has_field(document, F_CHANGE));
    assert_int_equal(count_oids(place, C_ADMINS, F_ID, &admin, NULL, NULL), 1);
    assert_int_equal(count_oids(place, C_MEMBERSHIPS, F_ORGANIZATION_ID, &id, F_ADMIN_ID, &admin),
                     1);
    assert_string_equal(collection + strlen(C_TENANT_PREFIX), slug);
    if (!place_has_collection(place, collection)) {
        fail_msg("%s is not there", collection);
    }
}

static void check_account(const struct mongo_place *place, const bson_t *document)
{
    bson_oid_t id = oid_at(document, F_ID, "account");

    if (count_oids(place, C_MEMBERSHIPS, F_ADMIN_ID, &id, NULL, NULL) == 0) {
        fail_msg("%s belongs nowhere", text_at(document, F_EMAIL, "account"));
    }
}

static void check_membership(const struct mongo_place *place, const bson_t *document)
{
    bson_oid_t organization = oid_at(document, F_ORGANIZATION_ID, "membership");
    bson_oid_t account = oid_at(document, F_ADMIN_ID, "membership");

    assert_int_equal(count_oids(place, C_ORGANIZATIONS, F_ID, &organization, NULL, NULL), 1);
    assert_int_equal(count_oids(place, C_ADMINS, F_ID, &account, NULL, NULL), 1);
}

static void check_collections(const struct mongo_place *place)
{
    mongoc_database_t *database = mongoc_client_get_database(place->client, place->database);
    bson_error_t error;
    char **names = mongoc_database_get_collection_names_with_opts(database, NULL, &error);

    if (!names) {
        fail_msg("listCollections: %s", error.message);
    }
    for (char **name = names; name && *name; name++) {
        bson_t filter = BSON_INITIALIZER;

        (void)BSON_APPEND_UTF8(&filter, F_COLLECTION, *name);
        if (strncmp(*name, C_TENANT_PREFIX, strlen(C_TENANT_PREFIX)) == 0 &&
            count(place, C_ORGANIZATIONS, &filter) != 1) {
            fail_msg("%s is nobody's", *name);
        }
        bson_destroy(&filter);
    }
    bson_strfreev(names);
    mongoc_database_destroy(database);
}

void place_check(const struct mongo_place *place)
{
    check_each(place, C_ORGANIZATIONS, check_organization);
    check_each(place, C_ADMINS, check_account);
    check_each(place, C_MEMBERSHIPS, check_membership);
    check_collections(place);
    assert_int_equal(place_count(place, C_LOCKS, "{}"), 0);
}
