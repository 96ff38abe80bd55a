/* A scan over the rows that have as many segments: a few, compared faster than a tree is walked. */
#include "http/router.h"

#include "base/buf.h"

#include <assert.h>
#include <stdlib.h>

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

/* A row with its path taken apart. */
struct compiled {
    const struct route *row;
    const struct compiled *alike; /* the next one with as many segments */
    size_t segment_count;
    struct str segments[TARGET_SEGMENTS_MAX]; /* ptr NULL: a parameter */
};

struct router {
    const struct compiled *first[TARGET_SEGMENTS_MAX + 2]; /* by the number of segments */
    struct compiled rows[];
};

static void compile(const struct route *row, struct compiled *ret_compiled)
{
    const char *path = row->path;

    *ret_compiled = (struct compiled){ .row = row };
    while (*path == '/') {
        const char *start = path + 1;
        const char *end = strchr(start, '/');
        struct str literal = { .ptr = start, .len = end ? (size_t)(end - start) : strlen(start) };

        assert(ret_compiled->segment_count < TARGET_SEGMENTS_MAX);
        if (literal.len == 0 || literal.ptr[0] != '{') {
            ret_compiled->segments[ret_compiled->segment_count] = literal;
        }
        ret_compiled->segment_count++;
        path = start + literal.len;
    }
}

struct router *router_new(const struct route_table *table)
{
    struct router *router = calloc(1, sizeof(*router) + table->count * sizeof(struct compiled));

    if (router) {
        for (size_t i = table->count; i-- > 0;) {
            struct compiled *compiled = &router->rows[i];

            compile(&table->rows[i], compiled);
            compiled->alike = router->first[compiled->segment_count];
            router->first[compiled->segment_count] = compiled;
        }
    }
    return router;
}

void router_free(struct router *router)
{
    free(router);
}

/* Whether the target's segments are those of a row's path, which has as many. From the last, as rows differ
 * there. */
static bool path_matches(const struct compiled *compiled, const struct target *target)
{
    for (size_t i = compiled->segment_count; i-- > 0;) {
        if (compiled->segments[i].ptr ? !str_equal(compiled->segments[i], target->segments[i])
                                      : target->segments[i].len == 0) {
            return false;
        }
    }
    return true;
}

static void take_params(const struct compiled *compiled, const struct target *target,
                        struct str ret_params[ROUTE_PARAMS_MAX])
{
    size_t param_count = 0;

    for (size_t i = 0; i < compiled->segment_count; i++) {
        if (!compiled->segments[i].ptr) {
            ret_params[param_count++] = target->segments[i];
        }
    }
}

enum status router_match(const struct router *router, enum method method,
                         const struct target *target, struct route_match *ret_match)
{
    struct route_match match = { .route = NULL };
    enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;

    for (const struct compiled *compiled = router->first[target->segment_count]; compiled;
         compiled = compiled->alike) {
        if (!path_matches(compiled, target)) {
            continue;
        }
        match.methods |= 1U << compiled->row->method;
        if (compiled->row->method == wanted) {
            match.route = compiled->row;
            take_params(compiled, target, match.params);
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
