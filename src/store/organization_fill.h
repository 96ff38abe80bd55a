/*
 * Fills an organization_memory with all that an engine has, on a thread of its own, so that the first
 * look-up of a name after a start is as fast as the second: from shortly after the start, and anew whenever
 * everything was forgotten, until all are there or there is no more room. It works at most half of the time,
 * for some hundred microseconds at once. What the engine can't give it asks for again.
 */
#ifndef ORGD_STORE_ORGANIZATION_FILL_H
#define ORGD_STORE_ORGANIZATION_FILL_H

#include "store/organization_memory.h"

struct organization_fill;

/* engine: one that has organization_walk. Both live longer than the result. NULL where there is no memory or
 * no thread for it: then look-ups fill the memory by themselves. */
struct organization_fill *organization_fill_new(struct store *engine,
                                                struct organization_memory *memory);

/* Stops, also the memory's other waits, within a page of the walk. fill may be NULL. */
void organization_fill_free(struct organization_fill *fill);

#endif
