/* This instance among the others: joining, the rounds, trust. */
#include "store/mongo/peers.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/peers_internal.h"

#include <stdlib.h>
#include <time.h>

#define HURRY_ROUND_MS 10 /* between rounds while there is a hurry */
#define STEP_PAUSE_MS 100 /* a server that refuses at once is not asked as often as it answers */

/* A clock that also counts while the machine sleeps: others don't. */
static int64_t trust_clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The members that a round writes; under the mutex, so that moves are of one moment. */
static void put_state(struct peers *peers, bson_t *document)
{
    bson_t array;
    char digits[16];
    const char *key;

    bson_put_int(document, F_BEAT, peers->beat);
    BSON_APPEND_ARRAY_BEGIN(document, F_MOVING, &array);
    for (size_t i = 0; i < peers->moves_count; i++) {
        struct move *move = &peers->moves[i];
        bson_t item;

        (void)bson_uint32_to_string((uint32_t)i, &key, digits, sizeof(digits));
        BSON_APPEND_DOCUMENT_BEGIN(&array, key, &item);
        bson_put_oid(&item, F_MOVING_ID, &move->announcement.id);
        bson_put_oid(&item, F_MOVING_ORGANIZATION, &move->announcement.organization);
        (void)bson_append_document_end(&array, &item);
        move->first_beat = move->first_beat ? move->first_beat : peers->beat;
    }
    (void)bson_append_array_end(document, &array);
    BSON_APPEND_ARRAY_BEGIN(document, F_CLOSED, &array);
    for (size_t i = 0; i < peers->closed_count; i++) {
        (void)bson_uint32_to_string((uint32_t)i, &key, digits, sizeof(digits));
        bson_put_oid(&array, key, &peers->closed[i]);
    }
    (void)bson_append_array_end(document, &array);
}

/* Takes a new id, and inserts its document. Announcements and confirmations go along: the gates are
 * still closed. */
static enum status join(struct peers *peers, const struct call *call)
{
    struct oid self = oid_new();
    BSON_AUTO document = BSON_INITIALIZER;
    const bson_t *documents[] = { &document };
    enum status status;

    bson_put_oid(&document, F_ID, &self);
    (void)pthread_mutex_lock(&peers->mutex);
    atomic_store(&peers->trusted_until_ms, 0); /* before the epoch, see peers_trust */
    (void)atomic_fetch_add(&peers->epoch, 1);
    peers->self = self;
    peers->trusted_from_ms = trust_clock_ms();
    peers->sent_ms = clock_monotonic_ms();
    peers->beat++;
    for (size_t i = 0; i < peers->moves_count; i++) {
        peers->moves[i].first_beat = 0;
    }
    put_state(peers, &document);
    (void)pthread_cond_broadcast(&peers->changed);
    (void)pthread_mutex_unlock(&peers->mutex);
    bson_put_str(&document, F_HOST, str_of(peers->process.host));
    bson_put_int(&document, F_PID, peers->process.pid);
    bson_put_int(&document, F_PROCESS_START, peers->process.start);
    bson_put_ms(&document, F_STARTED_AT, peers->started_ms);
    bson_put_str(&document, F_ORGD_VERSION, STR(ORGD_VERSION));
    status = mongo_insert(peers->mongo, call, AGAIN, C_INSTANCES, documents, 1);
    return status == ST_DOCUMENT_EXISTS ? ST_OK : status; /* a repeated one met itself */
}

enum status peers_join(struct mongo *mongo, const struct call *call, struct peers **ret_peers)
{
    struct peers *peers = calloc(1, sizeof(*peers));
    enum status status;

    if (!peers) {
        return err_set(call->err, ST_BROKEN, "no memory for the instances");
    }
    peers->mongo = mongo;
    peers->started_ms = clock_now_ms();
    peer_process_self(&peers->process);
    (void)pthread_mutex_init(&peers->mutex, NULL);
    condition_init(&peers->changed);
    status = join(peers, call);
    if (status != ST_OK) {
        peers_leave(peers, call);
        return status == ST_UNSURE ? ST_UNAVAILABLE : status;
    }
    *ret_peers = peers;
    return ST_OK;
}

