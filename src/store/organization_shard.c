/* Slots, a log in pieces, and references for what is packed. */
#include "store/organization_shard.h"

#include "store/organization_pack.h"

#define SLOTS ORGANIZATION_SHARD_SLOTS
#define PIECE_BYTES ORGANIZATION_SHARD_PIECE_BYTES
#define LOG_BYTES ORGANIZATION_SHARD_LOG_BYTES

/* A slot, empty where it is 0: the place in the log, and in front of it the highest bits of the hash. */
#define PLACE_BITS 21
#define PLACE_MASK ((UINT32_C(1) << PLACE_BITS) - 1)
#define TAG_SHIFT 53

/* In the log: a byte and some bits of what is packed behind it say how far back its reference begins, 0 for a
 * reference itself. */
#define HEAD_BYTES 1
#define BACK_SHIFT 3
#define BACK_MAX 0x1FFF
#define REFERENCE_USES 256 /* so few that the processor has them at hand */

_Static_assert(ORGANIZATION_SHARD_BUCKETS % 2 == 0, "each bucket has a neighbour");
_Static_assert(LOG_BYTES < 1 << PLACE_BITS, "a slot has room for each place");
_Static_assert(ORGANIZATION_PACK_FREE_BITS >> BACK_SHIFT == BACK_MAX >> 8, "bits are free");

void organization_shard_clear(struct organization_shard *shard)
{
    shard->at = 1; /* an empty slot has place 0 */
    shard->piece_end = PIECE_BYTES;
    shard->has_turned = false;
    shard->reference_uses = 0;
}

/* The slots that a name may have, nearest first: those of a bucket, and those of its neighbour, which the
 * processor has fetched along with it, for what the first is too full for. */
static uint32_t *slot_of(const struct organization_shard *shard, uint64_t hash, int n)
{
    uint64_t bucket = (hash >> 8 & UINT32_MAX) * ORGANIZATION_SHARD_BUCKETS >> 32;

    return &shard->buckets[bucket ^ (uint64_t)(n / SLOTS)][n % SLOTS];
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> TAG_SHIFT) << PLACE_BITS;
}

/* The organization at a place of the log; gives the bytes of its texts. */
static size_t read_at(const struct organization_shard *shard, size_t place, char *ret_text,
                      struct organization *ret_organization)
{
    const unsigned char *bytes = shard->log + place;
    struct organization_reference reference = organization_no_reference;
    size_t back = bytes[0] | (size_t)(bytes[1] & ORGANIZATION_PACK_FREE_BITS) << (8 - BACK_SHIFT);

    if (back > 0) {
        reference = organization_reference_in(bytes - back + HEAD_BYTES);
    }
    return organization_unpack(bytes + HEAD_BYTES, &reference, ret_text, ret_organization);
}

/* The slot of a name, and what it leads to; NULL where there is none. */
static uint32_t *find_slot(const struct organization_shard *shard, uint64_t hash,
                           struct str name_key, char *ret_text, size_t *ret_text_bytes,
                           struct organization *ret_organization)
{
    uint32_t tag = tag_of(hash);

    for (int i = 0; i < 2 * SLOTS; i++) {
        uint32_t *slot = slot_of(shard, hash, i);

        if (*slot != 0 && (*slot & ~PLACE_MASK) == tag) {
            *ret_text_bytes = read_at(shard, *slot & PLACE_MASK, ret_text, ret_organization);
            if (str_equal(ret_organization->name_key, name_key)) {
                return slot;
            }
        }
    }
    return NULL;
}

bool organization_shard_find(const struct organization_shard *shard, uint64_t hash,
                             struct str name_key, char *ret_text, size_t *ret_text_bytes,
                             struct organization *ret_organization)
{
    return find_slot(shard, hash, name_key, ret_text, ret_text_bytes, ret_organization) != NULL;
}

/* Clears the slots that lead into a piece of the log. */
static void forget_piece(struct organization_shard *shard, size_t begin)
{
    uint32_t *slots = shard->buckets[0];

    for (size_t i = 0; i < (size_t)ORGANIZATION_SHARD_BUCKETS * SLOTS; i++) {
        size_t place = slots[i] & PLACE_MASK;

        slots[i] = place >= begin && place < begin + PIECE_BYTES ? 0 : slots[i];
    }
}

/* Sees to it that the log goes on where there is room for one more, or gives false. */
static bool make_room(struct organization_shard *shard, bool may_forget)
{
    size_t begin = shard->piece_end == LOG_BYTES ? 0 : shard->piece_end;
    bool turns = shard->has_turned || begin == 0;

    if (shard->at + HEAD_BYTES + ORGANIZATION_PACK_MAX_BYTES <= shard->piece_end) {
        return true;
    }
    if (turns && !may_forget) {
        return false;
    }
    if (turns) {
        shard->has_turned = true;
        forget_piece(shard, begin);
    }
    shard->at = begin == 0 ? 1 : begin;
    shard->piece_end = begin + PIECE_BYTES;
    shard->reference_uses = 0;
    return true;
}

/* Writes an organization to the log; gives its place, 0 where it can't be packed. */
static uint32_t append(struct organization_shard *shard, const struct organization *organization)
{
    size_t place = shard->at;
    unsigned char *bytes = shard->log + place + HEAD_BYTES;
    bool refers = shard->reference_uses > 0 && place - shard->reference <= BACK_MAX;
    size_t back = refers ? place - shard->reference : 0;
    struct organization_reference reference = organization_no_reference;
    size_t len;

    if (refers) {
        reference = organization_reference_in(shard->log + shard->reference + HEAD_BYTES);
    }
    len = organization_pack(organization, &reference, bytes);
    if (len == 0) {
        return 0;
    }
    if (!refers) {
        shard->reference = place;
        shard->reference_uses = REFERENCE_USES;
    }
    shard->reference_uses--;
    shard->log[place] = (unsigned char)back;
    bytes[0] |= (unsigned char)(back >> 8 << BACK_SHIFT);
    shard->at = place + HEAD_BYTES + len;
    return (uint32_t)place;
}

/* The slot for a name that has none: an empty one, or another's. */
static uint32_t *slot_for(const struct organization_shard *shard, uint64_t hash)
{
    for (int i = 0; i < 2 * SLOTS; i++) {
        if (*slot_of(shard, hash, i) == 0) {
            return slot_of(shard, hash, i);
        }
    }
    return slot_of(shard, hash, (int)(hash >> 40) & (2 * SLOTS - 1));
}

enum organization_kept organization_shard_keep(struct organization_shard *shard, uint64_t hash,
                                               bool may_forget,
                                               const struct organization *organization)
{
    char text[ORGANIZATION_PACK_MAX_BYTES];
    struct organization there;
    size_t text_bytes = 0;
    uint32_t *slot = find_slot(shard, hash, organization->name_key, text, &text_bytes, &there);
    uint32_t place;

    if (slot && oid_equal(&there.id, &organization->id)) {
        return ORGANIZATION_KEPT;
    }
    if (!make_room(shard, may_forget)) {
        return ORGANIZATION_NO_ROOM;
    }
    place = append(shard, organization);
    if (place == 0) {
        return ORGANIZATION_TOO_LARGE;
    }
    if (!slot || *slot == 0) { /* there was none, or room was made by forgetting it */
        slot = slot_for(shard, hash);
    }
    *slot = place | tag_of(hash);
    return ORGANIZATION_KEPT;
}
