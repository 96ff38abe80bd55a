/* A thread's memory for hashes: kept from one to the next, given back at rest and with the thread. */
#include "test.h"

#include "auth/hash_memory.h"
#include "auth/password.h"

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

TEST(memory__is_the_same_for_the_next_hash)
{
    size_t before_mib = resident_mib();
    char *first = map(LEN);

    assert_int_equal(hash_memory_unmap(first, LEN), 0);
    assert_true(is_held(before_mib, HASH_MIB));
    assert_ptr_equal(map(LEN / 2), first);
    assert_int_equal(hash_memory_unmap(first, LEN / 2), 0);
    assert_ptr_equal(map(LEN), first);
    assert_int_equal(hash_memory_unmap(first, LEN), 0);
    assert_true(is_held(before_mib, HASH_MIB));
    hash_memory_rest();
    assert_true(is_held(before_mib, 0));
}

TEST(memory__in_use_is_nobody_elses)
{
    size_t before_mib = resident_mib();
    char *first = map(LEN);
    char *second = map(LEN);

    assert_ptr_not_equal(first, second);
    hash_memory_rest(); /* not what is in use */
    assert_int_equal(first[LEN - 1], 1);
    assert_int_equal(hash_memory_unmap(second, LEN), 0);
    assert_int_equal(hash_memory_unmap(first, LEN), 0);
    assert_true(is_held(before_mib, HASH_MIB));
    hash_memory_rest();
    assert_true(is_held(before_mib, 0));
}

TEST(memory__of_a_larger_hash_is_not_kept)
{
    size_t before_mib = resident_mib();
    char *large = map(LEN + MIB);

    assert_int_equal(hash_memory_unmap(large, LEN + MIB), 0);
    assert_true(is_held(before_mib, 0));
}

static void *hash_once(void *context)
{
    (void)context;
    assert_int_equal(hash_memory_unmap(map(LEN), LEN), 0);
    return NULL;
}

TEST(memory__goes_with_its_thread)
{
    size_t before_mib = resident_mib();
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, hash_once, NULL), 0);
    (void)pthread_join(thread, NULL);
    assert_true(is_held(before_mib, 0));
}

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
