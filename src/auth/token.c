/* JWTs: libcjose signs and verifies, jansson writes and reads the claims. */
#include "auth/token.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>

#define JTI_BYTES 16

/*
 * Threads may share the key: signing and verifying only read it. What counts references (a JWS, a
 * header) is made anew for each call.
 */
struct token_signer {
    cjose_jwk_t *key;
    const char *algorithm; /* static */
};

static const char *algorithm_named(const char *name)
{
    const char *const known[] = { CJOSE_HDR_ALG_HS256, CJOSE_HDR_ALG_HS384, CJOSE_HDR_ALG_HS512 };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i]) == 0) {
            return known[i];
        }
    }
    return NULL;
}

enum status token_signer_new(const char *algorithm, struct str secret,
                             struct token_signer **ret_signer, struct err *err)
{
    const char *known = algorithm_named(algorithm);
    struct token_signer *signer;
    cjose_err why = { 0 };

    if (!known) {
        return err_set(err, ST_BROKEN, "no token algorithm %s", algorithm);
    }
    if (sodium_init() < 0) {
        return err_set(err, ST_BROKEN, "libsodium does not start");
    }
    signer = calloc(1, sizeof(*signer));
    if (!signer) {
        return err_set(err, ST_BROKEN, "no memory for the tokens' key");
    }
    signer->algorithm = known;
    signer->key = cjose_jwk_create_oct_spec((const uint8_t *)secret.ptr, secret.len, &why);
    if (!signer->key) {
        free(signer);
        return err_set(err, ST_BROKEN, "the tokens' key: %s", why.message);
    }
    *ret_signer = signer;
    return ST_OK;
}

void token_signer_free(struct token_signer *signer)
{
    if (!signer) {
        return;
    }
    (void)cjose_jwk_release(signer->key);
    free(signer);
}

/* The payload's length, 0 where the claims are no JSON or don't fit. */
static size_t write_claims(const struct token_claims *claims, char *payload, size_t size)
{
    unsigned char random[JTI_BYTES];
    char jti[2 * JTI_BYTES + 1];
    char account[OID_HEX_LEN + 1];
    char organization[OID_HEX_LEN + 1];
    json_t *object;
    size_t len;

    oid_format(&claims->account_id, account);
    oid_format(&claims->organization_id, organization);
    randombytes_buf(random, sizeof(random));
    (void)sodium_bin2hex(jti, sizeof(jti), random, sizeof(random));
    /* clang-format off */
    object = json_pack("{s:s, s:s, s:s%, s:I, s:s, s:I, s:s, s:s%, s:I}",
                       "admin_id", account,
                       "org_id", organization,
                       "org_name", claims->organization_name.ptr, claims->organization_name.len,
                       "exp", (json_int_t)claims->expires_at,
                       "sub", account,
                       "iat", (json_int_t)claims->issued_at,
                       "jti", jti,
                       "role", claims->role.ptr, claims->role.len,
                       "pv", (json_int_t)claims->password_version);
    /* clang-format on */
    if (!object) {
        return 0;
    }
    len = json_dumpb(object, payload, size, JSON_COMPACT);
    json_decref(object);
    return len <= size ? len : 0;
}

enum status token_issue(const struct token_signer *signer, const struct token_claims *claims,
                        struct arena *mem, struct str *ret_token, struct err *err)
{
    char payload[TOKEN_MAX_BYTES];
    size_t len = write_claims(claims, payload, sizeof(payload));
    cjose_err why = { .message = "no memory" };
    cjose_header_t *header = NULL;
    cjose_jws_t *jws = NULL;
    const char *compact = NULL;
    enum status status = ST_OK;

    if (len == 0) {
        return err_set(err, ST_BROKEN, "the claims of a token are too long or not UTF-8");
    }
    header = cjose_header_new(&why);
    if (header && cjose_header_set(header, CJOSE_HDR_ALG, signer->algorithm, &why) &&
        cjose_header_set(header, "typ", "JWT", &why)) {
        jws = cjose_jws_sign(signer->key, header, (const uint8_t *)payload, len, &why);
    }
    if (!jws || !cjose_jws_export(jws, &compact, &why) || !compact) {
        status = err_set(err, ST_BROKEN, "signing a token: %s", why.message);
    } else if (strlen(compact) > TOKEN_MAX_BYTES) {
        status = err_set(err, ST_BROKEN, "a token of more than %d bytes", TOKEN_MAX_BYTES);
    } else {
        *ret_token = arena_str(mem, str_of(compact));
    }
    cjose_jws_release(jws);
    cjose_header_release(header);
    return status;
}

