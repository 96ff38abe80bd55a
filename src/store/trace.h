/*
 * An engine around another that measures each verb, for orgd_store_duration_seconds, and logs at level
 * debug. It changes nothing.
 */
#ifndef ORGD_STORE_TRACE_H
#define ORGD_STORE_TRACE_H

#include "store/store.h"

struct buf;

/* Takes inner over; closing the result closes it. NULL only where memory is out. */
struct store *trace_store_new(struct store *inner);

/* The histograms of every verb, in Prometheus' text format. Any thread. */
void trace_store_metrics(const struct store *store, struct buf *out);

#endif
