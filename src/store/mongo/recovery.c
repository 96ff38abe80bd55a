/* Mending: leftovers, the dead, strays. */
#include "store/mongo/recovery.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/mongo/change.h"
#include "store/mongo/engine.h"
#include "store/mongo/journal.h"

#define MEM_BYTES ((size_t)64 * 1024 * 1024)
#define FOUND_MAX 256 /* locks removed in one go */

void recovery_init(struct recovery *recovery, struct mongo_store *engine)
{
    *recovery = (struct recovery){ .engine = engine, .passed_ms = clock_monotonic_ms() };
    arena_init(&recovery->mem, MEM_BYTES);
}

void recovery_done(struct recovery *recovery)
{
    arena_done(&recovery->mem);
}

static struct call call_of(struct recovery *recovery)
{
    return (struct call){ .mem = &recovery->mem,
                          .err = &recovery->err,
                          .deadline_ms = clock_monotonic_ms() + RECOVERY_CALL_MS };
}

/* The first failure stays. */
static enum status worse(enum status before, enum status now)
{
    return before != ST_OK ? before : now;
}

/* Whether this instance is still what it was: it may itself have been taken for dead, and then another
 * goes on. Asked before each step. */
static enum status is_ours(struct recovery *recovery, const struct oid *self)
{
    return peers_is(recovery->engine->peers, self)
               ? ST_OK
               : err_set(&recovery->err, ST_UNAVAILABLE,
                         "this instance may have been taken for dead");
}

/* One thing that was left. What an id before the present one left is the business of who recovers it. */
static enum status finish(struct recovery *recovery, const struct call *call,
                          const struct leftover *leftover)
{
    struct mongo_store *engine = recovery->engine;
    struct oid self = peers_self(engine->peers);

    if (!oid_equal(&self, &leftover->owner.instance)) {
        return ST_OK;
    }
    TRY(is_ours(recovery, &self));
    if (leftover->has_organization) {
        TRY(change_recover(engine, call, &leftover->organization));
    }
    for (size_t i = 0; i < leftover->count; i++) {
        TRY(locks_remove(engine->mongo, call, &leftover->owner, leftover->names[i]));
    }
    return ST_OK;
}

/* Each once, so that one that can't be finished doesn't hold up the others. */
static enum status work_off(struct recovery *recovery, int64_t until_ms)
{
    struct leftovers *leftovers = recovery->engine->leftovers;
    enum status result = ST_OK;

    for (size_t count = leftovers_count(leftovers); count > 0 && clock_monotonic_ms() < until_ms;
         count--) {
        struct call call = call_of(recovery);
        struct leftover leftover;
        enum status status;

        call.deadline_ms = call.deadline_ms < until_ms ? call.deadline_ms : until_ms;
        if (!leftovers_next(leftovers, &recovery->mem, &leftover)) {
            break;
        }
        status = finish(recovery, &call, &leftover);
        if (status != ST_OK) {
            leftovers_put(leftovers, &leftover);
        }
        result = worse(result, status);
        if (status == ST_UNAVAILABLE) {
            break; /* so will be the others */
        }
    }
    return result;
}

void recovery_leftovers(struct recovery *recovery, int64_t until_ms)
{
    (void)work_off(recovery, until_ms);
    arena_clear(&recovery->mem);
}

/* Locks that were found, in mem. */
struct found {
    struct arena *mem;
    const struct oid *instance;
    int64_t before_ms; /* those taken before this only */
    size_t count;
    struct {
        struct str name;
        struct lock_owner owner;
    } locks[FOUND_MAX];
};

static bool collect(void *context, struct str name, const struct lock_owner *owner,
                    int64_t taken_ms)
{
    struct found *found = context;

    if (oid_equal(&owner->instance, found->instance) && taken_ms < found->before_ms) {
        found->locks[found->count].name = arena_str(found->mem, name);
        found->locks[found->count].owner = *owner;
        found->count++;
    }
    return found->count < FOUND_MAX;
}

