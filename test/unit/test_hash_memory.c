/* A thread's memory for hashes: kept from one to the next, given back at rest and with the thread. */
#include "test.h"

#include "auth/hash_memory.h"
#include "auth/password.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LEN ((size_t)HASH_MEMORY_KIB * 1024)
#define MIB ((size_t)1024 * 1024)
#define HASH_MIB 19
#define NEARLY_MIB 16 /* of HASH_MIB, or of none: this program's own memory comes and goes */

static char *map(size_t len)
{
    char *at =
        hash_memory_map(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(at, MAP_FAILED);
    memset(at, 1, len);
    return at;
}

/* How much of what map() gave is resident, in MiB; 0 where it isn't mapped any more. */
static size_t held_mib(const char *at)
{
    static unsigned char pages[LEN / 4096];
    size_t held = 0;

    if (mincore((void *)(uintptr_t)at, LEN, pages) != 0) {
        assert_int_equal(errno, ENOMEM);
        return 0;
    }
    for (size_t i = 0; i < sizeof(pages); i++) {
        held += pages[i] & 1;
    }
    return held * 4096 / MIB;
}

TEST(memory__is_the_same_for_the_next_hash)
{
    char *first = map(LEN);

    assert_int_equal(hash_memory_unmap(first, LEN), 0);
    assert_int_equal(held_mib(first), HASH_MIB);
    assert_ptr_equal(map(LEN / 2), first);
    assert_int_equal(hash_memory_unmap(first, LEN / 2), 0);
    assert_ptr_equal(map(LEN), first);
    assert_int_equal(hash_memory_unmap(first, LEN), 0);
    assert_int_equal(held_mib(first), HASH_MIB);
    hash_memory_rest();
    assert_int_equal(held_mib(first), 0);
}

TEST(memory__in_use_is_nobody_elses)
{
    char *first = map(LEN);
    char *second = map(LEN);

    assert_ptr_not_equal(first, second);
    hash_memory_rest(); /* not what is in use */
    assert_int_equal(first[LEN - 1], 1);
    assert_int_equal(hash_memory_unmap(second, LEN), 0);
    assert_int_equal(held_mib(second), 0);
    assert_int_equal(hash_memory_unmap(first, LEN), 0);
    assert_int_equal(held_mib(first), HASH_MIB);
    hash_memory_rest();
    assert_int_equal(held_mib(first), 0);
}

TEST(memory__of_a_larger_hash_is_not_kept)
{
    char *large = map(LEN + MIB);

    assert_int_equal(hash_memory_unmap(large, LEN + MIB), 0);
    assert_int_equal(held_mib(large), 0);
}

static void *hash_once(void *context)
{
    char *at = map(LEN);

    (void)context;
    assert_int_equal(hash_memory_unmap(at, LEN), 0);
    assert_int_equal(held_mib(at), HASH_MIB);
    return at;
}

TEST(memory__goes_with_its_thread)
{
    pthread_t thread;
    void *at = NULL;

    assert_int_equal(pthread_create(&thread, NULL, hash_once, NULL), 0);
    (void)pthread_join(thread, &at);
    assert_non_null(at);
    assert_int_equal(held_mib(at), 0);
}

#ifdef ORGD_KEEPS_HASH_MEMORY
static size_t resident_mib(void)
{
    FILE *file = fopen("/proc/self/statm", "r"); /* pages: of the program, of those resident, … */
    char text[256];
    char *rest;

    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    (void)fclose(file);
    (void)strtoul(text, &rest, 10);
    return strtoul(rest, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) / MIB;
}

/* Whether this is resident on top of what was before, not less and not more. */
static bool is_held(size_t before_mib, size_t held_mib)
{
    size_t now_mib = resident_mib();

    return now_mib + HASH_MIB - NEARLY_MIB >= before_mib + held_mib &&
           now_mib < before_mib + held_mib + NEARLY_MIB;
}

#endif

TEST(password__is_hashed_in_kept_memory_until_rest)
{
#ifdef ORGD_KEEPS_HASH_MEMORY
    struct arena mem;
    struct str hash;
    size_t before_mib;

    assert_int_equal(password_init(NULL), ST_OK);
    before_mib = resident_mib();
    arena_init(&mem, 1 << 16);
    assert_int_equal(password_hash(STR("correct horse"), &mem, &hash, NULL), ST_OK);
    assert_true(is_held(before_mib, HASH_MIB));
    assert_true(password_verify(STR("correct horse"), hash)); /* in what the first hash left */
    assert_false(password_verify(STR("correct house"), hash));
    assert_true(is_held(before_mib, HASH_MIB));
    password_rest();
    assert_true(is_held(before_mib, 0));
    arena_done(&mem);
#else
    skip(); /* this build's libsodium maps by itself */
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory__is_the_same_for_the_next_hash),
        cmocka_unit_test(memory__in_use_is_nobody_elses),
        cmocka_unit_test(memory__of_a_larger_hash_is_not_kept),
        cmocka_unit_test(memory__goes_with_its_thread),
        cmocka_unit_test(password__is_hashed_in_kept_memory_until_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
