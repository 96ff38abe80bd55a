/* Announcing what this instance is about to move. */
#include "base/clock.h"
#include "store/mongo/peers_internal.h"

static struct move *find_move(struct peers *peers, const struct oid *id)
{
    for (size_t i = 0; i < peers->moves_count; i++) {
        if (oid_equal(&peers->moves[i].announcement.id, id)) {
            return &peers->moves[i];
        }
    }
    return NULL;
}

/* Keeps the order: an organization's oldest announcement is found first. */
static void remove_move(struct peers *peers, const struct move *move)
{
    size_t at = (size_t)(move - peers->moves);

    peers->moves_count--;
    memmove(&peers->moves[at], &peers->moves[at + 1],
            (peers->moves_count - at) * sizeof(peers->moves[0]));
}

static void hurry(struct peers *peers)
{
    peers->is_woken = true;
    peers->hurry_until_ms = clock_monotonic_ms() + PEERS_HURRY_MS;
    (void)pthread_cond_broadcast(&peers->changed);
}

/* Whether a whole round has written it, and that round's look shows that all have confirmed it. */
static bool is_confirmed(const struct peers *peers, const struct move *move)
{
    return move->first_beat > 0 && move->first_beat <= peers->done_beat &&
           peer_list_all_confirmed(&peers->list, &peers->self, &move->announcement.id);
}

enum status peers_announce(struct peers *peers, const struct call *call,
                           const struct oid *organization)
{
    struct move move = { .announcement = { .id = oid_new(), .organization = *organization } };
    enum status status = ST_BUSY;
    bool in_time = true;
    uint64_t epoch;

    (void)pthread_mutex_lock(&peers->mutex);
    if (peers->moves_count == PEER_MOVES_MAX) {
        (void)pthread_mutex_unlock(&peers->mutex);
        return err_set(call->err, ST_BUSY, "too many collections are being moved");
    }
    epoch = atomic_load(&peers->epoch);
    peers->moves[peers->moves_count++] = move;
    hurry(peers);
    for (;;) {
        struct move *now = find_move(peers, &move.announcement.id);

        if (atomic_load(&peers->epoch) != epoch) {
            status = ST_UNAVAILABLE;
        } else if (is_confirmed(peers, now)) {
            now->is_confirmed = true;
            status = ST_OK;
        }
        if (status != ST_BUSY || !in_time) {
            break;
        }
        in_time = peers_wait_until(peers, call->deadline_ms);
    }
    if (status != ST_OK) {
        remove_move(peers, find_move(peers, &move.announcement.id));
        hurry(peers);
    }
    (void)pthread_mutex_unlock(&peers->mutex);
    if (status == ST_BUSY && peers_trust(peers, NULL)) {
        return err_set(call->err, ST_BUSY, "another instance still works in the collection");
    }
    return status == ST_OK ? ST_OK
                           : err_set(call->err, ST_UNAVAILABLE,
                                     "the other instances can't be told of the move");
}

void peers_unannounce(struct peers *peers, const struct oid *organization)
{
    (void)pthread_mutex_lock(&peers->mutex);
    for (size_t i = 0; i < peers->moves_count; i++) {
        struct move *move = &peers->moves[i];

        if (move->is_confirmed && oid_equal(&move->announcement.organization, organization)) {
            remove_move(peers, move);
            hurry(peers);
            break;
        }
    }
    (void)pthread_mutex_unlock(&peers->mutex);
}
