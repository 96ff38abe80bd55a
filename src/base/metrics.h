/*
 * Counters and histograms for GET /metrics, in the Prometheus text format.
 * Fixed at compile time where the names are known; labels are rows of tables elsewhere (routes,
 * store operations). Recording is lock-free, any thread.
 */
#ifndef ORGD_BASE_METRICS_H
#define ORGD_BASE_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

struct buf;

/* Upper bounds in microseconds; a last bucket, +Inf, is implied. */
#define METRICS_BOUNDS_US                                                                          \
    {                                                                                              \
        100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000,     \
            2500000, 5000000, 10000000                                                             \
    }
#define METRICS_BUCKETS 17

struct histogram {
    _Atomic uint64_t counts[METRICS_BUCKETS]; /* not cumulated; the last is +Inf */
    _Atomic uint64_t sum_us;
};

void histogram_record(struct histogram *histogram, int64_t us);

/*
 * For counters that one thread adds to and any thread reads: without a locked instruction, which costs
 * more than what is counted where there are several for each request.
 */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* The same for a histogram that only this thread records into. */
void histogram_record_own(struct histogram *histogram, int64_t us);

/* Adds what one holds to another, which only this thread uses. */
void histogram_sum(struct histogram *sum, const struct histogram *one);

/* Writes name_bucket, name_sum and name_count in seconds. labels: `route="/x"`, or "". */
void histogram_write(const struct histogram *histogram, const char *name, const char *labels,
                     struct buf *out);

/* "# HELP" and "# TYPE" lines. type: "counter", "gauge", "histogram". */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);

#endif
