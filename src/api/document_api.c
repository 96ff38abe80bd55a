/* /v1/organizations/{org}/documents: the tenant's own data. */
#include "api/api.h"

#include "api/handlers.h"
#include "api/services.h"
#include "base/later.h"
#include "org/document.h"
#include "json/json.h"

/* A GET's answer may be kept by the client alone, who asks again whether it still holds. */
static const char revalidate[] = "private, no-cache";

/* The organization that the router resolved; a store that no longer has it means that the token's
 * organization was deleted meanwhile. */
static const struct oid *tenant(const struct request *req)
{
    return &req->caller->organization.id;
}

static enum status or_deleted(enum status status)
{
    return status == ST_NO_ORGANIZATION ? ST_BAD_TOKEN : status;
}

static struct preconditions preconditions_of(const struct request *req)
{
    return (struct preconditions){
        .if_match = request_header_list(req, "If-Match"),
        .if_none_match = request_header_list(req, "If-None-Match"),
    };
}

static void respond_document(struct request *req, struct response *resp,
                             const struct document_result *result)
{
    struct json_out out;

    response_json(resp, &out);
    json_out_raw(&out, result->document.body);
    response_header(resp, "ETag", arena_str(req->mem, str_of(result->etag)).ptr);
}

/* The path of a document: each byte of the id that a path segment may not have is percent-encoded
 * (RFC 3986, 2.3). */
static const char *location_of(struct request *req, struct str id)
{
    static const char digits[] = "0123456789ABCDEF";
    char hex[OID_HEX_LEN + 1];
    struct buf location;
    const char *text;

    oid_format(tenant(req), hex);
    buf_init(&location, 1024);
    buf_printf(&location, "/v1/organizations/%s/documents/", hex);
    for (size_t i = 0; i < id.len; i++) {
        unsigned char c = (unsigned char)id.ptr[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
            buf_char(&location, (char)c);
        } else {
            buf_char(&location, '%');
            buf_char(&location, digits[c >> 4]);
            buf_char(&location, digits[c & 15]);
        }
    }
    text = arena_str(req->mem, buf_view(&location)).ptr;
    buf_done(&location);
    return text;
}

/* A change and what is answered to it, which may come after the handler has returned. */
struct written {
    struct request *req;
    struct response *resp;
    struct document_result result;
};

static struct written *written_new(struct request *req, struct response *resp)
{
    struct written *written = arena_alloc(req->mem, sizeof(*written));

    *written = (struct written){ .req = req, .resp = resp };
    return written;
}

static enum status respond_written(void *context, enum status status)
{
    struct written *written = context;
    struct request *req = written->req;
    struct response *resp = written->resp;

    TRY(or_deleted(status));
    resp->http_status = written->result.created ? 201 : 200;
    respond_document(req, resp, &written->result);
    if (written->result.created) {
        response_header(resp, "Location", location_of(req, written->result.document.id));
    }
    return ST_OK;
}

enum status document_create_handler(struct request *req, struct response *resp)
{
    struct written *written = written_new(req, resp);
    json_auto_t *json = NULL;

    TRY(request_json(req, &json));
    return call_then(&req->call,
                     document_create(req->services->domain, &req->call, tenant(req), json,
                                     &req->invalid, &written->result),
                     respond_written, written);
}

enum status document_get_handler(struct request *req, struct response *resp)
{
    struct preconditions preconditions = preconditions_of(req);
    struct document_result result;

    TRY(or_deleted(document_get(req->services->domain, &req->call, tenant(req), req->params[1],
                                &req->invalid, &result)));
    resp->cache_control = revalidate;
    if (document_is_known(preconditions.if_none_match, result.etag)) {
        resp->http_status = 304; /* its length is told, the body itself is not sent */
    }
    respond_document(req, resp, &result);
    return ST_OK;
}

enum status document_put_handler(struct request *req, struct response *resp)
{
    struct preconditions preconditions = preconditions_of(req);
    struct written *written = written_new(req, resp);
    json_auto_t *json = NULL;

