/* Members of BSON documents in this project's types. */
#include "store/mongo/mongo.h"

#include "base/arena.h"

#include <math.h>

#define WHOLE_DOUBLE_MAX 9007199254740992.0 /* 2^53: up to here every integer is a double */

static bool find(const bson_t *bson, const char *path, bson_iter_t *ret_at)
{
    bson_iter_t begin;

    return bson_iter_init(&begin, bson) && bson_iter_find_descendant(&begin, path, ret_at);
}

void bson_put_str(bson_t *bson, const char *key, struct str value)
{
    (void)bson_append_utf8(bson, key, -1, value.ptr ? value.ptr : "", (int)value.len);
}

void bson_put_oid(bson_t *bson, const char *key, const struct oid *value)
{
    bson_oid_t oid;

    bson_oid_init_from_data(&oid, value->bytes);
    (void)bson_append_oid(bson, key, -1, &oid);
}

void bson_put_ms(bson_t *bson, const char *key, int64_t value_ms)
{
    (void)bson_append_date_time(bson, key, -1, value_ms);
}

void bson_put_int(bson_t *bson, const char *key, int64_t value)
{
    (void)bson_append_int64(bson, key, -1, value);
}

bool bson_get_str(const bson_t *bson, const char *path, struct arena *mem, struct str *ret_value)
{
    bson_iter_t at;
    uint32_t len = 0;
    const char *text;

    if (!find(bson, path, &at) || !BSON_ITER_HOLDS_UTF8(&at)) {
        return false;
    }
    text = bson_iter_utf8(&at, &len);
    *ret_value = arena_str(mem, (struct str){ .ptr = text, .len = len });
    return true;
}

bool bson_get_oid(const bson_t *bson, const char *path, struct oid *ret_value)
{
    bson_iter_t at;

    if (!find(bson, path, &at) || !BSON_ITER_HOLDS_OID(&at)) {
        return false;
    }
    memcpy(ret_value->bytes, bson_iter_oid(&at)->bytes, OID_BYTES);
    return true;
}

bool bson_get_ms(const bson_t *bson, const char *path, int64_t *ret_value_ms)
{
    bson_iter_t at;

    if (!find(bson, path, &at) || !BSON_ITER_HOLDS_DATE_TIME(&at)) {
        return false;
    }
    *ret_value_ms = bson_iter_date_time(&at);
    return true;
}

bool bson_get_int(const bson_t *bson, const char *path, int64_t *ret_value)
{
    bson_iter_t at;
    double real;

    if (!find(bson, path, &at)) {
        return false;
    }
    if (BSON_ITER_HOLDS_INT32(&at) || BSON_ITER_HOLDS_INT64(&at)) {
        *ret_value = bson_iter_as_int64(&at);
        return true;
    }
    if (!BSON_ITER_HOLDS_DOUBLE(&at)) {
        return false;
    }
    real = bson_iter_double(&at);
    if (!(fabs(real) <= WHOLE_DOUBLE_MAX) || real != trunc(real)) {
        return false;
    }
    *ret_value = (int64_t)real;
    return true;
}
