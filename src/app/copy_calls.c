/* Calls to the destination that others may be in the way of, and the wish to stop. */
#include "app/copy_work.h"

#include "app/busy.h"

#define MEMBER_MS 100 /* more for each member: an engine may put them one by one */
#define CALL_MEM_BYTES ((size_t)256 * 1024 * 1024)

enum status copy_may_go_on(struct copy *copy, struct err *err)
{
    return atomic_load(&copy->is_stopping) ? err_set(err, ST_BUSY, "stopped") : ST_OK;
}

bool copy_try_again(struct copy *copy, enum status status, int64_t *until_ms, struct err *err)
{
    return busy_try_again(&copy->is_stopping, "destination", status, until_ms, err);
}

static struct call call_for(const struct tenant *tenant, struct arena *mem, struct err *err)
{
    struct call call = copy_call(mem, err);

    call.deadline_ms += MEMBER_MS * (int64_t)tenant->member_count;
    return call;
}

enum status copy_put_tenant(struct copy *copy, const struct tenant *tenant, struct err *err)
{
    enum status status;
    struct arena mem;
    int64_t until_ms = 0;

    arena_init(&mem, CALL_MEM_BYTES);
    do {
        struct call call = call_for(tenant, &mem, err);

        status = store_tenant_put(copy->to, &call, tenant);
        arena_clear(&mem);
    } while (copy_try_again(copy, status, &until_ms, err));
    arena_done(&mem);
    return status;
}

enum status copy_delete_tenant(struct copy *copy, const struct tenant *tenant, struct err *err)
{
    enum status status;
    struct arena mem;
    int64_t until_ms = 0;

    arena_init(&mem, CALL_MEM_BYTES);
    do {
        struct call call = call_for(tenant, &mem, err);

        status = store_organization_delete(copy->to, &call, &tenant->organization.id);
        arena_clear(&mem);
    } while (copy_try_again(copy, status, &until_ms, err));
    arena_done(&mem);
    return status == ST_NO_ORGANIZATION ? ST_OK : status;
}
