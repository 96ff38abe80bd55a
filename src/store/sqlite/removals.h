/* The documents of deleted organizations: gone at once where they are few, else removed afterwards. */
#ifndef ORGD_STORE_SQLITE_REMOVALS_H
#define ORGD_STORE_SQLITE_REMOVALS_H

#include "store/sqlite/writer.h"

/* An organization with this many documents or fewer, and not over a MiB of them, leaves none behind. */
#define REMOVALS_AT_ONCE 100

/*
 * Within the transaction that deletes an organization: removes its documents, or the first of them, and
 * then notes that there are more.
 */
MUST_CHECK enum status removals_begin(struct connection *connection, const struct call *call,
                                      int64_t organization);

/* Some of what is left; a change like others', so that it may go in a transaction with them. */
struct removal_portion {
    struct write_op op; /* with removals_go_on to run */
    int64_t budget_us;  /* for about so long, and at least one document */
    int64_t took_us;    /* set by run */
    bool more;          /* set by run: there may be further ones */
    bool lost;          /* set by run where it failed: the whole transaction is gone with it */
};

/* Removes documents that were noted. A failure leaves them for another time. */
MUST_CHECK enum status removals_go_on(struct connection *connection, struct write_op *op);

#endif
