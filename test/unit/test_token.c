/* Tokens: what is issued is accepted, and no other form, algorithm or signature is. */
#include "token_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

static enum status verify_header(const char *header)
{
    return verify_at(forge(EVP_sha256(), str_of(header), STR(SEED_CLAIMS "}")), NOW);
}

TEST(token__comes_back_as_it_was_issued)
{
    struct token_claims claims = some_claims();
    struct token_claims back;

    assert_int_equal(token_verify(fix.signer, issue(&claims), NOW, &fix.mem, &back), ST_OK);
    assert_true(oid_equal(&back.account_id, &claims.account_id));
    assert_true(oid_equal(&back.organization_id, &claims.organization_id));
    assert_str(back.organization_name, "Zażółć GmbH");
    assert_str(back.role, "admin");
    assert_int_equal(back.issued_at, NOW);
    assert_int_equal(back.expires_at, NOW + 3600);
    assert_int_equal(back.password_version, 7);
}

TEST(token__every_algorithm_of_the_setting_works_and_only_its_own_is_taken)
{
    const char *const names[] = { "HS256", "HS384", "HS512" };
    struct token_claims claims = some_claims();
    struct token_signer *signers[3];
    struct str tokens[3];

    for (int i = 0; i < 3; i++) {
        assert_int_equal(token_signer_new(names[i], STR("JWT TOKEN"), &signers[i], NULL), ST_OK);
        assert_int_equal(token_issue(signers[i], &claims, &fix.mem, &tokens[i], NULL), ST_OK);
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            struct token_claims back;

            assert_int_equal(token_verify(signers[i], tokens[j], NOW, &fix.mem, &back),
                             i == j ? ST_OK : ST_BAD_TOKEN);
        }
    }
    for (int i = 0; i < 3; i++) {
        token_signer_free(signers[i]);
    }
}

TEST(signer__unknown_algorithms_and_an_empty_secret_are_refused)
{
    const char *const names[] = { "", "none", "HS", "HS1", "hs256", "HS256 ", "RS256", "ES256" };
    struct token_signer *signer = NULL;
    struct err err;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(token_signer_new(names[i], STR(SECRET), &signer, &err), ST_BROKEN);
    }
    assert_int_equal(token_signer_new("HS256", STR(""), &signer, &err), ST_BROKEN);
    assert_null(signer);
    token_signer_free(NULL);
}

TEST(token__two_of_the_same_second_differ)
{
    struct token_claims claims = some_claims();

    assert_false(str_equal(issue(&claims), issue(&claims)));
}

TEST(token__name_of_400_bytes_fits)
{
    struct token_claims claims = some_claims();
    struct token_claims back;
    char name[401] = "";

    for (size_t i = 0; i < 100; i++) {
        memcpy(name + 4 * i, "\xF0\x9F\x98\x80", 4);
    }
    claims.organization_name = str_of(name);
    assert_int_equal(token_verify(fix.signer, issue(&claims), NOW, &fix.mem, &back), ST_OK);
    assert_str(back.organization_name, name);

    memset(name, '"', 400); /* each is two bytes in JSON */
    assert_int_equal(token_verify(fix.signer, issue(&claims), NOW, &fix.mem, &back), ST_OK);
    assert_str(back.organization_name, name);
}

TEST(token__claims_that_do_not_fit_or_are_no_text_are_not_issued)
{
    struct token_claims claims = some_claims();
    struct str token = { 0 };
    char name[4000];
    struct err err;

    claims.organization_name = STR("\xC3");
    assert_int_equal(token_issue(fix.signer, &claims, &fix.mem, &token, &err), ST_BROKEN);
    memset(name, 'n', sizeof(name));
    claims.organization_name = (struct str){ .ptr = name, .len = sizeof(name) };
    assert_int_equal(token_issue(fix.signer, &claims, &fix.mem, &token, &err), ST_BROKEN);
    claims.organization_name.len = 3000; /* fits as JSON, not as base64 */
    assert_int_equal(token_issue(fix.signer, &claims, &fix.mem, &token, &err), ST_BROKEN);
    assert_null(token.ptr);
}

