/*
 * The reference for the MongoDB engine: threads that send the same commands to the same server through
 * libmongoc's pool, with nothing around them. Prints operations a second and the p50 and p99 in µs.
 *
 *     bare_mongo URL DATABASE THREADS SECONDS insert COLLECTION
 *     bare_mongo URL DATABASE THREADS SECONDS get COLLECTION COUNT       documents "d0" to "dCOUNT-1"
 *     bare_mongo URL DATABASE THREADS SECONDS organization COUNT         names "bench 0" to …
 */
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 256
#define TIMES_MAX 2000000
#define PAD 200 /* bytes of text in each document, as bench/mongo.py sends them */

struct work {
    mongoc_client_pool_t *pool;
    const char *database;
    const char *operation;
    const char *collection;
    unsigned count;
    atomic_bool stop;
};

struct loop {
    struct work *work;
    unsigned seed;
    uint32_t *times_us;
    size_t done;
};

static int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void give_up(const char *what, const bson_error_t *error)
{
    (void)fprintf(stderr, "bare_mongo: %s: %s\n", what, error->message);
    exit(1);
}

static void insert_one(struct loop *loop, mongoc_collection_t *collection)
{
    char pad[PAD + 1];
    bson_t document = BSON_INITIALIZER;
    bson_oid_t id;
    bson_error_t error;

    memset(pad, 'x', PAD);
    pad[PAD] = '\0';
    bson_oid_init(&id, NULL);
    BSON_APPEND_OID(&document, "_id", &id);
    BSON_APPEND_INT32(&document, "n", (int32_t)loop->done);
    BSON_APPEND_UTF8(&document, "pad", pad);
    if (!mongoc_collection_insert_one(collection, &document, NULL, NULL, &error)) {
        give_up("insert", &error);
    }
    bson_destroy(&document);
}

/* The one document that filter finds; its member admin_id, where it has one. */
static void find_one(mongoc_collection_t *collection, const bson_t *filter, bson_oid_t *ret_admin)
{
    bson_t opts = BSON_INITIALIZER;
    const bson_t *document;
    mongoc_cursor_t *cursor;
    bson_iter_t iter;
    bson_error_t error;

    BSON_APPEND_INT64(&opts, "limit", 1);
    BSON_APPEND_BOOL(&opts, "singleBatch", true);
    cursor = mongoc_collection_find_with_opts(collection, filter, &opts, NULL);
    if (!mongoc_cursor_next(cursor, &document)) {
        (void)mongoc_cursor_error(cursor, &error);
        give_up("find", &error);
    }
    if (ret_admin && bson_iter_init_find(&iter, document, "admin_id")) {
        bson_oid_copy(bson_iter_oid(&iter), ret_admin);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(&opts);
}

static void get_one(struct loop *loop, mongoc_collection_t *collection)
{
    bson_t filter = BSON_INITIALIZER;
    char id[32];

    (void)snprintf(id, sizeof(id), "d%u", (unsigned)rand_r(&loop->seed) % loop->work->count);
    BSON_APPEND_UTF8(&filter, "_id", id);
    find_one(collection, &filter, NULL);
    bson_destroy(&filter);
}

static void organization_one(struct loop *loop, mongoc_client_t *client)
{
    const char *database = loop->work->database;
    mongoc_collection_t *organizations =
        mongoc_client_get_collection(client, database, "organizations");
    mongoc_collection_t *admins = mongoc_client_get_collection(client, database, "admins");
    bson_t filter = BSON_INITIALIZER;
    bson_t by_id = BSON_INITIALIZER;
    bson_oid_t admin;
    char key[32];

    (void)snprintf(key, sizeof(key), "bench %u", (unsigned)rand_r(&loop->seed) % loop->work->count);
    BSON_APPEND_UTF8(&filter, "name_key", key);
    find_one(organizations, &filter, &admin);
    BSON_APPEND_OID(&by_id, "_id", &admin);
    find_one(admins, &by_id, NULL);
    bson_destroy(&filter);
    bson_destroy(&by_id);
    mongoc_collection_destroy(organizations);
    mongoc_collection_destroy(admins);
}

static void *loop_main(void *argument)
{
    struct loop *loop = argument;
    struct work *work = loop->work;

    while (!atomic_load(&work->stop) && loop->done < TIMES_MAX) {
        int64_t begun = now_us();
        mongoc_client_t *client = mongoc_client_pool_pop(work->pool);

        if (strcmp(work->operation, "organization") == 0) {
            organization_one(loop, client);
        } else {
            mongoc_collection_t *collection =
                mongoc_client_get_collection(client, work->database, work->collection);

            if (strcmp(work->operation, "insert") == 0) {
                insert_one(loop, collection);
            } else {
                get_one(loop, collection);
            }
            mongoc_collection_destroy(collection);
        }
        mongoc_client_pool_push(work->pool, client);
        loop->times_us[loop->done++] = (uint32_t)(now_us() - begun);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static void report(struct loop *loops, unsigned threads, double seconds)
{
    size_t total = 0;
    size_t at = 0;
    uint32_t *all;

    for (unsigned i = 0; i < threads; i++) {
        total += loops[i].done;
    }
    all = calloc(total ? total : 1, sizeof(*all));
    if (!all || total == 0) {
        exit(1);
    }
    for (unsigned i = 0; i < threads; i++) {
        memcpy(all + at, loops[i].times_us, loops[i].done * sizeof(*all));
        at += loops[i].done;
    }
    qsort(all, total, sizeof(*all), by_size);
    (void)printf("%.1f %u %u\n", (double)total / seconds, all[total / 2], all[total * 99 / 100]);
    free(all);
}

int main(int argc, char **argv)
{
    static struct loop loops[THREADS_MAX];
    static pthread_t ids[THREADS_MAX];
    struct work work = { .database = argc > 2 ? argv[2] : "" };
    unsigned threads;
    int seconds;
    int64_t begun;
    mongoc_uri_t *uri;

    if (argc < 7) {
        (void)fprintf(stderr, "usage: bare_mongo URL DATABASE THREADS SECONDS OPERATION …\n");
        return 2;
    }
    threads = (unsigned)strtoul(argv[3], NULL, 10);
    seconds = (int)strtol(argv[4], NULL, 10);
    work.operation = argv[5];
    work.collection = argv[6];
    work.count = (unsigned)strtoul(argv[argc - 1], NULL, 10);
    mongoc_init();
    uri = mongoc_uri_new(argv[1]);
    if (!uri || threads < 1 || threads > THREADS_MAX) {
        return 2;
    }
    (void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_MAXPOOLSIZE, THREADS_MAX);
    work.pool = mongoc_client_pool_new(uri);
    begun = now_us();
    for (unsigned i = 0; i < threads; i++) {
        loops[i] = (struct loop){ .work = &work, .seed = i + 1, .times_us = calloc(TIMES_MAX, 4) };
        if (!loops[i].times_us || pthread_create(&ids[i], NULL, loop_main, &loops[i]) != 0) {
            return 1;
        }
    }
    while (now_us() - begun < seconds * INT64_C(1000000)) {
        (void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    atomic_store(&work.stop, true);
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    report(loops, threads, (double)(now_us() - begun) / 1e6);
    mongoc_client_pool_destroy(work.pool);
    mongoc_uri_destroy(uri);
    mongoc_cleanup();
    return 0;
}
