/* The documents of deleted organizations: gone at once where they are few, else removed afterwards. */
#ifndef ORGD_STORE_SQLITE_REMOVALS_H
#define ORGD_STORE_SQLITE_REMOVALS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct connection;

/* An organization with this many documents or fewer, and not over a MiB of them, leaves none behind. */
#define REMOVALS_AT_ONCE 100

/*
 * Within the transaction that deletes an organization: removes its documents, or the first of them, and
 * then notes that there are more.
 */
MUST_CHECK enum status removals_begin(struct connection *connection, const struct call *call,
                                      int64_t organization);

/*
 * Removes documents that were noted, for about so long and at least one, in a transaction of its own.
 * *ret_more: there may be further ones. A failure leaves them for another time.
 */
MUST_CHECK enum status removals_go_on(struct connection *connection, int64_t budget_us,
                                      bool *ret_more, struct err *err);

#endif