TEST(token__every_change_of_one_character_is_refused)
{
    static const char others[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ %\n";
    struct token_claims claims = some_claims();
    struct str token = issue(&claims);
    char *changed = arena_alloc(&fix.mem, token.len);

    for (size_t i = 0; i < token.len; i++) {
        memcpy(changed, token.ptr, token.len);
        for (size_t j = 0; j < sizeof(others); j++) { /* the NUL too */
            changed[i] = others[j];
            if (changed[i] != token.ptr[i]) {
                struct str bad = { .ptr = changed, .len = token.len };

                assert_int_equal(verify_at(bad, NOW), ST_BAD_TOKEN);
            }
        }
    }
}

TEST(token__every_cut_and_every_addition_is_refused)
{
    struct token_claims claims = some_claims();
    struct str token = issue(&claims);
    const char *const around[] = { "%s=", "%s==", "%s.",     ".%s", " %s",
                                   "%s ", "%sA",  "%s.AAAA", "%s\n" };

    for (size_t len = 0; len < token.len; len++) {
        struct str rest = { .ptr = token.ptr + token.len - len, .len = len };

        assert_int_equal(verify_at((struct str){ .ptr = token.ptr, .len = len }, NOW),
                         ST_BAD_TOKEN);
        assert_int_equal(verify_at(rest, NOW), ST_BAD_TOKEN);
    }
    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
        const char *mark = strstr(around[i], "%s");
        struct str bad = arena_printf(&fix.mem, "%.*s%s%s", (int)(mark - around[i]), around[i],
                                      token.ptr, mark + 2);

        assert_int_equal(verify_at(bad, NOW), ST_BAD_TOKEN);
    }
    assert_int_equal(verify_at((struct str){ .ptr = token.ptr, .len = token.len + 1 }, NOW),
                     ST_BAD_TOKEN); /* with the NUL */
}

TEST(token__garbage_is_refused)
{
    const char *const garbage[] = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b.c",
        "AAAA.AAAA.AAAA",
        "....",
        "e30.e30.e30",
        "e30..",
        ".e30.",
        "..e30",
        "null",
        "Bearer",
        "bm9uZQ.bm9uZQ.bm9uZQ",
        "W10.W10.W10",
        "IiI.IiI.IiI",
        "eyJhbGciOiJIUzI1NiJ9..",
        "A===.AAAA.AAAA",
        "eyJhbGciOiJIUzI1NiJ9.e30.A===",
        "eyJhbGciOiJIUzI1NiJ9.e30",
        "eyJhbGciOiJIUzI1NiJ9.e30.",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOm51bGx9.e30.AAAA",
        "eyJhbGciOjF9.e30.AAAA",
    };
    char big[TOKEN_MAX_BYTES + 1];

    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        assert_int_equal(verify_at(str_of(garbage[i]), NOW), ST_BAD_TOKEN);
    }
    assert_int_equal(verify_at((struct str){ 0 }, NOW), ST_BAD_TOKEN);
    memset(big, 'A', sizeof(big));
    assert_int_equal(verify_at((struct str){ .ptr = big, .len = sizeof(big) }, NOW), ST_BAD_TOKEN);
    memset(big, '.', sizeof(big));
    assert_int_equal(verify_at((struct str){ .ptr = big, .len = sizeof(big) - 1 }, NOW),
                     ST_BAD_TOKEN);
}

TEST(token__longer_than_the_limit_is_refused_though_signed)
{
    char spaces[3000];
    struct str payload;

    memset(spaces, ' ', sizeof(spaces));
    payload = arena_printf(&fix.mem, "%.*s" SEED_CLAIMS "}", 2800, spaces);
    assert_int_equal(verify_payload(payload.ptr), ST_OK);
    payload = arena_printf(&fix.mem, "%.*s" SEED_CLAIMS "}", 3000, spaces);
    assert_int_equal(verify_payload(payload.ptr), ST_BAD_TOKEN);
}

