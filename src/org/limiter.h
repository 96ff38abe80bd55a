/*
 * A limit on attempts by key, in a fixed amount of memory: so many in a minute, whoever the key is.
 * Keys are hashed with a key of their own; where two fall on one slot, the older minute gives way, so
 * under a flood of keys the limit gets laxer, never stricter. Any thread.
 */
#ifndef ORGD_ORG_LIMITER_H
#define ORGD_ORG_LIMITER_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct limiter;

/* most: attempts in a minute; 0: any number. NULL where memory is out. */
struct limiter *limiter_new(int64_t most);
void limiter_free(struct limiter *limiter);
void limiter_set(struct limiter *limiter, int64_t most);

/* Counts an attempt before it is made, so that many at once don't slip through together. false: too
 * many; *ret_wait_s says how many seconds until the next may be made. */
bool limiter_try(struct limiter *limiter, struct str key, int64_t now_ms, int *ret_wait_s);

/* Takes an attempt back: it was a good one. */
void limiter_forgive(struct limiter *limiter, struct str key, int64_t now_ms);

#endif
