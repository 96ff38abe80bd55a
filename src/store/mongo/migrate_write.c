/* The migration's writes, each step for all before the next. */
#include "store/mongo/migrate_write.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/mongo/bulk.h"
#include "store/mongo/census.h"
#include "store/mongo/indexes.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"

#define COLLECTION_MS 60000 /* for one command on a collection, with all its tries */
#define PROGRESS_US INT64_C(3000000)

struct writing {
    struct mongo *mongo;
    const struct call *call;
    struct census *census;
    const char *step;
    int64_t told_us;
};

static void begin(struct writing *this, const char *step)
{
    this->step = step;
}

static void tell(struct writing *this, size_t done, size_t total)
{
    int64_t now_us = clock_monotonic_us();

    if (now_us - this->told_us >= PROGRESS_US) {
        this->told_us = now_us;
        log_line(LOG_INFO, "bringing the database into shape", LOG_TEXT("step", this->step),
                 LOG_INT("done", (int64_t)done), LOG_INT("total", (int64_t)total));
    }
}

static enum status finish(struct bulk *bulk, enum status status)
{
    if (status == ST_OK) {
        status = bulk_flush(bulk);
    }
    bulk_done(bulk);
    return status;
}

/* Where the collection will be, before it is made or moved. */
static enum status plan_one(struct bulk *bulk, const struct census_organization *organization)
{
    BSON_AUTO set = BSON_INITIALIZER;
    BSON_AUTO unset = BSON_INITIALIZER;

    bson_put_str(&set, F_COLLECTION, organization->collection);
    if (organization->moved_from.ptr) {
        bson_put_str(&set, F_MOVED_FROM, organization->moved_from);
    }
    if (organization->is_nameless) {
        bson_put_str(&set, F_NAME, organization->name);
    }
    if (bson_has_field(organization->unset, "collection")) {
        (void)BSON_APPEND_INT32(&unset, "collection", 1);
    }
    return bulk_update(bulk, &organization->id, &set, &unset);
}

static enum status write_plans(struct writing *this)
{
    struct census *census = this->census;
    enum status status = ST_OK;
    struct bulk bulk;

    begin(this, "plans");
    bulk_init(&bulk, this->mongo, this->call, C_ORGANIZATIONS, BULK_UPDATE);
    for (size_t i = 0; i < census->organization_count && status == ST_OK; i++) {
        size_t number = census->organization_order[i];

        if (census->organizations[number].is_planned) {
            status = plan_one(&bulk, &census->organizations[number]);
        }
        tell(this, i, census->organization_count);
    }
    return finish(&bulk, status);
}

static enum status insert_accounts(struct writing *this)
{
    struct census *census = this->census;
    enum status status = ST_OK;
    struct bulk bulk;

    begin(this, "accounts inside organizations");
    bulk_init(&bulk, this->mongo, this->call, C_ADMINS, BULK_INSERT);
    for (size_t i = 0; i < census->account_count && status == ST_OK; i++) {
        if (census->accounts[i].document) {
            status = bulk_insert(&bulk, census->accounts[i].document);
        }
        tell(this, i, census->account_count);
    }
    return finish(&bulk, status);
}

static struct call collection_call(const struct writing *this)
{
    struct call call = *this->call;

    call.deadline_ms = clock_monotonic_ms() + COLLECTION_MS;
    return call;
}

/* The mark stays where both collections are there: somebody wrote to the old one again. */
static enum status move_one(struct writing *this, struct census_organization *organization)
{
    struct call call = collection_call(this);
    enum status status = mongo_collection_rename(this->mongo, &call, organization->moved_from.ptr,
                                                 organization->collection.ptr);

    if (status == ST_DOCUMENT_EXISTS) {
        log_line(LOG_WARN, "a collection that was to be moved is there twice; see orgd doctor",
                 LOG_STR("from", organization->moved_from),
                 LOG_STR("to", organization->collection));
        return ST_OK;
    }
    if (status == ST_OK) {
        (void)key_table_add(&this->census->collection_names, organization->collection, 0);
        log_line(LOG_INFO, "moved a collection", LOG_STR("from", organization->moved_from),
                 LOG_STR("to", organization->collection));
    } else if (status != ST_NOT_FOUND) {
        return status;
    }
    (void)BSON_APPEND_INT32(organization->unset, F_MOVED_FROM, 1);
    return ST_OK;
}

static enum status make_one(struct writing *this, const struct census_organization *organization)
{
    struct call call = collection_call(this);
    enum status status;

    if (!organization->collection.ptr ||
        key_table_find(&this->census->collection_names, organization->collection, NULL)) {
        return ST_OK;
    }
    status = mongo_collection_create(this->mongo, &call, organization->collection.ptr);
    return status == ST_DOCUMENT_EXISTS ? ST_OK : status;
}

/* Of organizations that have become ready, or are decided now, each has its collection. */
static enum status settle_collections(struct writing *this)
{
    struct census *census = this->census;

    begin(this, "collections");
    for (size_t i = 0; i < census->organization_count; i++) {
        struct census_organization *organization =
            &census->organizations[census->organization_order[i]];

        if (organization->is_ready && organization->is_shared == organization->was_shared) {
            continue;
        }
        if (!organization->is_ready && organization->moved_from.ptr) {
            TRY(move_one(this, organization));
        }
        TRY(make_one(this, organization));
        tell(this, i, census->organization_count);
    }
    return ST_OK;
}

