/* What operators and load balancers ask: is it alive, is it ready, how is it doing; and the page that
 * describes the API. */
#include "api/api.h"

#include "api/assets.h"
#include "api/handlers.h"
#include "api/services.h"
#include "base/metrics.h"
#include "http/server.h"
#include "org/domain.h"

#include <inttypes.h>

static void write_pair(struct json_out *out, const char *key, const char *value)
{
    json_out_key(out, key);
    json_out_text(out, value);
}

enum status root_handler(struct request *req, struct response *resp)
{
    struct json_out out;

    (void)req;
    response_json(resp, &out);
    json_out_object(&out);
    write_pair(&out, "service", "orgd");
    write_pair(&out, "status", "running");
    write_pair(&out, "version", ORGD_VERSION);
    write_pair(&out, "docs", "/docs");
    json_out_end(&out);
    return ST_OK;
}

enum status livez_handler(struct request *req, struct response *resp)
{
    struct json_out out;

    (void)req;
    response_json(resp, &out);
    json_out_object(&out);
    write_pair(&out, "status", "alive");
    json_out_end(&out);
    return ST_OK;
}

/* The members of an error, for the two calls whose 503 says more than an error does. */
static void write_unready(struct json_out *out, const struct request *req, const char *missing)
{
    json_out_key(out, "detail");
    json_out_text(out, missing);
    write_pair(out, "code", status_code(ST_UNAVAILABLE));
    json_out_key(out, "request_id");
    json_out_str(out, req->id);
}

/* What is missing to be ready; NULL: nothing. */
static const char *missing(struct request *req)
{
    if (atomic_load(&req->services->stopping)) {
        return "The server is stopping";
    }
    if (domain_ping(req->services->domain, &req->call) != ST_OK) {
        return "The store does not answer";
    }
    return NULL;
}

static void respond_ready(struct request *req, struct response *resp, const char *unready,
                          bool is_health)
{
    struct json_out out;

    response_json(resp, &out);
    json_out_object(&out);
    if (is_health) {
        write_pair(&out, "status", unready ? "unhealthy" : "healthy");
        write_pair(&out, "database", unready ? "disconnected" : "connected");
        write_pair(&out, "version", ORGD_VERSION);
    } else {
        write_pair(&out, "status", unready ? "unready" : "ready");
    }
    if (unready) {
        resp->http_status = 503;
        response_header(resp, "Retry-After", "1");
        write_unready(&out, req, unready);
    }
    json_out_end(&out);
}

enum status readyz_handler(struct request *req, struct response *resp)
{
    respond_ready(req, resp, missing(req), false);
    return ST_OK;
}

enum status health_handler(struct request *req, struct response *resp)
{
    enum status status = domain_ping(req->services->domain, &req->call);

    respond_ready(req, resp, status == ST_OK ? NULL : "The store does not answer", true);
    return ST_OK;
}

enum status metrics_handler(struct request *req, struct response *resp)
{
    struct services *services = req->services;
    struct buf *out = &resp->body;

    resp->content_type = "text/plain; version=0.0.4; charset=utf-8";
    server_metrics(services->server, out);
    domain_metrics(services->domain, out);
    metrics_head(out, "orgd_logins_total", "counter", "Logins, by result.");
    buf_printf(out, "orgd_logins_total{result=\"ok\"} %" PRIu64 "\n",
               atomic_load(&services->logins_ok));
    buf_printf(out, "orgd_logins_total{result=\"refused\"} %" PRIu64 "\n",
               atomic_load(&services->logins_refused));
    buf_printf(out, "orgd_logins_total{result=\"limited\"} %" PRIu64 "\n",
               atomic_load(&services->logins_limited));
    metrics_head(out, "orgd_build_info", "gauge", "Always 1; the labels tell the build.");
    buf_printf(out, "orgd_build_info{version=\"%s\",store=\"%s\"} 1\n", ORGD_VERSION,
               domain_store_name(services->domain));
    return ST_OK;
}

enum status asset_handler(struct request *req, struct response *resp)
{
    struct asset asset;

    if (!asset_find(req->target.path, &asset)) {
        return ST_NOT_FOUND;
    }
    resp->static_body = asset.bytes;
    resp->content_type = asset.content_type;
    resp->cache_control = "no-cache";
    response_header(resp, "Content-Security-Policy", assets_content_security_policy);
    response_header(resp, "Referrer-Policy", "no-referrer");
    return ST_OK;
}
