/* Rows that are RUN_WRITE: begun on the event loop, and left there until a store of the test's own has an
 * outcome. */
#include "served.h"
#include "test.h"

#include "base/later.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PLACES 4 /* one thread, and three requests that wait */
#define LARGE_BYTES (17 * 1024)

/* The store: works that were begun and not ended, in order. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct later *begun[PLACES];
    size_t count;
    bool may_withdraw;
    bool refused_to; /* withdraw a work */
} store = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static bool withdraw(void *work)
{
    bool taken = false;

    (void)pthread_mutex_lock(&store.mutex);
    store.refused_to = store.refused_to || !store.may_withdraw;
    for (size_t i = 0; store.may_withdraw && i < store.count; i++) {
        if (store.begun[i] == work) {
            store.count--;
            memmove(&store.begun[i], &store.begun[i + 1],
                    (store.count - i) * sizeof(struct later *));
            taken = true;
        }
    }
    (void)pthread_cond_broadcast(&store.changed);
    (void)pthread_mutex_unlock(&store.mutex);
    return taken;
}

static enum status begin_work(struct later *later)
{
    enum status status = later_begin(later, withdraw, later);

    (void)pthread_mutex_lock(&store.mutex);
    store.begun[store.count++] = later;
    (void)pthread_cond_broadcast(&store.changed);
    (void)pthread_mutex_unlock(&store.mutex);
    return status;
}

static void wait_for_works(size_t count)
{
    (void)pthread_mutex_lock(&store.mutex);
    while (store.count != count) {
        (void)pthread_cond_wait(&store.changed, &store.mutex);
    }
    (void)pthread_mutex_unlock(&store.mutex);
}

/* Ends all that was begun. */
static void end_works(enum status status)
{
    struct later *chain = NULL;

    (void)pthread_mutex_lock(&store.mutex);
    while (store.count > 0) {
        struct later *later = store.begun[--store.count];

        later->status = status;
        later->next = chain;
        chain = later;
    }
    (void)pthread_mutex_unlock(&store.mutex);
    later_end(chain);
}

/* On which thread, and whether the handler had returned by then. */
static enum status say_where(void *context, enum status status)
{
    struct request *req = context;
    struct response *resp = (struct response *)(uintptr_t)req->params[0].ptr;

    TRY(status);
    served_say(resp, "parked", req->call.later);
    return ST_OK;
}

/* As a verb that can be left, or is waited for. */
static enum status write_document(struct request *req, struct response *resp)
{
    enum status status = req->call.later ? begin_work(req->call.later) : ST_OK;

    req->params[0].ptr = (const char *)resp;
    return call_then(&req->call, status, say_where, req);
}

static enum status fail_at_once(struct request *req, struct response *resp)
{
    (void)req;
    (void)resp;
    return ST_INVALID;
}

static const struct route rows[] = {
    { METHOD_POST, "/write", WHO_ANYONE, RUN_WRITE, BODY_SMALL, 200, write_document },
    { METHOD_POST, "/fail", WHO_ANYONE, RUN_WRITE, BODY_SMALL, 200, fail_at_once },
};

static void start(bool writes_pend)
{
    struct server_config config = served_config(rows, sizeof(rows) / sizeof(rows[0]));

    config.writes_pend = writes_pend;
    store.may_withdraw = true;
    store.refused_to = false;
    served_start(config, PLACES - 1);
}

