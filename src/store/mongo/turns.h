/*
 * One at a time: the calls of this process that change the same document wait for each other, rather than
 * overtake each other again and again at the server. Any thread.
 */
#ifndef ORGD_STORE_MONGO_TURNS_H
#define ORGD_STORE_MONGO_TURNS_H

#include "base/call.h"
#include "base/oid.h"
#include "base/str.h"

struct seat;
struct turns;

struct turns *turns_new(void); /* NULL: no memory */
void turns_free(struct turns *turns);

struct turn {
    struct seat *seat; /* NULL: none is held */
};

/* Waits for it, until call->deadline_ms: ST_OK or ST_BUSY. One at a time for each thread: two documents
 * may share a turn. */
MUST_CHECK enum status turn_take(struct turns *turns, const struct call *call,
                                 const struct oid *organization, struct str id,
                                 struct turn *ret_turn);
void turn_give(struct turn *turn); /* a zeroed one: does nothing */
#define TURN __attribute__((cleanup(turn_give))) struct turn

#endif
