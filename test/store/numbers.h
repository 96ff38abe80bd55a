/* Numbers for tests that try what nobody thought of: the same in each run. */
#ifndef ORGD_TEST_STORE_NUMBERS_H
#define ORGD_TEST_STORE_NUMBERS_H

#include <stdint.h>

struct numbers {
    uint64_t state; /* any, to begin with */
};

/* Any number below limit, which is not 0. */
static inline uint32_t below(struct numbers *numbers, uint32_t limit)
{
    numbers->state = numbers->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((numbers->state >> 32) * limit >> 32);
}

#endif