TEST(token__header_with_another_algorithm_is_refused)
{
    const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"PS256\"}",
        "{\"alg\":\"hs256\"}",
        "{\"alg\":\"HS384\"}",
        "{\"alg\":\"HS512\"}",
        "{\"alg\":\"HS256 \"}",
        "{\"alg\":\"\"}",
        "{\"alg\":null}",
        "{\"alg\":[\"HS256\"]}",
        "{\"alg\":256}",
        "{}",
        "[]",
        "\"HS256\"",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\"",
        "{\"alg\":\"HS256\"}x",
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"HS256\",\"b64\":false,\"crit\":[\"b64\"]}",
    };
    struct str part = STR(SEED_CLAIMS "}");

    assert_int_equal(verify_header("{\"alg\":\"HS256\"}"), ST_OK);
    assert_int_equal(verify_header(HS256), ST_OK);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        assert_int_equal(verify_header(headers[i]), ST_BAD_TOKEN);
    }
    /* With the signature that the header promises. */
    assert_int_equal(verify_at(forge(EVP_sha512(), STR("{\"alg\":\"HS512\"}"), part), NOW),
                     ST_BAD_TOKEN);
    assert_int_equal(verify_at(forge(EVP_sha384(), STR("{\"alg\":\"HS384\"}"), part), NOW),
                     ST_BAD_TOKEN);
    part = base64url(part.ptr, part.len);
    assert_int_equal(verify_at(arena_printf(&fix.mem, "eyJhbGciOiJub25lIn0.%s.", part.ptr), NOW),
                     ST_BAD_TOKEN);
}

TEST(token__another_secret_is_refused)
{
    const char *const secrets[] = { SECRET " ", "A", "a secret of more than thirty-two byteS" };
    struct token_claims claims = some_claims();

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        struct token_signer *other;
        struct str token;

        assert_int_equal(token_signer_new("HS256", str_of(secrets[i]), &other, NULL), ST_OK);
        assert_int_equal(token_issue(other, &claims, &fix.mem, &token, NULL), ST_OK);
        assert_int_equal(verify_at(token, NOW), ST_BAD_TOKEN);
        token_signer_free(other);
    }
}

struct sharer {
    pthread_t thread;
    atomic_int *good;
};

static void *issue_and_verify(void *argument)
{
    struct sharer *sharer = argument;
    struct token_claims claims = { .organization_name = STR("Acme"),
                                   .role = STR("admin"),
                                   .expires_at = NOW + 1 };

    for (int i = 0; i < 200; i++) {
        struct token_claims back;
        struct arena mem;
        struct str token;

        arena_init(&mem, 1 << 16);
        if (token_issue(fix.signer, &claims, &mem, &token, NULL) == ST_OK &&
            token_verify(fix.signer, token, NOW, &mem, &back) == ST_OK &&
            token_verify(fix.signer, token, NOW + 1, &mem, &back) == ST_BAD_TOKEN) {
            atomic_fetch_add(sharer->good, 1);
        }
        arena_done(&mem);
    }
    return NULL;
}

TEST(signer__threads_share_one)
{
    struct sharer sharers[8];
    atomic_int good = 0;

    for (int i = 0; i < 8; i++) {
        sharers[i].good = &good;
        assert_int_equal(pthread_create(&sharers[i].thread, NULL, issue_and_verify, &sharers[i]),
                         0);
    }
    for (int i = 0; i < 8; i++) {
        (void)pthread_join(sharers[i].thread, NULL);
    }
    assert_int_equal(good, 1600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(token__comes_back_as_it_was_issued, setup, teardown),
        cmocka_unit_test_setup_teardown(
            token__every_algorithm_of_the_setting_works_and_only_its_own_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(signer__unknown_algorithms_and_an_empty_secret_are_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(token__two_of_the_same_second_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(token__name_of_400_bytes_fits, setup, teardown),
        cmocka_unit_test_setup_teardown(token__claims_that_do_not_fit_or_are_no_text_are_not_issued,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(token__every_change_of_one_character_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(token__every_cut_and_every_addition_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(token__garbage_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(token__longer_than_the_limit_is_refused_though_signed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(token__header_with_another_algorithm_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(token__another_secret_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(signer__threads_share_one, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
