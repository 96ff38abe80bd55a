/* Reading C_INSTANCES, and comparing it with the look before. */
#include "store/mongo/peer_list.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/peer_process.h"

#include <stdlib.h>

void peer_list_done(struct peer_list *list)
{
    free(list->peers);
    free(list->announcements);
    free(list->confirmations);
    *list = (struct peer_list){ 0 };
}

const struct peer *peer_list_find(const struct peer_list *list, const struct oid *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (oid_equal(&list->peers[i].id, id)) {
            return &list->peers[i];
        }
    }
    return NULL;
}

bool peer_is_dead(const struct peer *peer)
{
    return peer->had_verdict && (!peer->has_document || peer->is_suspected);
}

static bool has_confirmed(const struct peer_list *list, const struct oid *by,
                          const struct oid *announcement)
{
    for (size_t i = 0; i < list->confirmations_count; i++) {
        const struct confirmation *confirmation = &list->confirmations[i];

        if (oid_equal(&confirmation->by, by) &&
            oid_equal(&confirmation->announcement, announcement)) {
            return true;
        }
    }
    return false;
}

bool peer_list_all_confirmed(const struct peer_list *list, const struct oid *self,
                             const struct oid *announcement)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct peer *peer = &list->peers[i];

        if (peer->has_document && !oid_equal(&peer->id, self) && !peer_is_dead(peer) &&
            !has_confirmed(list, &peer->id, announcement)) {
            return false;
        }
    }
    return true;
}

/* A look under way. */
struct look {
    const struct oid *self;
    const struct peer_process *process;
    struct peer_list list;
    bool failed;
};

/* Room for one more of an array that grows by doubling; NULL: no memory, or over the limit. */
static void *grow(void *array, size_t count, size_t limit, size_t item_bytes)
{
    if (count >= limit) {
        return NULL;
    }
    if (count >= 8 && (count & (count - 1)) != 0) {
        return array; /* between two powers of two */
    }
    return count > 0 && count < 8 ? array
                                  : realloc(array, (count < 8 ? 8 : count * 2) * item_bytes);
}

static struct peer *find_or_add(struct look *look, const struct oid *id)
{
    struct peer_list *list = &look->list;
    struct peer *peers = (struct peer *)peer_list_find(list, id);

    if (peers) {
        return peers;
    }
    peers = grow(list->peers, list->count, PEER_LIST_MAX, sizeof(*peers));
    if (!peers) {
        return NULL;
    }
    list->peers = peers;
    peers[list->count] = (struct peer){ .id = *id };
    return &peers[list->count++];
}

static bool add_announcement(struct look *look, const bson_iter_t *item)
{
    struct peer_list *list = &look->list;
    struct announcement *items;
    struct announcement new;
    const uint8_t *bytes;
    uint32_t len = 0;
    bson_t document;

    if (!BSON_ITER_HOLDS_DOCUMENT(item)) {
        return false;
    }
    bson_iter_document(item, &len, &bytes);
    if (!bson_init_static(&document, bytes, len) ||
        !bson_get_oid(&document, F_MOVING_ID, &new.id) ||
        !bson_get_oid(&document, F_MOVING_ORGANIZATION, &new.organization)) {
        return false;
    }
    items = grow(list->announcements, list->announcements_count, PEER_ANNOUNCEMENTS_MAX,
                 sizeof(*items));
    if (!items) {
        return false;
    }
    list->announcements = items;
    items[list->announcements_count++] = new;
    return true;
}

static bool add_confirmation(struct look *look, const struct oid *by, const bson_iter_t *item)
{
    struct peer_list *list = &look->list;
    struct confirmation *items;

    if (!BSON_ITER_HOLDS_OID(item)) {
        return false;
    }
    items = grow(list->confirmations, list->confirmations_count, PEER_ANNOUNCEMENTS_MAX,
                 sizeof(*items));
    if (!items) {
        return false;
    }
    list->confirmations = items;
    items[list->confirmations_count] = (struct confirmation){ .by = *by };
    memcpy(items[list->confirmations_count++].announcement.bytes, bson_iter_oid(item)->bytes,
           OID_BYTES);
    return true;
}

