/* Object ids (BSON specification, ObjectId). */
#include "base/oid.h"

#include <endian.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <time.h>

static uint8_t process_bytes[5];
static atomic_uint counter;
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void seed(void)
{
    randombytes_buf(process_bytes, sizeof(process_bytes));
    atomic_store(&counter, randombytes_random());
}

static void seed_once(void)
{
    seed();
    (void)pthread_atfork(NULL, NULL, seed); /* a child is another process */
}

struct oid oid_new(void)
{
    struct oid oid;
    uint32_t seconds = (uint32_t)time(NULL);
    unsigned int count;

    (void)pthread_once(&seeded, seed_once);
    count = atomic_fetch_add(&counter, 1);
    for (int i = 0; i < 4; i++) {
        oid.bytes[i] = (uint8_t)(seconds >> (24 - 8 * i));
    }
    memcpy(oid.bytes + 4, process_bytes, sizeof(process_bytes));
    for (int i = 0; i < 3; i++) {
        oid.bytes[9 + i] = (uint8_t)(count >> (16 - 8 * i));
    }
    return oid;
}

bool oid_parse(struct str hex, struct oid *ret_oid)
{
    struct oid oid;

    if (hex.len != OID_HEX_LEN) {
        return false;
    }
    for (size_t i = 0; i < OID_BYTES; i++) {
        int high = str_hex_value(hex.ptr[2 * i]);
        int low = str_hex_value(hex.ptr[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        oid.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *ret_oid = oid;
    return true;
}

/* Four bytes as eight digits, all of them at once. */
static void put_digits(const uint8_t bytes[4], char ret_digits[8])
{
    uint64_t spread =
        bytes[0] | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 32 | (uint64_t)bytes[3] << 48;
    uint64_t halves =
        (spread >> 4 & UINT64_C(0x000F000F000F000F)) | (spread & UINT64_C(0x000F000F000F000F)) << 8;
    uint64_t letters = (halves + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
    uint64_t digits = htole64(halves + UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10));

    memcpy(ret_digits, &digits, sizeof(digits));
}

void oid_format(const struct oid *oid, char ret_hex[OID_HEX_LEN + 1])
{
    for (size_t i = 0; i < OID_BYTES; i += 4) {
        put_digits(oid->bytes + i, ret_hex + 2 * i);
    }
    ret_hex[OID_HEX_LEN] = '\0';
}
