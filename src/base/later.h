/*
 * What follows a verb that nobody waits for.
 *
 * A caller that doesn't want to keep a thread for as long as a verb takes puts a struct later into its call.
 * A verb that can then begins its work and returns ST_PENDING. Each function on the way up leaves what it
 * would have done with the outcome: `return call_then(call, status, after, context)` is after(context, status)
 * where there is an outcome, and else keeps after for when there is one. The caller gets ST_PENDING too, and
 * has its thread for others. When the work has ended, its home is told, and goes on where it likes
 * (later_go_on): what was left is run from the inside out, each with the status that the one before returned.
 *
 * So all but the verb's own work is done by threads of the caller's, one at a time. From ST_PENDING until
 * later_go_on nobody touches what belongs to the call but for that work, which uses call->err, its inputs and
 * outputs, and never call->mem.
 */
#ifndef ORGD_BASE_LATER_H
#define ORGD_BASE_LATER_H

#include "base/call.h"

#include <stdbool.h>

struct later;
struct later_step;

/* Gets the outcome so far, and returns what it is from here on: never ST_PENDING. */
typedef enum status later_fn(void *context, enum status status);

/* Who goes on with calls once they have an outcome. */
struct later_home {
    /* Takes a chain of them over, linked by next. Any thread; does not block for long. */
    void (*ended)(struct later_home *home, struct later *chain);
};

/* One call, until it went on: part of something of its caller's, who sets home, and nothing else. */
struct later {
    struct later_home *home;
    struct later *next;      /* in a chain */
    struct later_step *step; /* the innermost that is left; in call->mem */
    struct later_step **last;

    /* The verb's. */
    bool (*withdraw)(void *work);
    void *work;
    enum status status; /* once it has ended */
};

/* Where status is ST_PENDING: keeps after for later, and returns ST_PENDING. context lives as long as
 * call->mem does. Use call_then. */
enum status later_add(const struct call *call, later_fn *after, void *context);

MUST_CHECK static inline enum status call_then(const struct call *call, enum status status,
                                               later_fn *after, void *context)
{
    return status == ST_PENDING ? later_add(call, after, context) : after(context, status);
}

/* For a verb: its work goes on, and can be taken back by withdraw, which is called on any thread and says
 * whether it was in time. */
enum status later_begin(struct later *later, bool (*withdraw)(void *work), void *work);

/* For a verb: works have ended, each with the status in its later. Tells each home once, of all of its own.
 * They aren't the verb's any more. */
void later_end(struct later *chain);

/* For the caller of a call that is pending: takes it back where its work hasn't begun. true: that is so, its
 * home is not told, and it goes on with status. */
bool later_withdraw(struct later *later, enum status status);

/* For a home: runs what was left, and returns what came of it. */
MUST_CHECK enum status later_go_on(struct later *later);

#endif