/* Whether the document is of a process of this host, which has ended. */
static bool is_gone(const struct look *look, const bson_t *document)
{
    bson_iter_t host;
    int64_t pid = 0;
    int64_t start = 0;

    return look->process->host[0] && bson_iter_init_find(&host, document, F_HOST) &&
           BSON_ITER_HOLDS_UTF8(&host) &&
           str_is(str_of(bson_iter_utf8(&host, NULL)), look->process->host) &&
           bson_get_int(document, F_PID, &pid) && bson_get_int(document, F_PROCESS_START, &start) &&
           peer_process_is_gone(pid, start);
}

static bool read_instance(struct look *look, const struct oid *id, const bson_t *document)
{
    bool is_self = oid_equal(id, look->self);
    struct peer *peer;
    bson_iter_t array;
    bson_iter_t item;
    int64_t beat;

    if (!bson_get_int(document, F_BEAT, &beat)) {
        return true; /* not ours */
    }
    peer = find_or_add(look, id);
    if (!peer) {
        return false;
    }
    peer->beat = beat;
    peer->has_document = true;
    peer->is_process_gone = !is_self && is_gone(look, document);
    if (!is_self && bson_iter_init_find(&array, document, F_MOVING) &&
        bson_iter_recurse(&array, &item)) {
        while (bson_iter_next(&item)) {
            if (!add_announcement(look, &item)) {
                return false;
            }
        }
    }
    if (bson_iter_init_find(&array, document, F_CLOSED) && bson_iter_recurse(&array, &item)) {
        while (bson_iter_next(&item)) {
            if (!add_confirmation(look, id, &item)) {
                return false;
            }
        }
    }
    return true;
}

static bool read_verdict(struct look *look, const struct oid *dead, const bson_t *document)
{
    struct peer *peer = find_or_add(look, dead);

    if (!peer || !bson_get_oid(document, F_VERDICT_BY, &peer->verdict_by)) {
        return false;
    }
    peer->has_verdict = true;
    return true;
}

static bool visit(void *context, const bson_t *document)
{
    struct look *look = context;
    struct oid id;

    if (bson_get_oid(document, F_VERDICT_DEAD, &id)) {
        look->failed = !read_verdict(look, &id, document);
    } else if (bson_get_oid(document, F_ID, &id)) {
        look->failed = !read_instance(look, &id, document);
    } /* anything else isn't ours */
    return !look->failed;
}

/* What only two looks together show. */
static void compare(struct peer *peer, const struct peer *before, int64_t gap_ms)
{
    bool is_unchanged = before && before->has_document && before->beat == peer->beat;

    if (is_unchanged) {
        peer->unchanged_ms = before->unchanged_ms + (gap_ms < PEER_GAP_MS ? gap_ms : PEER_GAP_MS);
    }
    peer->is_suspected =
        peer->has_document && (peer->unchanged_ms >= PEER_DEAD_MS ||
                               (peer->is_process_gone && peer->unchanged_ms >= PEER_GONE_MS));
    peer->had_verdict = peer->has_verdict && before && before->has_verdict;
}

enum status peer_list_read(struct mongo *mongo, const struct call *call,
                           const struct peer_list *before, const struct oid *self,
                           const struct peer_process *process, struct peer_list *ret_list)
{
    struct look look = { .self = self, .process = process };
    int64_t sent_ms = clock_monotonic_ms();
    BSON_AUTO all = BSON_INITIALIZER;
    enum status status =
        mongo_find(mongo, call, FROM_PRIMARY, C_INSTANCES, &all, NULL, visit, &look);

    if (status == ST_OK && look.failed) {
        status = err_set(call->err, ST_BROKEN,
                         "a document of " C_INSTANCES " can't be used, or there are too many");
    }
    if (status != ST_OK) {
        peer_list_done(&look.list);
        return status;
    }
    for (size_t i = 0; i < look.list.count; i++) {
        struct peer *peer = &look.list.peers[i];

        compare(peer, peer_list_find(before, &peer->id), sent_ms - before->read_ms);
    }
    look.list.read_ms = clock_monotonic_ms();
    *ret_list = look.list;
    return ST_OK;
}
