/* The own gate, then the announcement; and back. */
#include "store/mongo/moving.h"

#include "store/mongo/engine.h"

enum status moving_begin(struct mongo_store *engine, const struct call *call,
                         const struct oid *organization)
{
    enum status status;

    TRY(placements_close(engine->placements, call, organization));
    status = peers_announce(engine->peers, call, organization);
    if (status != ST_OK) {
        placements_open(engine->placements, organization);
    }
    return status;
}

void moving_end(struct mongo_store *engine, const struct oid *organization)
{
    peers_unannounce(engine->peers, organization);
    placements_open(engine->placements, organization);
}
