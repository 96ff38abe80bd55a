/* The claims of tokens whose signature is right: which are required, of what type, until when. */
#include "token_fixture.h"

TEST(claims__a_token_of_the_seeds_programs_is_good)
{
    const struct {
        const char *algorithm;
        const char *token;
    } made[] = {
        /* by python-jose 3.5.0 with the secret "JWT TOKEN" */
        { "HS256",
          "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhZG1pbl9pZCI6IjY1YTFiMmMzZDRlNWY2MDcxODI"
          "5M2E0YiIsIm9yZ19pZCI6IjY1YTFiMmMzZDRlNWY2MDcxODI5M2E0YyIsIm9yZ19uYW1lIjoiWmFcdTA"
          "xN2NcdTAwZjNcdTAxNDJcdTAxMDcgR21iSCIsImV4cCI6NDEwMjQ0NDgwMH0.jkH9Sy8hA3ir9TuqfFw"
          "8k9_bIMQNrH29CNfNmDAQnPU" },
        { "HS384",
          "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJhZG1pbl9pZCI6IjY1YTFiMmMzZDRlNWY2MDcxODI"
          "5M2E0YiIsIm9yZ19pZCI6IjY1YTFiMmMzZDRlNWY2MDcxODI5M2E0YyIsIm9yZ19uYW1lIjoiWmFcdTA"
          "xN2NcdTAwZjNcdTAxNDJcdTAxMDcgR21iSCIsImV4cCI6NDEwMjQ0NDgwMH0.MXYZFIESdCYmJzIoPb1"
          "631Z1DP4pqUZhjrM0RCaPYntiiHaCwgqdBLO0TSUJ-NuS" },
        { "HS512",
          "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJhZG1pbl9pZCI6IjY1YTFiMmMzZDRlNWY2MDcxODI"
          "5M2E0YiIsIm9yZ19pZCI6IjY1YTFiMmMzZDRlNWY2MDcxODI5M2E0YyIsIm9yZ19uYW1lIjoiWmFcdTA"
          "xN2NcdTAwZjNcdTAxNDJcdTAxMDcgR21iSCIsImV4cCI6NDEwMjQ0NDgwMH0.YjxSRpFKAC_ZnVMrIdf"
          "kxKc-2r0-NzsmcvxE8Xn7kzjUbVsQH2LH860mcr3sUb3uiIWiOsiUm1objxr6rGH0zA" },
    };

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        struct token_signer *signer;
        struct token_claims claims;
        struct oid id;

        assert_int_equal(token_signer_new(made[i].algorithm, STR("JWT TOKEN"), &signer, NULL),
                         ST_OK);
        assert_int_equal(token_verify(signer, str_of(made[i].token), NOW, &fix.mem, &claims),
                         ST_OK);
        assert_true(oid_parse(STR(ADMIN_ID), &id) && oid_equal(&id, &claims.account_id));
        assert_true(oid_parse(STR(ORG_ID), &id) && oid_equal(&id, &claims.organization_id));
        assert_str(claims.organization_name, "Zażółć GmbH");
        assert_str(claims.role, "admin");
        assert_int_equal(claims.expires_at, INT64_C(4102444800));
        assert_int_equal(claims.issued_at, 0);
        assert_int_equal(claims.password_version, 0);
        token_signer_free(signer);
    }
}

TEST(claims__a_token_is_bad_from_the_second_of_exp_on)
{
    struct token_claims claims = some_claims();
    struct str token = issue(&claims);

    assert_int_equal(verify_at(token, NOW + 3599), ST_OK);
    assert_int_equal(verify_at(token, NOW + 3600), ST_BAD_TOKEN);
    assert_int_equal(verify_at(token, NOW + 3601), ST_BAD_TOKEN);
    assert_int_equal(verify_at(token, INT64_MAX), ST_BAD_TOKEN);
}

TEST(claims__exp_is_a_number_of_seconds_rounded_down)
{
    const char *const good[] = { "1700000001", "1700000001.0", "1700000001.9", "1.700000001e9",
                                 "9223372036854775807" };
    const char *const bad[] = { "1700000000",
                                "1700000000.9",
                                "1699999999",
                                "0",
                                "-1",
                                "-1e300",
                                "1e17",
                                "1e300",
                                "1e400",
                                "9223372036854775808",
                                "null",
                                "true",
                                "\"1700000001\"",
                                "[1700000001]",
                                "{}" };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(
            verify_payload(arena_printf(&fix.mem, SEED_IDS ",\"exp\":%s}", good[i]).ptr), ST_OK);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(
            verify_payload(arena_printf(&fix.mem, SEED_IDS ",\"exp\":%s}", bad[i]).ptr),
            ST_BAD_TOKEN);
    }
    assert_int_equal(verify_payload(SEED_IDS "}"), ST_BAD_TOKEN);
}

TEST(claims__nbf_in_the_future_is_refused)
{
    assert_int_equal(verify_payload(SEED_CLAIMS ",\"nbf\":1699999999}"), ST_OK);
    assert_int_equal(verify_payload(SEED_CLAIMS ",\"nbf\":1700000000}"), ST_OK);
    assert_int_equal(verify_payload(SEED_CLAIMS ",\"nbf\":1700000001}"), ST_BAD_TOKEN);
    assert_int_equal(verify_payload(SEED_CLAIMS ",\"nbf\":\"1\"}"), ST_BAD_TOKEN);
}

