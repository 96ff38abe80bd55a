/* json_parse: trees from strict texts, duplicates refused at their place, small stacks. */
#include "test.h"

#include "json_random.h"
#include "json/json.h"
#include "json/merge_patch.h"

#include <pthread.h>
#include <stdlib.h>

static void assert_refused(struct str text, size_t offset)
{
    struct err err = { .has_offset = false };
    json_t *value = NULL;

    assert_int_equal(json_parse(text, &value, &err), ST_BAD_JSON);
    assert_null(value);
    assert_true(err.has_offset);
    assert_int_equal(err.offset, offset);
    assert_true(strlen(err.text) > 0);
}

/* A text comes back as it went in, or as expected where that is given. */
static void assert_comes_back(const char *text, const char *expected)
{
    struct err err;
    struct buf buf;
    json_t *value = NULL;

    buf_init(&buf, 1 << 20);
    assert_int_equal(json_parse(str_of(text), &value, &err), ST_OK);
    assert_str(random_text(&buf, value), expected ? expected : text);
    json_decref(value);
    buf_done(&buf);
}

TEST(parse__gives_any_value)
{
    struct err err;
    json_t *value = NULL;

    assert_int_equal(json_parse(STR(" \"x\" "), &value, &err), ST_OK);
    assert_string_equal(json_string_value(value), "x");
    json_decref(value);
    assert_int_equal(json_parse(STR("null"), &value, &err), ST_OK);
    assert_true(json_is_null(value));
    json_decref(value);
    assert_int_equal(json_parse(STR("{\"a\":[1,2.5]}"), &value, NULL), ST_OK);
    assert_int_equal(json_array_size(json_object_get(value, "a")), 2);
    json_decref(value);
}

TEST(parse__says_where_and_why_a_text_is_refused)
{
    struct err err;
    json_t *value = NULL;

    assert_refused(STR(""), 0);
    assert_refused(STR(" \n"), 2);
    assert_refused(STR("{\"a\":1,}"), 7);
    assert_refused(STR("[0\0]"), 2);
    assert_int_equal(json_parse(STR("[1"), &value, &err), ST_BAD_JSON);
    assert_string_equal(err.text, "The text ends too early");
    assert_int_equal(json_parse(STR("[1"), &value, NULL), ST_BAD_JSON);
}

TEST(parse__refuses_a_duplicate_at_the_closing_quote_of_its_second_name)
{
    assert_refused(STR("{\"a\":1,\"a\":2}"), 9);
    assert_refused(STR("{\"a\":1, \"a\" :2}"), 10);
    assert_refused(STR("\n\r\n[{\"\":1,\"b\":{\"b\":0},\"\":2}]"), 23);
    assert_refused(STR("{\"a\":1,\"\\u0061\":2}"), 14); /* the same name, escaped */
    assert_refused(STR("{\"\xE2\x82\xAC\":\"\xF0\x9F\x98\x80\",\"\xE2\x82\xAC\":2}"), 18);
    assert_refused(STR("{\"a\":1,\"b\":2,\"c\":3,\"b\":4,\"a\":5}"), 21); /* the first of two */
    assert_comes_back("[{\"a\":1},{\"a\":1}]", NULL);
    assert_comes_back("{\"a\":{\"a\":{\"a\":1}},\"A\":2}", NULL);
}

TEST(parse__keeps_members_in_their_order)
{
    assert_comes_back("{\"z\":1,\"a\":2,\"m\":3,\"\":4,\"10\":5,\"9\":6}", NULL);
}

TEST(parse__keeps_64_bit_integers_exact)
{
    assert_comes_back("[9223372036854775807,-9223372036854775808,9007199254740993,0,-1]", NULL);
    assert_comes_back("-0", "0"); /* as the library reads it */
    assert_comes_back("-0.0", NULL);
}

#define HOSTILE_BYTES ((size_t)1 << 20)
#define STACK_BYTES ((size_t)256 * 1024) /* a quarter of what the program's threads have */

