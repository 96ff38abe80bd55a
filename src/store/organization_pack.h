/*
 * An organization in some twenty bytes, for organization_memory.c: what can be told from another of its
 * members is left out, and ids, times and texts are written as what differs from those of a reference,
 * an organization that was made at about the same time. Any organization can be a reference, and without
 * one every byte is written.
 *
 * Not a format for files: both ends are one process.
 */
#ifndef ORGD_STORE_ORGANIZATION_PACK_H
#define ORGD_STORE_ORGANIZATION_PACK_H

#include "store/store.h"

/* The longest text that can be packed, and the most bytes that packing or unpacking comes to. */
#define ORGANIZATION_PACK_TEXT_MAX 255
#define ORGANIZATION_PACK_MAX_BYTES 1100

/* What others are written by: places in a packed organization. */
struct organization_reference {
    struct str id;
    struct str created; /* 8 bytes, the greatest first */
    struct str name;
    struct str admin_email;
};

/* All empty: what is written by it is written whole, and can be a reference. */
extern const struct organization_reference organization_no_reference;

/* The reference that an organization is which was packed by organization_no_reference; for as long as its
 * bytes are there. */
struct organization_reference organization_reference_in(const unsigned char *bytes);

/* The bits of the first byte that are 0, for the caller to use: unpacking does not look at them. */
#define ORGANIZATION_PACK_FREE_BITS 0xF8

/* Writes organization to ret_bytes (ORGANIZATION_PACK_MAX_BYTES) and gives the number of bytes; 0, with
 * anything in ret_bytes, where it can't be packed: a text is too long, or its collection is not "org_" and
 * its slug. */
size_t organization_pack(const struct organization *organization,
                         const struct organization_reference *reference, unsigned char *ret_bytes);

/* The opposite, with the same reference. Texts lie in ret_text (ORGANIZATION_PACK_MAX_BYTES), each ended by
 * NUL, one behind the other; gives how many bytes of it they are. */
size_t organization_unpack(const unsigned char *bytes,
                           const struct organization_reference *reference, char *ret_text,
                           struct organization *ret_organization);

#endif
