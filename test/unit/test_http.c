/* http: request targets, routing, the guard, and counting peers. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "http/guard.h"
#include "http/peers.h"
#include "http/router.h"
#include "http/target.h"

#include <netinet/in.h>
#include <sodium.h>

static struct arena mem;

static int set_up(void **state)
{
    (void)state;
    arena_init(&mem, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&mem);
    return 0;
}

static enum status parse(const char *raw, struct target *ret_target)
{
    struct err err = { .text = "" };

    return target_parse(str_of(raw), &mem, ret_target, &err);
}

TEST(target__segments_are_decoded_after_splitting)
{
    struct target target;

    assert_int_equal(parse("/a%2Fb/%C3%A9+?x", &target), ST_OK);
    assert_int_equal(target.segment_count, 2);
    assert_str(target.segments[0], "a/b");
    assert_str(target.segments[1], "\xC3\xA9+");
    assert_str(target.path, "/a%2Fb/%C3%A9+");
}

TEST(target__queries_are_form_decoded_and_the_last_value_counts)
{
    struct target target;

    assert_int_equal(parse("/?a=1+2%2B3&b&a=x%26y&=&c=50%&d=%4", &target), ST_OK);
    assert_str(target_query(&target, "a"), "x&y");
    assert_str(target_query(&target, "b"), "");
    assert_str(target_query(&target, "c"), "50%");
    assert_str(target_query(&target, "d"), "%4");
    assert_null(target_query(&target, "e").ptr);
}

TEST(target__nul_and_broken_utf8_are_refused)
{
    struct target target;

    assert_int_equal(parse("/%00", &target), ST_BAD_REQUEST);
    assert_int_equal(parse("/%FF", &target), ST_BAD_REQUEST);
    assert_int_equal(parse("/?a=%00", &target), ST_BAD_REQUEST);
    assert_int_equal(parse("/?%C3=1", &target), ST_BAD_REQUEST);
    assert_int_equal(parse("", &target), ST_BAD_REQUEST);
    assert_int_equal(parse("no-slash", &target), ST_BAD_REQUEST);
}

TEST(target__absolute_form_is_its_path)
{
    struct target target;

    assert_int_equal(parse("HTTP://host:1/a?b=c", &target), ST_OK);
    assert_str(target.path, "/a");
    assert_str(target_query(&target, "b"), "c");
    assert_int_equal(parse("http://host", &target), ST_OK);
    assert_str(target.path, "/");
}

TEST(target__more_segments_than_any_route_match_none)
{
    struct target target;

    assert_int_equal(parse("/1/2/3/4/5/6/7/8/9/10/11", &target), ST_OK);
    assert_int_equal(target.segment_count, TARGET_SEGMENTS_MAX + 1);
}

static enum status nothing(struct request *req, struct response *resp)
{
    (void)req;
    (void)resp;
    return ST_OK;
}

static const struct route rows[] = {
    { METHOD_GET, "/", WHO_ANYONE, RUN_LOOP, BODY_SMALL, 200, nothing },
    { METHOD_GET, "/a", WHO_ANYONE, RUN_LOOP, BODY_SMALL, 200, nothing },
    { METHOD_POST, "/a", WHO_ANYONE, RUN_LOOP, BODY_SMALL, 200, nothing },
    { METHOD_PUT, "/a/{x}/b/{y}", WHO_ANYONE, RUN_LOOP, BODY_SMALL, 200, nothing },
};
static const struct route_table table = { rows, sizeof(rows) / sizeof(rows[0]) };

static enum status match(enum method method, const char *raw, struct route_match *ret_match)
{
    struct router *router = router_new(&table);
    struct target target;
    enum status status;

    assert_int_equal(parse(raw, &target), ST_OK);
    status = router_match(router, method, &target, ret_match);
    router_free(router);
    return status;
}

TEST(router__finds_rows_and_their_parameters)
{
    struct route_match found;

    assert_int_equal(match(METHOD_GET, "/", &found), ST_OK);
    assert_ptr_equal(found.route, &rows[0]);
    assert_int_equal(match(METHOD_HEAD, "/a", &found), ST_OK);
    assert_ptr_equal(found.route, &rows[1]);
    assert_int_equal(match(METHOD_PUT, "/a/1/b/%2F", &found), ST_OK);
    assert_ptr_equal(found.route, &rows[3]);
    assert_str(found.params[0], "1");
    assert_str(found.params[1], "/");
}

TEST(router__tells_unknown_paths_from_other_methods)
{
    struct route_match found;
    struct buf allow;

    assert_int_equal(match(METHOD_GET, "/b", &found), ST_NOT_FOUND);
    assert_int_equal(match(METHOD_GET, "/a/", &found), ST_NOT_FOUND);
    assert_int_equal(match(METHOD_GET, "//", &found), ST_NOT_FOUND);
    assert_int_equal(match(METHOD_PUT, "/a//b/2", &found), ST_NOT_FOUND);
    assert_int_equal(match(METHOD_DELETE, "/a", &found), ST_NO_METHOD);
    buf_init(&allow, 100);
    router_allow(found.methods, &allow);
    assert_str(buf_view(&allow), "GET, HEAD, POST, OPTIONS");
    buf_done(&allow);
}

/* A head as the library leaves it in its buffer: colons and line ends are NULs. */
static enum status guard_head(char *head, size_t len, bool is_1_1)
{
    struct guard guard;
    struct err err = { .text = "" };
    struct str version = str_of(head);
    char *at = head + version.len + 2;

