/*
 * Documents of seeds' programs that aren't where they belong: accounts in admin_users, and
 * organizations and accounts with an _id that is no ObjectId (text of 24 hex digits, a UUID, a
 * number). They are inserted where and as they belong, with all their members, and then deleted; a
 * document that was in the way of an ObjectId keeps its old _id as F_FORMER_ID.
 */
#ifndef ORGD_STORE_MONGO_STRAYS_H
#define ORGD_STORE_MONGO_STRAYS_H

#include "base/call.h"

#include <stddef.h>

struct mongo;

/* All of them; can be interrupted. One that would become another document's double stays where it
 * is.
 * ret_moved: how many. ST_OK; ST_UNAVAILABLE, ST_UNSURE, ST_BROKEN. */
MUST_CHECK enum status strays_move(struct mongo *mongo, const struct call *call, size_t *ret_moved);

#endif