/* The six bits of a character, -1 for one outside the alphabet. */
static int base64url_value(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

/*
 * Not empty, of the base64url alphabet only, without padding, and the only spelling of its bytes.
 * libcjose must not see anything else: it takes some padding, ends the process (assert) on other
 * padding, and takes any value in the bits that the last character doesn't need.
 */
static bool is_base64url(struct str part)
{
    static const int spare_bits[] = { 0, -1, 15,
                                      3 }; /* by the length modulo 4; -1: no such length */
    int spare = spare_bits[part.len % 4];

    if (part.len == 0 || spare < 0) {
        return false;
    }
    for (size_t i = 0; i < part.len; i++) {
        if (base64url_value(part.ptr[i]) < 0) {
            return false;
        }
    }
    return (base64url_value(part.ptr[part.len - 1]) & spare) == 0;
}

/* Three parts of base64url, joined by dots. */
static bool is_compact(struct str token)
{
    struct str rest = token;

    if (token.len == 0 || token.len > TOKEN_MAX_BYTES) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        const char *dot = memchr(rest.ptr, '.', rest.len);
        size_t len = dot ? (size_t)(dot - rest.ptr) : 0;

        if (!dot || !is_base64url((struct str){ .ptr = rest.ptr, .len = len })) {
            return false;
        }
        rest = (struct str){ .ptr = dot + 1, .len = rest.len - len - 1 };
    }
    return is_base64url(rest);
}

static bool read_text(const json_t *object, const char *name, struct str *ret_text)
{
    const json_t *value = json_object_get(object, name);

    if (!json_is_string(value)) {
        return false;
    }
    *ret_text = (struct str){ .ptr = json_string_value(value), .len = json_string_length(value) };
    return true;
}

static bool read_id(const json_t *object, const char *name, struct oid *ret_id)
{
    struct str text;

    return read_text(object, name, &text) && oid_parse(text, ret_id);
}

/* An integer; where there is none, *ret_number keeps its value. */
static bool read_optional_number(const json_t *object, const char *name, int64_t *ret_number)
{
    const json_t *value = json_object_get(object, name);

    if (value && !json_is_integer(value)) {
        return false;
    }
    if (value) {
        *ret_number = json_integer_value(value);
    }
    return true;
}

/* exp may have a fraction, as RFC 7519 allows: the second in which it lies counts. */
static bool read_expiry(const json_t *object, int64_t *ret_seconds)
{
    const double limit = 9007199254740992.0; /* 2^53: beyond it a double no longer counts seconds */
    const json_t *value = json_object_get(object, "exp");
    double real = json_real_value(value);

    if (json_is_integer(value)) {
        *ret_seconds = json_integer_value(value);
        return true;
    }
    if (!json_is_real(value) || real < -limit || real > limit) {
        return false;
    }
    *ret_seconds = (int64_t)floor(real);
    return true;
}

/* ret_claims' strings are still the object's. */
static bool read_claims(const json_t *object, int64_t now_s, struct token_claims *ret_claims)
{
    struct token_claims claims = { .role = STR("admin") };
    struct oid subject;
    struct str jti;

    if (!read_id(object, "admin_id", &claims.account_id) ||
        !read_id(object, "org_id", &claims.organization_id) ||
        !read_text(object, "org_name", &claims.organization_name) ||
        !read_expiry(object, &claims.expires_at) || claims.expires_at <= now_s ||
        !read_optional_number(object, "nbf", &claims.not_before) || claims.not_before > now_s ||
        !read_optional_number(object, "iat", &claims.issued_at) ||
        !read_optional_number(object, "pv", &claims.password_version)) {
        return false;
    }
    if (json_object_get(object, "sub") &&
        (!read_id(object, "sub", &subject) || !oid_equal(&subject, &claims.account_id))) {
        return false;
    }
    if (json_object_get(object, "jti") && !read_text(object, "jti", &jti)) {
        return false;
    }
    if (json_object_get(object, "role") && !read_text(object, "role", &claims.role)) {
        return false;
    }
    if (json_object_get(object, "aud")) {
        return false; /* for another service: RFC 7519, 4.1.3 */
    }
    *ret_claims = claims;
    return true;
}

/* Whether the signer's key made the signature, with the signer's algorithm. */
static bool is_signed(const struct token_signer *signer, cjose_jws_t *jws)
{
    cjose_header_t *header = cjose_jws_get_protected(jws);
    struct str algorithm;

    return read_text(header, CJOSE_HDR_ALG, &algorithm) && str_is(algorithm, signer->algorithm) &&
           !json_object_get(header, "crit") && /* extensions that we don't have: RFC 7515, 4.1.11 */
           cjose_jws_verify(jws, signer->key, NULL);
}

enum status token_verify(const struct token_signer *signer, struct str token, int64_t now_s,
                         struct arena *mem, struct token_claims *ret_claims)
{
    enum status status = ST_BAD_TOKEN;
    struct token_claims claims;
    cjose_jws_t *jws = NULL;
    json_t *object = NULL;
    uint8_t *payload;
    size_t len;

    if (is_compact(token)) {
        jws = cjose_jws_import(token.ptr, token.len, NULL);
    }
    if (jws && is_signed(signer, jws) && cjose_jws_get_plaintext(jws, &payload, &len, NULL)) {
        object = json_loadb((const char *)payload, len, JSON_REJECT_DUPLICATES, NULL);
    }
    if (json_is_object(object) && read_claims(object, now_s, &claims)) {
        claims.organization_name = arena_str(mem, claims.organization_name);
        claims.role = arena_str(mem, claims.role);
        *ret_claims = claims;
        status = ST_OK;
    }
    json_decref(object);
    cjose_jws_release(jws);
    return status;
}
