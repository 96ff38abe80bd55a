/* Accessors of a request. */
#include "http/request.h"

#include "http/internal.h"

#include "json/json.h"

struct str request_header_find(const struct request *req, struct str name)
{
    for (size_t i = 0; i < req->header_count; i++) {
        if (str_equal_nocase(req->headers[i].name, name)) {
            return req->headers[i].value;
        }
    }
    return (struct str){ .ptr = NULL, .len = 0 };
}

struct str request_header_list(const struct request *req, const char *name)
{
    struct str wanted = str_of(name);
    struct str first = { .ptr = NULL, .len = 0 };
    size_t count = 0;
    size_t bytes = 0;
    char *list;
    size_t len = 0;

    for (size_t i = 0; i < req->header_count; i++) {
        if (str_equal_nocase(req->headers[i].name, wanted)) {
            first = count == 0 ? req->headers[i].value : first;
            bytes += req->headers[i].value.len + 2;
            count++;
        }
    }
    if (count < 2) {
        return first;
    }
    list = arena_alloc(req->mem, bytes);
    for (size_t i = 0; i < req->header_count; i++) {
        if (str_equal_nocase(req->headers[i].name, wanted)) {
            struct str value = req->headers[i].value;

            memcpy(list + len, value.ptr, value.len);
            len += value.len;
            list[len++] = ',';
            list[len++] = ' ';
        }
    }
    return (struct str){ .ptr = list, .len = len - 2 };
}

enum status request_json(struct request *req, json_t **ret_json)
{
    if (json_is_blank(req->body)) {
        *ret_json = NULL;
        return ST_OK;
    }
    if (!exchange_charge(req->exchange, json_tree_bytes(req->body))) {
        return ST_BUSY;
    }
    return json_parse(req->body, ret_json, &req->err);
}
