/*
 * document_edit: look, let the edit decide, write exactly that; and again where somebody was faster.
 * What is made without a look at what is there needs one round trip, anything else two.
 */
#include "store/mongo/document_change.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/turns.h"

#define REFUSALS_MAX                                                                               \
    5 /* of an insert where there is no such _id: it is another index that refuses */

/* The lock of one document, from when it is needed to the end of the call. */
struct hold {
    const struct editing *editing;
    struct lock_owner owner;
    struct str name;
};

static enum status take_lock(struct editing *editing, const struct oid *organization,
                             struct hold *ret_hold)
{
    struct mongo_store *engine = editing->engine;
    struct hold hold = { .editing = editing, .owner = lock_owner_new(engine->peers) };
    char hex[OID_HEX_LEN + 1];

    oid_format(organization, hex);
    hold.name = lock_name(editing->call->mem, LOCK_DOCUMENT,
                          arena_printf(editing->call->mem, "%s:%.*s", hex, STR_ARG(editing->id)));
    TRY(locks_take(engine->mongo, engine->leftovers, editing->call, &hold.owner, &hold.name, 1));
    editing->is_locked = true;
    *ret_hold = hold;
    return ST_OK;
}

static void give_lock(const struct hold *hold)
{
    const struct editing *editing = hold->editing;

    if (editing) {
        locks_give(editing->engine->mongo, editing->engine->leftovers, editing->call, &hold->owner,
                   &hold->name, 1);
    }
}

/* Makes the document at once where the edit says that it would make it and nothing else. An id that an
 * ObjectId can have needs a look first: _id is unique for each of the two forms by itself. */
static enum status try_creation(const struct editing *editing, bool *ret_done)
{
    struct change change;
    bool is_overtaken = false;
    enum status status;

    change_init(&change, editing);
    status = change_decide(&change);
    *ret_done = status == ST_OK && change.decision.action == EDIT_PUT &&
                change.decision.is_creation &&
                (change.decision.has_made_id || !document_id_is_oid(editing->id, NULL));
    if (*ret_done) {
        status = change_make(&change);
    }
    if (*ret_done && status == ST_OK) {
        status = change_write(&change, &is_overtaken);
        *ret_done = !is_overtaken;
    }
    change_done(&change);
    return status;
}

/* One look and one write. ret_again: somebody was faster, or the lock is needed for it. */
static enum status look_and_write(struct editing *editing, const struct oid *organization,
                                  struct hold *hold, int *refusals, bool *ret_again)
{
    struct change change;
    enum status status;
    bool needs_lock = false;

    *ret_again = false;
    change_init(&change, editing);
    status = change_look(&change);
    if (status == ST_OK) {
        status = change_decide(&change);
    }
    if (status == ST_OK) {
        status = change_make(&change);
    }
    if (status == ST_OK) {
        needs_lock = change_is_needed(&change) && change_needs_lock(&change) && !editing->is_locked;
        *ret_again = needs_lock;
        if (!needs_lock) {
            status = change_write(&change, ret_again);
        }
    }
    *refusals = *ret_again && !needs_lock && !change.existed ? *refusals + 1 : 0;
    change_done(&change);
    if (status == ST_OK && needs_lock) {
        return take_lock(editing, organization, hold);
    }
    return *refusals < REFUSALS_MAX ? status
                                    : err_set(editing->call->err, ST_DOCUMENT_EXISTS,
                                              "A unique index refuses what is to be put");
}

static enum status edit_in_turn(struct editing *editing, const struct oid *organization)
{
    const struct call *call = editing->call;
    struct hold hold = { .editing = NULL };
    bool again = true;
    int refusals = 0;
    enum status status = ST_OK;

    while (status == ST_OK && again) {
        status = clock_monotonic_ms() < call->deadline_ms
                     ? look_and_write(editing, organization, &hold, &refusals, &again)
                     : err_set(call->err, ST_BUSY, "too many changes of one document at a time");
    }
    give_lock(&hold);
    return status;
}

enum status mongo_document_edit(struct store *store, const struct call *call,
                                const struct oid *organization_id, struct str id,
                                document_edit_fn *edit, void *context)
{
    struct mongo_store *engine = mongo_engine(store);
    PLACEMENT placement = { .placements = NULL };
    TURN turn = { .seat = NULL };
    struct editing editing = { .engine = engine,
                               .call = call,
                               .placement = &placement,
                               .id = id,
                               .edit = edit,
                               .context = context };
    bool is_done = false;
    enum status status;

    TRY(placement_enter(engine->placements, call, organization_id, &placement));
    status = try_creation(&editing, &is_done);
    if (is_done) {
        return status;
    }
    TRY(turn_take(engine->turns, call, organization_id, id, &turn));
    return edit_in_turn(&editing, organization_id);
}
