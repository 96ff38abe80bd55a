/* The contract suite on the MongoDB engine behind the cache. */
#include "mongo_place.h"

#include "store/cache.h"

#define MAX_AGE_MS 1000 /* as app.c has it for this engine */

static struct store *open_cached(void *context)
{
    struct store *cache = cache_store_new(place_open(context), MAX_AGE_MS);

    assert_non_null(cache);
    return cache;
}

int main(void)
{
    struct mongo_place place;
    struct engine engine = {
        .name = "mongodb", /* the cache tells the name of what it is around */
        .context = &place,
        .wipe = place_wipe,
        .open = open_cached,
        .add_membership = place_add_membership,
    };
    int failures;

    if (!place_init(&place, "mongo_cached")) {
        return PLACE_SKIPPED;
    }
    failures = store_suite_run(&engine);
    place_done(&place);
    return failures;
}
