/* Rows that are RUN_FIND, where reads block: who answers, the event loop or the store pool. */
#include "served.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Each {}, of a body's JSON takes 256 bytes, so that the whole has room once among BODIES_BYTES. */
#define BODY_BYTES 9000
#define BODIES_BYTES ((size_t)1 << 20)

/* Says the name of its thread, and whether it was to wait for nothing. */
static enum status say_where(struct request *req, struct response *resp)
{
    served_say(resp, "memory_only", req->call.memory_only);
    return ST_OK;
}

/* As a look-up of what is not remembered, which fails where it may not wait; here rather late. */
static enum status say_where_it_may_wait(struct request *req, struct response *resp)
{
    TRY(say_where(req, resp));
    return req->call.memory_only ? ST_BUSY : ST_OK;
}

static enum status refuse(struct request *req, struct response *resp)
{
    (void)resp;
    return req->call.memory_only ? ST_NO_ORGANIZATION : ST_NO_ACCOUNT;
}

static enum status read_where_it_may_wait(struct request *req, struct response *resp)
{
    json_auto_t *json = NULL;

    TRY(request_json(req, &json));
    assert_int_equal(json_array_size(json), 1 + BODY_BYTES / 3);
    return say_where_it_may_wait(req, resp);
}

static const struct route rows[] = {
    { METHOD_GET, "/kept", WHO_ANYONE, RUN_FIND, BODY_SMALL, 200, say_where },
    { METHOD_GET, "/asked", WHO_ANYONE, RUN_FIND, BODY_SMALL, 200, say_where_it_may_wait },
    { METHOD_GET, "/told", WHO_ANYONE, RUN_FIND, BODY_SMALL, 200, read_where_it_may_wait },
    { METHOD_GET, "/refused", WHO_ANYONE, RUN_FIND, BODY_SMALL, 200, refuse },
    { METHOD_GET, "/read", WHO_ANYONE, RUN_READ, BODY_SMALL, 200, say_where },
};

static void start(bool reads_block)
{
    struct server_config config = served_config(rows, sizeof(rows) / sizeof(rows[0]));

    config.reads_block = reads_block;
    config.max_bodies_bytes = BODIES_BYTES;
    served_start(config, 8);
}

/* The whole answer to a GET with this body; the connection ends with it. */
static const char *get_with(const char *path, const char *body)
{
    char head[256];

    (void)snprintf(head, sizeof(head),
                   "GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   path, strlen(body));
    return served_answer(served_send(head, body, strlen(body)));
}

static const char *get(const char *path)
{
    return get_with(path, "");
}

static void assert_ends(const char *answer, const char *body)
{
    const char *at = strstr(answer, "\r\n\r\n");

    assert_non_null(at);
    assert_string_equal(at + 4, body);
}

TEST(find__of_what_is_remembered_is_the_loops)
{
    start(true);
    assert_ends(get("/kept"), "{\"thread\":\"loop\",\"memory_only\":true}");
    served_stop();
}

TEST(find__of_anything_else_is_the_pools_and_leaves_nothing_of_the_first_try)
{
    start(true);
    assert_ends(get("/asked"), "{\"thread\":\"store\",\"memory_only\":false}");
    served_stop();
}

TEST(find__that_is_tried_twice_has_room_for_its_body_twice)
{
    char body[BODY_BYTES + 5] = "[";

    while (strlen(body) < BODY_BYTES + 1) {
        memcpy(body + strlen(body), "{},", 4);
    }
    memcpy(body + strlen(body), "{}]", 4);
    start(true);
    assert_ends(get_with("/told", body), "{\"thread\":\"store\",\"memory_only\":false}");
    served_stop();
}

TEST(find__that_is_refused_without_the_store_is_the_loops)
{
    start(true);
    assert_int_equal(strncmp(get("/refused"), "HTTP/1.1 404 ", 13), 0);
    served_stop();
}

TEST(read__that_blocks_is_the_pools)
{
    start(true);
    assert_ends(get("/read"), "{\"thread\":\"store\",\"memory_only\":false}");
    served_stop();
}

TEST(find__where_reads_dont_block_is_an_ordinary_read)
{
    start(false);
    assert_ends(get("/asked"), "{\"thread\":\"loop\",\"memory_only\":false}");
    served_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__of_what_is_remembered_is_the_loops),
        cmocka_unit_test(find__of_anything_else_is_the_pools_and_leaves_nothing_of_the_first_try),
        cmocka_unit_test(find__that_is_tried_twice_has_room_for_its_body_twice),
        cmocka_unit_test(find__that_is_refused_without_the_store_is_the_loops),
        cmocka_unit_test(read__that_blocks_is_the_pools),
        cmocka_unit_test(find__where_reads_dont_block_is_an_ordinary_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
