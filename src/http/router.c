/* A scan over the rows: twenty of them are compared faster than a tree is walked. */
#include "http/router.h"

#include "base/buf.h"

static const char *const method_names[] = {
    [METHOD_GET] = "GET",         [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
    [METHOD_PATCH] = "PATCH",     [METHOD_DELETE] = "DELETE", [METHOD_HEAD] = "HEAD",
    [METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "other",
};

const char *method_name(enum method method)
{
    return method_names[method] ? method_names[method] : "other";
}

enum method method_parse(const char *name)
{
    for (enum method method = METHOD_GET; method < METHOD_OTHER; method++) {
        if (method_names[method] && strcmp(name, method_names[method]) == 0) {
            return method;
        }
    }
    return METHOD_OTHER;
}

/* Whether the target's segments are those of a row's path; fills in the parameters. */
static bool path_matches(const char *path, const struct target *target,
                         struct str params[ROUTE_PARAMS_MAX])
{
    size_t param_count = 0;
    size_t segment = 0;

    while (*path == '/') {
        const char *start = path + 1;
        const char *end = strchr(start, '/');
        struct str literal = { .ptr = start, .len = end ? (size_t)(end - start) : strlen(start) };

        if (segment == target->segment_count || segment == TARGET_SEGMENTS_MAX) {
            return false;
        }
        if (literal.len > 0 && literal.ptr[0] == '{') {
            if (target->segments[segment].len == 0) {
                return false;
            }
            params[param_count++] = target->segments[segment];
        } else if (!str_equal(literal, target->segments[segment])) {
            return false;
        }
        segment++;
        path = literal.ptr + literal.len;
    }
    return segment == target->segment_count;
}

enum status router_match(const struct route_table *table, enum method method,
                         const struct target *target, struct route_match *ret_match)
{
    struct route_match match = { .route = NULL };
    enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;

    for (size_t i = 0; i < table->count; i++) {
        const struct route *row = &table->rows[i];
        struct str params[ROUTE_PARAMS_MAX] = { { .ptr = NULL, .len = 0 } };

        if (!path_matches(row->path, target, params)) {
            continue;
        }
        match.methods |= 1U << row->method;
        if (row->method == wanted) {
            match.route = row;
            memcpy(match.params, params, sizeof(params));
        }
    }
    *ret_match = match;
    if (match.route) {
        return ST_OK;
    }
    return match.methods ? ST_NO_METHOD : ST_NOT_FOUND;
}

void router_allow(unsigned int methods, struct buf *out)
{
    for (enum method method = METHOD_GET; method < METHOD_COUNT; method++) {
        if (!(methods & 1U << method)) {
            continue;
        }
        buf_text(out, method_name(method));
        buf_text(out, ", ");
        if (method == METHOD_GET) {
            buf_text(out, "HEAD, ");
        }
    }
    buf_text(out, "OPTIONS");
}
