/*
 * pool: what of a connection's memory is cleared between requests. Whatever the request wrote is, and all
 * of it where nobody can tell what that was. That the middle is left out and clear all the same is checked
 * at each clearing of a sanitized build, under every test that talks to the program.
 */
#include "test.h"

#include "http/internal.h"
#include "http/pool.h"
#include "http/replies.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_BYTES ((size_t)32 * 1024)
#define MIDDLE (MEMORY_BYTES / 2)

/* A connection and a request without a body on it. */
struct fixture {
    struct loop loop;
    struct conn conn;
    struct exchange ex;
    struct request_header header;
    struct replies *replies;
    struct reply *reply;
    char memory[MEMORY_BYTES];
};

static struct fixture fixture;

static int set_up(void **state)
{
    static const struct reply_shape shape = {
        .body = { "{}", 2 },
        .content_type = "application/json",
        .cache_control = "no-store",
        .id = { "0123456789abcdef01234567", 24 },
        .date = "Sun, 22 Nov 2026 11:26:50 GMT",
    };
    struct fixture *f = &fixture;

    (void)state;
    memset(f, 0, sizeof(*f));
    f->loop.pool_bytes = MEMORY_BYTES;
    f->ex.loop = &f->loop;
    f->ex.conn = &f->conn;
    f->ex.method_at = f->memory;
    f->ex.head_bytes = 200;
    f->replies = replies_new();
    assert_non_null(f->replies);
    f->reply = replies_take(f->replies, &shape);
    assert_non_null(f->reply);
    f->ex.reply = f->reply;
    f->ex.req.headers = &f->header;
    f->ex.req.header_count = 1;
    f->header.name = STR("Host");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    replies_give_back(fixture.replies, fixture.reply);
    replies_free(fixture.replies);
    return 0;
}

