/*
 * pool: what of a connection's memory is cleared between requests. Whatever the request wrote is, and all
 * of it where nobody can tell what that was. That the middle is left out and clear all the same is checked
 * at each clearing of a sanitized build, under every test that talks to the program.
 */
#include "test.h"

#include "http/internal.h"
#include "http/pool.h"

#include <string.h>

#define MEMORY_BYTES ((size_t)32 * 1024)
#define MIDDLE (MEMORY_BYTES / 2)

/* A connection whose memory was cleared once, and a request without a body on it. */
struct fixture {
    struct loop loop;
    struct conn conn;
    struct exchange ex;
    struct request_header header;
    char memory[MEMORY_BYTES];
};

static struct fixture fixture;

static int set_up(void **state)
{
    struct fixture *f = &fixture;

    (void)state;
    memset(f, 0, sizeof(*f));
    f->loop.pool_bytes = MEMORY_BYTES;
    f->conn.was_cleared = true;
    f->ex.loop = &f->loop;
    f->ex.conn = &f->conn;
    f->ex.method_at = f->memory;
    f->ex.head_bytes = 200;
    f->ex.reply = (struct reply *)f->memory; /* any: only whether there is one matters */
    f->ex.req.headers = &f->header;
    f->ex.req.header_count = 1;
    f->header.name = STR("Host");
    return 0;
}

static bool is_clear(void)
{
    for (size_t i = 0; i < MEMORY_BYTES; i++) {
        if (fixture.memory[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Clears as the library does when a request with an answer has ended. */
static void reset(void)
{
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
    memset(fixture.memory, 'x', 200 + REPLY_HEAD_BYTES);
    memset(fixture.memory + MEMORY_BYTES - 5 * (size_t)64, 'x', 5 * (size_t)64);
    reset();
    assert_true(is_clear());
}

TEST(pool__bytes_of_a_further_request_are_kept_and_those_behind_it_cleared)
{
    char *behind = fixture.memory + 50; /* so many bytes of the next one are there already */

    memset(fixture.memory, 'x', 50 + 200 + REPLY_HEAD_BYTES);
    pool_expect_reset(&fixture.ex);
    (void)http_pool_clear(behind, 0, MEMORY_BYTES - 50);
    assert_int_equal(fixture.memory[49], 'x');
    memset(fixture.memory, 0, 50);
    assert_true(is_clear());
}

TEST(pool__the_first_clearing_of_a_connection_is_whole)
{
    fixture.conn.was_cleared = false;
    assert_true(clears_the_middle());
    assert_true(fixture.conn.was_cleared);
}

TEST(pool__all_is_cleared_where_nobody_can_tell_what_was_written)
{
    fixture.ex.has_body = true;
    assert_true(clears_the_middle());
    fixture.ex.has_body = false;
    fixture.ex.reply = NULL;
    assert_true(clears_the_middle());
    fixture.ex.reply = (struct reply *)fixture.memory;
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
    fixture.ex.method_at = NULL; /* the head was never whole */
    assert_true(clears_the_middle());
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
        cmocka_unit_test_setup(pool__what_a_small_request_wrote_is_cleared, set_up),
        cmocka_unit_test_setup(
            pool__bytes_of_a_further_request_are_kept_and_those_behind_it_cleared, set_up),
        cmocka_unit_test_setup(pool__the_first_clearing_of_a_connection_is_whole, set_up),
        cmocka_unit_test_setup(pool__all_is_cleared_where_nobody_can_tell_what_was_written, set_up),
        cmocka_unit_test_setup(pool__an_expectation_holds_once, set_up),
        cmocka_unit_test_setup(pool__memory_of_another_connection_is_cleared_whole, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
