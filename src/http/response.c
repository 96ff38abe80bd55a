/* Building of responses. */
#include "http/response.h"

#include <assert.h>

void response_init(struct response *resp)
{
    *resp = (struct response){ .http_status = 200, .cache_control = "no-store" };
    buf_init(&resp->body, RESPONSE_BODY_MAX);
}

void response_reset(struct response *resp)
{
    resp->http_status = 200;
    resp->header_count = 0;
    resp->content_type = NULL;
    resp->cache_control = "no-store";
    resp->static_body = (struct str){ .ptr = NULL, .len = 0 };
    resp->close = false;
}

void response_done(struct response *resp)
{
    if (resp) {
        buf_done(&resp->body);
    }
}

void response_header(struct response *resp, const char *name, const char *value)
{
    assert(resp->header_count < RESPONSE_HEADERS_MAX);
    resp->headers[resp->header_count++] = (struct response_header){ .name = name, .value = value };
}

void response_json(struct response *resp, struct json_out *out)
{
    resp->content_type = "application/json";
    json_out_init(out, &resp->body);
}

void response_clear(struct response *resp)
{
    buf_clear(&resp->body);
    resp->static_body = (struct str){ .ptr = NULL, .len = 0 };
    resp->content_type = NULL;
    resp->cache_control = "no-store";
}
