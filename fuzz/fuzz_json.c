/*
 * Fuzzes src/json with any bytes: the scanner against jansson, the place of an error against the cut
 * text, and what the parser took against what the writer makes of it.
 */
#include "base/buf.h"
#include "json/json.h"
#include "json/json_out.h"
#include "json/merge_patch.h"

#include "must.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What stands before the offset can be continued; the byte at it spoils it. */
static void check_offset(struct str text, size_t offset)
{
    size_t again = offset;
    const char *why;

    MUST(offset <= text.len);
    if (!json_scan((struct str){ .ptr = text.ptr, .len = offset }, &again, &why)) {
        MUST(again == offset);
    }
    if (offset < text.len) {
        MUST(!json_scan((struct str){ .ptr = text.ptr, .len = offset + 1 }, &again, &why) &&
             again == offset);
    }
}

/* jansson takes what the scanner refuses for depth, and where it loses a NUL behind a number. */
static void check_refusal(struct str text, const char *why)
{
    json_t *value = json_loadb(text.ptr, text.len, JSON_DECODE_ANY, NULL);

    MUST(!value || strcmp(why, "Nested too deeply") == 0 || memchr(text.ptr, '\0', text.len));
    json_decref(value);
}

static void print(struct buf *buf, const json_t *value)
{
    struct json_out out;

    json_out_init(&out, buf);
    json_out_value(&out, value);
}

static void check_round_trip(json_t *value)
{
    struct buf first;
    struct buf second;
    json_t *again = NULL;

    buf_init(&first, SIZE_MAX);
    buf_init(&second, SIZE_MAX);
    print(&first, value);
    MUST(json_parse(buf_view(&first), &again, NULL) == ST_OK);
    MUST(json_equal(value, again));
    print(&second, again);
    MUST(str_equal(buf_view(&first), buf_view(&second)));
    json_decref(again);
    buf_done(&second);
    buf_done(&first);
}

static void check_merge(json_t *value)
{
    json_t *once = json_merge_patch(NULL, value);
    json_t *twice = json_merge_patch(once, value);

    MUST(json_equal(once, twice));
    json_decref(twice);
    json_decref(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { .ptr = (const char *)data, .len = size };
    struct err err = { .has_offset = false };
    json_t *value = NULL;
    const char *why;
    size_t offset;
    bool fine = json_scan(text, &offset, &why);

    if (json_parse(text, &value, &err) == ST_OK) {
        MUST(fine);
        check_round_trip(value);
        check_merge(value);
        json_decref(value);
        return 0;
    }
    MUST(err.has_offset && err.offset <= size);
    if (fine) {
        MUST(strcmp(err.text, "Duplicate member") == 0 && text.ptr[err.offset] == '"');
        return 0;
    }
    MUST(err.offset == offset);
    check_offset(text, offset);
    if (size > 0) {
        check_refusal(text, why);
    }
    return 0;
}
