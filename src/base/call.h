/*
 * What every call into the domain and the store takes along: where results live, where the words of a
 * failure go, and until when the caller waits.
 */
#ifndef ORGD_BASE_CALL_H
#define ORGD_BASE_CALL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct later;

struct call {
    struct arena *mem;   /* results and scratch; one thread at a time */
    struct err *err;     /* filled in on failure */
    int64_t deadline_ms; /* of clock_monotonic_ms; an engine that would wait longer gives ST_BUSY */
    bool memory_only;    /* nothing is waited for: what store/cache.h doesn't remember is ST_BUSY */
    struct later
        *later; /* NULL: verbs are waited for; else one may give ST_PENDING (base/later.h) */
};

#endif
