/* Many threads at once, and writes that the driver repeats by itself before a replica set. */
#include "store/mongo_lost.h"

#include "base/clock.h"

#include <mongoc/mongoc.h>
#include <pthread.h>
#include <unistd.h>

#define THREADS 8
#define WRITES 60
#define PAUSE_US 20000 /* however fast the server is, there are writes when something fails */

/* One thread's writes and what they said. */
struct writer {
    struct mongo *mongo;
    int number;
    enum status said[WRITES];
};

static void *write_many(void *argument)
{
    struct writer *this = argument;
    struct arena mem;

    arena_init(&mem, 1024 * 1024);
    for (int i = 0; i < WRITES; i++) {
        bson_t *thing = mongo_help_thing(arena_printf(&mem, "%d %d", this->number, i).ptr, i);
        struct err err;
        struct call call = { .mem = &mem, .err = &err, .deadline_ms = clock_monotonic_ms() + 1000 };

        this->said[i] =
            mongo_insert(this->mongo, &call, ONCE, C_TEST, (const bson_t *const[]){ thing }, 1);
        bson_destroy(thing);
        usleep(PAUSE_US);
    }
    arena_done(&mem);
    return NULL;
}

static void write_from_many_threads(struct writer writers[THREADS], struct mongo *mongo,
                                    pthread_t ret_threads[THREADS])
{
    for (int i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){ .mongo = mongo, .number = i };
        assert_int_equal(pthread_create(&ret_threads[i], NULL, write_many, &writers[i]), 0);
    }
}

MONGO_TEST(write__from_many_threads_under_faults_is_never_denied_where_it_happened)
{
    static const enum wire_fault faults[] = { WIRE_CUT_BEFORE, WIRE_CUT_AFTER, WIRE_CUT_MIDDLE };
    FIXTURE(f)
    struct writer writers[THREADS];
    pthread_t threads[THREADS];
    int said[STATUS_COUNT] = { 0 };

    write_from_many_threads(writers, f->proxied, threads);
    for (int i = 0; i < 40; i++) {
        usleep(100000);
        if (i % 4 == 3) {
            lost_arm_error(f, "insert", WIRE_ANSWER, 2, i % 8 == 3 ? 10107 : 11602);
        } else {
            wire_proxy_arm(f->proxy, "insert", faults[i % 4], 2, NULL);
        }
    }
    wire_proxy_arm(f->proxy, "insert", WIRE_NONE, 0, NULL);
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        for (int k = 0; k < WRITES; k++) {
            enum status status = writers[i].said[k];
            int64_t n = mongo_help_n(f, arena_printf(&f->mem, "%d %d", i, k).ptr);

            said[status]++;
            assert_true(status == ST_OK || status == ST_UNSURE || status == ST_UNAVAILABLE);
            assert_true(status != ST_OK || n == k);
            assert_true(status != ST_UNAVAILABLE || n == -1);
        }
    }
    print_message("%d done, %d unsure, %d unavailable\n", said[ST_OK], said[ST_UNSURE],
                  said[ST_UNAVAILABLE]);
    assert_true(said[ST_OK] > 0 && said[ST_UNSURE] > 0);
}

MONGO_TEST(pool__of_one_connection_serves_all_threads)
{
    FIXTURE(f)
    struct writer writers[THREADS];
    pthread_t threads[THREADS];
    struct mongo *narrow = NULL;
    struct str url = arena_printf(&f->mem, "%s?maxPoolSize=1", f->proxied_url);

    assert_int_equal(
        mongo_open(url.ptr, f->database, clock_monotonic_ms() + 5000, &narrow, &f->err), ST_OK);
    write_from_many_threads(writers, narrow, threads);
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        for (int k = 0; k < WRITES; k++) {
            assert_int_equal(writers[i].said[k], ST_OK);
        }
    }
    mongo_close(narrow);
}

