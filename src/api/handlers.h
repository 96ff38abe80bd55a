/* The handlers, by resource; src/api/routes.c says who may call each, and where it runs. */
#ifndef ORGD_API_HANDLERS_H
#define ORGD_API_HANDLERS_H

#include "http/route.h"

/* organization_api.c, organization_update_api.c */
handler_fn organization_create_handler;
handler_fn organization_get_handler;
handler_fn organization_update_handler;
handler_fn organization_delete_handler;

/* login_api.c */
handler_fn login_handler;

/* document_api.c */
handler_fn document_create_handler;
handler_fn document_list_handler;
handler_fn document_get_handler;
handler_fn document_put_handler;
handler_fn document_patch_handler;
handler_fn document_delete_handler;

/* operations_api.c */
handler_fn root_handler;
handler_fn livez_handler;
handler_fn readyz_handler;
handler_fn health_handler;
handler_fn metrics_handler;
handler_fn asset_handler;

#endif
