/* What all changes share, and how those that a dead instance left are found and brought to an end. */
#include "store/mongo/change.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/engine.h"
#include "store/mongo/journal.h"
#include "store/mongo/moving.h"
#include "store/mongo/rows.h"

#include <time.h>

#define RECOVER_AT_ONCE 256 /* organizations that are looked up in one go */

bool change_pause(const struct call *call, int64_t ms)
{
    struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    if (clock_monotonic_ms() + ms >= call->deadline_ms) {
        return false;
    }
    (void)nanosleep(&span, NULL);
    return true;
}

enum status change_nothing(enum status failure)
{
    return failure == ST_UNSURE ? ST_UNAVAILABLE : failure;
}

enum status change_begin(struct change *change, struct mongo_store *engine, const struct call *call,
                         const struct oid *organization, const struct str names[], size_t count)
{
    *change = (struct change){ .engine = engine, .call = call, .organization = *organization };
    if (clock_monotonic_ms() >= call->deadline_ms) {
        return ST_BUSY;
    }
    TRY(peers_await_trust(engine->peers, call, NULL));
    change->owner = lock_owner_new(engine->peers);
    TRY(locks_take(engine->mongo, engine->leftovers, call, &change->owner, names, count));
    for (size_t i = 0; i < count; i++) {
        change->locks[i] = names[i];
    }
    change->locks_count = count;
    return ST_OK;
}

void change_end(struct change *change)
{
    if (change->is_moving) {
        moving_end(change->engine, &change->organization);
        change->is_moving = false;
    }
    if (!change->is_left && change->locks_count > 0) {
        locks_give(change->engine->mongo, change->engine->leftovers, change->call, &change->owner,
                   change->locks, change->locks_count);
    }
    change->locks_count = 0;
}

void change_leave(struct change *change)
{
    if (!change->is_left) {
        leftovers_add_organization(change->engine->leftovers, &change->owner, &change->organization,
                                   change->locks, change->locks_count);
        change->is_left = true;
    }
}

static bool holds(const struct change *change, struct str name)
{
    for (size_t i = 0; i < change->locks_count; i++) {
        if (str_equal(change->locks[i], name)) {
            return true;
        }
    }
    return false;
}

enum status change_lock(struct change *change, struct str name)
{
    if (holds(change, name)) {
        return ST_OK;
    }
    if (change->locks_count == LOCKS_MAX) {
        return err_set(change->call->err, ST_BROKEN, "a change wants too many locks");
    }
    TRY(locks_try(change->engine->mongo, change->engine->leftovers, change->call, &change->owner,
                  &name, 1));
    change->locks[change->locks_count] = name;
    change->locks_count++;
    return ST_OK;
}

void change_unlock(struct change *change, struct str name)
{
    for (size_t i = 0; i < change->locks_count; i++) {
        if (str_equal(change->locks[i], name)) {
            locks_give(change->engine->mongo, change->engine->leftovers, change->call,
                       &change->owner, &name, 1);
            change->locks_count--;
            change->locks[i] = change->locks[change->locks_count];
            return;
        }
    }
}

struct str change_lock_collection(const struct change *change, struct str collection)
{
    size_t prefix = sizeof(C_TENANT_PREFIX) - 1;

    if (collection.len <= prefix || memcmp(collection.ptr, C_TENANT_PREFIX, prefix) != 0) {
        return (struct str){ .ptr = NULL };
    }
    return lock_name(
        change->call->mem, LOCK_SLUG,
        (struct str){ .ptr = collection.ptr + prefix, .len = collection.len - prefix });
}

enum status change_is_ours(const struct change *change)
{
    return peers_is(change->engine->peers, &change->owner.instance) ? ST_OK : ST_BUSY;
}

enum status change_close_gates(struct change *change)
{
    if (!change->is_moving) {
        TRY(moving_begin(change->engine, change->call, &change->organization));
        change->is_moving = true;
    }
    return ST_OK;
}

enum status change_step(const struct change *change, int64_t version, const bson_t *update)
{
    struct mongo *mongo = change->engine->mongo;
    BSON_AUTO filter = BSON_INITIALIZER;
    int64_t matched = 0;

    bson_put_oid(&filter, F_ID, &change->organization);
    if (mongo_features(mongo)->filters_atomically) {
        if (version > 0) {
            bson_put_int(&filter, F_VERSION, version);
        } else {
            (void)bson_append_null(&filter, F_VERSION, -1); /* none is there */
        }
    }
    TRY(mongo_update(mongo, change->call, AGAIN, C_ORGANIZATIONS, &filter, update, false,
                     &matched));
    return matched == 1 ? ST_OK : ST_NOT_FOUND;
}

