/* The contract suite on the MongoDB engine; test_mongo_cached.c runs it behind the cache. */
#include "mongo_place.h"

int main(void)
{
    struct mongo_place place;
    struct engine engine = {
        .name = "mongodb",
        .context = &place,
        .wipe = place_wipe,
        .open = place_open,
        .add_membership = place_add_membership,
    };
    int failures;

    if (!place_init(&place, "mongo")) {
        return PLACE_SKIPPED;
    }
    failures = store_suite_run(&engine);
    place_done(&place);
    return failures;
}
