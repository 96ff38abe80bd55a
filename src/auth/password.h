/*
 * Passwords. New hashes are Argon2id (RFC 9106; libsodium, 19 MiB, t=2, PHC string). Hashes that the
 * seeds' programs stored verify too: passlib's $pbkdf2-sha256$ (rounds, salt and checksum in passlib's
 * "adapted base64": no padding, '.' for '+'), and bcrypt $2a$, $2b$, $2y$ (72 bytes, as bcrypt has it).
 *
 * A password has at most PASSWORD_MAX_BYTES bytes, none of them NUL; any other never verifies.
 *
 * Each call computes for tens of milliseconds: only the hash pool's threads make them. Any number of
 * threads at once; 19 MiB of memory for each, which a thread may keep until password_rest or its end.
 */
#ifndef ORGD_AUTH_PASSWORD_H
#define ORGD_AUTH_PASSWORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

#define PASSWORD_MAX_BYTES 1024
#define PASSWORD_HASH_MAX 256 /* a longer stored hash never verifies */

/* Once, before anything else here: starts libsodium. */
MUST_CHECK enum status password_init(struct err *err);

/* Gives back the memory that this thread keeps for its next hash. */
void password_rest(void);

/* password: not empty. ret_hash: a PHC string in mem.
 * Returns ST_OK, or ST_BUSY where 19 MiB are not to be had. */
MUST_CHECK enum status password_hash(struct str password, struct arena *mem, struct str *ret_hash,
                                     struct err *err);

/*
 * Whether the password is the one behind the hash. An unknown format, or parameters out of bounds
 * (so that a hostile hash can't burn the processor: PBKDF2 up to 10,000,000 rounds, bcrypt cost up to
 * 16, Argon2 up to 1 GiB and t=16), is simply false, and so is a hash whose memory is not to be had.
 * Compares in constant time.
 */
bool password_verify(struct str password, struct str hash);

/* Computes as long as password_verify does for a hash made by password_hash, for an address that
 * nobody has; always false. */
bool password_verify_nobody(struct str password);

/* Whether password_verify can verify some password by this hash: one of the formats, whole, and within
 * the bounds. Computes nothing. */
bool password_hash_is_known(struct str hash);

/* Whether the hash is not what password_hash makes today. */
bool password_needs_rehash(struct str hash);

#endif
