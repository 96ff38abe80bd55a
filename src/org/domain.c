/* What operators ask the domain. */
#include "org/domain.h"

#include "auth/token_memory.h"
#include "base/buf.h"
#include "base/metrics.h"
#include "store/store.h"
#include "store/trace.h"

#include <inttypes.h>

enum status domain_ping(struct domain *domain, const struct call *call)
{
    return store_ping(domain->store, call);
}

const char *domain_store_name(const struct domain *domain)
{
    return domain->store->ops->name;
}

void domain_metrics(const struct domain *domain, struct buf *out)
{
    struct token_counts checks = token_memory_counts(domain->tokens);

    trace_store_metrics(domain->store, out);
    metrics_head(out, "orgd_token_checks_total", "counter", "Tokens that were looked at, by how.");
    buf_printf(out, "orgd_token_checks_total{by=\"memory\"} %" PRIu64 "\n", checks.remembered);
    buf_printf(out, "orgd_token_checks_total{by=\"signature\"} %" PRIu64 "\n", checks.verified);
}
