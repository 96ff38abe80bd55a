/*
 * An arena: memory with one lifetime, freed at once. Each request has one; what a handler allocates it
 * never frees. One thread at a time.
 *
 * Allocations never return NULL: an arena that passes its limit, or a machine without memory, ends the
 * process, because every length that an outsider chooses is checked against a limit before.
 */
#ifndef ORGD_BASE_ARENA_H
#define ORGD_BASE_ARENA_H

#include "base/str.h"

#include <stdalign.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    unsigned char *at;          /* what is free of the newest: zeros */
    size_t free_bytes;
    size_t used_bytes; /* of all blocks */
    size_t limit_bytes;
};

void arena_init(struct arena *arena, size_t limit_bytes);
void arena_done(struct arena *arena);

/* Ends the lifetime of what is in it, and keeps its first block for the next. */
void arena_clear(struct arena *arena);

/* What arena_alloc does where the newest block has no room. */
__attribute__((returns_nonnull, malloc)) void *arena_alloc_block(struct arena *arena, size_t bytes);

/* Zeroed memory, aligned for any type, until arena_done. */
__attribute__((returns_nonnull, malloc)) static inline void *arena_alloc(struct arena *arena,
                                                                         size_t bytes)
{
    size_t align = alignof(max_align_t);
    size_t rounded = (bytes + align - 1) / align * align;
    unsigned char *result = arena->at;

    if (rounded < bytes || rounded > arena->free_bytes || !result) {
        return arena_alloc_block(arena, bytes);
    }
    arena->at = result + rounded;
    arena->free_bytes -= rounded;
    return result;
}

/* A copy that ends in NUL. */
struct str arena_str(struct arena *arena, struct str s);

__attribute__((format(printf, 2, 3), nonnull(2))) struct str arena_printf(struct arena *arena,
                                                                          const char *format, ...);

#endif
