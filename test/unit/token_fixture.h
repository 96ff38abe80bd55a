/* What the tests of tokens share: a signer, some claims, and tokens forged without token.c. */
#ifndef ORGD_TEST_UNIT_TOKEN_FIXTURE_H
#define ORGD_TEST_UNIT_TOKEN_FIXTURE_H

#include "test.h"

#include "auth/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#define SECRET "a secret of more than thirty-two bytes"
#define NOW INT64_C(1700000000)

#define ADMIN_ID "65a1b2c3d4e5f60718293a4b"
#define ORG_ID "65a1b2c3d4e5f60718293a4c"
#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
/* The claims of the seeds' tokens, without the closing brace. */
#define SEED_IDS "{\"admin_id\":\"" ADMIN_ID "\",\"org_id\":\"" ORG_ID "\",\"org_name\":\"Acme\""
#define SEED_CLAIMS SEED_IDS ",\"exp\":1700000060"

struct fixture {
    struct token_signer *signer; /* HS256 with SECRET */
    struct arena mem;
};

static struct fixture fix;

static inline int setup(void **state)
{
    (void)state;
    arena_init(&fix.mem, (size_t)64 << 20);
    return token_signer_new("HS256", STR(SECRET), &fix.signer, NULL) == ST_OK ? 0 : -1;
}

static inline int teardown(void **state)
{
    (void)state;
    token_signer_free(fix.signer);
    arena_done(&fix.mem);
    return 0;
}

static inline struct token_claims some_claims(void)
{
    struct token_claims claims = {
        .organization_name = STR("Zażółć GmbH"),
        .role = STR("admin"),
        .issued_at = NOW,
        .expires_at = NOW + 3600,
        .password_version = 7,
    };

    assert_true(oid_parse(STR(ADMIN_ID), &claims.account_id));
    assert_true(oid_parse(STR(ORG_ID), &claims.organization_id));
    return claims;
}

static inline struct str issue(const struct token_claims *claims)
{
    struct str token;

    assert_int_equal(token_issue(fix.signer, claims, &fix.mem, &token, NULL), ST_OK);
    return token;
}

static inline enum status verify_at(struct str token, int64_t now_s)
{
    struct token_claims claims;

    return token_verify(fix.signer, token, now_s, &fix.mem, &claims);
}

static inline struct str base64url(const void *bytes, size_t len)
{
    size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char text[8192];

    assert_true(size <= sizeof(text));
    (void)sodium_bin2base64(text, size, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return arena_str(&fix.mem, str_of(text));
}

/* A token made without token.c: any header and payload, rightly signed with SECRET. */
static inline struct str forge(const EVP_MD *digest, struct str header, struct str payload)
{
    struct str signed_part = arena_printf(&fix.mem, "%s.%s", base64url(header.ptr, header.len).ptr,
                                          base64url(payload.ptr, payload.len).ptr);
    unsigned char signature[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    assert_non_null(HMAC(digest, SECRET, sizeof(SECRET) - 1, (const unsigned char *)signed_part.ptr,
                         signed_part.len, signature, &len));
    return arena_printf(&fix.mem, "%s.%s", signed_part.ptr, base64url(signature, len).ptr);
}

static inline enum status verify_payload(const char *payload)
{
    return verify_at(forge(EVP_sha256(), STR(HS256), str_of(payload)), NOW);
}

#endif
