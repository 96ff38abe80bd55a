/* One transaction of several operations: the inside of group commit. */
#ifndef ORGD_STORE_SQLITE_BATCH_H
#define ORGD_STORE_SQLITE_BATCH_H

#include "base/err.h"

struct batch_pace;
struct connection;
struct write_op;

/*
 * Runs the operations of a list in one transaction and commits it; sets each one's status. Stops
 * before the end of the list where much has been written: returns the first that was not run, or
 * NULL. Each call's err gets the words of a failure of the whole. What it took goes into pace.
 */
struct write_op *batch_run(struct connection *connection, struct write_op *first,
                           struct batch_pace *pace);

/* Commits the open transaction; what a failure means. */
MUST_CHECK enum status batch_commit(struct connection *connection, struct err *err);

/* Gives each operation of a list this status and text. */
void batch_refuse(struct write_op *first, enum status status, const struct err *err);

#endif