/* Removes an instance's locks that were taken before a time. ST_BUSY: there are more. */
static enum status remove_locks(struct recovery *recovery, const struct call *call,
                                const struct oid *instance, int64_t before_ms, size_t *ret_count)
{
    struct found *found = arena_alloc(&recovery->mem, sizeof(*found));
    struct mongo *mongo = recovery->engine->mongo;

    found->mem = &recovery->mem;
    found->instance = instance;
    found->before_ms = before_ms;
    TRY(locks_each(mongo, call, collect, found));
    for (size_t i = 0; i < found->count; i++) {
        TRY(locks_remove(mongo, call, &found->locks[i].owner, found->locks[i].name));
    }
    *ret_count = found->count;
    return found->count < FOUND_MAX ? ST_OK : err_set(call->err, ST_BUSY, "there are more locks");
}

static enum status recover(struct recovery *recovery, const struct oid *dead)
{
    struct mongo_store *engine = recovery->engine;
    struct oid self = peers_self(engine->peers);
    struct call call = call_of(recovery);
    char hex[OID_HEX_LEN + 1];
    size_t locks = 0;

    TRY(is_ours(recovery, &self));
    TRY(peers_inherit(engine->peers, &call, dead));
    TRY(is_ours(recovery, &self));
    TRY(change_recover_of(engine, &call, dead));
    TRY(is_ours(recovery, &self));
    TRY(remove_locks(recovery, &call, dead, INT64_MAX, &locks));
    TRY(is_ours(recovery, &self));
    TRY(peers_forget(engine->peers, &call, dead));
    oid_format(dead, hex);
    log_line(LOG_INFO, "finished or undid what a dead instance left", LOG_TEXT("instance", hex),
             LOG_INT("locks", (int64_t)locks));
    return ST_OK;
}

static enum status condemn(struct recovery *recovery, const struct oid *id)
{
    struct call call = call_of(recovery);
    char hex[OID_HEX_LEN + 1];

    oid_format(id, hex);
    TRY(peers_condemn(recovery->engine->peers, &call, id));
    log_line(LOG_WARN, "an instance is taken for dead", LOG_TEXT("instance", hex));
    return ST_OK;
}

static enum status judge_and_recover(struct recovery *recovery)
{
    struct peers *peers = recovery->engine->peers;
    enum status result = ST_OK;
    size_t cursor = 0;
    struct oid id;

    while (result != ST_UNAVAILABLE && peers_next_suspect(peers, &cursor, &id)) {
        result = worse(result, condemn(recovery, &id));
    }
    cursor = 0;
    while (result != ST_UNAVAILABLE && peers_next_dead(peers, &cursor, &id)) {
        result = worse(result, recover(recovery, &id));
    }
    return result;
}

/* Begins to observe an owner that nobody knows. Where there is no room, it is found again later. */
static void note_owner(struct recovery *recovery, const struct oid *id)
{
    static const struct oid none;

    for (size_t i = 0; i < recovery->strays_count; i++) {
        if (oid_equal(&recovery->strays[i].id, id)) {
            return;
        }
    }
    if (recovery->strays_count < STRAYS_MAX && !oid_equal(id, &none) &&
        !peers_knows(recovery->engine->peers, id)) {
        recovery->strays[recovery->strays_count++] = (struct stray){ .id = *id };
    }
}

static bool note_lock(void *context, struct str name, const struct lock_owner *owner,
                      int64_t taken_ms)
{
    (void)name;
    (void)taken_ms;
    note_owner(context, &owner->instance);
    return true;
}

static bool note_journal(void *context, const bson_t *organization)
{
    struct oid owner;

    if (bson_get_oid(organization, F_CHANGE "." F_CHANGE_OWNER, &owner)) {
        note_owner(context, &owner);
    }
    return true;
}

static enum status look_through_locks(struct recovery *recovery)
{
    struct mongo_store *engine = recovery->engine;
    struct oid self = peers_self(engine->peers);
    struct call call = call_of(recovery);
    size_t cursor = 0;
    size_t lost = 0;
    struct oid by;

