/*
 * The files that the program carries in itself: the API's description and the page that shows it.
 * Their bytes live as long as the process and never change. No state; any thread.
 */
#ifndef ORGD_API_ASSETS_H
#define ORGD_API_ASSETS_H

#include "base/str.h"

#include <stdbool.h>

struct asset {
    const char *path; /* where it is served: "/docs/docs-init.js" */
    const char *content_type;
    struct str bytes; /* not ended by NUL */
};

/* What /docs must send as Content-Security-Policy: the page may load and ask for what this program
 * serves, and nothing else. */
extern const char assets_content_security_policy[];

/* Whether there is an asset at a path; fills ret_asset only then. */
bool asset_find(struct str path, struct asset *ret_asset);

#endif