static enum status insert_memberships(struct writing *this)
{
    struct census *census = this->census;
    enum status status = ST_OK;
    struct bulk bulk;

    begin(this, "memberships");
    bulk_init(&bulk, this->mongo, this->call, C_MEMBERSHIPS, BULK_INSERT);
    for (size_t i = 0; i < census->membership_count && status == ST_OK; i++) {
        const struct census_membership *membership = &census->memberships[i];
        BSON_AUTO document = BSON_INITIALIZER;
        struct oid id = oid_new();

        if (membership->is_new) {
            bson_put_oid(&document, F_ID, &id);
            bson_put_oid(&document, F_ORGANIZATION_ID, &membership->ids[0]);
            bson_put_oid(&document, F_ADMIN_ID, &membership->ids[1]);
            bson_put_str(&document, F_ROLE, STR("admin"));
            status = bulk_insert(&bulk, &document);
        }
        tell(this, i, census->membership_count);
    }
    return finish(&bulk, status);
}

static enum status ready_account(struct bulk *bulk, struct census_account *account)
{
    if (account->sets_hash && account->hash.ptr) {
        bson_put_str(account->set, F_PASSWORD, account->hash);
    }
    bson_put_str(account->set, F_EMAIL_KEY, account->email_key);
    return bulk_update(bulk, &account->id, account->set, account->unset);
}

static enum status ready_accounts(struct writing *this)
{
    struct census *census = this->census;
    enum status status = ST_OK;
    struct bulk bulk;

    begin(this, "accounts");
    bulk_init(&bulk, this->mongo, this->call, C_ADMINS, BULK_UPDATE);
    for (size_t i = 0; i < census->account_count && status == ST_OK; i++) {
        struct census_account *account = &census->accounts[census->account_order[i]];

        if (!account->is_ready) {
            status = ready_account(&bulk, account);
        }
        tell(this, i, census->account_count);
    }
    return finish(&bulk, status);
}

static enum status ready_organization(struct bulk *bulk, struct census_organization *organization)
{
    bson_t *set = organization->set;

    bson_put_str(set, F_NAME_KEY, organization->name_key);
    bson_put_str(set, F_SLUG, organization->slug);
    bson_put_str(set, F_COLLECTION, organization->collection);
    if (organization->has_admin_id) {
        bson_put_oid(set, F_ADMIN_ID, &organization->admin_id);
    }
    bson_put_ms(set, F_UPDATED_AT, organization->updated_ms);
    bson_put_str(set, F_STATUS, STR(STATUS_ACTIVE));
    bson_put_int(set, F_VERSION, organization->version + 1);
    if (organization->is_shared) {
        (void)BSON_APPEND_BOOL(set, F_SHARED, true);
    } else if (organization->was_shared) {
        (void)BSON_APPEND_INT32(organization->unset, F_SHARED, 1);
    }
    return bulk_update(bulk, &organization->id, set, organization->unset);
}

/* One that was ready before gets or loses the mark. */
static enum status mark_organization(struct bulk *bulk,
                                     const struct census_organization *organization)
{
    BSON_AUTO set = BSON_INITIALIZER;
    BSON_AUTO unset = BSON_INITIALIZER;

    if (organization->is_shared) {
        (void)BSON_APPEND_BOOL(&set, F_SHARED, true);
    } else {
        (void)BSON_APPEND_INT32(&unset, F_SHARED, 1);
    }
    return bulk_update(bulk, &organization->id, &set, &unset);
}

static enum status ready_organizations(struct writing *this)
{
    struct census *census = this->census;
    enum status status = ST_OK;
    struct bulk bulk;

    begin(this, "organizations");
    bulk_init(&bulk, this->mongo, this->call, C_ORGANIZATIONS, BULK_UPDATE);
    for (size_t i = 0; i < census->organization_count && status == ST_OK; i++) {
        struct census_organization *organization =
            &census->organizations[census->organization_order[i]];

        if (!organization->is_ready) {
            status = ready_organization(&bulk, organization);
        } else if (organization->is_shared != organization->was_shared) {
            status = mark_organization(&bulk, organization);
        }
        tell(this, i, census->organization_count);
    }
    return finish(&bulk, status);
}

/* Before the first organization is marked, so that no start overlooks one. */
static enum status prepare_marks(struct writing *this)
{
    for (size_t i = 0; i < this->census->organization_count; i++) {
        if (this->census->organizations[i].is_shared) {
            return indexes_mark_shared(this->mongo, this->call);
        }
    }
    return ST_OK;
}

enum status migrate_write(struct mongo *mongo, const struct call *call, struct census *census)
{
    struct writing this = {
        .mongo = mongo,
        .call = call,
        .census = census,
        .told_us = clock_monotonic_us(),
    };

    TRY(write_plans(&this));
    TRY(insert_accounts(&this));
    TRY(settle_collections(&this));
    TRY(insert_memberships(&this));
    TRY(ready_accounts(&this));
    TRY(prepare_marks(&this));
    return ready_organizations(&this);
}
