/*
 * A change on its way through the writer, and how its caller hears of the outcome: a thread of the caller's
 * sleeps until then, or a call is told that it can go on (base/later.h).
 */
#ifndef ORGD_STORE_SQLITE_WRITE_OP_H
#define ORGD_STORE_SQLITE_WRITE_OP_H

#include "base/call.h"
#include "base/fair_queue.h"

#include <stdatomic.h>

struct connection;
struct writer;

/* The first member of a verb's own struct, which holds inputs and results. The caller's until it hears of
 * the outcome. */
struct write_op {
    /* Runs on the writer's thread inside a transaction and a savepoint. Whatever it returns but
     * ST_OK undoes its own changes only. Its results are the caller's once the outcome is ST_OK. */
    enum status (*run)(struct connection *connection, struct write_op *op);
    const struct call *call;
    uint64_t lane; /* whose change it is (oid_number of the organization); 0: nobody's yet */
    bool is_alone; /* in a transaction of its own, which may be a large one, without a savepoint */
    size_t bytes;  /* set by run: how much it wrote, roughly; a batch ends where it is much */

    /* The writer's. */
    struct writer *writer;
    struct later *later; /* who is told; NULL: somebody sleeps */
    struct fair_item item;
    struct write_op *next; /* in a batch */
    enum status status;
    atomic_int state; /* for who sleeps */
};

/* Before the writer gets it. */
void write_op_init(struct write_op *op, struct writer *writer, struct later *later);

/* Sleeps until op has its outcome or the time has come; false: it hasn't. */
bool write_op_sleep(struct write_op *op, int64_t deadline_ms);

/* These, up to rest, have their outcomes. They aren't the writer's any more, and may be gone. */
void write_ops_answer(struct write_op *first, const struct write_op *rest);

#endif
