/* The contract suite on the MongoDB engine; test_mongo_cached.c runs it behind the cache. */
#include "mongo_place.h"

int main(void)
{
    return place_run_suite("mongo", place_open);
}