enum status change_look_again(const struct change *change, enum status status)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    struct journal journal;
    enum status found;

    if (status != ST_NOT_FOUND && status != ST_UNSURE) {
        return status;
    }
    bson_put_oid(&filter, F_ID, &change->organization);
    found = mongo_find_one(change->engine->mongo, change->call, FROM_PRIMARY, C_ORGANIZATIONS,
                           &filter, NULL, &document);
    if (found == ST_OK && journal_get(&document, change->call->mem, &journal) &&
        oid_equal(&journal.owner.operation, &change->owner.operation)) {
        return ST_OK;
    }
    if (status == ST_UNSURE || (found != ST_OK && found != ST_NOT_FOUND)) {
        return ST_UNSURE;
    }
    return found == ST_NOT_FOUND ? ST_NO_ORGANIZATION : ST_BUSY;
}

enum status change_foresee(struct mongo_store *engine, const struct call *call,
                           struct organization_row *row)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    struct organization_row now;
    struct journal journal;
    enum status found;

    bson_put_oid(&filter, F_ID, &row->organization.id);
    found = mongo_find_one(engine->mongo, call, FROM_PRIMARY, C_ORGANIZATIONS, &filter, NULL,
                           &document);
    if (found != ST_OK) {
        return found == ST_NOT_FOUND ? ST_NO_ORGANIZATION : found;
    }
    TRY(row_organization(&document, call, &now));
    if (!row_is_visible(&now)) {
        return ST_NO_ORGANIZATION;
    }
    now.organization.admin_id = row->organization.admin_id;
    if (row_is_pending(&now) && journal_get(&document, call->mem, &journal)) {
        struct organization *organization = &now.organization;

        organization->name = journal.name.ptr ? journal.name : organization->name;
        organization->name_key = journal.name_key.ptr ? journal.name_key : organization->name_key;
        organization->slug = journal.slug.ptr ? journal.slug : organization->slug;
        organization->collection =
            journal.collection.ptr ? journal.collection : organization->collection;
        organization->updated_ms = journal.updated_ms;
    }
    *row = now;
    return ST_OK;
}

/* A command of the journal's owner that is still on its way must not happen any more: it finds another
 * version than it was made for. */
static enum status fence(const struct change *change, struct organization_row *row)
{
    BSON_AUTO update = BSON_INITIALIZER;
    bson_t set;
    enum status status;

    bson_append_document_begin(&update, "$set", -1, &set);
    bson_put_int(&set, F_VERSION, row->version + 1);
    bson_append_document_end(&update, &set);
    status = change_step(change, row->version, &update);
    if (status == ST_OK) {
        row->version++;
    }
    return status == ST_NOT_FOUND ? ST_BUSY : status; /* it has moved on: another look tells how */
}

static enum status recover(struct change *change, const bson_t *document)
{
    struct organization_row row;
    struct journal journal;

    TRY(row_organization(document, change->call, &row));
    if (!journal_get(document, change->call->mem, &journal)) {
        return row.status == ROW_ACTIVE ? fence(change, &row)
                                        : ST_OK; /* it wasn't written, or not yet */
    }
    switch (row.status) {
    case ROW_CREATING:
        TRY(fence(change, &row));
        return create_undo(change, &row, &journal, CREATED_COLLECTION);
    case ROW_UPDATING:
    case ROW_RENAMING:
        return update_finish(change, &row, &journal);
    case ROW_DELETING:
        return delete_finish(change, &row);
    case ROW_ACTIVE:
    case ROW_STRANGE:
    default:
        return ST_OK;
    }
}

enum status change_recover(struct mongo_store *engine, const struct call *call,
                           const struct oid *organization)
{
    struct change change = { .engine = engine,
                             .call = call,
                             .owner = lock_owner_new(engine->peers),
                             .organization = *organization,
                             .is_recovery = true };
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    enum status status;

    bson_put_oid(&filter, F_ID, organization);
    status = mongo_find_one(engine->mongo, call, FROM_PRIMARY, C_ORGANIZATIONS, &filter, NULL,
                            &document);
    if (status != ST_OK) {
        return status == ST_NOT_FOUND ? ST_OK : status;
    }
    status = recover(&change, &document);
    change_end(&change);
    return status;
}

struct id_list {
    struct oid ids[RECOVER_AT_ONCE];
    size_t count;
};

static bool note_id(void *context, const bson_t *document)
{
    struct id_list *list = context;

    if (bson_get_oid(document, F_ID, &list->ids[list->count])) {
        list->count++;
    }
    return list->count < RECOVER_AT_ONCE;
}

enum status change_recover_of(struct mongo_store *engine, const struct call *call,
                              const struct oid *owner)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    enum status failure = ST_OK;
    struct id_list list;

    bson_put_oid(&filter, F_CHANGE "." F_CHANGE_OWNER, owner);
    do {
        list.count = 0;
        TRY(mongo_find(engine->mongo, call, FROM_PRIMARY, C_ORGANIZATIONS, &filter, NULL, note_id,
                       &list));
        for (size_t i = 0; i < list.count; i++) {
            enum status status = change_recover(engine, call, &list.ids[i]);

            failure = failure == ST_OK ? status : failure;
        }
    } while (failure == ST_OK && list.count == RECOVER_AT_ONCE);
    return failure;
}