    while (peers_next_judge(engine->peers, &cursor, &by)) {
        note_owner(recovery, &by);
    }
    TRY(locks_each(engine->mongo, &call, note_lock, recovery));
    if (leftovers_count(engine->leftovers) > 0) {
        return ST_OK; /* they may hold old locks */
    }
    TRY(remove_locks(recovery, &call, &self, clock_monotonic_ms() - LOCK_LOST_MS, &lost));
    if (lost > 0) {
        log_line(LOG_WARN, "removed locks that nobody held", LOG_INT("locks", (int64_t)lost));
    }
    return ST_OK;
}

static enum status look_through_journals(struct recovery *recovery)
{
    static const char *const words[] = { STATUS_CREATING, STATUS_UPDATING, STATUS_RENAMING,
                                         STATUS_DELETING };
    struct call call = call_of(recovery);
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO options = BSON_INITIALIZER;
    bson_t status;
    bson_t in;
    bson_t projection;

    BSON_APPEND_DOCUMENT_BEGIN(&filter, F_STATUS, &status);
    BSON_APPEND_ARRAY_BEGIN(&status, "$in", &in);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char index[] = { (char)('0' + i), '\0' };

        bson_put_str(&in, index, str_of(words[i]));
    }
    (void)bson_append_array_end(&status, &in);
    (void)bson_append_document_end(&filter, &status);
    BSON_APPEND_DOCUMENT_BEGIN(&options, "projection", &projection);
    bson_put_int(&projection, F_CHANGE, 1);
    (void)bson_append_document_end(&options, &projection);
    return mongo_find(recovery->engine->mongo, &call, FROM_PRIMARY, C_ORGANIZATIONS, &filter,
                      &options, note_journal, recovery);
}

/* Condemns strays that stayed unknown. gap_ms: since the last pass. */
static enum status judge_strays(struct recovery *recovery, int64_t gap_ms)
{
    enum status result = ST_OK;
    size_t kept = 0;

    for (size_t i = 0; i < recovery->strays_count; i++) {
        struct stray stray = recovery->strays[i];

        stray.unknown_ms += gap_ms < PEER_GAP_MS ? gap_ms : PEER_GAP_MS;
        if (peers_knows(recovery->engine->peers, &stray.id)) {
            continue;
        }
        if (stray.unknown_ms >= PEER_DEAD_MS) {
            enum status status = condemn(recovery, &stray.id);

            result = worse(result, status);
            if (status == ST_OK) {
                continue;
            }
        }
        recovery->strays[kept++] = stray;
    }
    recovery->strays_count = kept;
    return result;
}

static enum status look_through(struct recovery *recovery, int64_t now_ms)
{
    enum status locks = ST_OK;
    enum status journals = ST_OK;

    if (now_ms >= recovery->locks_ms) {
        locks = look_through_locks(recovery);
        recovery->locks_ms = now_ms + STRAY_LOCKS_MS;
    }
    if (now_ms >= recovery->journals_ms && locks == ST_OK) {
        journals = look_through_journals(recovery);
        recovery->journals_ms = now_ms + (journals == ST_OK ? STRAY_JOURNALS_MS : STRAY_LOCKS_MS);
    }
    return worse(locks, journals);
}

enum status recovery_pass(struct recovery *recovery)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t gap_ms = now_ms - recovery->passed_ms;
    enum status result;

    recovery->passed_ms = now_ms;
    if (!peers_trust(recovery->engine->peers, NULL)) {
        return ST_OK; /* the rounds' failure is told already */
    }
    result = work_off(recovery, INT64_MAX);
    if (result != ST_UNAVAILABLE) {
        result = worse(result, judge_and_recover(recovery));
    }
    if (result != ST_UNAVAILABLE) {
        result = worse(result, judge_strays(recovery, gap_ms));
    }
    if (result != ST_UNAVAILABLE) {
        result = worse(result, look_through(recovery, now_ms));
    }
    arena_clear(&recovery->mem);
    return result;
}
