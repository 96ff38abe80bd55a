/*
 * A call of a store that others may be in the way of: made once more, for a while. Each time it has its
 * deadline and its memory anew:
 *
 *     busy_call_begin(&busy, "store", &is_stopping, 0, err);
 *     do {
 *         status = store_documents_put(store, &busy.call, …);
 *     } while (busy_call_again(&busy, status));
 *
 * One thread at a time.
 */
#ifndef ORGD_APP_BUSY_H
#define ORGD_APP_BUSY_H

#include "base/arena.h"
#include "base/call.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BUSY_MEMBER_MS 100 /* more for each member of a tenant: an engine may put them one by one */

struct busy_call {
    struct call call; /* to make it with; what it allocates is gone after busy_call_again */
    struct arena mem;
    const char *who;
    const _Atomic bool *is_stopping;
    int64_t more_ms;
    int64_t until_ms; /* 0: nobody was in the way yet */
};

/* who: whose store it is, for the words; more_ms: above the usual deadline. */
void busy_call_begin(struct busy_call *busy, const char *who, const _Atomic bool *is_stopping,
                     int64_t more_ms, struct err *err);

/* Whether to make the call again, because others were in the way and nobody wants to stop: then it has
 * paused. If not, the call has ended, and err has the words that go with its status. */
bool busy_call_again(struct busy_call *busy, enum status status);

#endif