    guard_init(&guard, 4, 200, version, &err);
    while (at < head + len - 2) {
        struct str name = str_of(at);
        struct str value;

        at += name.len + 1;
        at += strspn(at, " \t");
        value = str_of(at);
        at += value.len + 2;
        if (!guard_header(&guard, name, value)) {
            break;
        }
    }
    return guard_finish(&guard, head + len, is_1_1);
}

#define LINE "HTTP/1.1\0\0"
#define HEAD(text, is_1_1)                                                                         \
    guard_head((char[]){ LINE text "\0\0" }, sizeof(LINE text "\0\0") - 1, is_1_1)

TEST(guard__lets_a_plain_head_pass)
{
    assert_int_equal(HEAD("Host\0 x\0\0Content-Length\0 5\0\0", true), ST_OK);
    assert_int_equal(HEAD("Accept\0 x\0\0", false), ST_OK);
    assert_int_equal(HEAD("Host\0x\0\0Transfer-Encoding\0CHUNKED\0\0", true), ST_OK);
}

TEST(guard__refuses_what_two_readers_could_read_differently)
{
    assert_int_equal(HEAD("Accept\0x\0\0", true), ST_BAD_REQUEST);
    assert_int_equal(HEAD("Host\0x\0\0Host\0x\0\0", true), ST_BAD_REQUEST);
    assert_int_equal(HEAD("Host\0x\0\0Content-Length\0001\0\0Content-Length\0001\0\0", true),
                     ST_BAD_REQUEST);
    assert_int_equal(HEAD("Host\0x\0\0Content-Length\0001\0\0Transfer-Encoding\0chunked\0\0", true),
                     ST_BAD_REQUEST);
    assert_int_equal(HEAD("Host\0x\0\0Transfer-Encoding\0gzip\0\0", true), ST_BAD_REQUEST);
    assert_int_equal(HEAD("Host\0x\0\0Transfer-Encoding\0chunked\0\0", false), ST_BAD_REQUEST);
    assert_int_equal(HEAD("Host \0x\0\0", true), ST_BAD_REQUEST);
    assert_int_equal(HEAD("Host\0x\ry\0\0", true), ST_BAD_REQUEST);
}

TEST(guard__sees_lines_that_the_library_hid)
{
    struct guard guard;
    struct err err = { .text = "" };
    char folded[] = LINE "Content-Length\0 5\0\0 x\0\0\0\0Content-Lengthx";
    struct str version = str_of(folded);
    struct str value = str_of(folded + 26);
    struct str copy = str_of(folded + sizeof(folded) - sizeof("Content-Lengthx"));

    guard_init(&guard, 4, 200, version, &err);
    assert_str(copy, "Content-Lengthx");
    assert_false(guard_header(&guard, copy, value)); /* the name was moved */

    guard_init(&guard, 4, 200, version, &err);
    assert_true(guard_header(&guard, str_of(folded + 10), value));
    assert_int_equal(guard_finish(&guard, folded + 29, false),
                     ST_BAD_REQUEST); /* " x" is between */

    assert_int_equal(HEAD("Host\0x\0junk\0\0", true), ST_BAD_REQUEST);   /* a NUL cut the value */
    assert_int_equal(HEAD("Host\0x\0\0\0 b\0\0", true), ST_BAD_REQUEST); /* a line ": b" */
    assert_int_equal(HEAD("Host\0x\0A\0b\0\0", true), ST_BAD_REQUEST);   /* a bare LF */
}

TEST(guard__limits_number_and_size)
{
    assert_int_equal(HEAD("Host\0x\0\0A\0x\0\0B\0x\0\0C\0x\0\0", true), ST_OK);
    assert_int_equal(HEAD("Host\0x\0\0A\0x\0\0B\0x\0\0C\0x\0\0D\0x\0\0", true),
                     ST_HEADERS_TOO_LARGE);
}

TEST(peers__an_address_has_so_many_and_gives_them_back)
{
    struct peers *peers = peers_new(4, 2);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000001) };
    struct sockaddr_in other = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000002) };
    struct peer_address a = peer_address_of((struct sockaddr *)&address);
    struct peer_address b = peer_address_of((struct sockaddr *)&other);

    assert_true(peers_enter(peers, &a));
    assert_true(peers_enter(peers, &a));
    assert_false(peers_enter(peers, &a));
    assert_true(peers_enter(peers, &b));
    peers_remove(peers, &a);
    assert_true(peers_enter(peers, &a));
    peers_remove(peers, &a);
    peers_remove(peers, &a);
    for (int i = 0; i < 100; i++) { /* entries come back to be used again */
        assert_true(peers_enter(peers, &a));
        peers_remove(peers, &a);
    }
    peers_free(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target__segments_are_decoded_after_splitting),
        cmocka_unit_test(target__queries_are_form_decoded_and_the_last_value_counts),
        cmocka_unit_test(target__nul_and_broken_utf8_are_refused),
        cmocka_unit_test(target__absolute_form_is_its_path),
        cmocka_unit_test(target__more_segments_than_any_route_match_none),
        cmocka_unit_test(router__finds_rows_and_their_parameters),
        cmocka_unit_test(router__tells_unknown_paths_from_other_methods),
        cmocka_unit_test(guard__lets_a_plain_head_pass),
        cmocka_unit_test(guard__refuses_what_two_readers_could_read_differently),
        cmocka_unit_test(guard__sees_lines_that_the_library_hid),
        cmocka_unit_test(guard__limits_number_and_size),
        cmocka_unit_test(peers__an_address_has_so_many_and_gives_them_back),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, set_up, tear_down);
}
