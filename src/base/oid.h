/*
 * Object ids: 12 bytes, shown as 24 lower-case hex digits, laid out as BSON's ObjectId (4 bytes of
 * seconds, 5 random ones for each process, a 3-byte counter), so that ids are the same in both stores.
 */
#ifndef ORGD_BASE_OID_H
#define ORGD_BASE_OID_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define OID_BYTES 12
#define OID_HEX_LEN 24

struct oid {
    uint8_t bytes[OID_BYTES];
};

/* A new id. Any thread. */
struct oid oid_new(void);

/* 24 hex digits of either case; false, and *ret_oid untouched, for anything else. */
bool oid_parse(struct str hex, struct oid *ret_oid);

/* Writes 24 lower-case digits and a NUL. */
void oid_format(const struct oid *oid, char ret_hex[OID_HEX_LEN + 1]);

/*
 * A number for an id, not below 2^63: another one for each id that a process makes, and for ids of
 * different processes as good as always. For telling tenants apart where a mistake costs no more than a
 * turn.
 */
static inline uint64_t oid_number(const struct oid *id)
{
    uint64_t number = 0;
    uint64_t seconds = 0;

    for (int i = 0; i < 4; i++) {
        seconds = seconds << 8 | id->bytes[i];
    }
    for (int i = 4; i < OID_BYTES; i++) {
        number = number << 8 | id->bytes[i];
    }
    return (number ^ seconds << 24) | UINT64_C(1) << 63;
}

static inline bool oid_equal(const struct oid *a, const struct oid *b)
{
    return memcmp(a->bytes, b->bytes, OID_BYTES) == 0;
}

#endif
