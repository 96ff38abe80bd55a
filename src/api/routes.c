/*
 * Who may call what, where it runs, what it takes: one row for each method and path. HEAD comes with
 * GET, OPTIONS with every path. A row without a WHO is refused to all.
 */
#include "api/routes.h"

#include "api/handlers.h"

/* clang-format off */
static const struct route routes[] = {
    /* method        path                                        who              runs on    body           success handler */
    { METHOD_POST,   "/org/create",                              WHO_ANYONE,      RUN_HASH,  BODY_SMALL,    200, organization_create_handler },
    { METHOD_GET,    "/org/get",                                 WHO_ANYONE,      RUN_FIND,  BODY_SMALL,    200, organization_get_handler },
    { METHOD_PUT,    "/org/update",                              WHO_CREDENTIALS, RUN_HASH,  BODY_SMALL,    200, organization_update_handler },
    { METHOD_DELETE, "/org/delete",                              WHO_ADMIN,       RUN_STORE, BODY_SMALL,    200, organization_delete_handler },
    { METHOD_POST,   "/admin/login",                             WHO_ANYONE,      RUN_HASH,  BODY_SMALL,    200, login_handler },

    { METHOD_POST,   "/v1/organizations/{org}/documents",        WHO_TENANT,      RUN_WRITE, BODY_DOCUMENT, 201, document_create_handler },
    { METHOD_GET,    "/v1/organizations/{org}/documents",        WHO_TENANT,      RUN_STORE, BODY_SMALL,    200, document_list_handler },
    { METHOD_GET,    "/v1/organizations/{org}/documents/{id}",   WHO_TENANT,      RUN_READ,  BODY_SMALL,    200, document_get_handler },
    { METHOD_PUT,    "/v1/organizations/{org}/documents/{id}",   WHO_TENANT,      RUN_WRITE, BODY_DOCUMENT, 200, document_put_handler },
    { METHOD_PATCH,  "/v1/organizations/{org}/documents/{id}",   WHO_TENANT,      RUN_STORE, BODY_DOCUMENT, 200, document_patch_handler },
    { METHOD_DELETE, "/v1/organizations/{org}/documents/{id}",   WHO_TENANT,      RUN_WRITE, BODY_SMALL,    204, document_delete_handler },

    { METHOD_GET,    "/",                                        WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, root_handler },
    { METHOD_GET,    "/livez",                                   WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, livez_handler },
    { METHOD_GET,    "/readyz",                                  WHO_ANYONE,      RUN_READ,  BODY_SMALL,    200, readyz_handler },
    { METHOD_GET,    "/health",                                  WHO_ANYONE,      RUN_READ,  BODY_SMALL,    200, health_handler },
    { METHOD_GET,    "/metrics",                                 WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, metrics_handler },
    { METHOD_GET,    "/openapi.json",                            WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, asset_handler },
    { METHOD_GET,    "/docs",                                    WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, asset_handler },
    { METHOD_GET,    "/docs/docs-init.js",                       WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, asset_handler },
    { METHOD_GET,    "/docs/favicon.svg",                        WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, asset_handler },
    { METHOD_GET,    "/docs/swagger-ui.css",                     WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, asset_handler },
    { METHOD_GET,    "/docs/swagger-ui-bundle.js",               WHO_ANYONE,      RUN_LOOP,  BODY_SMALL,    200, asset_handler },
};
/* clang-format on */

struct route_table api_routes(void)
{
    return (struct route_table){ .rows = routes, .count = sizeof(routes) / sizeof(routes[0]) };
}
