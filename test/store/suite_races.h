/* Races for an organization's name, slug and address: through one store, or through two instances. */
#ifndef ORGD_TEST_STORE_SUITE_RACES_H
#define ORGD_TEST_STORE_SUITE_RACES_H

#include "suite.h"

/* What a race's threads share. Each writes only its own places. */
struct race {
    struct store *stores[2]; /* the threads take them in turns; the same one twice is fine */
    struct organization organizations[SUITE_THREADS];
    struct organization results[SUITE_THREADS];
    enum status statuses[SUITE_THREADS];
    struct str values[SUITE_THREADS];
    char texts[SUITE_THREADS][32];
    int rounds; /* of race_create_and_delete */
    bool same_name;
    bool same_email;
    bool same_slug;
};

/* How many threads ended with a status. */
int race_count(const struct race *race, enum status status);

/* For suite_race: each thread creates an organization, after its number but where all take the same. */
void race_create(void *context, int i);

/* For suite_race: all create and delete one organization, rounds times each, of one address where
 * same_email is set. ST_OK where nothing was wrong with any of it. */
void race_create_and_delete(void *context, int i);

#endif
