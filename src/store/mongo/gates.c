/* One closed gate for each announcement. */
#include "store/mongo/gates.h"

#include "store/mongo/peers.h"
#include "store/mongo/placements.h"

#include <stdlib.h>

void gates_init(struct gates *gates, struct placements *placements)
{
    *gates = (struct gates){ .placements = placements };
}

void gates_done(struct gates *gates)
{
    for (size_t i = 0; i < gates->count; i++) {
        placements_open(gates->placements, &gates->closed[i].organization);
    }
    free(gates->closed);
    free(gates->empty);
    gates_init(gates, gates->placements);
}

static bool has(const struct announcement *announcements, size_t count, const struct oid *id)
{
    for (size_t i = 0; i < count; i++) {
        if (oid_equal(&announcements[i].id, id)) {
            return true;
        }
    }
    return false;
}

static void open_those_gone(struct gates *gates, const struct announcement *announced, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < gates->count; i++) {
        if (has(announced, count, &gates->closed[i].id)) {
            gates->closed[kept++] = gates->closed[i];
        } else {
            placements_open(gates->placements, &gates->closed[i].organization);
        }
    }
    gates->count = kept;
}

enum status gates_follow(struct gates *gates, const struct announcement *announced, size_t count,
                         struct err *err)
{
    struct announcement *closed;
    struct oid *empty;

    open_those_gone(gates, announced, count);
    closed = realloc(gates->closed, (count + 1) * sizeof(*closed));
    gates->closed = closed ? closed : gates->closed;
    empty = realloc(gates->empty, (count + 1) * sizeof(*empty));
    gates->empty = empty ? empty : gates->empty;
    if (!closed || !empty) {
        return err_set(err, ST_BROKEN, "no memory for gates");
    }
    for (size_t i = 0; i < count; i++) {
        if (has(closed, gates->count, &announced[i].id)) {
            continue;
        }
        if (!placements_shut(gates->placements, &announced[i].organization)) {
            return err_set(err, ST_BROKEN, "no memory for a gate");
        }
        closed[gates->count++] = announced[i];
    }
    return ST_OK;
}

const struct oid *gates_empty(struct gates *gates, size_t *ret_count)
{
    size_t count = 0;

    for (size_t i = 0; i < gates->count; i++) {
        if (placements_is_empty(gates->placements, &gates->closed[i].organization)) {
            gates->empty[count++] = gates->closed[i].id;
        }
    }
    *ret_count = count;
    return gates->empty;
}
