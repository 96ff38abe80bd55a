/* One transaction of several operations: the inside of group commit. */
#ifndef ORGD_STORE_SQLITE_BATCH_H
#define ORGD_STORE_SQLITE_BATCH_H

#include "base/err.h"

struct connection;
struct write_op;

/*
 * Runs the operations of a list in one transaction and commits it; sets each one's status. Stops
 * before the end of the list where much has been written: returns the first that was not run, or
 * NULL. Each call's err gets the words of a failure of the whole.
 */
struct write_op *batch_run(struct connection *connection, struct write_op *first);

/* Gives each operation of a list this status and text. */
void batch_refuse(struct write_op *first, enum status status, const struct err *err);

/*
 * Deletes some documents of deleted organizations, for a few milliseconds, in a transaction of its
 * own. *ret_more: there are further ones. A failure leaves them for another time.
 */
MUST_CHECK enum status batch_reclaim(struct connection *connection, bool *ret_more,
                                     struct err *err);

#endif
