/*
 * The memory that Argon2id works in. libsodium takes it from the kernel for each hash and gives it back
 * after it, and the kernel clears it each time: a third of the time of a hash, and threads that take and
 * give at the same time wait for each other. Here a thread keeps its memory from one hash to the next.
 *
 * The build hands libsodium these functions in place of mmap and munmap (see meson.build); where it
 * can't, libsodium maps by itself and nothing is kept. docs/internals/performance.md has the measurement.
 *
 * What is kept is a thread's own, HASH_MEMORY_KIB for each thread that hashes. Any number of threads.
 */
#ifndef ORGD_AUTH_HASH_MEMORY_H
#define ORGD_AUTH_HASH_MEMORY_H

#include <stddef.h>
#include <sys/types.h>

#define HASH_MEMORY_KIB 19456 /* of a new password's hash, and the most that a thread keeps */

/* Gives back what this thread keeps, if anything. A thread that ends does so by itself. */
void hash_memory_rest(void);

/*
 * What libsodium calls in place of mmap and munmap, which it does for Argon2's memory. What is larger
 * than a new password's hash needs comes from the kernel as ever. Else the memory holds what the last
 * hash left in it: Argon2 writes each block before it reads it.
 */
void *hash_memory_map(void *at, size_t len, int protection, int flags, int fd, off_t offset);
int hash_memory_unmap(void *at, size_t len);

#endif