/* Sends a POST with so many bytes of body, each of them this; the connection, which ends with the answer. */
static int post_of(const char *path, size_t bytes, char byte)
{
    static char body[LARGE_BYTES];
    char head[256];

    memset(body, byte, sizeof(body));
    (void)snprintf(head, sizeof(head),
                   "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   path, bytes);
    return served_send(head, body, bytes);
}

static int post(const char *path, size_t bytes)
{
    return post_of(path, bytes, 'x');
}

static void assert_status_of(int fd, const char *status)
{
    const char *answer = served_answer(fd);

    assert_int_equal(strncmp(answer, "HTTP/1.1 ", 9), 0);
    assert_int_equal(strncmp(answer + 9, status, 3), 0);
}

static void assert_ends(const char *answer, const char *body)
{
    const char *at = strstr(answer, "\r\n\r\n");

    assert_non_null(at);
    assert_string_equal(at + 4, body);
}

/* Several at once, for each of which there is a place. */
static void post_all(int fds[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fds[i] = post("/write", 10);
        wait_for_works(i + 1);
    }
}

TEST(write__goes_on_on_its_loop_when_the_store_has_an_outcome)
{
    int fd;

    start(true);
    fd = post("/write", 10);
    wait_for_works(1);
    end_works(ST_OK);
    assert_ends(served_answer(fd), "{\"thread\":\"loop\",\"parked\":true}");
    fd = post("/write", 10);
    wait_for_works(1);
    end_works(ST_STORAGE_FULL);
    assert_status_of(fd, "507");
    served_stop();
}

TEST(write__with_a_large_body_is_the_pools)
{
    start(true);
    assert_ends(served_answer(post("/write", LARGE_BYTES)),
                "{\"thread\":\"store\",\"parked\":false}");
    served_stop();
}

TEST(write__with_a_body_of_many_values_is_the_pools)
{
    start(true);
    assert_ends(served_answer(post_of("/write", 4 * 1024, ',')),
                "{\"thread\":\"store\",\"parked\":false}");
    served_stop();
}

TEST(write__where_the_engine_is_waited_for_is_the_pools)
{
    start(false);
    assert_ends(served_answer(post("/write", 10)), "{\"thread\":\"store\",\"parked\":false}");
    served_stop();
}

TEST(writes__take_places_of_the_pool_and_give_them_back)
{
    int fds[PLACES];

    start(true);
    for (int i = 0; i < 2 * PLACES; i++) { /* what fails at once keeps none */
        assert_status_of(post("/fail", 10), "422");
    }
    for (int round = 0; round < 3; round++) {
        const char *refused;

        post_all(fds, 3); /* one as if it had the thread, and half of the queue, rounded up */
        assert_int_equal(executor_depth(served.pool), 2);
        refused = served_answer(post("/write", 10));
        assert_int_equal(strncmp(refused, "HTTP/1.1 503 ", 13), 0);
        assert_non_null(strstr(refused, "\r\nRetry-After: 1\r\n"));
        end_works(ST_OK);
        for (int i = 0; i < 3; i++) {
            assert_status_of(fds[i], "200");
        }
        assert_int_equal(executor_depth(served.pool), 0);
    }
    served_stop();
}

TEST(write__that_was_not_begun_in_time_is_refused)
{
    start(true);
    served.timeout_ms = 1;
    assert_status_of(post("/write", 10), "503");
    wait_for_works(0);
    served_stop();
}

TEST(write__that_was_begun_is_waited_for_beyond_its_deadline)
{
    int fd;

    start(true);
    served.timeout_ms = 1;
    (void)pthread_mutex_lock(&store.mutex);
    store.may_withdraw = false;
    (void)pthread_mutex_unlock(&store.mutex);
    fd = post("/write", 10);
    (void)pthread_mutex_lock(&store.mutex);
    while (!store.refused_to) {
        (void)pthread_cond_wait(&store.changed, &store.mutex);
    }
    (void)pthread_mutex_unlock(&store.mutex);
    end_works(ST_OK);
    assert_ends(served_answer(fd), "{\"thread\":\"loop\",\"parked\":true}");
    served_stop();
}

TEST(client__that_leaves_meanwhile_leaves_nothing_behind)
{
    int fds[3];

    start(true);
    post_all(fds, 3);
    (void)close(fds[1]);
    end_works(ST_OK);
    assert_status_of(fds[0], "200");
    assert_status_of(fds[2], "200");
    post_all(fds, 3);
    end_works(ST_OK);
    for (int i = 0; i < 3; i++) {
        assert_status_of(fds[i], "200");
    }
    served_stop();
}

static void *end_after_a_while(void *unused)
{
    (void)nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
    end_works(ST_OK);
    return unused;
}

TEST(stop__waits_for_what_is_parked)
{
    int fds[3];
    pthread_t thread;

    start(true);
    post_all(fds, 3);
    assert_int_equal(pthread_create(&thread, NULL, end_after_a_while, NULL), 0);
    assert_true(server_stop(served.server));
    (void)pthread_join(thread, NULL);
    for (int i = 0; i < 3; i++) {
        assert_ends(served_answer(fds[i]), "{\"thread\":\"loop\",\"parked\":true}");
    }
    served_take_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__goes_on_on_its_loop_when_the_store_has_an_outcome),
        cmocka_unit_test(write__with_a_large_body_is_the_pools),
        cmocka_unit_test(write__with_a_body_of_many_values_is_the_pools),
        cmocka_unit_test(write__where_the_engine_is_waited_for_is_the_pools),
        cmocka_unit_test(writes__take_places_of_the_pool_and_give_them_back),
        cmocka_unit_test(write__that_was_not_begun_in_time_is_refused),
        cmocka_unit_test(write__that_was_begun_is_waited_for_beyond_its_deadline),
        cmocka_unit_test(client__that_leaves_meanwhile_leaves_nothing_behind),
        cmocka_unit_test(stop__waits_for_what_is_parked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
