/*
 * A small server inside the test's own process: one loop, and a store pool of one thread, whose route table is
 * the test's. Everybody is authorized.
 */
#ifndef ORGD_TEST_UNIT_SERVED_H
#define ORGD_TEST_UNIT_SERVED_H

#include "test.h"

#include "base/executor.h"
#include "base/log.h"
#include "http/request.h"
#include "http/response.h"
#include "http/server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    _Atomic int64_t timeout_ms; /* of a request */
    struct executor *pool;
    struct server *server;
} served;

static enum status served_allow(struct request *req)
{
    req->lane = 1;
    return ST_OK;
}

/* What may be changed before served_start. */
static struct server_config served_config(const struct route rows[], size_t count)
{
    served.timeout_ms = 30000;
    return (struct server_config){
        .listen = "127.0.0.1:0",
        .loops = 1,
        .max_connections = 16,
        .max_connections_per_address = 16,
        .max_request_line_bytes = 8192,
        .max_header_bytes = 16384,
        .max_headers = 100,
        .max_body_bytes = 65536,
        .max_document_bytes = 65536,
        .max_bodies_bytes = (size_t)1 << 20,
        .header_timeout_ms = 30000,
        .body_timeout_ms = 30000,
        .stop_timeout_ms = 30000,
        .request_timeout_ms = &served.timeout_ms,
        .routes = { .rows = rows, .count = count },
        .admit = served_allow,
        .authorize = served_allow,
    };
}

/* waiting: how many requests the store pool lets wait. */
static void served_start(struct server_config config, size_t waiting)
{
    assert_int_equal(executor_new_shared("store", 1, waiting, false, &served.pool, NULL), ST_OK);
    config.store_pool = served.pool;
    config.hash_pool = served.pool;
    log_set_level(LOG_ERROR);
    assert_int_equal(server_new(&config, &served.server, NULL), ST_OK);
    assert_int_equal(server_start(served.server, NULL), ST_OK);
}

/* After server_stop. */
static void served_take_down(void)
{
    executor_free(served.pool);
    server_free(served.server);
}

static void served_stop(void)
{
    assert_true(server_stop(served.server));
    served_take_down();
}

/* Makes a response of the thread's name and a fact. */
static void served_say(struct response *resp, const char *fact, bool is_so)
{
    struct json_out out;
    char name[16] = "";

    (void)pthread_getname_np(pthread_self(), name, sizeof(name));
    response_json(resp, &out);
    json_out_object(&out);
    json_out_key(&out, "thread");
    json_out_text(&out, name);
    json_out_key(&out, fact);
    json_out_bool(&out, is_so);
    json_out_end(&out);
}

/* Where this process' one listening socket is. */
static struct sockaddr_in served_address(void)
{
    struct sockaddr_in address = { .sin_port = 0 };

    for (int fd = 3; fd < 256; fd++) {
        socklen_t len = sizeof(address);
        int listens = 0;
        socklen_t listens_len = sizeof(listens);

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) == 0 && listens) {
            assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
            return address;
        }
    }
    fail();
    return address;
}

/* A connection that has sent this head and body. */
static int served_send(const char *head, const char *body, size_t bytes)
{
    struct sockaddr_in address = served_address();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(fd, head, strlen(head)), strlen(head));
    assert_int_equal(write(fd, body, bytes), bytes);
    return fd;
}

/* The whole answer, with which the connection ends; until the next call. */
static const char *served_answer(int fd)
{
    static char answer[4096];
    size_t len = 0;
    ssize_t n;

    do {
        n = read(fd, answer + len, sizeof(answer) - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    answer[len] = '\0';
    (void)close(fd);
    return answer;
}

#endif
