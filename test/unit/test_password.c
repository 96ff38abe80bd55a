/* Passwords: new hashes, and those that the seeds' programs stored. */
#include "test.h"

#include "auth/password.h"
#include "base/clock.h"

#include <sodium.h>
#include <stdlib.h>

/* What the hashes below were made of, by passlib 1.7.4, bcrypt 4.0.1 and argon2-cffi 25.1. */
#define PLAIN "correct horse"
#define UNICODE "pässwörd-日本語"
#define SEVENTY "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* Salt and checksum of some Argon2 hash. */
#define ARGON2_REST "$c2FsdHNhbHRzYWx0c2FsdA$5jdMIzWoFbzSOl6k3wai9uU3f8LD+HmGXQgo1uhHQPI"

struct vector {
    const char *password;
    const char *hash;
};

static void assert_verifies(const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(password_hash_is_known(str_of(vectors[i].hash)));
        assert_true(password_verify(str_of(vectors[i].password), str_of(vectors[i].hash)));
        assert_false(password_verify(STR("another password"), str_of(vectors[i].hash)));
        assert_false(password_verify(STR(""), str_of(vectors[i].hash)));
    }
}

#define ASSERT_VERIFIES(vectors) assert_verifies((vectors), sizeof(vectors) / sizeof((vectors)[0]))

static void assert_none_verifies(const char *const *hashes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_false(password_verify(STR(PLAIN), str_of(hashes[i])));
        assert_false(password_hash_is_known(str_of(hashes[i])));
    }
}

#define ASSERT_NONE_VERIFIES(hashes)                                                               \
    assert_none_verifies((hashes), sizeof(hashes) / sizeof((hashes)[0]))

/* A password of a thousand and more bytes, all of one letter. */
static struct str repeated(char *space, char letter, size_t len)
{
    memset(space, letter, len);
    return (struct str){ .ptr = space, .len = len };
}

