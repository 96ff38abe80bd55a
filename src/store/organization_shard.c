/* Slots, and a log in pieces and blocks. */
#include "store/organization_shard.h"

#include "store/organization_pack.h"
#include "store/organization_training.h"

#define SLOTS ORGANIZATION_SHARD_SLOTS
#define PIECES ORGANIZATION_SHARD_PIECES
#define PIECE_BYTES ORGANIZATION_SHARD_PIECE_BYTES

/* A slot, empty where it is 0: the place in the log, and in front of it the highest bits of the hash. */
#define PLACE_BITS 21
#define PLACE_MASK ((UINT32_C(1) << PLACE_BITS) - 1)
#define TAG_SHIFT 53

/* A block of the log begins with the base of what is packed in it. So few that the processor has them at
 * hand. */
#define BLOCK_BYTES ((size_t)8192)

_Static_assert(ORGANIZATION_SHARD_BUCKETS % 2 == 0, "each bucket has a neighbour");
_Static_assert(PIECES *PIECE_BYTES <= 1 << PLACE_BITS, "a slot has room for each place");
_Static_assert(PIECE_BYTES % BLOCK_BYTES == 0, "a piece is made of blocks");
_Static_assert(sizeof(struct organization_base) + ORGANIZATION_PACK_MAX_BYTES <= BLOCK_BYTES,
               "a block has room for one");

void organization_shard_clear(struct organization_shard *shard)
{
    shard->symbols = NULL;
    shard->at = 0;
    shard->block_end = 0;
    shard->count = 0;
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

/* Where a place of the log lies. */
static unsigned char *bytes_at(const struct organization_shard *shard, size_t place)
{
    return shard->common->bytes + shard->pieces[place / PIECE_BYTES] * PIECE_BYTES +
           place % PIECE_BYTES;
}

/* The base of the block that a place of the log is in. */
static struct organization_base *base_of(const struct organization_shard *shard, size_t place)
{
    return (struct organization_base *)(void *)bytes_at(shard, place / BLOCK_BYTES * BLOCK_BYTES);
}

/* The organization at a place of the log; gives the bytes of its texts. */
static size_t read_at(const struct organization_shard *shard, size_t place, char *ret_text,
                      struct organization *ret_organization)
{
    return organization_unpack(bytes_at(shard, place), base_of(shard, place), shard->symbols,
                               ret_text, ret_organization);
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

/* One more piece of its own; false where there is none. */
static bool take_piece(struct organization_shard *shard)
{
    uint32_t piece;

    if (shard->count == PIECES) {
        return false;
    }
    piece = atomic_fetch_add(&shard->common->taken, 1);
    if (piece >= shard->common->count) {
        (void)atomic_fetch_sub(&shard->common->taken, 1);
        return false;
    }
    shard->pieces[shard->count++] = (uint16_t)piece;
    return true;
}

/* Where the log goes on behind a piece that is full; false where it may not. */
static bool begin_piece(struct organization_shard *shard, bool may_forget, size_t *ret_begin)
{
    size_t next = shard->block_end / PIECE_BYTES;

    if (next < shard->count || !take_piece(shard)) { /* one that was filled before */
        if (!may_forget || shard->count == 0) {
            return false;
        }
        next = next < shard->count ? next : 0;
        forget_piece(shard, next * PIECE_BYTES);
    }
    *ret_begin = next * PIECE_BYTES;
    return true;
}

/* Goes on in the next block, or gives false. */
static bool begin_block(struct organization_shard *shard, bool may_forget,
                        const struct organization *organization)
{
    size_t begin = shard->block_end;

    if (begin % PIECE_BYTES == 0 && !begin_piece(shard, may_forget, &begin)) {
        return false;
    }
    *base_of(shard, begin) = organization_base_of(organization);
    shard->at = begin + sizeof(struct organization_base);
    shard->block_end = begin + BLOCK_BYTES;
    return true;
}

/* Writes an organization to the log. */
static enum organization_kept append(struct organization_shard *shard, bool may_forget,
                                     const struct organization *organization, uint32_t *ret_place)
{
    struct organization_base base = organization_base_of(organization);
    unsigned char bytes[ORGANIZATION_PACK_MAX_BYTES];
    size_t len;

    if (shard->at > 0) {
        base = *base_of(shard, shard->block_end - 1);
    }
    len = organization_pack(organization, &base, shard->symbols, bytes);
    if (len == 0) {
        return ORGANIZATION_TOO_LARGE;
    }
    if (shard->at + len > shard->block_end) {
        if (!begin_block(shard, may_forget, organization)) {
            return ORGANIZATION_NO_ROOM;
        }
        base = organization_base_of(organization);
        len = organization_pack(organization, &base, shard->symbols, bytes);
    }
    memcpy(bytes_at(shard, shard->at), bytes, len);
    *ret_place = (uint32_t)shard->at;
    shard->at += len;
    return ORGANIZATION_KEPT;
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
    enum organization_kept kept;
    uint32_t place;

    if (slot && oid_equal(&there.id, &organization->id)) {
        return ORGANIZATION_KEPT;
    }
    kept = append(shard, may_forget, organization, &place);
    if (kept != ORGANIZATION_KEPT) {
        return kept;
    }
    if (!slot || *slot == 0) { /* there was none, or room was made by forgetting it */
        slot = slot_for(shard, hash);
    }
    *slot = place | tag_of(hash);
    return ORGANIZATION_KEPT;
}

void organization_shard_sample(const struct organization_shard *shard, int count,
                               struct organization_training *training)
{
    const uint32_t *slots = shard->buckets[0];

    for (size_t i = 0; i < (size_t)ORGANIZATION_SHARD_BUCKETS * SLOTS && count > 0; i++) {
        char text[ORGANIZATION_PACK_MAX_BYTES];
        struct organization one;

        if (slots[i] != 0) {
            (void)read_at(shard, slots[i] & PLACE_MASK, text, &one);
            organization_training_add(training, one.name, STR(""));
            organization_training_add(training, one.admin_email, one.slug);
            count--;
        }
    }
}
