/* Remembered tokens: refused when any other would be, told apart, and never more than there is room for. */
#include "token_fixture.h"

#include "auth/token_memory.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS 8
#define TOKENS 24

static struct token_memory *memory;

static int setup_memory(void **state)
{
    if (setup(state) != 0) {
        return -1;
    }
    memory = token_memory_new(fix.signer);
    return memory ? 0 : -1;
}

static int teardown_memory(void **state)
{
    token_memory_free(memory);
    return teardown(state);
}

static enum status check(struct str token, int64_t now_s, struct token_grant *ret_grant)
{
    return token_memory_verify(memory, token, now_s, &fix.mem, ret_grant);
}

static void assert_counts(uint64_t remembered, uint64_t verified)
{
    struct token_counts counts = token_memory_counts(memory);

    assert_int_equal(counts.remembered, remembered);
    assert_int_equal(counts.verified, verified);
}

TEST(memory__second_look_needs_no_signature_and_says_the_same)
{
    struct token_claims claims = some_claims();
    struct str token = issue(&claims);

    for (int i = 0; i < 3; i++) {
        struct token_grant grant;

        assert_int_equal(check(token, NOW, &grant), ST_OK);
        assert_true(oid_equal(&grant.account_id, &claims.account_id));
        assert_true(oid_equal(&grant.organization_id, &claims.organization_id));
        assert_int_equal(grant.expires_at, NOW + 3600);
        assert_int_equal(grant.password_version, 7);
    }
    assert_counts(2, 1);
}

TEST(memory__remembered_token_ends_in_the_second_it_expires)
{
    struct token_claims claims = some_claims();
    struct str token = issue(&claims);
    struct token_grant grant;

    assert_int_equal(check(token, NOW, &grant), ST_OK);
    assert_int_equal(check(token, NOW + 3599, &grant), ST_OK);
    assert_int_equal(check(token, NOW + 3600, &grant), ST_BAD_TOKEN);
    assert_int_equal(check(token, NOW + 3599, &grant), ST_OK); /* the clock was set back */
}

TEST(memory__remembered_token_is_not_good_before_its_time)
{
    struct str token = forge(EVP_sha256(), STR(HS256), STR(SEED_CLAIMS ",\"nbf\":1700000030}"));
    struct token_grant grant;

    assert_int_equal(check(token, NOW + 29, &grant), ST_BAD_TOKEN);
    assert_int_equal(check(token, NOW + 30, &grant), ST_OK);
    assert_int_equal(check(token, NOW + 29, &grant), ST_BAD_TOKEN);
    assert_int_equal(check(token, NOW + 31, &grant), ST_OK);
    assert_counts(1, 3);
}

TEST(memory__bad_tokens_stay_bad_and_fill_nothing)
{
    struct token_claims claims = some_claims();
    struct str good = issue(&claims);
    char text[TOKEN_MAX_BYTES];
    struct token_grant grant;

    assert_int_equal(check(good, NOW, &grant), ST_OK);
    for (size_t i = 0; i < good.len; i++) {
        struct str other = { .ptr = text, .len = good.len };

        memcpy(text, good.ptr, good.len);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        assert_int_equal(check(other, NOW, &grant), ST_BAD_TOKEN);
        assert_int_equal(check(other, NOW, &grant), ST_BAD_TOKEN);
    }
    assert_int_equal(check((struct str){ .ptr = good.ptr, .len = good.len - 1 }, NOW, &grant),
                     ST_BAD_TOKEN);
    assert_int_equal(check(STR(""), NOW, &grant), ST_BAD_TOKEN);
    assert_int_equal(check((struct str){ .ptr = NULL }, NOW, &grant), ST_BAD_TOKEN);
    assert_counts(0, 1 + 2 * good.len + 3);
    assert_int_equal(check(good, NOW, &grant), ST_OK);
    assert_counts(1, 1 + 2 * good.len + 3);
}

/* A name of n bytes, and what is left of the claims as it is. */
static struct str token_named(size_t n)
{
    struct token_claims claims = some_claims();
    char name[1024];

    assert_true(n < sizeof(name));
    memset(name, 'x', n);
    claims.organization_name = (struct str){ .ptr = name, .len = n };
    return issue(&claims);
}