static bool all_clear(const char *memory)
{
    for (size_t i = 0; i < MEMORY_BYTES; i++) {
        if (memory[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool is_clear(void)
{
    return all_clear(fixture.memory);
}

/* Clears as the library does when a request with an answer has ended. */
static void reset(void)
{
    pool_expect_answer(&fixture.ex);
    pool_expect_reset(&fixture.ex);
    (void)http_pool_clear(fixture.memory, 0, MEMORY_BYTES);
}

static bool clears_the_middle(void)
{
    fixture.memory[MIDDLE] = 'x';
    reset();
    return is_clear();
}

TEST(pool__what_a_small_request_wrote_is_cleared)
{
    memset(fixture.memory, 'x', 200 + reply_head_bytes(fixture.reply));
    memset(fixture.memory + MEMORY_BYTES - 5 * (size_t)64, 'x', 5 * (size_t)64);
    reset();
    assert_true(is_clear());
}

TEST(pool__bytes_of_a_further_request_are_kept_and_those_behind_it_cleared)
{
    char *behind = fixture.memory + 50; /* so many bytes of the next one are there already */

    memset(fixture.memory, 'x', 50 + 200 + reply_head_bytes(fixture.reply));
    pool_expect_answer(&fixture.ex);
    pool_expect_reset(&fixture.ex);
    (void)http_pool_clear(behind, 0, MEMORY_BYTES - 50);
    assert_int_equal(fixture.memory[49], 'x');
    memset(fixture.memory, 0, 50);
    assert_true(is_clear());
}

/* The library skips empty lines before a request, and everything else lies so much farther back. */
TEST(pool__what_lies_behind_empty_lines_is_cleared)
{
    char *behind = fixture.memory + 3500; /* so many bytes of the next one are there already */

    fixture.ex.method_at = fixture.memory + 3000;
    memset(fixture.memory + 3000, 'x', 200 + 3500 + REPLY_HEAD_BYTES);
    pool_expect_reset(&fixture.ex);
    (void)http_pool_clear(behind, 0, MEMORY_BYTES - 3500);
    memset(fixture.memory, 0, 3500);
    assert_true(is_clear());
}

TEST(pool__a_small_body_is_cleared_too)
{
    fixture.ex.body_bytes = 3000;
    memset(fixture.memory, 'x', 200 + 3000 + reply_head_bytes(fixture.reply));
    reset();
    assert_true(is_clear());
}

TEST(pool__where_a_small_body_was_is_cleared_before_the_answer)
{
    char *free_buffer = fixture.memory + 200;

    fixture.ex.body_bytes = 3000;
    memset(free_buffer, 'x', 3000);
    pool_expect_answer(&fixture.ex);
    (void)http_pool_clear(free_buffer, 0, MEMORY_BYTES / 2);
    assert_true(is_clear());
}

TEST(pool__an_answer_of_few_headers_is_cleared_without_a_reply)
{
    fixture.ex.reply = NULL;
    response_header(&fixture.ex.resp, "Retry-After", "1");
    memset(fixture.memory, 'x', 200 + REPLY_HEAD_BYTES);
    reset();
    assert_true(is_clear());
}

TEST(pool__memory_is_clear_from_the_start)
{
    char *used = malloc(MEMORY_BYTES);
    char *memory;

    assert_non_null(used);
    memset(used, 'x', MEMORY_BYTES);
    free(used);
    memory = http_pool_malloc(MEMORY_BYTES);
    assert_non_null(memory);
    assert_true(all_clear(memory));
    free(memory);
}

TEST(pool__all_is_cleared_where_nobody_can_tell_what_was_written)
{
    char long_value[REPLY_HEAD_BYTES];

    memset(long_value, 'x', sizeof(long_value));
    long_value[sizeof(long_value) - 1] = '\0';
    fixture.ex.body_bytes = 4000;
    assert_true(clears_the_middle());
    fixture.ex.body_bytes = 0;
    fixture.ex.is_chunked = true;
    assert_true(clears_the_middle());
    fixture.ex.is_chunked = false;
    fixture.ex.is_refused = true;
    assert_true(clears_the_middle());
    fixture.ex.is_refused = false;
    fixture.ex.head_bytes = 5000;
    assert_true(clears_the_middle());
    fixture.ex.head_bytes = 200;
    fixture.ex.req.header_count = 65;
    assert_true(clears_the_middle());
    fixture.ex.req.header_count = 1;
    fixture.header.name = STR("cookie");
    assert_true(!fixture.header.value.ptr);
    fixture.header.value = STR("a=b");
    assert_true(clears_the_middle());
    fixture.header.name = STR("Host");
    fixture.ex.reply = NULL;
    response_header(&fixture.ex.resp, "Location", long_value);
    assert_true(clears_the_middle());
    fixture.ex.reply = fixture.reply;
    fixture.ex.method_at = NULL; /* the head was never whole */
    assert_true(clears_the_middle());
}

TEST(pool__all_is_cleared_after_a_request_without_an_answer)
{
    fixture.memory[MIDDLE] = 'x';
    pool_expect_reset(&fixture.ex);
    (void)http_pool_clear(fixture.memory, 0, MEMORY_BYTES);
    assert_true(is_clear());
}

TEST(pool__a_reply_has_room_for_its_headers_and_the_librarys)
{
    const char *head = "HTTP/1.1 203 Non-Authoritative Information\r\n"
                       "Connection: Keep-Alive\r\n"
                       "Date: Sun, 22 Nov 2026 11:26:50 GMT\r\n"
                       "Content-Type: application/json\r\n"
                       "Cache-Control: no-store\r\n"
                       "X-Request-Id: 0123456789abcdef01234567\r\n"
                       "X-Content-Type-Options: nosniff\r\n"
                       "Content-Length: 1024\r\n\r\n";

    assert_in_range(reply_head_bytes(fixture.reply), strlen(head), REPLY_HEAD_BYTES);
}

/* An expectation is of one clearing: the next may be of another connection, or after other work. */
TEST(pool__an_expectation_holds_once)
{
    reset();
    fixture.memory[MIDDLE] = 'x';
    (void)http_pool_clear(fixture.memory, 0, MEMORY_BYTES);
    assert_true(is_clear());
}

TEST(pool__memory_of_another_connection_is_cleared_whole)
{
    static char other[MEMORY_BYTES];

    pool_expect_answer(&fixture.ex);
    pool_expect_reset(&fixture.ex);
    memset(other, 'x', sizeof(other));
    (void)http_pool_clear(other, 0, sizeof(other));
    for (size_t i = 0; i < sizeof(other); i++) {
        assert_int_equal(other[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pool__what_a_small_request_wrote_is_cleared, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            pool__bytes_of_a_further_request_are_kept_and_those_behind_it_cleared, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(pool__what_lies_behind_empty_lines_is_cleared, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(pool__a_small_body_is_cleared_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pool__where_a_small_body_was_is_cleared_before_the_answer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(pool__an_answer_of_few_headers_is_cleared_without_a_reply,
                                        set_up, tear_down),
        cmocka_unit_test(pool__memory_is_clear_from_the_start),
        cmocka_unit_test_setup_teardown(pool__all_is_cleared_where_nobody_can_tell_what_was_written,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(pool__all_is_cleared_after_a_request_without_an_answer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(pool__a_reply_has_room_for_its_headers_and_the_librarys,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(pool__an_expectation_holds_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pool__memory_of_another_connection_is_cleared_whole, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
