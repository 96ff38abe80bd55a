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
    return place_run_suite("mongo_cached", open_cached);
}
