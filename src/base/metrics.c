/* Histograms and the Prometheus text exposition format, version 0.0.4. */
#include "base/metrics.h"

#include "base/buf.h"

#include <inttypes.h>

static const int64_t bounds_us[METRICS_BUCKETS - 1] = METRICS_BOUNDS_US;

static int bucket_of(int64_t us)
{
    int bucket = 0;

    while (bucket < METRICS_BUCKETS - 1 && us > bounds_us[bucket]) {
        bucket++;
    }
    return bucket;
}

void histogram_record_own(struct histogram *histogram, int64_t us)
{
    counter_add(&histogram->counts[bucket_of(us)], 1);
    counter_add(&histogram->sum_us, us > 0 ? (uint64_t)us : 0);
}

void histogram_sum(struct histogram *sum, const struct histogram *one)
{
    for (int i = 0; i < METRICS_BUCKETS; i++) {
        counter_add(&sum->counts[i], atomic_load_explicit(&one->counts[i], memory_order_relaxed));
    }
    counter_add(&sum->sum_us, atomic_load_explicit(&one->sum_us, memory_order_relaxed));
}

void histogram_record(struct histogram *histogram, int64_t us)
{
    atomic_fetch_add_explicit(&histogram->counts[bucket_of(us)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_us, us > 0 ? (uint64_t)us : 0, memory_order_relaxed);
}

void histogram_write(const struct histogram *histogram, const char *name, const char *labels,
                     struct buf *out)
{
    const char *comma = *labels ? "," : "";
    const char *open = *labels ? "{" : "";
    const char *close = *labels ? "}" : "";
    uint64_t total = 0;

    for (int i = 0; i < METRICS_BUCKETS; i++) {
        total += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        if (i < METRICS_BUCKETS - 1) {
            buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, labels, comma,
                       (double)bounds_us[i] / 1e6, total);
        } else {
            buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, total);
        }
    }
    buf_printf(out, "%s_sum%s%s%s %.6f\n", name, open, labels, close,
               (double)atomic_load_explicit(&histogram->sum_us, memory_order_relaxed) / 1e6);
    buf_printf(out, "%s_count%s%s%s %" PRIu64 "\n", name, open, labels, close, total);
}

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}
