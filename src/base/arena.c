/* Bump allocation in blocks that double up to a bound; a large request gets a block of its own. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BLOCK_BYTES ((size_t)4096)
#define LARGEST_BLOCK_BYTES ((size_t)64 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size; /* of data */
    alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena, size_t limit_bytes)
{
    *arena = (struct arena){ .limit_bytes = limit_bytes };
}

void arena_done(struct arena *arena)
{
    if (!arena) {
        return;
    }
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->next;
        free(block);
    }
    *arena = (struct arena){ .limit_bytes = arena->limit_bytes };
}

void arena_clear(struct arena *arena)
{
    struct arena_block *first = arena->blocks;
    size_t used = first ? (size_t)(arena->at - first->data) : 0;

    while (first && first->next) {
        arena->blocks = first->next;
        free(first);
        first = arena->blocks;
        used = first->size;
    }
    if (!first || first->size > FIRST_BLOCK_BYTES) {
        arena_done(arena);
        return;
    }
    memset(first->data, 0, used);
    arena->at = first->data;
    arena->free_bytes = first->size;
    arena->used_bytes = first->size;
}

__attribute__((noreturn)) static void die(const char *why)
{
    (void)fprintf(stderr, "level=error msg=\"%s\"\n", why);
    abort();
}

static void add_block(struct arena *arena, size_t bytes)
{
    size_t size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK_BYTES;
    struct arena_block *block;

    if (size > LARGEST_BLOCK_BYTES) {
        size = LARGEST_BLOCK_BYTES;
    }
    if (size < bytes) {
        size = bytes;
    }
    if (size > arena->limit_bytes - arena->used_bytes) {
        die("arena passes its limit");
    }
    block = calloc(1, sizeof(*block) + size);
    if (!block) {
        die("out of memory");
    }
    block->next = arena->blocks;
    block->size = size;
    arena->blocks = block;
    arena->at = block->data;
    arena->free_bytes = size;
    arena->used_bytes += size;
}

void *arena_alloc_block(struct arena *arena, size_t bytes)
{
    size_t align = alignof(max_align_t);
    void *result;

    if (bytes > arena->limit_bytes) {
        die("arena passes its limit");
    }
    bytes = (bytes + align - 1) / align * align;
    add_block(arena, bytes);
    result = arena->at;
    arena->at += bytes;
    arena->free_bytes -= bytes;
    return result;
}

struct str arena_str(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);

    if (s.len > 0) {
        memcpy(copy, s.ptr, s.len);
    }
    return (struct str){ .ptr = copy, .len = s.len };
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    text = arena_alloc(arena, (size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct str){ .ptr = text, .len = (size_t)len };
}
