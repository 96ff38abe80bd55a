/*
 * Fuzzes auth/token: any bytes as a token, and any bytes as the payload and as the header of a token
 * that is rightly signed, so that the claims are reached too.
 */
#include "auth/token.h"

#include "must.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdint.h>

#define SECRET "a secret of more than thirty-two bytes"
#define NOW INT64_C(1700000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct token_signer *signer;

static void check(struct str token, struct arena *mem)
{
    struct token_claims claims = { .role = STR("untouched") };

    if (token_verify(signer, token, NOW, mem, &claims) != ST_OK) {
        MUST(str_is(claims.role, "untouched"));
        return;
    }
    MUST(token.len <= TOKEN_MAX_BYTES);
    MUST(claims.expires_at > NOW);
    MUST(str_is_utf8(claims.organization_name) && str_is_utf8(claims.role));
    MUST(claims.organization_name.ptr[claims.organization_name.len] == '\0');
}

static struct str base64url(struct str bytes, struct arena *mem)
{
    size_t size = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(mem, size);

    (void)sodium_bin2base64(text, size, (const unsigned char *)bytes.ptr, bytes.len,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(text);
}

static struct str sign(struct str header, struct str payload, struct arena *mem)
{
    struct str text =
        arena_printf(mem, "%s.%s", base64url(header, mem).ptr, base64url(payload, mem).ptr);
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    MUST(HMAC(EVP_sha256(), SECRET, sizeof(SECRET) - 1, (const unsigned char *)text.ptr, text.len,
              mac, &len));
    return arena_printf(mem, "%s.%s", text.ptr,
                        base64url((struct str){ .ptr = (const char *)mac, .len = len }, mem).ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str raw = { .ptr = (const char *)data, .len = size };
    struct arena mem;

    if (!signer) {
        MUST(token_signer_new("HS256", STR(SECRET), &signer, NULL) == ST_OK);
    }
    arena_init(&mem, (size_t)1024 * 1024 + size * 64);
    check(raw, &mem);
    if (size <= TOKEN_MAX_BYTES) {
        check(sign(STR("{\"alg\":\"HS256\"}"), raw, &mem), &mem);
        check(sign(raw,
                   STR("{\"admin_id\":\"65a1b2c3d4e5f60718293a4b\",\"org_id\":"
                       "\"65a1b2c3d4e5f60718293a4c\",\"org_name\":\"Acme\",\"exp\":1700000060}"),
                   &mem),
              &mem);
    }
    arena_done(&mem);
    return 0;
}
