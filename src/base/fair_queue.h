/*
 * A queue with a lane for each tenant. Lanes are served in turns, one item at a time, so that a tenant
 * with a thousand items waiting delays another's one item by one turn. Within a lane the order is that of
 * arrival. Lanes are exact: two numbers never share one.
 *
 * Not for several threads at once: its owner has a mutex. Nothing here blocks.
 */
#ifndef ORGD_BASE_FAIR_QUEUE_H
#define ORGD_BASE_FAIR_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAIR_QUEUE_BUCKETS 256

struct fair_lane;

/* Part of what waits; the queue's from put until done. */
struct fair_item {
    struct fair_item *next;
    struct fair_lane *lane;
};

struct fair_queue {
    size_t waiting;         /* items in all */
    size_t lanes;           /* that have items waiting or taken */
    struct fair_lane *turn; /* of those with items waiting, the next; they are a ring */
    struct fair_lane *spare;
    size_t spare_count;
    struct fair_lane *buckets[FAIR_QUEUE_BUCKETS];
};

void fair_queue_init(struct fair_queue *queue);

/* Frees what the queue has allocated; items that are still in it are their owners'. */
void fair_queue_free(struct fair_queue *queue);

/* At the end of lane number's items; a lane that had none gets its turn after all that wait now. false:
 * memory is out, and nothing has changed. */
bool fair_queue_put(struct fair_queue *queue, struct fair_item *item, uint64_t number);

/* Of a lane's taken items without ever having waited: counted, until it is done. false: as above. */
bool fair_queue_put_taken(struct fair_queue *queue, struct fair_item *item, uint64_t number);

/*
 * The first item of the lane whose turn it is, which then goes to the end of the turns; NULL where nothing
 * waits. most_taken: lanes that have as many items taken and not done are passed over, and NULL is what
 * is left where all have.
 */
struct fair_item *fair_queue_take(struct fair_queue *queue, size_t most_taken);

/* A taken item is done: its lane may have another one, and is forgotten where it has nothing left. */
void fair_queue_done(struct fair_queue *queue, struct fair_item *item);

/* A taken item goes back to the front of its lane, whose turn it is then. */
void fair_queue_put_back(struct fair_queue *queue, struct fair_item *item);

/* Takes a waiting item out, wherever it is in its lane. false: it isn't waiting (it was taken, and may be
 * done by now). */
bool fair_queue_remove(struct fair_queue *queue, struct fair_item *item);

/* Of one lane: items waiting, and items taken that aren't done. */
struct fair_counts {
    size_t waiting;
    size_t taken;
};
struct fair_counts fair_queue_counts(const struct fair_queue *queue, uint64_t number);

#endif
