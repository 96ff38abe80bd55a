/* The head of a request: what the guard says of it, its id, and its target. */
#include "http/internal.h"

#include "base/oid.h"
#include "http/guard.h"

/* Header by header: the guard looks, the request keeps what it may need. */
struct header_walk {
    struct guard guard;
    struct exchange *ex;
};

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *key,
                                   size_t key_size, const char *value, size_t value_size)
{
    struct header_walk *walk = cls;
    struct request *req = &walk->ex->req;
    struct str name = { .ptr = key, .len = key_size };
    struct str text = { .ptr = value ? value : "", .len = value ? value_size : 0 };

    (void)kind;
    if (!guard_header(&walk->guard, name, text)) {
        return MHD_NO;
    }
    req->headers[req->header_count++] =
        (struct request_header){ .name = name, .value = str_trim_blanks(text) };
    return MHD_YES;
}

static bool id_is_good(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '.' || c == '_' || c == '-')) {
            return false;
        }
    }
    return id.len >= 1 && id.len <= REQUEST_ID_MAX;
}

/* The caller's id, or a new one. */
static struct str choose_id(struct exchange *ex)
{
    struct str given = request_header(&ex->req, "X-Request-Id");
    char hex[OID_HEX_LEN + 1];
    struct oid oid;

    if (given.ptr && id_is_good(given)) {
        return arena_str(&ex->arena, given);
    }
    oid = oid_new();
    oid_format(&oid, hex);
    return arena_str(&ex->arena, str_of(hex));
}

/* Whether the request line is a method, a target and a version with one space between (RFC 9112, 3).
 * The library skips further spaces, and ends the target at a NUL: then they don't lie side by side. */
static bool line_is_clean(const struct exchange *ex, struct str method, struct str version)
{
    return guard_is_token(method) && ex->raw_target_at == method.ptr + method.len + 1 &&
           ex->raw_target_at + ex->raw_target.len + 1 == version.ptr &&
           !memchr(ex->raw_target.ptr, ' ', ex->raw_target.len);
}

/* From the method's first byte to the body's. */
static size_t head_bytes(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
        ->header_size;
}

/* The path of a target that may be no target at all. */
static struct str raw_path(struct str target)
{
    const char *query = target.len ? memchr(target.ptr, '?', target.len) : NULL;

    return query ? (struct str){ .ptr = target.ptr, .len = (size_t)(query - target.ptr) } : target;
}

enum status exchange_look_at_head(struct exchange *ex, struct str method, struct str version)
{
    const struct server_config *config = &ex->loop->server->config;
    struct request *req = &ex->req;
    struct header_walk walk = { .ex = ex };
    int count = MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, NULL, NULL);
    size_t line_bytes = method.len + ex->raw_target.len + version.len + 2;
    enum status head;

    guard_init(&walk.guard, config->max_headers, config->max_header_bytes, version, &req->err);
    req->headers = arena_alloc(&ex->arena, (size_t)(count + 1) * sizeof(*req->headers));
    (void)MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, take_header, &walk);
    req->id = choose_id(ex);
    ex->head_bytes = head_bytes(ex->connection);
    head = guard_finish(&walk.guard, method.ptr + ex->head_bytes,
                        str_equal(version, STR(MHD_HTTP_VERSION_1_1)));
    if (line_bytes > config->max_request_line_bytes) {
        head = err_set(&req->err, ST_TARGET_TOO_LONG, "The request line is over %zu bytes",
                       config->max_request_line_bytes);
    }
    if (head == ST_OK && !line_is_clean(ex, method, version)) {
        head = err_set(&req->err, ST_BAD_REQUEST, "The request line is not METHOD TARGET VERSION");
    }
    ex->method_at = method.ptr;
    ex->body_at = method.ptr + ex->head_bytes;
    ex->is_chunked = walk.guard.is_chunked;
    ex->resp.close = head != ST_OK;
    ex->is_refused = head != ST_OK;
    if (head == ST_OK) {
        head = target_parse(ex->raw_target, &ex->arena, &req->target, &req->err);
    }
    if (head != ST_OK) {
        req->target.path = raw_path(ex->raw_target); /* so that the answer takes the right shape */
    }
    return head;
}