TEST(memory__longest_name_fits_and_what_is_longer_is_verified_each_time)
{
    struct token_grant grant;
    struct str longest = token_named(400); /* 100 characters of four bytes */
    struct str longer = token_named(1000);

    for (int i = 0; i < 2; i++) {
        assert_int_equal(check(longer, NOW, &grant), ST_OK);
        assert_int_equal(check(longest, NOW, &grant), ST_OK);
    }
    assert_counts(1, 3);
}

/* Token i, whose account has i in its id. */
static struct str token_of(int i)
{
    struct token_claims claims = some_claims();

    claims.account_id.bytes[10] = (uint8_t)(i >> 8);
    claims.account_id.bytes[11] = (uint8_t)i;
    claims.password_version = i;
    return issue(&claims);
}

TEST(memory__many_tokens_push_out_old_ones_and_never_the_one_in_use)
{
    enum { MANY = 2 * TOKEN_MEMORY_PLACES };
    static struct str tokens[MANY];
    struct str in_use = token_of(0);
    struct token_grant grant;

    for (int i = 0; i < MANY; i++) {
        tokens[i] = token_of(i);
        assert_int_equal(check(tokens[i], NOW, &grant), ST_OK);
        assert_int_equal(grant.password_version, i);
        assert_int_equal(check(in_use, NOW, &grant), ST_OK);
        assert_int_equal(grant.password_version, 0);
    }
    assert_counts(MANY - 1, MANY + 1);
    for (int i = MANY - 1; i >= 0; i--) {
        assert_int_equal(check(tokens[i], NOW, &grant), ST_OK);
        assert_int_equal(grant.password_version, i);
    }
    assert_in_range(token_memory_counts(memory).remembered, MANY, MANY + TOKEN_MEMORY_PLACES);
}

/* Where a set were of few places, more than these would share one that is too small for them. */
TEST(memory__half_of_what_there_is_room_for_stays_but_for_a_ninth)
{
    enum { HALF = TOKEN_MEMORY_PLACES / 2 };
    static struct str tokens[HALF];
    struct token_grant grant;

    for (int i = 0; i < HALF; i++) {
        tokens[i] = token_of(i);
        assert_int_equal(check(tokens[i], NOW, &grant), ST_OK);
    }
    for (int i = 0; i < HALF; i++) {
        assert_int_equal(check(tokens[i], NOW, &grant), ST_OK);
        assert_int_equal(grant.password_version, i);
    }
    assert_in_range(token_memory_counts(memory).remembered, HALF - HALF / 9, HALF);
}

struct racer {
    const struct str *tokens;
    unsigned seed;
    int wrong;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    struct arena mem;

    arena_init(&mem, (size_t)1 << 20);
    for (int i = 0; i < 4000; i++) {
        int which = rand_r(&racer->seed) % TOKENS;
        struct token_grant grant = { .password_version = -1 };
        enum status status = token_memory_verify(memory, racer->tokens[which], NOW, &mem, &grant);

        racer->wrong += status != ST_OK || grant.password_version != which;
        arena_clear(&mem);
    }
    arena_done(&mem);
    return NULL;
}

TEST(memory__threads_at_once_get_each_token_s_own_claims)
{
    struct str tokens[TOKENS];
    struct racer racers[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < TOKENS; i++) {
        tokens[i] = token_of(i);
    }
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){ .tokens = tokens, .seed = (unsigned)i };
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].wrong, 0);
    }
}

#define memory_test(name) cmocka_unit_test_setup_teardown(name, setup_memory, teardown_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        memory_test(memory__second_look_needs_no_signature_and_says_the_same),
        memory_test(memory__remembered_token_ends_in_the_second_it_expires),
        memory_test(memory__remembered_token_is_not_good_before_its_time),
        memory_test(memory__bad_tokens_stay_bad_and_fill_nothing),
        memory_test(memory__longest_name_fits_and_what_is_longer_is_verified_each_time),
        memory_test(memory__many_tokens_push_out_old_ones_and_never_the_one_in_use),
        memory_test(memory__half_of_what_there_is_room_for_stays_but_for_a_ninth),
        memory_test(memory__threads_at_once_get_each_token_s_own_claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
