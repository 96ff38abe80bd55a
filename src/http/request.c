/* Accessors of a request. */
#include "http/request.h"

#include "json/json.h"

struct str request_header(const struct request *req, const char *name)
{
    struct str wanted = str_of(name);

    for (size_t i = 0; i < req->header_count; i++) {
        if (str_equal_nocase(req->headers[i].name, wanted)) {
            return req->headers[i].value;
        }
    }
    return (struct str){ .ptr = NULL, .len = 0 };
}

struct str request_header_list(const struct request *req, const char *name)
{
    struct str wanted = str_of(name);
    struct str list = { .ptr = NULL, .len = 0 };

    for (size_t i = 0; i < req->header_count; i++) {
        struct str value = req->headers[i].value;

        if (!str_equal_nocase(req->headers[i].name, wanted)) {
            continue;
        }
        list =
            list.ptr ? arena_printf(req->mem, "%.*s, %.*s", STR_ARG(list), STR_ARG(value)) : value;
    }
    return list;
}

enum status request_json(struct request *req, json_t **ret_json)
{
    if (json_is_blank(req->body)) {
        *ret_json = NULL;
        return ST_OK;
    }
    return json_parse(req->body, ret_json, &req->err);
}
