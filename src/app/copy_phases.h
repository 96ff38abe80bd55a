/* The phases of a copy, and what they share. The main thread. */
#ifndef ORGD_APP_COPY_PHASES_H
#define ORGD_APP_COPY_PHASES_H

#include "app/copy_crew.h"

#define COPY_ABOUT_SIZE 160
#define WORK_MEM_BYTES ((size_t)256 * 1024 * 1024) /* for one call of a worker */

/* The organizations of one round, in order of their ids. */
typedef enum status copy_round_fn(struct copy *copy, struct crew *crew, const struct pair pairs[],
                                  size_t count, void *context, struct err *err);

/* Goes over both stores, round by round. */
MUST_CHECK enum status copy_walk(struct copy *copy, copy_round_fn *round, void *context,
                                 struct err *err);

/* One work more for the crew's next run; the caller has set crew->count to 0 before the first. */
void crew_add(struct crew *crew, const struct pair *pair);

/* Why it failed. */
const char *work_words(const struct work *work);

/* `"Acme" (65a…)`: the name as far as a terminal can bear it. */
void copy_describe(const struct organization *organization, char ret_text[COPY_ABOUT_SIZE]);

/* A line about an organization; of many only the first, and at the phase's end how many there were.
 * */
void copy_say(struct copy *copy, const struct pair *pair, const char *what);
void copy_say_rest(struct copy *copy);

/* Puts at the destination what is missing or differs there; with copy->deletes the rest goes. */
MUST_CHECK enum status copy_put_all(struct copy *copy, struct err *err);

/* Counts and sums up both sides; says what differs. */
MUST_CHECK enum status copy_compare_all(struct copy *copy, struct copy_report *report,
                                        struct err *err);

#endif