    TRY(request_json(req, &json));
    return call_then(&req->call,
                     document_put(req->services->domain, &req->call, tenant(req), req->params[1],
                                  json, &preconditions, &req->invalid, &written->result),
                     respond_written, written);
}

enum status document_patch_handler(struct request *req, struct response *resp)
{
    struct preconditions preconditions = preconditions_of(req);
    json_auto_t *json = NULL;
    struct document_result result;

    TRY(request_json(req, &json));
    TRY(or_deleted(document_patch(req->services->domain, &req->call, tenant(req), req->params[1],
                                  json, &preconditions, &req->invalid, &result)));
    respond_document(req, resp, &result);
    return ST_OK;
}

static enum status respond_deleted(void *context, enum status status)
{
    struct response *resp = context;

    TRY(or_deleted(status));
    resp->http_status = 204;
    return ST_OK;
}

enum status document_delete_handler(struct request *req, struct response *resp)
{
    struct preconditions preconditions = preconditions_of(req);

    return call_then(&req->call,
                     document_delete(req->services->domain, &req->call, tenant(req), req->params[1],
                                     &preconditions, &req->invalid),
                     respond_deleted, resp);
}

/* A whole decimal number from 1 to DOCUMENT_PAGE_MAX. */
static enum status read_limit(struct request *req, size_t *ret_limit)
{
    struct str text = target_query(&req->target, "limit");
    int64_t limit = 0;

    if (!text.ptr) {
        *ret_limit = DOCUMENT_PAGE_DEFAULT;
        return ST_OK;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            limit = -1;
            break;
        }
        limit = limit > 100000 ? limit : limit * 10 + (text.ptr[i] - '0');
    }
    if (text.len == 0 || limit < 0) {
        return invalid_add(&req->invalid, "int_parsing", "query", "limit",
                           "Input should be a valid integer");
    }
    if (limit < 1) {
        return invalid_add(&req->invalid, "greater_than_equal", "query", "limit",
                           "Input should be greater than or equal to 1");
    }
    if (limit > DOCUMENT_PAGE_MAX) {
        return invalid_add(&req->invalid, "less_than_equal", "query", "limit",
                           "Input should be less than or equal to %d", DOCUMENT_PAGE_MAX);
    }
    *ret_limit = (size_t)limit;
    return ST_OK;
}

static enum status read_count(struct request *req, bool *ret_count)
{
    struct str text = target_query(&req->target, "count");

    *ret_count = str_is(text, "true") || str_is(text, "1");
    if (*ret_count || !text.ptr || str_is(text, "false") || str_is(text, "0")) {
        return ST_OK;
    }
    return invalid_add(&req->invalid, "bool_parsing", "query", "count",
                       "Input should be a valid boolean");
}

static void respond_list(struct response *resp, const struct document_list *list, bool with_total)
{
    struct json_out out;

    response_json(resp, &out);
    resp->cache_control = revalidate;
    json_out_object(&out);
    json_out_key(&out, "data");
    json_out_array(&out);
    for (size_t i = 0; i < list->page.count; i++) {
        json_out_raw(&out, list->page.documents[i].body);
    }
    json_out_end(&out);
    json_out_key(&out, "next");
    if (list->next.ptr) {
        json_out_str(&out, list->next);
    } else {
        json_out_null(&out);
    }
    if (with_total) {
        json_out_key(&out, "count");
        json_out_int(&out, list->page.total);
    }
    json_out_end(&out);
}

enum status document_list_handler(struct request *req, struct response *resp)
{
    struct document_list_query query = { .after = target_query(&req->target, "after") };
    struct document_list list;

    (void)!read_limit(req, &query.limit);
    (void)!read_count(req, &query.with_total);
    TRY(or_deleted(document_list(req->services->domain, &req->call, tenant(req), &query,
                                 &req->invalid, &list)));
    respond_list(resp, &list, query.with_total);
    return ST_OK;
}
