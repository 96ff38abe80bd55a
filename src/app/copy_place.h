/* The two ends of a copy: what the words on the command line name, and opening it. */
#ifndef ORGD_APP_COPY_PLACE_H
#define ORGD_APP_COPY_PLACE_H

#include "app/copy.h"

struct store;

/*
 * Judges both places before anything is opened, and writes for people what they are: no user name,
 * no password and no options of a URL. ST_OK; ST_INVALID: err says which and why.
 */
MUST_CHECK enum status copy_places_check(const struct copy_options *options,
                                         struct copy_report *report, struct err *err);

/* Opens the source, also beside the server that has its directory; and the destination. As the
 * engine's own open does. */
MUST_CHECK enum status copy_place_open_source(const struct copy_place *place,
                                              struct store **ret_store, struct err *err);
MUST_CHECK enum status copy_place_open_destination(const struct copy_place *place,
                                                   struct store **ret_store, struct err *err);

#endif