TEST(claims__each_of_the_seeds_is_required_and_has_its_type)
{
    const char *const bad[] = {
        "{\"org_id\":\"" ORG_ID "\",\"org_name\":\"A\",\"exp\":1700000060}",
        "{\"admin_id\":\"" ADMIN_ID "\",\"org_name\":\"A\",\"exp\":1700000060}",
        "{\"admin_id\":\"" ADMIN_ID "\",\"org_id\":\"" ORG_ID "\",\"exp\":1700000060}",
        "{\"admin_id\":1,\"org_id\":\"" ORG_ID "\",\"org_name\":\"A\",\"exp\":1700000060}",
        "{\"admin_id\":\"65a1\",\"org_id\":\"" ORG_ID "\",\"org_name\":\"A\",\"exp\":1700000060}",
        "{\"admin_id\":\"" ADMIN_ID "\",\"org_id\":null,\"org_name\":\"A\",\"exp\":1700000060}",
        "{\"admin_id\":\"" ADMIN_ID "\",\"org_id\":\"" ORG_ID
        "0\",\"org_name\":\"A\",\"exp\":1700000060}",
        "{\"admin_id\":\"" ADMIN_ID "\",\"org_id\":\"" ORG_ID
        "\",\"org_name\":7,\"exp\":1700000060}",
    };

    assert_int_equal(verify_payload(SEED_CLAIMS "}"), ST_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(verify_payload(bad[i]), ST_BAD_TOKEN);
    }
}

TEST(claims__ours_may_be_missing_but_not_wrong)
{
    const char *const good[] = {
        "\"sub\":\"" ADMIN_ID "\"",
        "\"sub\":\"65A1B2C3D4E5F60718293A4B\"",
        "\"jti\":\"x\"",
        "\"role\":\"admin\"",
        "\"iat\":1",
        "\"pv\":9",
        "\"iss\":\"somebody\"",
        "\"more\":{\"a\":[1,2]}",
    };
    const char *const bad[] = {
        "\"sub\":\"" ORG_ID "\"",
        "\"sub\":\"\"",
        "\"sub\":null",
        "\"sub\":1",
        "\"jti\":1",
        "\"jti\":null",
        "\"role\":1",
        "\"role\":null",
        "\"iat\":\"1\"",
        "\"iat\":1.5",
        "\"pv\":\"9\"",
        "\"pv\":9.0",
        "\"pv\":null",
        "\"aud\":\"orgd\"",
        "\"aud\":null",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(verify_payload(arena_printf(&fix.mem, SEED_CLAIMS ",%s}", good[i]).ptr),
                         ST_OK);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(verify_payload(arena_printf(&fix.mem, SEED_CLAIMS ",%s}", bad[i]).ptr),
                         ST_BAD_TOKEN);
    }
}

TEST(claims__a_payload_that_is_no_clean_object_is_refused)
{
    const char *const bad[] = {
        " ",
        "null",
        "[]",
        "1",
        "\"x\"",
        "{}",
        SEED_CLAIMS,
        SEED_CLAIMS "}x",
        SEED_CLAIMS "}}",
        SEED_CLAIMS ",\"exp\":1700000061}",            /* twice */
        SEED_CLAIMS ",\"admin_id\":\"" ADMIN_ID "\"}", /* twice */
        SEED_CLAIMS ",\"x\":\"\\u0000\"}",
        SEED_CLAIMS ",\"x\":\"\xC3\"}",
        SEED_CLAIMS ",\"x\":\"\\ud800\"}",
    };
    struct str deep;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(verify_payload(bad[i]), ST_BAD_TOKEN);
    }
    deep = arena_printf(&fix.mem, "%01000d", 0);
    memset((char *)(uintptr_t)deep.ptr, '[', deep.len);
    assert_int_equal(verify_payload(deep.ptr), ST_BAD_TOKEN);
}

TEST(claims__a_refused_token_leaves_them_untouched)
{
    struct token_claims claims = { .issued_at = 42 };

    assert_int_equal(token_verify(fix.signer, STR("a.b.c"), NOW, &fix.mem, &claims), ST_BAD_TOKEN);
    assert_int_equal(token_verify(fix.signer,
                                  forge(EVP_sha256(), STR(HS256), STR(SEED_CLAIMS ",\"pv\":\"\"}")),
                                  NOW, &fix.mem, &claims),
                     ST_BAD_TOKEN);
    assert_int_equal(claims.issued_at, 42);
    assert_null(claims.organization_name.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(claims__a_token_of_the_seeds_programs_is_good, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(claims__a_token_is_bad_from_the_second_of_exp_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(claims__exp_is_a_number_of_seconds_rounded_down, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(claims__nbf_in_the_future_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(claims__each_of_the_seeds_is_required_and_has_its_type,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(claims__ours_may_be_missing_but_not_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(claims__a_payload_that_is_no_clean_object_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(claims__a_refused_token_leaves_them_untouched, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
