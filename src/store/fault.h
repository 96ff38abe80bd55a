/*
 * An engine around another that fails on demand, for tests: the n-th call (of any verb) returns a given
 * status, before the inner engine is called or after it.
 */
#ifndef ORGD_STORE_FAULT_H
#define ORGD_STORE_FAULT_H

#include "store/store.h"

enum fault_when { FAULT_BEFORE, FAULT_AFTER };

/* Takes inner over; closing the result closes it. NULL only where memory is out. */
struct store *fault_store_new(struct store *inner);

/* The call after the next skip calls fails with status, once. FAULT_AFTER: the inner call happens and
 * its outcome is thrown away, as when a reply is lost. Any thread. */
void fault_store_arm(struct store *store, int skip, enum fault_when when, enum status status);

/* Calls seen since it was made or armed. */
int fault_store_calls(const struct store *store);

#endif
