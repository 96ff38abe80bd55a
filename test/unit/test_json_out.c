/* json_out: punctuation, escapes, and numbers that read back as what they were. */
#include "test.h"

#include "json_random.h"
#include "json/json.h"
#include "json/json_out.h"

#include <stdlib.h>

struct writer {
    struct buf buf;
    struct json_out out;
};

static void writer_init(struct writer *writer)
{
    buf_init(&writer->buf, 1 << 20);
    json_out_init(&writer->out, &writer->buf);
}

TEST(out__places_commas_and_colons)
{
    struct writer w;

    writer_init(&w);
    json_out_object(&w.out);
    json_out_key(&w.out, "a");
    json_out_int(&w.out, 1);
    json_out_key_str(&w.out, STR("b"));
    json_out_array(&w.out);
    json_out_object(&w.out);
    json_out_end(&w.out);
    json_out_array(&w.out);
    json_out_end(&w.out);
    json_out_bool(&w.out, true);
    json_out_bool(&w.out, false);
    json_out_null(&w.out);
    json_out_raw(&w.out, STR("{\"x\":0}"));
    json_out_text(&w.out, "t");
    json_out_end(&w.out);
    json_out_key(&w.out, "c");
    json_out_object(&w.out);
    json_out_key(&w.out, "d");
    json_out_str(&w.out, (struct str){ NULL, 0 });
    json_out_end(&w.out);
    json_out_end(&w.out);
    assert_str(buf_view(&w.buf),
               "{\"a\":1,\"b\":[{},[],true,false,null,{\"x\":0},\"t\"],\"c\":{\"d\":\"\"}}");
    buf_done(&w.buf);
}

TEST(out__nests_as_deep_as_a_document_in_a_list_in_an_answer)
{
    struct writer w;
    struct str text;

    writer_init(&w);
    for (int i = 0; i < 64; i++) {
        if (i % 3 == 0) {
            json_out_array(&w.out);
        } else {
            json_out_object(&w.out);
            json_out_key(&w.out, "");
        }
        if (i % 3 == 2) {
            json_out_int(&w.out, i);
            json_out_key(&w.out, "k");
        }
    }
    /* The innermost, an array, stays empty; each container is closed as what it was opened as. */
    while (w.out.depth > 0) {
        json_out_end(&w.out);
    }
    text = buf_view(&w.buf);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(text.ptr[text.len - 1 - i], i % 3 == 0 ? ']' : '}');
    }
    buf_done(&w.buf);
}

TEST(out__escapes_what_must_be_and_nothing_else)
{
    struct writer w;

    writer_init(&w);
    json_out_object(&w.out);
    json_out_key(&w.out, "k\"\n");
    json_out_str(&w.out, STR("\"\\/\b\f\n\r\t\0\x01\x0B\x1F\x7F<>&'é\xE2\x80\xA8\xF0\x9F\x98\x80"));
    json_out_end(&w.out);
    assert_str(buf_view(&w.buf),
               "{\"k\\\"\\n\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001\\u000b\\u001f\x7F"
               "<>&'é\xE2\x80\xA8\xF0\x9F\x98\x80\"}");
    buf_done(&w.buf);
}

