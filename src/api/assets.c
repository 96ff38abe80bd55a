/* The table of the files in assets.S. */
#include "api/assets.h"

#define ASSET_EXTERN(name) extern const char orgd_asset_##name[], orgd_asset_##name##_end[]
ASSET_EXTERN(openapi);
ASSET_EXTERN(docs_page);
ASSET_EXTERN(docs_init);
ASSET_EXTERN(favicon);
ASSET_EXTERN(swagger_css);
ASSET_EXTERN(swagger_bundle);
#undef ASSET_EXTERN

const char assets_content_security_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

struct asset_row {
    const char *path;
    const char *content_type;
    const char *start;
    const char *end;
};

#define ASSET_ROW(name, path, content_type)                                                        \
    {                                                                                              \
        path, content_type, orgd_asset_##name, orgd_asset_##name##_end                             \
    }
static const struct asset_row rows[] = {
    ASSET_ROW(openapi, "/openapi.json", "application/json"),
    ASSET_ROW(docs_page, "/docs", "text/html; charset=utf-8"),
    ASSET_ROW(docs_init, "/docs/docs-init.js", "text/javascript; charset=utf-8"),
    ASSET_ROW(favicon, "/docs/favicon.svg", "image/svg+xml"),
    ASSET_ROW(swagger_css, "/docs/swagger-ui.css", "text/css; charset=utf-8"),
    ASSET_ROW(swagger_bundle, "/docs/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
};
#undef ASSET_ROW

bool asset_find(struct str path, struct asset *ret_asset)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (str_is(path, rows[i].path)) {
            *ret_asset = (struct asset){
                .path = rows[i].path,
                .content_type = rows[i].content_type,
                .bytes = { .ptr = rows[i].start, .len = (size_t)(rows[i].end - rows[i].start) },
            };
            return true;
        }
    }
    return false;
}
