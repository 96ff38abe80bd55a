/* Suspicions, verdicts and the end of dead instances. */
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/peers_internal.h"

#include "base/arena.h"
#include "base/clock.h"

#define INHERIT_MAX 64 /* in one attempt */

/* Walks the last look under the mutex; of: which id a peer contributes, false for none. */
typedef bool pick_fn(const struct peers *peers, const struct peer *peer, struct oid *ret_id);

static bool next(struct peers *peers, size_t *cursor, pick_fn *pick, struct oid *ret_id)
{
    bool found = false;

    (void)pthread_mutex_lock(&peers->mutex);
    while (*cursor < peers->list.count && !found) {
        found = pick(peers, &peers->list.peers[(*cursor)++], ret_id);
    }
    (void)pthread_mutex_unlock(&peers->mutex);
    return found;
}

static bool pick_suspect(const struct peers *peers, const struct peer *peer, struct oid *ret_id)
{
    *ret_id = peer->id;
    return peer->is_suspected && !peer->has_verdict && !oid_equal(&peer->id, &peers->self);
}

static bool pick_dead(const struct peers *peers, const struct peer *peer, struct oid *ret_id)
{
    *ret_id = peer->id;
    return peer_is_dead(peer) && oid_equal(&peer->verdict_by, &peers->self);
}

static bool pick_judge(const struct peers *peers, const struct peer *peer, struct oid *ret_id)
{
    (void)peers;
    *ret_id = peer->verdict_by;
    return peer->has_verdict;
}

bool peers_next_suspect(struct peers *peers, size_t *cursor, struct oid *ret_id)
{
    return next(peers, cursor, pick_suspect, ret_id);
}

bool peers_next_dead(struct peers *peers, size_t *cursor, struct oid *ret_id)
{
    return next(peers, cursor, pick_dead, ret_id);
}

bool peers_next_judge(struct peers *peers, size_t *cursor, struct oid *ret_id)
{
    return next(peers, cursor, pick_judge, ret_id);
}

bool peers_knows(struct peers *peers, const struct oid *id)
{
    bool is_known;

    (void)pthread_mutex_lock(&peers->mutex);
    is_known = oid_equal(&peers->self, id) || peer_list_find(&peers->list, id);
    (void)pthread_mutex_unlock(&peers->mutex);
    return is_known;
}

static void put_verdict_id(bson_t *bson, const struct oid *dead)
{
    char text[sizeof(VERDICT_PREFIX) + OID_HEX_LEN] = VERDICT_PREFIX;

    oid_format(dead, text + sizeof(VERDICT_PREFIX) - 1);
    bson_put_str(bson, F_ID, str_of(text));
}

enum status peers_condemn(struct peers *peers, const struct call *call, const struct oid *id)
{
    struct oid self = peers_self(peers);
    BSON_AUTO verdict = BSON_INITIALIZER;
    const bson_t *documents[] = { &verdict };
    enum status status;

    put_verdict_id(&verdict, id);
    bson_put_oid(&verdict, F_VERDICT_DEAD, id);
    bson_put_oid(&verdict, F_VERDICT_BY, &self);
    bson_put_ms(&verdict, F_VERDICT_AT, clock_now_ms());
    status = mongo_insert(peers->mongo, call, AGAIN, C_INSTANCES, documents, 1);
    return status == ST_DOCUMENT_EXISTS ? ST_OK : status;
}

/* What this instance may change: its own verdicts, and those it takes over by holding by's. */
static void put_verdict_filter(struct peers *peers, bson_t *filter, const struct oid *dead,
                               const struct oid *by)
{
    put_verdict_id(filter, dead);
    if (mongo_features(peers->mongo)->filters_atomically) {
        bson_put_oid(filter, F_VERDICT_BY, by);
    }
}

enum status peers_inherit(struct peers *peers, const struct call *call, const struct oid *dead)
{
    struct oid self = peers_self(peers);
    struct oid ids[INHERIT_MAX];
    size_t count = 0;

    (void)pthread_mutex_lock(&peers->mutex);
    for (size_t i = 0; i < peers->list.count && count < INHERIT_MAX; i++) {
        const struct peer *peer = &peers->list.peers[i];

        if (peer->has_verdict && oid_equal(&peer->verdict_by, dead)) {
            ids[count++] = peer->id;
        }
    }
    (void)pthread_mutex_unlock(&peers->mutex);
    for (size_t i = 0; i < count; i++) {
        BSON_AUTO filter = BSON_INITIALIZER;
        BSON_AUTO update = BSON_INITIALIZER;
        bson_t set;

        put_verdict_filter(peers, &filter, &ids[i], dead);
        BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
        bson_put_oid(&set, F_VERDICT_BY, &self);
        (void)bson_append_document_end(&update, &set);
        TRY(mongo_update(peers->mongo, call, AGAIN, C_INSTANCES, &filter, &update, false, NULL));
    }
    return count < INHERIT_MAX ? ST_OK : ST_BUSY;
}

enum status peers_forget(struct peers *peers, const struct call *call, const struct oid *dead)
{
    struct oid self = peers_self(peers);
    BSON_AUTO instance = BSON_INITIALIZER;
    BSON_AUTO verdict = BSON_INITIALIZER;

    bson_put_oid(&instance, F_ID, dead);
    TRY(mongo_delete_one(peers->mongo, call, AGAIN, C_INSTANCES, &instance, NULL));
    put_verdict_filter(peers, &verdict, dead, &self);
    return mongo_delete_one(peers->mongo, call, AGAIN, C_INSTANCES, &verdict, NULL);
}