/* The runs are found eight bytes at a time: each byte at each place of them. */
TEST(out__escapes_each_byte_wherever_it_stands)
{
    struct writer w;

    writer_init(&w);
    for (int byte = 0; byte < 0x80; byte++) {
        for (size_t place = 0; place < 19 * 19; place++) {
            size_t len = place / 19 + 1;
            size_t at = place % len;
            char text[19];
            json_t *value;

            memset(text, at % 2 == 0 ? 'x' : '\x7F', sizeof(text));
            text[at] = (char)byte;
            buf_clear(&w.buf);
            json_out_init(&w.out, &w.buf);
            json_out_str(&w.out, (struct str){ text, len });
            value = json_loadb(w.buf.ptr, w.buf.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(value);
            assert_int_equal(json_string_length(value), len);
            assert_memory_equal(json_string_value(value), text, len);
            json_decref(value);
        }
    }
    buf_done(&w.buf);
}

TEST(out__integers_reach_both_ends_of_64_bits)
{
    struct writer w;

    writer_init(&w);
    json_out_array(&w.out);
    json_out_int(&w.out, INT64_MAX);
    json_out_int(&w.out, INT64_MIN);
    json_out_int(&w.out, 0);
    json_out_int(&w.out, -10);
    json_out_end(&w.out);
    assert_str(buf_view(&w.buf), "[9223372036854775807,-9223372036854775808,0,-10]");
    buf_done(&w.buf);
}

struct real_case {
    double value;
    const char *text;
};

static const struct real_case reals[] = {
    { 1.0, "1.0" },
    { -0.0, "-0.0" },
    { 0.1, "0.1" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 1.0 / 3, "0.3333333333333333" },
    { 100.0, "100.0" },
    { -1234567.0, "-1234567.0" },
    { 1e14, "100000000000000.0" },
    { 1e15, "1e15" },
    { 1e300, "1e300" },
    { -2.5e-7, "-2.5e-7" },
    { 1e-100, "1e-100" },
    { 9007199254740993.0, "9007199254740992.0" },
    { 1.7976931348623157e308, "1.7976931348623157e308" },
    { 2.2250738585072014e-308, "2.2250738585072014e-308" },
    { 5e-324, "5e-324" },
    { 1.5e-320, "1.5e-320" },
};

static void check_reals(void)
{
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        struct writer w;
        json_t *value = json_real(reals[i].value);

        writer_init(&w);
        json_out_value(&w.out, value);
        assert_str(buf_view(&w.buf), reals[i].text);
        json_decref(value);
        buf_done(&w.buf);
    }
}

TEST(out__reals_take_as_few_digits_as_they_need_and_look_like_reals)
{
    check_reals();
}

/* What is written reads back as the same tree, integers and reals told apart, in the same order. */
TEST(out__what_is_written_reads_back_as_the_same_tree)
{
    struct dice dice = { 4 };
    struct writer w;

    writer_init(&w);
    for (int i = 0; i < 50000; i++) {
        json_auto_t *tree = random_tree(&dice, 5);
        json_auto_t *again = NULL;
        struct err err;
        char *compact;

        buf_clear(&w.buf);
        assert_int_equal(json_parse(random_text(&w.buf, tree), &again, &err), ST_OK);
        assert_true(json_equal(tree, again));
        /* json_equal knows no order: two compact texts with it, by another writer. */
        compact = json_dumps(again, JSON_COMPACT | JSON_ENCODE_ANY);
        char *expected = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);

        assert_string_equal(compact, expected);
        free(compact);
        free(expected);
    }
    buf_done(&w.buf);
}

TEST(out__every_double_reads_back_bit_by_bit)
{
    struct dice dice = { 5 };
    struct writer w;

    writer_init(&w);
    for (int i = 0; i < 100000; i++) {
        json_auto_t *value = random_real(&dice);
        json_auto_t *again = NULL;
        double before = json_real_value(value);
        double after;

        if (i % 8 == 0) { /* one below DBL_MIN */
            uint64_t bits = dice_bits(&dice) >> (12 + dice_roll(&dice, 52));

            memcpy(&before, &bits, sizeof(before));
            (void)json_real_set(value, before);
        }
        buf_clear(&w.buf);
        assert_int_equal(json_parse(random_text(&w.buf, value), &again, NULL), ST_OK);
        assert_true(json_is_real(again));
        after = json_real_value(again);
        assert_memory_equal(&before, &after, sizeof(before));
    }
    buf_done(&w.buf);
}

TEST(out__a_full_buffer_says_so_once_at_the_end)
{
    struct buf buf;
    struct json_out out;

    buf_init(&buf, 8);
    json_out_init(&out, &buf);
    json_out_array(&out);
    json_out_text(&out, "123456");
    assert_true(buf_overflowed(&buf));
    json_out_end(&out);
    assert_true(buf_overflowed(&buf));
    assert_true(buf.len <= 8);
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out__places_commas_and_colons),
        cmocka_unit_test(out__nests_as_deep_as_a_document_in_a_list_in_an_answer),
        cmocka_unit_test(out__escapes_what_must_be_and_nothing_else),
        cmocka_unit_test(out__escapes_each_byte_wherever_it_stands),
        cmocka_unit_test(out__integers_reach_both_ends_of_64_bits),
        cmocka_unit_test(out__reals_take_as_few_digits_as_they_need_and_look_like_reals),
        cmocka_unit_test(out__what_is_written_reads_back_as_the_same_tree),
        cmocka_unit_test(out__every_double_reads_back_bit_by_bit),
        cmocka_unit_test(out__a_full_buffer_says_so_once_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
