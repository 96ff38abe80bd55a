/* passlib's PBKDF2 through OpenSSL, bcrypt through libxcrypt. */
#include "auth/password_legacy.h"

#include "auth/password.h"
#include "auth/phc.h"

#include <crypt.h>
#include <openssl/evp.h>
#include <sodium.h>

#define PBKDF2_ROUNDS_MAX 10000000
#define PBKDF2_BYTES 32 /* of SHA-256 */

#define BCRYPT_COST_MIN 4
#define BCRYPT_COST_MAX 16
#define BCRYPT_PASSWORD_BYTES 72
#define BCRYPT_LEN 60
#define BCRYPT_SALT_AT 7      /* "$2b$12$" */
#define BCRYPT_CHECKSUM_AT 29 /* behind 22 characters of salt */

/* passlib's "adapted base64": the usual alphabet with '.' in the place of '+', and no padding. */
static bool decode_adapted(struct str text, unsigned char *bytes, size_t size, size_t *ret_len)
{
    char usual[PASSWORD_HASH_MAX];

    if (text.len > sizeof(usual)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '+') {
            return false;
        }
        usual[i] = text.ptr[i];
        if (usual[i] == '.') {
            usual[i] = '+';
        }
    }
    return sodium_base642bin(bytes, size, usual, text.len, NULL, ret_len, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0;
}

struct pbkdf2 {
    uint32_t rounds;
    unsigned char salt[PASSWORD_HASH_MAX];
    size_t salt_len;
    unsigned char checksum[PBKDF2_BYTES];
};

static bool read_pbkdf2(struct str hash, struct pbkdf2 *ret_pbkdf2)
{
    struct str rest = hash;
    size_t len;

    return phc_text(&rest, "$pbkdf2-sha256$") &&
           phc_number(&rest, 1, PBKDF2_ROUNDS_MAX, &ret_pbkdf2->rounds) && phc_text(&rest, "$") &&
           decode_adapted(phc_field(&rest), ret_pbkdf2->salt, sizeof(ret_pbkdf2->salt),
                          &ret_pbkdf2->salt_len) &&
           decode_adapted(rest, ret_pbkdf2->checksum, PBKDF2_BYTES, &len) && len == PBKDF2_BYTES;
}

bool password_is_pbkdf2(struct str hash)
{
    struct pbkdf2 stored;

    return read_pbkdf2(hash, &stored);
}

bool password_verify_pbkdf2(struct str password, struct str hash)
{
    unsigned char computed[PBKDF2_BYTES];
    struct pbkdf2 stored;
    bool equal;

    if (!read_pbkdf2(hash, &stored)) {
        return false;
    }
    if (PKCS5_PBKDF2_HMAC(password.ptr, (int)password.len, stored.salt, (int)stored.salt_len,
                          (int)stored.rounds, EVP_sha256(), (int)sizeof(computed), computed) != 1) {
        return false;
    }
    equal = sodium_memcmp(computed, stored.checksum, sizeof(computed)) == 0;
    sodium_memzero(computed, sizeof(computed));
    return equal;
}

/* Of bcrypt's form and size, at a cost within the bounds. */
bool password_is_bcrypt(struct str hash)
{
    static const char alphabet[] =
        "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    struct str rest = hash;
    uint32_t cost;

    if (hash.len != BCRYPT_LEN ||
        (!phc_text(&rest, "$2a$") && !phc_text(&rest, "$2b$") && !phc_text(&rest, "$2y$"))) {
        return false;
    }
    /* Always two digits: "04". */
    if (!phc_text(&rest, "0") && *rest.ptr != '1') {
        return false;
    }
    if (!phc_number(&rest, BCRYPT_COST_MIN, BCRYPT_COST_MAX, &cost) || !phc_text(&rest, "$") ||
        rest.len != BCRYPT_LEN - BCRYPT_SALT_AT) {
        return false;
    }
    for (size_t i = 0; i < rest.len; i++) {
        if (!memchr(alphabet, rest.ptr[i], sizeof(alphabet) - 1)) {
            return false;
        }
    }
    return true;
}

bool password_verify_bcrypt(struct str password, struct str hash)
{
    size_t checksum_len = BCRYPT_LEN - BCRYPT_CHECKSUM_AT;
    char phrase[BCRYPT_PASSWORD_BYTES + 1] = { 0 };
    char setting[BCRYPT_CHECKSUM_AT + 1] = { 0 };
    struct crypt_data data = { 0 };
    const char *computed;
    bool equal;

    if (!password_is_bcrypt(hash)) {
        return false;
    }
    /*
     * As $2b$ for all three: the programs that stored these hashed each of them the way $2b$ is
     * defined, whereas libxcrypt changes the key of some passwords with 0xFF bytes for $2a$.
     * And 72 bytes at most, because libxcrypt refuses phrases from 512 bytes on.
     */
    memcpy(setting, hash.ptr, BCRYPT_CHECKSUM_AT);
    setting[2] = 'b';
    memcpy(phrase, password.ptr,
           password.len < BCRYPT_PASSWORD_BYTES ? password.len : BCRYPT_PASSWORD_BYTES);
    computed = crypt_rn(phrase, setting, &data, (int)sizeof(data));
    equal = computed && strlen(computed) == BCRYPT_LEN &&
            sodium_memcmp(computed + BCRYPT_CHECKSUM_AT, hash.ptr + BCRYPT_CHECKSUM_AT,
                          checksum_len) == 0;
    sodium_memzero(phrase, sizeof(phrase));
    sodium_memzero(&data, sizeof(data));
    return equal;
}
