/* Error bodies. */
#include "http/problem.h"

static const char *const titles[] = {
    [400 - 400] = "Bad Request",
    [401 - 400] = "Unauthorized",
    [403 - 400] = "Forbidden",
    [404 - 400] = "Not Found",
    [405 - 400] = "Method Not Allowed",
    [409 - 400] = "Conflict",
    [412 - 400] = "Precondition Failed",
    [413 - 400] = "Content Too Large",
    [414 - 400] = "URI Too Long",
    [422 - 400] = "Unprocessable Content",
    [429 - 400] = "Too Many Requests",
    [431 - 400] = "Request Header Fields Too Large",
    [500 - 400] = "Internal Server Error",
    [503 - 400] = "Service Unavailable",
    [507 - 400] = "Insufficient Storage",
};

bool problem_is_v1(struct str path)
{
    return path.len >= 3 && memcmp(path.ptr, "/v1", 3) == 0 &&
           (path.len == 3 || path.ptr[3] == '/');
}

static void write_entries(struct json_out *out, const struct invalid *invalid)
{
    json_out_array(out);
    for (size_t i = 0; i < invalid->count; i++) {
        const struct invalid_entry *entry = &invalid->entries[i];

        json_out_object(out);
        json_out_key(out, "type");
        json_out_text(out, entry->type);
        json_out_key(out, "loc");
        json_out_array(out);
        json_out_text(out, entry->where);
        if (entry->member) {
            json_out_text(out, entry->member);
        }
        json_out_end(out);
        json_out_key(out, "msg");
        json_out_text(out, entry->msg);
        json_out_end(out);
    }
    json_out_end(out);
}

/* The words: what happened here, where the callee said so; a failure of ours stays in the log. */
static const char *detail_of(const struct request *req, enum status status)
{
    bool is_ours = status_http_v1(status) >= 500;

    return req->err.text[0] && !is_ours ? req->err.text : status_detail(status);
}

static void write_ids(struct json_out *out, const struct request *req, enum status status)
{
    json_out_key(out, "code");
    json_out_text(out, status_code(status));
    json_out_key(out, "request_id");
    json_out_str(out, req->id);
    if (status == ST_BAD_JSON && req->err.has_offset) {
        json_out_key(out, "offset");
        json_out_int(out, (int64_t)req->err.offset);
    }
}

static void write_seed(struct json_out *out, const struct request *req, enum status status)
{
    json_out_object(out);
    json_out_key(out, "detail");
    if (status == ST_INVALID && req->invalid.count > 0) {
        write_entries(out, &req->invalid);
    } else {
        json_out_text(out, detail_of(req, status));
    }
    write_ids(out, req, status);
    json_out_end(out);
}

static void write_v1(struct json_out *out, const struct request *req, enum status status,
                     int http_status)
{
    json_out_object(out);
    json_out_key(out, "type");
    json_out_text(out, "about:blank");
    json_out_key(out, "title");
    json_out_text(out, titles[http_status - 400]);
    json_out_key(out, "status");
    json_out_int(out, http_status);
    json_out_key(out, "detail");
    json_out_text(out, detail_of(req, status));
    write_ids(out, req, status);
    if (status == ST_INVALID) {
        json_out_key(out, "errors");
        write_entries(out, &req->invalid);
    }
    json_out_end(out);
}

void problem_respond(struct request *req, enum status status, struct response *resp)
{
    bool is_v1 = problem_is_v1(req->target.path);
    struct json_out out;

    response_clear(resp);
    resp->http_status = is_v1 ? status_http_v1(status) : status_http_seed(status);
    response_json(resp, &out);
    if (is_v1) {
        resp->content_type = "application/problem+json";
        write_v1(&out, req, status, resp->http_status);
    } else {
        write_seed(&out, req, status);
    }
    if (resp->http_status == 401) {
        response_header(resp, "WWW-Authenticate", "Bearer");
    }
    if (resp->http_status == 503 || resp->http_status == 429) {
        int after = req->err.retry_after_s > 0 ? req->err.retry_after_s : 1;

        response_header(resp, "Retry-After", arena_printf(req->mem, "%d", after).ptr);
    }
}
