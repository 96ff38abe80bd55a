/* Locks as documents: taking by insert, giving back by _id and operation. */
#include "store/mongo/locks.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/layout.h"
#include "store/mongo/leftovers.h"
#include "store/mongo/mongo.h"
#include "store/mongo/peers.h"

#include <sodium.h>
#include <time.h>

#define WAIT_LEAST_MS 2 /* between two attempts, doubled up to */
#define WAIT_MOST_MS 25
#define GIVE_LEAST_MS 500 /* for giving back, also where the deadline is over, */
#define GIVE_MOST_MS 2000 /* and where it is far away */

struct str lock_name(struct arena *mem, const char *kind, struct str what)
{
    return arena_printf(mem, "%s%.*s", kind, STR_ARG(what));
}

struct str lock_name_of_id(struct arena *mem, const char *kind, const struct oid *id)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(id, hex);
    return arena_printf(mem, "%s%s", kind, hex);
}

struct lock_owner lock_owner_new(struct peers *peers)
{
    return (struct lock_owner){ .instance = peers_self(peers), .operation = oid_new() };
}

/* The names in one order for all, so that two that want the same ones meet at the first. */
static void sort_names(struct str *names, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct str name = names[i];
        size_t at = i;

        for (; at > 0 && str_compare(names[at - 1], name) > 0; at--) {
            names[at] = names[at - 1];
        }
        names[at] = name;
    }
}

static enum status insert(struct mongo *mongo, const struct call *call,
                          const struct lock_owner *owner, const struct str names[], size_t count)
{
    bson_t locks[LOCKS_MAX];
    const bson_t *pointers[LOCKS_MAX];
    enum status status;

    for (size_t i = 0; i < count; i++) {
        bson_init(&locks[i]);
        bson_put_str(&locks[i], F_ID, names[i]);
        bson_put_oid(&locks[i], F_LOCK_OWNER, &owner->instance);
        bson_put_oid(&locks[i], F_LOCK_OPERATION, &owner->operation);
        bson_put_ms(&locks[i], F_LOCK_AT, clock_now_ms());
        bson_put_int(&locks[i], F_LOCK_CLOCK, clock_monotonic_ms());
        pointers[i] = &locks[i];
    }
    status = mongo_insert(mongo, call, ONCE, C_LOCKS, pointers, count);
    for (size_t i = 0; i < count; i++) {
        bson_destroy(&locks[i]);
    }
    return status;
}

/* {$in: [names]} as the filter's _id. */
static void put_names(bson_t *filter, const struct str names[], size_t count)
{
    bson_t id;
    bson_t in;

    BSON_APPEND_DOCUMENT_BEGIN(filter, F_ID, &id);
    BSON_APPEND_ARRAY_BEGIN(&id, "$in", &in);
    for (size_t i = 0; i < count; i++) {
        const char *key;
        char digits[16];

        (void)bson_uint32_to_string((uint32_t)i, &key, digits, sizeof(digits));
        bson_put_str(&in, key, names[i]);
    }
    (void)bson_append_array_end(&id, &in);
    (void)bson_append_document_end(filter, &id);
}

/* All of them in one command, for a while past the deadline, too. */
static enum status remove_all(struct mongo *mongo, const struct call *call,
                              const struct lock_owner *owner, const struct str names[],
                              size_t count)
{
    int64_t now_ms = clock_monotonic_ms();
    int64_t until_ms = call->deadline_ms;
    struct err unused = { 0 }; /* the caller's tells what it failed of, not this */
    struct call give_call = { .mem = call->mem, .err = &unused };
    BSON_AUTO filter = BSON_INITIALIZER;

    until_ms = until_ms < now_ms + GIVE_MOST_MS ? until_ms : now_ms + GIVE_MOST_MS;
    until_ms = until_ms > now_ms + GIVE_LEAST_MS ? until_ms : now_ms + GIVE_LEAST_MS;
    give_call.deadline_ms = until_ms;
    put_names(&filter, names, count);
    bson_put_oid(&filter, F_LOCK_OPERATION, &owner->operation);
    return mongo_delete_many(mongo, &give_call, AGAIN, C_LOCKS, &filter, NULL);
}

void locks_give(struct mongo *mongo, struct leftovers *leftovers, const struct call *call,
                const struct lock_owner *owner, const struct str names[], size_t count)
{
    for (size_t from = 0; from < count; from += LOCKS_MAX) {
        size_t some = count - from < LOCKS_MAX ? count - from : LOCKS_MAX;

        if (remove_all(mongo, call, owner, names + from, some) == ST_OK) {
            continue;
        }
        for (size_t i = from; i < from + some; i++) {
            leftovers_add_lock(leftovers, owner, names[i]);
        }
    }
}

