/*
 * This instance's side of what others announce (peers.h): closes the gates, and opens them when the
 * announcements are gone. Belongs to the thread that makes the rounds.
 */
#ifndef ORGD_STORE_MONGO_GATES_H
#define ORGD_STORE_MONGO_GATES_H

#include "base/err.h"
#include "base/oid.h"

#include <stddef.h>

struct announcement;
struct placements;

struct gates {
    struct placements *placements;
    struct announcement *closed; /* those whose gates are closed by this */
    size_t count;
    struct oid *empty; /* for gates_empty */
};

void gates_init(struct gates *gates, struct placements *placements);
void gates_done(struct gates *gates); /* opens what is closed */

/* Closes and opens, to fit what is announced now; waits for nobody. ST_OK; ST_BROKEN: no memory, and
 * some that are announced may be open. */
MUST_CHECK enum status gates_follow(struct gates *gates, const struct announcement *announced,
                                    size_t count, struct err *err);

/* The announcements' ids whose gates nobody is behind; valid until the next call. */
const struct oid *gates_empty(struct gates *gates, size_t *ret_count);

#endif
