/* Calls of a store that others may be in the way of: made once more, for a while. */
#ifndef ORGD_APP_BUSY_H
#define ORGD_APP_BUSY_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* After a call to the store that who names: whether to make it again, because others were in the way and
 * nobody wants to stop. Then it has paused. until_ms: 0 before the first; it keeps how long that goes
 * on. Any thread. */
bool busy_try_again(const _Atomic bool *is_stopping, const char *who, enum status status,
                    int64_t *until_ms, struct err *err);

#endif
