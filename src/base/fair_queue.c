/* A ring of lanes with items, a hash table that finds a lane by its number, and a few lanes to spare. */
#include "base/fair_queue.h"

#include <stdlib.h>

#define SPARE_MAX 64 /* lanes kept for the next tenants, so that a usual item allocates nothing */

struct fair_lane {
    uint64_t number;
    struct fair_item *first;
    struct fair_item **last;
    size_t waiting;
    size_t taken;
    struct fair_lane *ring_next; /* both NULL: not in the ring, nothing waits */
    struct fair_lane *ring_previous;
    struct fair_lane *next; /* in its bucket, or among the spare */
};

static size_t bucket_of(uint64_t number)
{
    return (size_t)((number * UINT64_C(0x9E3779B97F4A7C15)) >> 56) % FAIR_QUEUE_BUCKETS;
}

static struct fair_lane *find(const struct fair_queue *queue, uint64_t number)
{
    struct fair_lane *lane = queue->buckets[bucket_of(number)];

    while (lane && lane->number != number) {
        lane = lane->next;
    }
    return lane;
}

static struct fair_lane *find_or_make(struct fair_queue *queue, uint64_t number)
{
    struct fair_lane **bucket = &queue->buckets[bucket_of(number)];
    struct fair_lane *lane = find(queue, number);

    if (lane) {
        return lane;
    }
    if (queue->spare) {
        lane = queue->spare;
        queue->spare = lane->next;
        queue->spare_count--;
    } else {
        lane = malloc(sizeof(*lane));
        if (!lane) {
            return NULL;
        }
    }
    *lane = (struct fair_lane){ .number = number, .last = &lane->first, .next = *bucket };
    *bucket = lane;
    queue->lanes++;
    return lane;
}

/* A lane with nothing waiting and nothing taken is not kept. */
static void forget_if_empty(struct fair_queue *queue, struct fair_lane *lane)
{
    struct fair_lane **at = &queue->buckets[bucket_of(lane->number)];

    if (lane->waiting > 0 || lane->taken > 0) {
        return;
    }
    while (*at != lane) {
        at = &(*at)->next;
    }
    *at = lane->next;
    queue->lanes--;
    if (queue->spare_count == SPARE_MAX) {
        free(lane);
        return;
    }
    lane->next = queue->spare;
    queue->spare = lane;
    queue->spare_count++;
}

/* Into the ring before the one whose turn it is, and so the last to have its turn. */
static void join_ring(struct fair_queue *queue, struct fair_lane *lane)
{
    struct fair_lane *turn = queue->turn;

    if (!turn) {
        lane->ring_next = lane;
        lane->ring_previous = lane;
        queue->turn = lane;
        return;
    }
    lane->ring_next = turn;
    lane->ring_previous = turn->ring_previous;
    turn->ring_previous->ring_next = lane;
    turn->ring_previous = lane;
}

static void leave_ring(struct fair_queue *queue, struct fair_lane *lane)
{
    if (queue->turn == lane) {
        queue->turn = lane->ring_next == lane ? NULL : lane->ring_next;
    }
    lane->ring_previous->ring_next = lane->ring_next;
    lane->ring_next->ring_previous = lane->ring_previous;
    lane->ring_next = NULL;
    lane->ring_previous = NULL;
}

void fair_queue_init(struct fair_queue *queue)
{
    *queue = (struct fair_queue){ .waiting = 0 };
}

static void free_chain(struct fair_lane *lane)
{
    while (lane) {
        struct fair_lane *next = lane->next;

        free(lane);
        lane = next;
    }
}

void fair_queue_free(struct fair_queue *queue)
{
    for (size_t i = 0; i < FAIR_QUEUE_BUCKETS; i++) {
        free_chain(queue->buckets[i]);
    }
    free_chain(queue->spare);
    fair_queue_init(queue);
}

bool fair_queue_put(struct fair_queue *queue, struct fair_item *item, uint64_t number)
{
    struct fair_lane *lane = find_or_make(queue, number);

    if (!lane) {
        return false;
    }
    if (!lane->first) {
        join_ring(queue, lane);
    }
    *item = (struct fair_item){ .lane = lane };
    *lane->last = item;
    lane->last = &item->next;
    lane->waiting++;
    queue->waiting++;
    return true;
}

bool fair_queue_put_taken(struct fair_queue *queue, struct fair_item *item, uint64_t number)
{
    struct fair_lane *lane = find_or_make(queue, number);

    if (!lane) {
        return false;
    }
    *item = (struct fair_item){ .lane = lane };
    lane->taken++;
    return true;
}

/* Unlinks the item that *at points to; its lane leaves the ring where it was the last. */
static struct fair_item *unlink_item(struct fair_queue *queue, struct fair_lane *lane,
                                     struct fair_item **at)
{
    struct fair_item *item = *at;

    *at = item->next;
    if (lane->last == &item->next) {
        lane->last = at;
    }
    item->next = NULL;
    lane->waiting--;
    queue->waiting--;
    if (!lane->first) {
        leave_ring(queue, lane);
    }
    return item;
}

struct fair_item *fair_queue_take(struct fair_queue *queue, size_t most_taken)
{
    struct fair_lane *begin = queue->turn;
    struct fair_lane *lane = begin;

    if (!lane) {
        return NULL;
    }
    while (lane->taken >= most_taken) {
        lane = lane->ring_next;
        if (lane == begin) {
            return NULL;
        }
    }
    if (lane->waiting > 1) {
        /* Whom it passed over keep their place; the lane itself goes behind all of them. */
        leave_ring(queue, lane);
        join_ring(queue, lane);
    }
    lane->taken++;
    return unlink_item(queue, lane, &lane->first);
}

void fair_queue_done(struct fair_queue *queue, struct fair_item *item)
{
    struct fair_lane *lane = item->lane;

    item->lane = NULL;
    lane->taken--;
    forget_if_empty(queue, lane);
}

void fair_queue_put_back(struct fair_queue *queue, struct fair_item *item)
{
    struct fair_lane *lane = item->lane;

    if (!lane->first) {
        join_ring(queue, lane);
        lane->last = &item->next;
    }
    item->next = lane->first;
    lane->first = item;
    lane->taken--;
    lane->waiting++;
    queue->waiting++;
    queue->turn = lane;
}

bool fair_queue_remove(struct fair_queue *queue, struct fair_item *item)
{
    struct fair_lane *lane = item->lane;
    struct fair_item **at;

    if (!lane) {
        return false;
    }
    at = &lane->first;
    while (*at && *at != item) {
        at = &(*at)->next;
    }
    if (!*at) {
        return false;
    }
    (void)unlink_item(queue, lane, at);
    item->lane = NULL;
    forget_if_empty(queue, lane);
    return true;
}

struct fair_counts fair_queue_counts(const struct fair_queue *queue, uint64_t number)
{
    const struct fair_lane *lane = find(queue, number);

    return lane ? (struct fair_counts){ .waiting = lane->waiting, .taken = lane->taken }
                : (struct fair_counts){ .waiting = 0 };
}
