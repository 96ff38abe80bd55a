/*
 * The composition root: builds store, signer, executors and server in order, serves until a signal
 * says otherwise, and takes everything down in reverse.
 */
#ifndef ORGD_APP_APP_H
#define ORGD_APP_APP_H

#include "base/err.h"

struct settings;

/*
 * Serves until SIGTERM or SIGINT, then stops gracefully; SIGHUP re-reads the settings. Blocks these
 * signals in the calling thread. Call it from the main thread, before any other thread is started.
 * Returns ST_OK after a graceful stop; ST_INVALID for a setting that only the start can judge (err
 * names it); another status where something could not be built (err has the reason).
 */
MUST_CHECK enum status app_serve(struct settings *settings, struct err *err);

#endif
