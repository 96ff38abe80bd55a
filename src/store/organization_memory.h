/*
 * Organizations by name, a million of them in 25 to 30 megabytes where their names and addresses are like those
 * of companies, remembered by src/store/cache.c for engines that one process has to itself. They are packed
 * (organization_pack.h) by symbols learned from the first thousands (organization_learning.c).
 *
 * What is kept here is not made useless by each change: a look-up uses an organization only where nothing
 * has begun to change that organization, or its administrator's account, since this memory was made (or
 * forgot everything). So new organizations cost the others nothing, and a changed one is answered by the
 * engine from then on. The argument is at the head of organization_memory.c.
 *
 * Bounded: where there is no room, what was kept the longest ago gives way. Memory is taken as it is filled.
 * Any thread, any number at once. memory may be NULL where nothing else is said, and then nothing is remembered.
 */
#ifndef ORGD_STORE_ORGANIZATION_MEMORY_H
#define ORGD_STORE_ORGANIZATION_MEMORY_H

#include "store/store.h"

/* What it comes to when it is full. */
#define ORGANIZATION_MEMORY_BYTES ((size_t)33 << 20)

/* After so many changes everything is forgotten, because a changed one is told by a mark that it shares
 * with some others. */
#define ORGANIZATION_MEMORY_CHANGES 32768

struct organization_memory;

/* NULL where memory is out. */
struct organization_memory *organization_memory_new(void);

/* No other call is under way. */
void organization_memory_free(struct organization_memory *memory);

/* The organization of a name, its strings in mem; false, and *ret_organization untouched, where it is not
 * here. */
bool organization_memory_find(struct organization_memory *memory, struct str name_key,
                              struct arena *mem, struct organization *ret_organization);

/* Something that grows whenever everything is forgotten: read before the engine is asked for what is kept
 * then. */
uint64_t organization_memory_epoch(struct organization_memory *memory);

enum keep {
    KEEP_ALWAYS,  /* something else gives way */
    KEEP_IF_ROOM, /* only where nothing has to */
};

/* Keeps what the engine answered, asked after the epoch was read. False: it is not here, because it was
 * changed, or is larger than most, or everything was forgotten meanwhile, or there is no room. */
bool organization_memory_keep(struct organization_memory *memory, uint64_t epoch, enum keep keep,
                              const struct organization *organization);

/* Whether something was not kept for want of room since everything was forgotten last. */
bool organization_memory_is_full(struct organization_memory *memory);

/* What it comes to now, at most. */
size_t organization_memory_bytes(struct organization_memory *memory);

/* Around a change of one organization, and of an account where it isn't NULL: from before the engine is
 * called until it has returned. The change is the caller's memory. */
struct organization_changing {
    struct organization_changing *next;
    struct organization_changing **link;
    uint32_t marks[2];
};

void organization_memory_changing(struct organization_memory *memory, const struct oid *id,
                                  const struct oid *account_id,
                                  struct organization_changing *ret_changing);
void organization_memory_changed(struct organization_memory *memory,
                                 struct organization_changing *changing);

/* Around a change of any number of them. */
void organization_memory_all_changing(struct organization_memory *memory);
void organization_memory_all_changed(struct organization_memory *memory);

/* Has what is full of organizations lie in large pages, where the system has such and some to spare: of a
 * look-up among a million, most of the time is the processor's search for where the small ones are. */
void organization_memory_settle(struct organization_memory *memory);

/* Where enough was kept to learn from, and nothing was learned since everything was forgotten last: learns by
 * what symbols names and addresses are packed from then on (organization_symbols.h), which makes twice as many fit. Else it does nothing. Takes 30 to 150 ms, half of them in pauses; others wait for 0.1 ms of it at most. No
 * other call of it is under way. */
void organization_memory_learn(struct organization_memory *memory);

/* Waits until everything was forgotten since epoch, or there is enough to learn from, or the wait was ended,
 * which gives false. */
bool organization_memory_wait(struct organization_memory *memory, uint64_t epoch);

/* Waits for so long, or until the wait is ended, which gives false. */
bool organization_memory_pause(struct organization_memory *memory, int64_t us);

/* Ends what waits, and what will. */
void organization_memory_end_wait(struct organization_memory *memory);

#endif
