/*
 * An organization in some twenty bytes, for organization_memory.c: what can be told from another of its
 * members is left out, ids and times are written as differences from those of a base, an organization that
 * was made at about the same time, and texts by symbols (organization_symbols.h).
 *
 * Not a format for files: both ends are one process.
 */
#ifndef ORGD_STORE_ORGANIZATION_PACK_H
#define ORGD_STORE_ORGANIZATION_PACK_H

#include "store/organization_symbols.h"
#include "store/store.h"

/* The longest text that can be packed, and the most bytes that packing or unpacking comes to. */
#define ORGANIZATION_PACK_TEXT_MAX ORGANIZATION_SYMBOLS_TEXT_MAX
#define ORGANIZATION_PACK_MAX_BYTES 1100

/* What others are written by. */
struct organization_base {
    struct oid id;
    uint32_t admin_step; /* from the id's counter to the administrator's */
    int64_t created_ms;
};

struct organization_base organization_base_of(const struct organization *organization);

/* Writes organization to ret_bytes (ORGANIZATION_PACK_MAX_BYTES) and gives the number of bytes; 0, with
 * anything in ret_bytes, where it can't be packed: a text is too long, or its collection is not "org_" and
 * its slug. symbols: NULL where none were learned. */
size_t organization_pack(const struct organization *organization,
                         const struct organization_base *base,
                         const struct organization_symbols *symbols, unsigned char *ret_bytes);

/* The opposite, with the same base and, unless they were NULL, symbols. Texts lie in ret_text
 * (ORGANIZATION_PACK_MAX_BYTES), each ended by NUL, one behind the other; gives how many bytes of it they
 * are. */
size_t organization_unpack(const unsigned char *bytes, const struct organization_base *base,
                           const struct organization_symbols *symbols, char *ret_text,
                           struct organization *ret_organization);

#endif
