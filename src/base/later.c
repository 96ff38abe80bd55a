/* A list of functions to be called, and chains sorted by who calls them. */
#include "base/later.h"

#include "base/arena.h"

#include <assert.h>

struct later_step {
    later_fn *after;
    void *context;
    struct later_step *next;
};

enum status later_add(const struct call *call, later_fn *after, void *context)
{
    struct later *later = call->later;
    struct later_step *step = arena_alloc(call->mem, sizeof(*step));

    *step = (struct later_step){ .after = after, .context = context };
    *later->last = step;
    later->last = &step->next;
    return ST_PENDING;
}

enum status later_begin(struct later *later, bool (*withdraw)(void *work), void *work)
{
    later->step = NULL;
    later->last = &later->step;
    later->withdraw = withdraw;
    later->work = work;
    return ST_PENDING;
}

/* Takes all that have the first one's home out of a chain; *chain is what is left of it. */
static struct later *take_of_one_home(struct later **chain)
{
    struct later_home *home = (*chain)->home;
    struct later *first = NULL;
    struct later **end = &first;
    struct later **at = chain;

    while (*at) {
        struct later *later = *at;

        if (later->home != home) {
            at = &later->next;
            continue;
        }
        *at = later->next;
        *end = later;
        end = &later->next;
    }
    *end = NULL;
    return first;
}

void later_end(struct later *chain)
{
    while (chain) {
        struct later_home *home = chain->home;

        home->ended(home, take_of_one_home(&chain));
    }
}

bool later_withdraw(struct later *later, enum status status)
{
    if (!later->withdraw(later->work)) {
        return false;
    }
    later->status = status;
    return true;
}

enum status later_go_on(struct later *later)
{
    enum status status = later->status;

    for (struct later_step *step = later->step; step; step = step->next) {
        status = step->after(step->context, status);
        assert(status != ST_PENDING);
    }
    return status;
}