/* Everything that recurses, on the deepest texts that are taken and on deeper ones. */
static void *dig(void *unused)
{
    char *text = malloc(HOSTILE_BYTES);
    char deepest[JSON_DEPTH_MAX * 6 + 2];
    size_t len = 0;
    struct buf buf;
    json_t *value;
    json_t *patched;

    (void)unused;
    assert_non_null(text);
    memset(text, '[', HOSTILE_BYTES);
    assert_refused((struct str){ text, HOSTILE_BYTES }, JSON_DEPTH_MAX);
    for (size_t i = 0; i + 5 <= HOSTILE_BYTES; i += 5) {
        memcpy(text + i, "{\"a\":", 5);
    }
    assert_refused((struct str){ text, HOSTILE_BYTES }, JSON_DEPTH_MAX * 5);
    free(text);

    for (int i = 0; i < JSON_DEPTH_MAX; i++, len += 5) {
        memcpy(deepest + len, "{\"a\":", 5);
    }
    deepest[len++] = '1';
    memset(deepest + len, '}', JSON_DEPTH_MAX);
    len += JSON_DEPTH_MAX;
    assert_int_equal(json_parse((struct str){ deepest, len }, &value, NULL), ST_OK);
    patched = json_merge_patch(value, value);
    assert_true(json_equal(patched, value));
    buf_init(&buf, 1 << 16);
    assert_int_equal(random_text(&buf, patched).len, len);
    assert_memory_equal(buf.ptr, deepest, len);
    buf_done(&buf);
    json_decref(patched);
    json_decref(value);
    return NULL;
}

TEST(parse__hostile_depth_fits_a_small_stack)
{
    pthread_attr_t attr;
    pthread_t thread;

    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstacksize(&attr, STACK_BYTES), 0);
    assert_int_equal(pthread_create(&thread, &attr, dig, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)pthread_attr_destroy(&attr);
}

TEST(parse__takes_a_full_body_of_names_and_finds_the_one_duplicate)
{
    struct buf buf;
    struct err err;
    json_t *value = NULL;
    size_t closing;

    buf_init(&buf, HOSTILE_BYTES);
    buf_char(&buf, '{');
    for (int i = 0; i < 80000; i++) {
        buf_printf(&buf, "\"n%05d\":%d,", i, i % 10);
    }
    buf_text(&buf, "\"n00000\"");
    closing = buf.len - 1;
    buf_text(&buf, ":0}");
    assert_false(buf_overflowed(&buf));
    assert_refused(buf_view(&buf), closing);
    buf.ptr[closing] = 'x';
    buf.ptr[closing - 1] = '"'; /* "n0000"x: the scanner's business, before anything is built */
    assert_refused(buf_view(&buf), closing);
    buf.ptr[closing - 1] = 'x';
    buf.ptr[closing] = '"';
    assert_int_equal(json_parse(buf_view(&buf), &value, &err), ST_OK);
    assert_int_equal(json_object_size(value), 80001);
    json_decref(value);
    buf_done(&buf);
}

/* On trees without duplicates the parser's verdict, reason and place are the scanner's. */
TEST(parse__agrees_with_the_scanner_but_for_duplicates)
{
    struct dice dice = { 2 };
    struct buf buf;
    int taken = 0;
    int duplicates = 0;

    buf_init(&buf, 1 << 20);
    for (int i = 0; i < 50000; i++) {
        json_auto_t *tree = random_tree(&dice, 4);
        json_t *value = NULL;
        struct err err = { .has_offset = false };
        const char *why = NULL;
        size_t offset = 0;
        char room[16] = "";
        struct str text;
        enum status status;
        bool fine;

        buf_clear(&buf);
        (void)random_text(&buf, tree);
        buf_append(&buf, room, sizeof(room));
        buf.len = meddle(&dice, buf.ptr, buf.len - sizeof(room));
        text = buf_view(&buf);
        fine = json_scan(text, &offset, &why);
        status = json_parse(text, &value, &err);
        if (status == ST_OK) {
            taken++;
            assert_true(fine);
            json_decref(value);
            continue;
        }
        assert_int_equal(status, ST_BAD_JSON);
        assert_true(err.has_offset);
        if (fine) {
            duplicates++;
            assert_string_equal(err.text, "Duplicate member");
            assert_int_equal(text.ptr[err.offset], '"');
        } else {
            assert_int_equal(err.offset, offset);
            assert_string_equal(err.text, why);
        }
    }
    buf_done(&buf);
    assert_in_range(taken, 5000, 45000);
    assert_in_range(duplicates, 10, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__gives_any_value),
        cmocka_unit_test(parse__says_where_and_why_a_text_is_refused),
        cmocka_unit_test(parse__refuses_a_duplicate_at_the_closing_quote_of_its_second_name),
        cmocka_unit_test(parse__keeps_members_in_their_order),
        cmocka_unit_test(parse__keeps_64_bit_integers_exact),
        cmocka_unit_test(parse__hostile_depth_fits_a_small_stack),
        cmocka_unit_test(parse__takes_a_full_body_of_names_and_finds_the_one_duplicate),
        cmocka_unit_test(parse__agrees_with_the_scanner_but_for_duplicates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