enum status locks_remove(struct mongo *mongo, const struct call *call,
                         const struct lock_owner *owner, struct str name)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_str(&filter, F_ID, name);
    bson_put_oid(&filter, F_LOCK_OPERATION, &owner->operation);
    return mongo_delete_one(mongo, call, AGAIN, C_LOCKS, &filter, NULL);
}

/* One attempt. ST_BUSY: somebody else holds one. ST_UNSURE: the server was lost, and all is given back
 * or noted; a second attempt may do. */
static enum status try_once(struct mongo *mongo, struct leftovers *leftovers,
                            const struct call *call, const struct lock_owner *owner,
                            const struct str names[], size_t count)
{
    enum status status = insert(mongo, call, owner, names, count);

    if (status == ST_OK) {
        return ST_OK;
    }
    if (status != ST_UNAVAILABLE && (count > 1 || status != ST_DOCUMENT_EXISTS)) {
        locks_give(mongo, leftovers, call, owner, names, count);
    }
    if (status == ST_DOCUMENT_EXISTS) {
        return err_set(call->err, ST_BUSY, "%.*s or so is locked", STR_ARG(names[0]));
    }
    return status;
}

static void pause_ms(int64_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)nanosleep(&time, NULL);
}

static enum status take(struct mongo *mongo, struct leftovers *leftovers, const struct call *call,
                        const struct lock_owner *owner, const struct str names[], size_t count,
                        bool waits)
{
    struct str sorted[LOCKS_MAX];
    struct err before = *call->err;
    int64_t wait_ms = WAIT_LEAST_MS;

    if (count == 0 || count > LOCKS_MAX) {
        return count == 0 ? ST_OK : err_set(call->err, ST_BROKEN, "%zu locks at once", count);
    }
    memcpy(sorted, names, count * sizeof(*names));
    sort_names(sorted, count);
    for (;;) {
        enum status status = try_once(mongo, leftovers, call, owner, sorted, count);
        int64_t jitter_ms = (int64_t)randombytes_uniform((uint32_t)wait_ms);
        bool again = status == ST_UNSURE || (status == ST_BUSY && waits);

        if (!again || clock_monotonic_ms() + wait_ms + jitter_ms >= call->deadline_ms) {
            return status == ST_UNSURE ? ST_UNAVAILABLE : status;
        }
        *call->err = before; /* of having waited nothing is told */
        pause_ms(wait_ms / 2 + jitter_ms);
        wait_ms = wait_ms * 2 < WAIT_MOST_MS ? wait_ms * 2 : WAIT_MOST_MS;
    }
}

enum status locks_take(struct mongo *mongo, struct leftovers *leftovers, const struct call *call,
                       const struct lock_owner *owner, const struct str names[], size_t count)
{
    return take(mongo, leftovers, call, owner, names, count, true);
}

enum status locks_try(struct mongo *mongo, struct leftovers *leftovers, const struct call *call,
                      const struct lock_owner *owner, const struct str names[], size_t count)
{
    return take(mongo, leftovers, call, owner, names, count, false);
}

struct visit {
    locks_visit_fn *visit;
    void *context;
};

static bool visit_lock(void *context, const bson_t *document)
{
    const struct visit *visit = context;
    struct lock_owner owner = { 0 };
    bson_iter_t member;
    uint32_t len = 0;
    int64_t taken_ms = 0;
    const char *name;

    if (!bson_iter_init_find(&member, document, F_ID) || !BSON_ITER_HOLDS_UTF8(&member)) {
        return true;
    }
    name = bson_iter_utf8(&member, &len);
    (void)bson_get_oid(document, F_LOCK_OWNER, &owner.instance);
    (void)bson_get_oid(document, F_LOCK_OPERATION, &owner.operation);
    (void)bson_get_int(document, F_LOCK_CLOCK, &taken_ms);
    return visit->visit(visit->context, (struct str){ .ptr = name, .len = len }, &owner, taken_ms);
}

enum status locks_each(struct mongo *mongo, const struct call *call, locks_visit_fn *visit,
                       void *context)
{
    struct visit both = { .visit = visit, .context = context };
    BSON_AUTO all = BSON_INITIALIZER;

    return mongo_find(mongo, call, FROM_PRIMARY, C_LOCKS, &all, NULL, visit_lock, &both);
}