TEST(hash__is_argon2id_with_our_parameters_and_verifies)
{
    struct arena mem;
    struct str hash;
    struct str again;

    arena_init(&mem, 1 << 16);
    assert_int_equal(password_hash(STR(UNICODE), &mem, &hash, NULL), ST_OK);
    assert_int_equal(strncmp(hash.ptr, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_true(password_verify(STR(UNICODE), hash));
    assert_false(password_verify(STR("pässwörd-日本"), hash));
    assert_false(password_verify(STR(""), hash));
    assert_false(password_needs_rehash(hash));

    assert_int_equal(password_hash(STR(UNICODE), &mem, &again, NULL), ST_OK);
    assert_false(str_equal(hash, again)); /* each has a salt of its own */
    arena_done(&mem);
}

TEST(hash__takes_1024_bytes_and_all_of_them_count)
{
    char space[PASSWORD_MAX_BYTES + 1];
    struct str password = repeated(space, 'k', PASSWORD_MAX_BYTES);
    struct arena mem;
    struct str hash;

    arena_init(&mem, 1 << 16);
    assert_int_equal(password_hash(password, &mem, &hash, NULL), ST_OK);
    assert_true(password_verify(password, hash));
    password.len--;
    assert_false(password_verify(password, hash));
    assert_false(password_verify(repeated(space, 'k', PASSWORD_MAX_BYTES + 1), hash));
    arena_done(&mem);
}

TEST(hash__any_change_of_a_byte_no_longer_verifies)
{
    const char hash[] = "$argon2id$v=19$m=64,t=2,p=1" ARGON2_REST;
    char changed[sizeof(hash)];

    for (size_t i = 0; i + 1 < sizeof(hash); i++) {
        memcpy(changed, hash, sizeof(hash));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_false(password_verify(STR(PLAIN), str_of(changed)));
        memcpy(changed, hash, sizeof(hash));
        changed[i] = '\0';
        assert_false(password_verify(STR(PLAIN), STR(changed)));
        assert_false(password_verify(STR(PLAIN), (struct str){ .ptr = hash, .len = i }));
    }
}

TEST(verify__takes_argon2_of_other_parameters)
{
    const struct vector vectors[] = {
        { PLAIN, "$argon2id$v=19$m=64,t=2,p=1" ARGON2_REST },
        { PLAIN, "$argon2id$v=19$m=64,t=1,p=4$c2FsdHNhbHRzYWx0c2FsdA$3SA6g+"
                 "LKC0soHNL1Z3JVGe1gKGIUtjinGwV6VmvUKVs" },
        { PLAIN, "$argon2i$v=19$m=64,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
                 "GRBsh7FJTTzsMpetv5Ux3q9Z9pPGILRq87T8vglu9II" },
    };

    ASSERT_VERIFIES(vectors);
}

TEST(verify__takes_what_passlib_wrote_as_pbkdf2)
{
    const struct vector vectors[] = {
        { PLAIN, "$pbkdf2-sha256$29000$6n2PMeY859w7Z8zZ.1/"
                 "LWQ$57F85gjDYd6J5EuQJK8H1GQjTzOjpUFdV.3BfuvQoE4" },
        { UNICODE, "$pbkdf2-sha256$29000$zVnr3fv/"
                   "v7dWCmEspRQiRA$A1LCL9M8BQ2aQFkBcEs1vVScuAgrOtt5IiVpXATtVvk" },
        { PLAIN, "$pbkdf2-sha256$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060" },
        { PLAIN, "$pbkdf2-sha256$1000$8r43hrCWco5RKsU4x3iP8Z7z/"
                 "p.zNqa0lnLOGQOAMAaAEIIQQmgNwVhrTakVIiQkBKD0fg.hlNLae28tZUyJsQ$"
                 "LmMY011r0YknxKGugWH9mBU2DWDXb3xBc.qK/XUnWOc" },
    };
    char space[PASSWORD_MAX_BYTES];

    ASSERT_VERIFIES(vectors);
    assert_true(password_verify(repeated(space, 'k', PASSWORD_MAX_BYTES),
                                STR("$pbkdf2-sha256$1000$xRjjPOfcuxdizFkL4byX8g$"
                                    "TaeyLVO64ZFYHkqRA6Qi3PqPheFIgX5tC59/eEDuKoc")));
}

TEST(verify__takes_what_passlib_wrote_as_bcrypt)
{
    const struct vector vectors[] = {
        { PLAIN, "$2a$05$1Pg2x6JAzYWtvfASvV31sOzBzbvnRTl//z1LqKCSOSpf.AME3DLc6" },
        { PLAIN, "$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su" },
        { PLAIN, "$2y$05$gFROeGJemigYzFAMVgNT2uJSiORxIgmYD7o2a.7OxLFWlv80Y0Lee" },
        { UNICODE, "$2a$04$Xt8jNkGRUD0mnfGhjVFN4eaD2CJ85HFWAJ1eUtu473nTLxAMwiZJ." },
        { UNICODE, "$2b$04$8VxUSgCphttzTFMhwn6y7O5FYPZNVxhC4ScJHe.9mK25r/atFJH0O" },
        { UNICODE, "$2y$04$JXzuZ30MfiqT2/sqLRy4zu7sZSnS4udbLeC/eRxogKAUNvz0Tq.4y" },
        { PLAIN, "$2b$12$SZJVlhjKpRuWXnLu5qY8Tesf.TzhxOU3qdgpq/x.fpxv/KRwd87Ki" },
        /* where implementations of $2a$ differ: */
        { "\xff\xff\xa3", "$2a$04$JME8Qi38FoaBibejyAiCKu.Qsp2i2PIPSdevRCc9MlKmXP0DUM8WS" },
        { "\xff\xff\xa3", "$2b$04$ThLurmsVwd52CUZO2FJT7eXhQH6SLUGJf7OnxsUW/T33JIpBioMui" },
    };

    ASSERT_VERIFIES(vectors);
}

TEST(verify__bcrypt_looks_at_72_bytes_as_it_always_has)
{
    const char *const hashes[] = {
        "$2a$04$4MqDuxj859tKfdY9jALS3u7FIwirUTE06fpT77AWwV3KJ5r9Tf.qu",
        "$2b$04$KO1zYrDJtXovouD2WXd1CutIdzSt9a0ROVgSIecw7jQ712dNmr0n6",
        "$2y$04$lhUU1xOj12/hWuChogzREOX4qv2FD.J/5SIh8dgt4bMxoKQvDbe0S",
    };
    char space[PASSWORD_MAX_BYTES];

    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        assert_true(password_verify(STR(SEVENTY "yzABC"), str_of(hashes[i])));
        assert_true(password_verify(STR(SEVENTY "yz"), str_of(hashes[i])));
        assert_true(password_verify(STR(SEVENTY "yz and more"), str_of(hashes[i])));
        assert_false(password_verify(STR(SEVENTY "y"), str_of(hashes[i])));
        assert_false(password_verify(STR(SEVENTY "yY"), str_of(hashes[i])));
    }
    assert_true(
        password_verify(repeated(space, 'z', 600),
                        STR("$2b$04$J2DPTYo9K/cQQl0gLSFdXuvRkMdWmhxdpO0itnc6BxN81yOVsAHme")));
    assert_true(
        password_verify(repeated(space, 'z', PASSWORD_MAX_BYTES),
                        STR("$2b$04$J2DPTYo9K/cQQl0gLSFdXuvRkMdWmhxdpO0itnc6BxN81yOVsAHme")));
}

TEST(verify__malformed_pbkdf2_is_false)
{
    const char *const hashes[] = {
        "$pbkdf2-sha256$",
        "$pbkdf2-sha256$1000",
        "$pbkdf2-sha256$1000$",
        "$pbkdf2-sha256$1000$$",
        "$pbkdf2-sha256$$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$0$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$01000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$-1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$+1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$1000x$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$4294968296$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$18446744073709552616$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha256$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF06",
        "$pbkdf2-sha256$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF061", /* spare bits */
        "$pbkdf2-sha256$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060=",
        "$pbkdf2-sha256$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060$",
        "$pbkdf2-sha256$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060AAAA",
        "$pbkdf2-sha256$1000$!$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2-sha512$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$pbkdf2$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
    };

    assert_true(password_verify(
        STR(PLAIN), STR("$pbkdf2-sha256$1000$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060")));
    ASSERT_NONE_VERIFIES(hashes);
}

TEST(verify__malformed_bcrypt_is_false)
{
    const char hash[] = "$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su";
    const char *const hashes[] = {
        "$2",
        "$2$",
        "$2b$",
        "$2b$05",
        "$2b$05$",
        "$2b$05$787yCmHiyjMclKBAKjLUlu",
        /* another letter, another separator, costs that are none */
        "$2x$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2c$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b:05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$5$$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$00$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$03$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$ 5$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$005$87yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4S*",
        "$2b$05$787yCmHiyjMclKBAKjLUl*rrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Suu",
        "*0",
        "*1",
    };
    char changed[sizeof(hash)];

    assert_true(password_verify(STR(PLAIN), STR(hash)));
    ASSERT_NONE_VERIFIES(hashes);
    for (size_t i = 0; i + 1 < sizeof(hash); i++) {
        memcpy(changed, hash, sizeof(hash));
        changed[i] = '$';
        assert_true(memcmp(changed, hash, sizeof(hash)) == 0 ||
                    !password_verify(STR(PLAIN), STR(changed)));
        assert_false(password_verify(STR(PLAIN), (struct str){ .ptr = hash, .len = i }));
    }
}

TEST(verify__unknown_formats_are_false)
{
    const char *const hashes[] = { "",
                                   "$",
                                   "$$",
                                   "correct horse",
                                   "plaintext",
                                   "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
                                   "$6$rounds=1000$salt$abcdefgh",
                                   "{SSHA}abcd",
                                   "$argon2",
                                   "$argon2$",
                                   "$argon2id",
                                   "$argon2id$",
                                   "$argon2d$v=19$m=64,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
                                   "Kb2t7aHQ2hLThd04YTR6xODgZIEBrxflQkkgvfjH5Sc",
                                   "$argon2id$v=16$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
                                   "mjeOBTstiC9XBIvUIQnlKklNv6HJw2Hs8O7qXdo8fcw" };

    ASSERT_NONE_VERIFIES(hashes);
    assert_false(password_verify(STR(PLAIN), (struct str){ 0 }));
}

TEST(verify__a_hash_longer_than_the_limit_is_false)
{
    const char *const heads[] = { "",
                                  "$",
                                  "$2b$05$",
                                  "$pbkdf2-sha256$1$",
                                  "$pbkdf2-sha256$1$$",
                                  "$argon2id$v=19$m=64,t=2,p=1$",
                                  "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$" };
    char space[4096];

    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct str hash = repeated(space, 'A', sizeof(space));

        memcpy(space, heads[i], strlen(heads[i]));
        assert_false(password_verify(STR(PLAIN), hash));
        hash.len = PASSWORD_HASH_MAX + 1;
        assert_false(password_verify(STR(PLAIN), hash));
        hash.len = PASSWORD_HASH_MAX;
        assert_false(password_verify(STR(PLAIN), hash));
    }
}

