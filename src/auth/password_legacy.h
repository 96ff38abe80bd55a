/*
 * Verifying the hashes that the seeds' programs stored; password.h is what the rest of orgd uses.
 *
 * password: not NULL, no NUL, at most PASSWORD_MAX_BYTES; hash: no NUL, at most PASSWORD_HASH_MAX. A hash that is
 * malformed or out of the bounds of password.h is false. Any thread.
 */
#ifndef ORGD_AUTH_PASSWORD_LEGACY_H
#define ORGD_AUTH_PASSWORD_LEGACY_H

#include "base/str.h"

#include <stdbool.h>

/* $pbkdf2-sha256$rounds$salt$checksum, as passlib writes it. */
bool password_verify_pbkdf2(struct str password, struct str hash);

/* $2a$, $2b$ or $2y$: the first 72 bytes of a password count, the rest is not looked at. */
bool password_verify_bcrypt(struct str password, struct str hash);

/* Whether a hash is whole and of such a format. */
bool password_is_pbkdf2(struct str hash);
bool password_is_bcrypt(struct str hash);

#endif
