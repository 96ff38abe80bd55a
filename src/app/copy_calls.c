/* Calls to the destination that others may be in the way of, and the wish to stop. */
#include "app/copy_work.h"

enum status copy_may_go_on(struct copy *copy, struct err *err)
{
    return atomic_load(&copy->is_stopping) ? err_set(err, ST_BUSY, "stopped") : ST_OK;
}

void copy_call_begin(struct copy *copy, struct busy_call *busy, const struct tenant *tenant,
                     struct err *err)
{
    busy_call_begin(busy, "destination", &copy->is_stopping,
                    tenant ? BUSY_MEMBER_MS * (int64_t)tenant->member_count : 0, err);
}

enum status copy_put_tenant(struct copy *copy, const struct tenant *tenant, struct err *err)
{
    struct busy_call busy;
    enum status status;

    copy_call_begin(copy, &busy, tenant, err);
    do {
        status = store_tenant_put(copy->to, &busy.call, tenant);
    } while (busy_call_again(&busy, status));
    return status;
}

enum status copy_delete_tenant(struct copy *copy, const struct tenant *tenant, struct err *err)
{
    struct busy_call busy;
    enum status status;

    copy_call_begin(copy, &busy, tenant, err);
    do {
        status = store_organization_delete(copy->to, &busy.call, &tenant->organization.id);
    } while (busy_call_again(&busy, status));
    return status == ST_NO_ORGANIZATION ? ST_OK : status;
}
