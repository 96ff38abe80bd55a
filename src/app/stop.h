/* What commands that work for long have in common: a signal is the wish to stop soon, a second one stops
 * at once. The main thread. */
#ifndef ORGD_APP_STOP_H
#define ORGD_APP_STOP_H

#include <stdbool.h>

/* Holds back SIGINT and SIGTERM; a pipe that nobody reads any more is an error of its write. Before
 * any other thread is started. */
void stop_block(void);

/* Whether one of them has come. Then the next one has its usual effect. */
bool stop_was_asked(void);

#endif
