/* Each thread's memory for hashes: one piece, mapped at its first hash. */
#include "auth/hash_memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#define KEPT_BYTES ((size_t)HASH_MEMORY_KIB * 1024)
#define HUGE_BYTES ((size_t)2 * 1024 * 1024)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t
    key; /* its value is what the thread keeps, so that it is unmapped with the thread */
static bool has_key;

static _Thread_local struct {
    void *at; /* KEPT_BYTES; NULL: none */
    bool is_taken;
} mine;

static void unmap_kept(void *at)
{
    (void)munmap(at, KEPT_BYTES);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, unmap_kept) == 0;
}

/*
 * Argon2 reads all over its memory, so large pages save a tenth of its time. They begin at a multiple of
 * their size, and the last MiB, which would take twice its size, stays in small ones. NULL: not to be had.
 */
static void *map_kept(void)
{
    size_t len = KEPT_BYTES + HUGE_BYTES;
    char *begin = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t before;

    if (begin == MAP_FAILED) {
        return NULL;
    }
    before = HUGE_BYTES - (uintptr_t)begin % HUGE_BYTES;
    (void)munmap(begin, before);
    begin += before;
    if (before < HUGE_BYTES) {
        (void)munmap(begin + KEPT_BYTES, HUGE_BYTES - before);
    }
    (void)madvise(begin, KEPT_BYTES / HUGE_BYTES * HUGE_BYTES, MADV_HUGEPAGE);
    (void)madvise(begin, KEPT_BYTES, MADV_DONTDUMP);
    return begin;
}

/* Whether this thread has memory of its own that nobody has taken. */
static bool has_kept(void)
{
    if (mine.is_taken) {
        return false;
    }
    if (!mine.at) {
        (void)pthread_once(&once, make_key);
        mine.at = has_key ? map_kept() : NULL;
        if (mine.at && pthread_setspecific(key, mine.at) != 0) {
            unmap_kept(mine.at);
            mine.at = NULL;
        }
    }
    return mine.at;
}

void *hash_memory_map(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
    if (at || fd >= 0 || len > KEPT_BYTES || !has_kept()) {
        return mmap(at, len, protection, flags, fd, offset);
    }
    mine.is_taken = true;
    return mine.at;
}

int hash_memory_unmap(void *at, size_t len)
{
    if (at != mine.at) {
        return munmap(at, len);
    }
    mine.is_taken = false;
    return 0;
}

void hash_memory_rest(void)
{
    if (mine.at && !mine.is_taken) {
        (void)pthread_setspecific(key, NULL);
        unmap_kept(mine.at);
        mine.at = NULL;
    }
}
