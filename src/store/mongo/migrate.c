/* Whether there is something to do, and the order of the steps. */
#include "store/mongo/migrate.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/mongo/census.h"
#include "store/mongo/indexes.h"
#include "store/mongo/layout.h"
#include "store/mongo/migrate_write.h"
#include "store/mongo/mongo.h"
#include "store/mongo/strays.h"

#define CENSUS_MS 600000 /* to read all organizations and accounts */
#define ATTEMPTS 5       /* where somebody else writes meanwhile */

/* Whether a document with these members is there; filter's members are static. */
static enum status has_document(struct mongo *mongo, const struct call *call,
                                const char *collection, const bson_t *filter, bool *has)
{
    BSON_AUTO projection = BSON_INITIALIZER;
    BSON_AUTO found = BSON_INITIALIZER;
    enum status status;

    if (*has) {
        return ST_OK;
    }
    (void)BSON_APPEND_INT32(&projection, F_ID, 1);
    status = mongo_find_one(mongo, call, FROM_PRIMARY, collection, filter, &projection, &found);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        return status;
    }
    *has = status == ST_OK;
    return ST_OK;
}

static enum status is_needed(struct mongo *mongo, const struct call *call, bool *ret_needed)
{
    BSON_AUTO nameless = BSON_INITIALIZER;
    BSON_AUTO addressless = BSON_INITIALIZER;
    BSON_AUTO shared = BSON_INITIALIZER;
    BSON_AUTO any = BSON_INITIALIZER;
    bool needed = false;
    bool may_share = false;

    (void)BSON_APPEND_NULL(&nameless, F_NAME_KEY);
    (void)BSON_APPEND_NULL(&addressless, F_EMAIL_KEY);
    (void)BSON_APPEND_BOOL(&shared, F_SHARED, true);
    TRY(has_document(mongo, call, C_ORGANIZATIONS, &nameless, &needed));
    TRY(has_document(mongo, call, C_ADMINS, &addressless, &needed));
    TRY(has_document(mongo, call, C_ADMIN_USERS, &any, &needed));
    TRY(indexes_has_shared(mongo, call, &may_share));
    if (may_share) {
        TRY(has_document(mongo, call, C_ORGANIZATIONS, &shared, &needed));
    }
    *ret_needed = needed;
    return ST_OK;
}

static bool has_work(const struct census *census)
{
    for (size_t i = 0; i < census->organization_count; i++) {
        if (!census->organizations[i].is_ready ||
            census->organizations[i].is_shared != census->organizations[i].was_shared) {
            return true;
        }
    }
    for (size_t i = 0; i < census->account_count; i++) {
        if (!census->accounts[i].is_ready) {
            return true;
        }
    }
    return false;
}

/* What nobody but an operator can decide. */
static size_t count_undecided(const struct census *census)
{
    size_t count = 0;

    for (size_t i = 0; i < census->organization_count; i++) {
        const struct census_organization *organization = &census->organizations[i];

        count += organization->is_shared || organization->admins == 0 ||
                 organization->name_key.ptr[0] == KEY_NONE[0];
    }
    for (size_t i = 0; i < census->account_count; i++) {
        count += census->accounts[i].email_key.ptr[0] == KEY_NONE[0] ||
                 census->accounts[i].organizations == 0;
    }
    return count;
}

static void tell_end(const struct census *census, int64_t begun_ms)
{
    size_t undecided = count_undecided(census);

    log_line(LOG_INFO, "the database is in shape",
             LOG_INT("organizations", (int64_t)census->organization_count),
             LOG_INT("accounts", (int64_t)census->account_count),
             LOG_INT("took_ms", clock_monotonic_ms() - begun_ms));
    if (undecided > 0) {
        log_line(LOG_WARN, "some of what is in the database needs a decision; see orgd doctor",
                 LOG_INT("cases", (int64_t)undecided));
    }
}

static enum status carry_out(struct mongo *mongo, const struct call *call,
                             const struct store_rules *rules, struct census *census,
                             int64_t begun_ms)
{
    census_plan(census, rules);
    if (!has_work(census)) {
        return ST_OK;
    }
    TRY(migrate_write(mongo, call, census));
    tell_end(census, begun_ms);
    return ST_OK;
}

static enum status attempt(struct mongo *mongo, const struct call *call,
                           const struct store_rules *rules)
{
    int64_t begun_ms = clock_monotonic_ms();
    struct call own = *call;
    struct census *census = NULL;
    enum status status;
    size_t moved = 0;

    TRY(strays_move(mongo, call, &moved));
    if (moved > 0) {
        log_line(LOG_INFO, "moved documents to where they belong",
                 LOG_INT("count", (int64_t)moved));
    }
    own.deadline_ms = begun_ms + CENSUS_MS;
    TRY(census_read(mongo, &own, &census));
    status = carry_out(mongo, &own, rules, census, begun_ms);
    census_free(census);
    return status;
}

enum status migrate_database(struct mongo *mongo, const struct call *call,
                             const struct store_rules *rules)
{
    bool needed = false;

    TRY(indexes_clear(mongo, call));
    TRY(is_needed(mongo, call, &needed));
    if (needed) {
        enum status status = ST_DOCUMENT_EXISTS;

        for (int i = 0; i < ATTEMPTS && status == ST_DOCUMENT_EXISTS; i++) {
            status = attempt(mongo, call, rules);
        }
        if (status == ST_DOCUMENT_EXISTS) {
            return err_set(call->err, ST_BUSY,
                           "another program keeps writing to the database while it is brought "
                           "into shape; stop it");
        }
        TRY(status);
    }
    return indexes_ensure(mongo, call);
}
