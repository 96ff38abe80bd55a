/* The store that the settings name, for commands other than serve. */
#ifndef ORGD_APP_PLACE_H
#define ORGD_APP_PLACE_H

#include "base/err.h"

struct settings;
struct store;

/* To write: nobody else may have the embedded store's directory, which is made where it isn't there. To
 * read: also beside its server, and nothing is made. As the engine's own open does. */
MUST_CHECK enum status place_open_to_write(const struct settings *settings,
                                           struct store **ret_store, struct err *err);
MUST_CHECK enum status place_open_to_read(const struct settings *settings, struct store **ret_store,
                                          struct err *err);

#endif