/* A replica set of one, before which the driver repeats writes by itself, with a transaction number. */
static struct mongo *open_posing(struct mongo_fixture *f, struct wire_proxy **ret_proxy)
{
    mongoc_uri_t *uri = mongoc_uri_new(f->url);
    const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);
    struct wire_proxy *proxy = wire_proxy_new("127.0.0.1", host->port);
    struct mongo *mongo = NULL;
    struct str url =
        arena_printf(&f->mem, "mongodb://127.0.0.1:%d/?replicaSet=posed", wire_proxy_port(proxy));

    mongoc_uri_destroy(uri);
    wire_proxy_pose_as_replica_set(proxy);
    assert_int_equal(
        mongo_open(url.ptr, f->database, clock_monotonic_ms() + 10000, &mongo, &f->err), ST_OK);
    *ret_proxy = proxy;
    return mongo;
}

/* What an insert ONCE says whose first sending is lost and whose second one is answered with a code. */
static enum status insert_lost_then(struct mongo_fixture *f, enum wire_fault first, int code,
                                    const char *id, int *ret_sent, bool *ret_has_number)
{
    BSON_AUTO reply = BSON_INITIALIZER;
    struct wire_proxy *proxy = NULL;
    struct mongo *mongo = open_posing(f, &proxy);
    bson_t *thing = mongo_help_thing(id, 1);
    bson_t *last;
    enum status status;

    BCON_APPEND(&reply, "ok", BCON_DOUBLE(0), "code", BCON_INT32(code), "errmsg",
                "as the test says");
    wire_proxy_arm(proxy, "insert", first, 1, NULL);
    if (code) {
        wire_proxy_then(proxy, WIRE_ANSWER, &reply);
    }
    status = mongo_insert(mongo, &f->call, ONCE, C_TEST, (const bson_t *const[]){ thing }, 1);
    *ret_sent = wire_proxy_seen(proxy);
    last = wire_proxy_last(proxy);
    *ret_has_number = bson_has_field(last, "txnNumber");
    bson_destroy(last);
    bson_destroy(thing);
    mongo_close(mongo);
    wire_proxy_free(proxy);
    return status;
}

/* The same, until the driver has sent it twice: on a busy machine it may not find the server again in its
 * own short time, and then leaves it at one. */
static enum status insert_lost_twice(struct mongo_fixture *f, enum wire_fault first, int code,
                                     const char **ret_id, int *ret_sent, bool *ret_has_number)
{
    static const char *const ids[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    enum status status = ST_BUSY;

    *ret_sent = 0;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]) && *ret_sent < 2; i++) {
        *ret_id = ids[i];
        status = insert_lost_then(f, first, code, ids[i], ret_sent, ret_has_number);
        assert_true(*ret_sent == 2 || status == ST_UNSURE);
    }
    return status;
}

MONGO_TEST(replica_set__a_lost_write_is_repeated_by_number)
{
    FIXTURE(f)
    const char *id = NULL;
    bool has_number = false;
    int sent = 0;

    assert_int_equal(insert_lost_twice(f, WIRE_CUT_BEFORE, 0, &id, &sent, &has_number), ST_OK);
    assert_int_equal(sent, 2);
    assert_true(has_number);
    assert_int_equal(mongo_help_n(f, id), 1);
}

MONGO_TEST(replica_set__not_primary_after_a_lost_write_does_not_mean_that_nothing_happened)
{
    FIXTURE(f)
    const char *id = NULL;
    bool has_number = false;
    int sent = 0;

    assert_int_equal(insert_lost_twice(f, WIRE_CUT_AFTER, 10107, &id, &sent, &has_number),
                     ST_UNSURE);
    assert_int_equal(sent, 2);
    assert_true(has_number);
    assert_int_equal(mongo_help_n(f, id), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MONGO(write__from_many_threads_under_faults_is_never_denied_where_it_happened),
        MONGO(pool__of_one_connection_serves_all_threads),
        MONGO(replica_set__a_lost_write_is_repeated_by_number),
        MONGO(replica_set__not_primary_after_a_lost_write_does_not_mean_that_nothing_happened),
    };

    return cmocka_run_group_tests_name("mongo_lost_threads", tests, mongo_help_begin,
                                       mongo_help_end);
}
