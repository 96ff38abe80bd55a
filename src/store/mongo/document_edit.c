/*
 * document_edit: look, let the edit decide, write exactly that; and again where somebody was faster.
 * What is made or deleted without a look at what is there needs one round trip, anything else two.
 */
#include "store/mongo/document_change.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/layout.h"
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
static enum status try_creation(struct change *change, bool *ret_done)
{
    const struct editing *editing = change->editing;
    bool is_overtaken = false;

    *ret_done = change->decision.has_made_id || !document_id_is_oid(editing->id, NULL);
    if (!*ret_done) {
        return ST_OK;
    }
    TRY(change_make(change));
    TRY(change_write(change, &is_overtaken));
    *ret_done = !is_overtaken;
    return ST_OK;
}

static enum status delete_by(const struct editing *editing, const struct oid *oid,
                             int64_t *ret_deleted)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct call step;

    TRY(document_place_check(editing->engine, editing->call, editing->placement));
    step = peers_step(editing->call);
    bson_put_oid(&filter, F_ID, oid);
    return mongo_delete_one(editing->engine->mongo, &step, ONCE, editing->placement->collection,
                            &filter, ret_deleted);
}

/*
 * Deletes the document at once where the edit says that it would delete any. Only by an ObjectId, which is
 * made once, for one tenant, and never given: so a command that comes late, or twice, hits this document
 * or none, whoever has the collection's name by then; and who holds the lock of a large one, and writes by
 * its _id alone, doesn't meet another in its place. Of an id that was given neither is true.
 */
static enum status try_removal(const struct editing *editing, bool *ret_done)
{
    struct oid oid;
    int64_t deleted = 0;
    enum status status;

    *ret_done = false;
    if (!mongo_features(editing->engine->mongo)->compares_roots ||
        !document_id_is_oid(editing->id, &oid)) {
        return ST_OK;
    }
    status = delete_by(editing, &oid, &deleted);
    if (status == ST_UNSURE) {
        status = delete_by(editing, &oid, &deleted);
        if (status != ST_OK || deleted == 0) {
            return change_unsure(editing); /* was it there before the first? */
        }
    }
    *ret_done = status == ST_OK && deleted > 0;
    if (status == ST_UNAVAILABLE) {
        return ST_OK; /* nothing happened, and the look has the whole time of the call */
    }
    return status == ST_INVALID ? ST_BROKEN : status;
}

/* What can be done without a look. *ret_needs_one: the edit changes what is there, and makes nothing. */
static enum status try_unseen(const struct editing *editing, bool *ret_done, bool *ret_needs_one)
{
    struct change change;
    enum status decided;
    enum status status = ST_OK;

    change_init(&change, editing);
    decided = change_decide(&change);
    *ret_needs_one = decided != ST_OK;
    if (decided == ST_OK && change.decision.action == EDIT_PUT && change.decision.is_creation) {
        status = try_creation(&change, ret_done);
    } else if (decided == ST_NO_DOCUMENT && change.decision.is_removal) {
        status = try_removal(editing, ret_done);
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

/* needs_one: where nothing is there, nothing will be done. So where what is there needs the lock, it is
 * taken before the first look, which is then the only one. */
static enum status edit_in_turn(struct editing *editing, const struct oid *organization,
                                bool needs_one)
{
    const struct call *call = editing->call;
    struct hold hold = { .editing = NULL };
    bool again = true;
    int refusals = 0;
    enum status status = ST_OK;

    if (needs_one && !mongo_features(editing->engine->mongo)->compares_roots) {
        status = take_lock(editing, organization, &hold);
    }
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
    bool needs_one = false;

    TRY(placement_enter(engine->placements, call, organization_id, &placement));
    TRY(try_unseen(&editing, &is_done, &needs_one));
    if (is_done) {
        return ST_OK;
    }
    TRY(turn_take(engine->turns, call, organization_id, id, &turn));
    return edit_in_turn(&editing, organization_id, needs_one);
}