void peers_leave(struct peers *peers, const struct call *call)
{
    struct err err = { 0 };
    struct call quiet = { .mem = call->mem, .err = &err, .deadline_ms = call->deadline_ms };
    BSON_AUTO filter = BSON_INITIALIZER;

    if (!peers) {
        return;
    }
    bson_put_oid(&filter, F_ID, &peers->self);
    if (mongo_delete_one(peers->mongo, &quiet, AGAIN, C_INSTANCES, &filter, NULL) != ST_OK) {
        log_line(LOG_WARN, "others will take this instance for dead", LOG_TEXT("error", err.text));
    }
    peer_list_done(&peers->list);
    free(peers->closed);
    (void)pthread_cond_destroy(&peers->changed);
    (void)pthread_mutex_destroy(&peers->mutex);
    free(peers);
}

struct oid peers_self(struct peers *peers)
{
    struct oid self;

    (void)pthread_mutex_lock(&peers->mutex);
    self = peers->self;
    (void)pthread_mutex_unlock(&peers->mutex);
    return self;
}

bool peers_is(struct peers *peers, const struct oid *id)
{
    struct oid self = peers_self(peers);

    return oid_equal(&self, id) && peers_trust(peers, NULL);
}

bool peers_trust(struct peers *peers, uint64_t *ret_epoch)
{
    /* Joining anew takes the trust away before it changes the epoch: where that is the same before and
     * after, the trust was this epoch's. */
    uint64_t epoch = atomic_load(&peers->epoch);
    int64_t until_ms = atomic_load(&peers->trusted_until_ms);

    if (atomic_load(&peers->epoch) != epoch || trust_clock_ms() > until_ms) {
        return false;
    }
    if (ret_epoch) {
        *ret_epoch = epoch;
    }
    return true;
}

bool peers_wait_until(struct peers *peers, int64_t deadline_ms)
{
    struct timespec until = { .tv_sec = deadline_ms / 1000,
                              .tv_nsec = deadline_ms % 1000 * 1000000 };

    return pthread_cond_timedwait(&peers->changed, &peers->mutex, &until) == 0;
}

enum status peers_await_trust(struct peers *peers, const struct call *call, uint64_t *ret_epoch)
{
    bool is_trusted = peers_trust(peers, ret_epoch);
    bool in_time = true;

    if (is_trusted) {
        return ST_OK;
    }
    (void)pthread_mutex_lock(&peers->mutex);
    while (!is_trusted && in_time) {
        in_time = peers_wait_until(peers, call->deadline_ms);
        is_trusted = peers_trust(peers, ret_epoch);
    }
    (void)pthread_mutex_unlock(&peers->mutex);
    return is_trusted ? ST_OK
                      : err_set(call->err, ST_UNAVAILABLE,
                                "the database has not answered this instance lately");
}

/* Whether another document or verdict is there, of whatever kind. */
static bool is_alone(const struct peers *peers)
{
    return peers->list.count == 0 ||
           (peers->list.count == 1 && oid_equal(&peers->list.peers[0].id, &peers->self));
}

/* Writes the own document. ret_there: false where it isn't there any more. */
static enum status write_state(struct peers *peers, const struct call *call, bool *ret_there)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO update = BSON_INITIALIZER;
    int64_t matched = 0;
    bson_t set;

    BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
    (void)pthread_mutex_lock(&peers->mutex);
    peers->trusted_from_ms = trust_clock_ms();
    peers->sent_ms = clock_monotonic_ms();
    peers->beat++;
    bson_put_oid(&filter, F_ID, &peers->self);
    put_state(peers, &set);
    (void)pthread_mutex_unlock(&peers->mutex);
    (void)bson_append_document_end(&update, &set);
    if (mongo_features(peers->mongo)->filters_atomically) {
        bson_t least;

        /* What was given up and is executed late changes nothing after a later one. */
        BSON_APPEND_DOCUMENT_BEGIN(&filter, F_BEAT, &least);
        bson_put_int(&least, "$lte", peers->beat);
        (void)bson_append_document_end(&filter, &least);
    }
    TRY(mongo_update(peers->mongo, call, AGAIN, C_INSTANCES, &filter, &update, false, &matched));
    *ret_there = matched > 0;
    return ST_OK;
}

/* Reads the collection. ret_there: whether the own document is there, and no verdict on it; only then
 * the look counts. */
static enum status look(struct peers *peers, const struct call *call, bool *ret_there)
{
    struct peer_list list;
    struct peer_list old;
    const struct peer *self;

