/* What operators ask the domain. */
#include "org/domain.h"

#include "store/store.h"
#include "store/trace.h"

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
    trace_store_metrics(domain->store, out);
}
