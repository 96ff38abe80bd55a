/* What the tests of extended_json share. */
#ifndef ORGD_TEST_UNIT_EXTENDED_JSON_FIXTURE_H
#define ORGD_TEST_UNIT_EXTENDED_JSON_FIXTURE_H

#include "test.h"

#include "base/buf.h"
#include "store/mongo/extended_json.h"
#include "json/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEX "0123456789abcdef01234567"

/* bson: initialised. */
static inline void read_text(bson_t *bson, const char *text, const bson_t *old)
{
    struct err err = { .has_offset = false };
    enum status status = extended_json_read(str_of(text), old, bson, &err);

    if (status != ST_OK) {
        print_error("%s: %s\n", text, err.text);
    }
    assert_int_equal(status, ST_OK);
    assert_true(bson_validate(bson, BSON_VALIDATE_UTF8, NULL));
}

/* A document whose member v is a value in JSON. */
static inline void read_v(bson_t *bson, const char *value, const bson_t *old)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_printf(&text, "{\"_id\":\"x\",\"v\":%s}", value);
    buf_char(&text, '\0');
    read_text(bson, text.ptr, old);
    buf_done(&text);
}

static inline bson_type_t type_of_v(const bson_t *bson)
{
    bson_iter_t v;

    assert_true(bson_iter_init_find(&v, bson, "v"));
    return bson_iter_type(&v);
}

static inline void assert_shown(const bson_t *bson, const char *expected)
{
    struct buf text;
    json_t *tree = NULL;

    buf_init(&text, 1 << 20);
    assert_int_equal(extended_json_write(bson, STR("x"), &text, NULL), ST_OK);
    if (!str_is(buf_view(&text), expected)) {
        print_error("shown %.*s\ninstead of %s\n", STR_ARG(buf_view(&text)), expected);
    }
    assert_str(buf_view(&text), expected);
    assert_int_equal(json_parse(buf_view(&text), &tree, NULL), ST_OK);
    json_decref(tree);
    buf_done(&text);
}

static inline void assert_v_shown(const bson_t *bson, const char *value)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_printf(&text, "{\"_id\":\"x\",\"v\":%s}", value);
    buf_char(&text, '\0');
    assert_shown(bson, text.ptr);
    buf_done(&text);
}

static inline void assert_same(const bson_t *actual, const bson_t *expected)
{
    if (!bson_equal(actual, expected)) {
        char *a = bson_as_canonical_extended_json(actual, NULL);
        char *b = bson_as_canonical_extended_json(expected, NULL);

        print_error("%s\ninstead of\n%s\n", a, b);
        bson_free(a);
        bson_free(b);
    }
    assert_true(bson_equal(actual, expected));
}

#endif