    TRY(peer_list_read(peers->mongo, call, &peers->list, &peers->self, &peers->process, &list));
    self = peer_list_find(&list, &peers->self);
    *ret_there = self && self->has_document && !self->has_verdict;
    (void)pthread_mutex_lock(&peers->mutex);
    if (list.announcements_count > peers->list.announcements_count) {
        peers->hurry_until_ms = clock_monotonic_ms() + PEERS_HURRY_MS;
    }
    old = peers->list;
    peers->list = list;
    if (*ret_there) {
        peers->done_beat = peers->beat;
        (void)pthread_cond_broadcast(&peers->changed);
    }
    (void)pthread_mutex_unlock(&peers->mutex);
    peer_list_done(&old);
    return ST_OK;
}

static enum status join_anew(struct peers *peers, const struct call *call)
{
    char hex[OID_HEX_LEN + 1];

    TRY(join(peers, call));
    oid_format(&peers->self, hex);
    log_line(LOG_WARN, "this instance was taken for dead, or its document was removed: joined anew",
             LOG_TEXT("instance", hex));
    return ST_OK;
}

static enum status make_round(struct peers *peers, const struct call *call)
{
    bool is_there = false;

    TRY(write_state(peers, call, &is_there));
    if (!is_there) {
        TRY(join_anew(peers, call));
    }
    TRY(look(peers, call, &is_there));
    if (!is_there) {
        TRY(join_anew(peers, call));
        TRY(look(peers, call, &is_there));
    }
    return is_there ? ST_OK
                    : err_set(call->err, ST_UNAVAILABLE, "this instance's document is not kept");
}

enum status peers_round(struct peers *peers, const struct call *call)
{
    enum status status = make_round(peers, call);

    return status == ST_UNSURE ? ST_UNAVAILABLE : status;
}

const struct announcement *peers_announcements(const struct peers *peers, size_t *ret_count)
{
    *ret_count = peers->list.announcements_count;
    return peers->list.announcements;
}

/* Under the mutex. Without memory the old ones stay: what isn't confirmed is waited for, and the id of
 * an announcement that is gone says nothing to anybody. */
static void keep_closed(struct peers *peers, const struct oid ids[], size_t count)
{
    struct oid *closed;

    if (count == peers->closed_count &&
        (count == 0 || memcmp(ids, peers->closed, count * sizeof(*ids)) == 0)) {
        return;
    }
    closed = calloc(count + 1, sizeof(*closed));
    if (!closed) {
        return;
    }
    if (count > 0) {
        memcpy(closed, ids, count * sizeof(*ids));
    }
    free(peers->closed);
    peers->closed = closed;
    peers->closed_count = count;
    peers->is_woken = true; /* others wait for it */
}

void peers_round_done(struct peers *peers, const struct oid ids[], size_t count)
{
    (void)pthread_mutex_lock(&peers->mutex);
    keep_closed(peers, ids, count);
    atomic_store(&peers->trusted_until_ms, peers->trusted_from_ms + PEER_TRUST_MS);
    (void)pthread_cond_broadcast(&peers->changed);
    (void)pthread_mutex_unlock(&peers->mutex);
}

/* Under the mutex: when the next round is to begin. */
static int64_t next_round_ms(const struct peers *peers)
{
    if (peers->is_woken) {
        return 0;
    }
    if (clock_monotonic_ms() < peers->hurry_until_ms) {
        return peers->sent_ms + HURRY_ROUND_MS;
    }
    return peers->sent_ms + (is_alone(peers) ? PEER_ROUND_ALONE_MS : PEER_ROUND_MS);
}

void peers_pause(struct peers *peers)
{
    (void)pthread_mutex_lock(&peers->mutex);
    while (clock_monotonic_ms() < next_round_ms(peers)) {
        (void)peers_wait_until(peers, next_round_ms(peers));
    }
    peers->is_woken = false;
    (void)pthread_mutex_unlock(&peers->mutex);
}

void peers_wake(struct peers *peers)
{
    (void)pthread_mutex_lock(&peers->mutex);
    peers->is_woken = true;
    (void)pthread_cond_broadcast(&peers->changed);
    (void)pthread_mutex_unlock(&peers->mutex);
}

struct call peers_step(const struct call *call)
{
    struct call step = *call;
    int64_t until_ms = clock_monotonic_ms() + PEER_STEP_MS;

    step.deadline_ms = until_ms < call->deadline_ms ? until_ms : call->deadline_ms;
    return step;
}

bool peers_step_again(const struct call *call, enum status status)
{
    if ((status != ST_UNAVAILABLE && status != ST_UNSURE) ||
        clock_monotonic_ms() + STEP_PAUSE_MS >= call->deadline_ms) {
        return false;
    }
    (void)nanosleep(&(struct timespec){ .tv_nsec = STEP_PAUSE_MS * 1000000 }, NULL);
    return true;
}