TEST(verify__hostile_parameters_cost_nothing)
{
    const char *const hashes[] = {
        "$pbkdf2-sha256$10000001$$HcgqBfFsiPqcvNuDshce6pePkLI1xSh10RieuMcF060",
        "$2b$17$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$31$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$2b$99$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$argon2id$v=19$m=1048577,t=1,p=1" ARGON2_REST,
        "$argon2id$v=19$m=64,t=17,p=1" ARGON2_REST,
        "$argon2i$v=19$m=1024,t=4294967295,p=1" ARGON2_REST,
        "$argon2id$v=19$m=4294967360,t=2,p=1" ARGON2_REST,
        "$argon2id$v=19$m=64,t=2,p=256" ARGON2_REST,
    };
    int64_t start_ms = clock_monotonic_ms();

    ASSERT_NONE_VERIFIES(hashes);
    assert_true(clock_monotonic_ms() - start_ms < 300);
}

TEST(known__is_a_hash_of_our_own_and_none_that_libsodium_refuses)
{
    const char *const refused[] = {
        "$argon2id$v=19$m=7,t=1,p=1" ARGON2_REST,
        "$argon2id$v=19$m=31,t=1,p=4" ARGON2_REST,
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbA$5jdMIzWoFbzSOl6k3wai9uU3f8LD+HmGXQgo1uhHQPI",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$5jdMIzWoFbzSOl6k3wY",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$",
    };
    struct arena mem;
    struct str hash;

    arena_init(&mem, 1 << 16);
    assert_int_equal(password_hash(STR(PLAIN), &mem, &hash, NULL), ST_OK);
    assert_true(password_hash_is_known(hash));
    assert_true(password_hash_is_known(STR("$argon2id$v=19$m=64,t=1,p=1" ARGON2_REST)));
    ASSERT_NONE_VERIFIES(refused);
    arena_done(&mem);
}

