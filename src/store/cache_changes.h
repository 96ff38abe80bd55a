/*
 * When a result that src/store/cache.c remembers may be used.
 *
 * Every verb that can change an organization, an account or a membership goes
 *
 *     changing + 1;  the inner verb, whose effect comes about in here;  generation + 1;  changing - 1
 *
 * whatever the inner verb's status is. A look-up reads `changing` (moment A), then `generation` as g
 * (moment B), in this order. Where `changing` was 0 it uses a result of generation g, and only such a
 * one. Otherwise it asks the inner engine (moment X) and then, where `changing` was 0 and `generation`
 * is still g, keeps the result as one of g. All these are sequentially consistent, so they have one
 * order, and `generation` only grows.
 *
 * Why that can't be noticed. A result kept as one of g was true at its X, and `generation` was g before
 * X and after. Let a look-up find it. If X comes after its own A, then X is within that look-up, which
 * therefore answers what was true during it. If X comes before A, take any change whose effect came
 * after X. It had not added to `generation` by B, since that was g from before X until B; so it had not
 * ended by A, which is earlier; and it was not under way at A either, as `changing` was 0. It therefore
 * began after A, and so the result was still true at A, which again is within the look-up. So every
 * answer, remembered or not, is what the inner engine had at a moment between the call and its return.
 * A look-up that begins after a change was answered sees that change, and one that begins after
 * another has seen something new does not see what was there before.
 *
 * The order of A and B matters: with `generation` read first, a change could end between the two, and
 * the result from before it would be used. A result that was read while a change was under way could
 * never be used, because that change still adds to `generation`: so it is not kept.
 */
#ifndef ORGD_STORE_CACHE_CHANGES_H
#define ORGD_STORE_CACHE_CHANGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cache_changes {
    _Atomic uint64_t changing;
    _Atomic uint64_t generation;
};

/* What was so when a look-up began. */
struct cache_moment {
    bool is_quiet; /* no change was under way */
    uint64_t generation;
};

static inline struct cache_moment cache_changes_now(struct cache_changes *changes)
{
    struct cache_moment now = { .is_quiet = atomic_load(&changes->changing) == 0 };

    now.generation = atomic_load(&changes->generation); /* after changing, never before */
    return now;
}

/* Whether no change was under way at a moment, and none has ended since. */
static inline bool cache_changes_none_since(struct cache_changes *changes,
                                            const struct cache_moment *moment)
{
    return moment->is_quiet && atomic_load(&changes->generation) == moment->generation;
}

/* Around the inner verb. */
static inline void cache_changes_begin(struct cache_changes *changes)
{
    (void)atomic_fetch_add(&changes->changing, 1);
}

static inline void cache_changes_end(struct cache_changes *changes)
{
    (void)atomic_fetch_add(&changes->generation, 1);
    (void)atomic_fetch_sub(&changes->changing, 1);
}

#endif