TEST(verify__a_password_with_nul_is_never_right)
{
    assert_false(password_verify(
        STR(PLAIN "\0"), STR("$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su")));
    assert_false(password_verify(
        STR(PLAIN "\0more"), STR("$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su")));
    assert_false(password_verify(
        STR("\0"), STR("$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su")));
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;

    return (*left > *right) - (*left < *right);
}

TEST(verify_nobody__is_false_and_costs_what_a_wrong_password_costs)
{
    enum { ROUNDS = 15 };
    int64_t nobody_us[ROUNDS];
    int64_t wrong_us[ROUNDS];
    struct arena mem;
    struct str hash;

    arena_init(&mem, 1 << 16);
    assert_int_equal(password_hash(STR(PLAIN), &mem, &hash, NULL), ST_OK);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t start_us = clock_monotonic_us();
        int64_t middle_us;

        assert_false(password_verify_nobody(STR("wrong")));
        middle_us = clock_monotonic_us();
        assert_false(password_verify(STR("wrong"), hash));
        nobody_us[i] = middle_us - start_us;
        wrong_us[i] = clock_monotonic_us() - middle_us;
    }
    qsort(nobody_us, ROUNDS, sizeof(nobody_us[0]), compare_times);
    qsort(wrong_us, ROUNDS, sizeof(wrong_us[0]), compare_times);
    /* Medians; a skipped computation would be thousands of times faster. */
    assert_in_range(nobody_us[ROUNDS / 2], wrong_us[ROUNDS / 2] / 2, wrong_us[ROUNDS / 2] * 2);
    arena_done(&mem);
}

TEST(needs_rehash__everything_but_todays_form)
{
    const char *const old[] = {
        "",
        "$pbkdf2-sha256$29000$6n2PMeY859w7Z8zZ.1/LWQ$57F85gjDYd6J5EuQJK8H1GQjTzOjpUFdV.3BfuvQoE4",
        "$2b$05$787yCmHiyjMclKBAKjLUlurrGetKJwiuGGpfzCqyvDlHkear/P4Su",
        "$argon2id$v=19$m=64,t=2,p=1" ARGON2_REST,
        "$argon2i$v=19$m=19456,t=2,p=1" ARGON2_REST "0",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$5jdMIzWoFbzSOl6k3wai9uU3f8LD",
    };

    for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
        assert_true(password_needs_rehash(str_of(old[i])));
    }
    assert_false(password_needs_rehash(STR("$argon2id$v=19$m=19456,t=2,p=1" ARGON2_REST)));
}

static int start(void **state)
{
    (void)state;
    return password_init(NULL) == ST_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash__is_argon2id_with_our_parameters_and_verifies),
        cmocka_unit_test(hash__takes_1024_bytes_and_all_of_them_count),
        cmocka_unit_test(hash__any_change_of_a_byte_no_longer_verifies),
        cmocka_unit_test(verify__takes_argon2_of_other_parameters),
        cmocka_unit_test(verify__takes_what_passlib_wrote_as_pbkdf2),
        cmocka_unit_test(verify__takes_what_passlib_wrote_as_bcrypt),
        cmocka_unit_test(verify__bcrypt_looks_at_72_bytes_as_it_always_has),
        cmocka_unit_test(verify__malformed_pbkdf2_is_false),
        cmocka_unit_test(verify__malformed_bcrypt_is_false),
        cmocka_unit_test(verify__unknown_formats_are_false),
        cmocka_unit_test(verify__a_hash_longer_than_the_limit_is_false),
        cmocka_unit_test(verify__hostile_parameters_cost_nothing),
        cmocka_unit_test(known__is_a_hash_of_our_own_and_none_that_libsodium_refuses),
        cmocka_unit_test(verify__a_password_with_nul_is_never_right),
        cmocka_unit_test(verify_nobody__is_false_and_costs_what_a_wrong_password_costs),
        cmocka_unit_test(needs_rehash__everything_but_todays_form),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
