/* Organizations of any bytes: packed and unpacked, and kept in a shard until others take their place. */
#include "suite.h"

#include "numbers.h"
#include "store/organization_pack.h"
#include "store/organization_shard.h"
#include "store/organization_training.h"

#include <stdlib.h>

/* Short, longest, or any length; of any bytes, of a few that slugs and keys treat differently, or all alike. */
static struct str any_text(struct numbers *numbers, struct arena *mem)
{
    static const char few[] = "aAzZ09_- \0\x80\xC3\xA9@.";
    const size_t lens[] = { below(numbers, 4), below(numbers, 40),
                            ORGANIZATION_PACK_TEXT_MAX - below(numbers, 2),
                            below(numbers, ORGANIZATION_PACK_TEXT_MAX + 1) };
    size_t len = lens[below(numbers, 4)];
    char *bytes = arena_alloc(mem, len ? len : 1);
    uint32_t kind = below(numbers, 3);

    for (size_t i = 0; i < len; i++) {
        bytes[i] = kind == 0   ? (char)below(numbers, 256)
                   : kind == 1 ? few[below(numbers, sizeof(few) - 1)]
                               : 'x';
    }
    return (struct str){ .ptr = bytes, .len = len };
}

static struct oid any_oid(struct numbers *numbers, const struct oid *like)
{
    struct oid id = *like;
    uint32_t from = below(numbers, OID_BYTES + 1);

    for (size_t i = from; i < OID_BYTES; i++) {
        id.bytes[i] = (uint8_t)below(numbers, 256);
    }
    return id;
}

static int64_t any_time(struct numbers *numbers, int64_t like)
{
    const int64_t times[] = { like, 0, -1, INT64_MIN, INT64_MAX, like ^ below(numbers, 65536) };

    return times[below(numbers, 6)];
}

/* One text that begins and ends like another, or one like no other. */
static struct str text_like(struct numbers *numbers, struct arena *mem, struct str like)
{
    size_t cut;
    char *bytes;

    if (below(numbers, 3) > 0) {
        return any_text(numbers, mem);
    }
    cut = below(numbers, (uint32_t)like.len + 1);
    bytes = arena_alloc(mem, like.len ? like.len : 1);
    memcpy(bytes, like.ptr, like.len);
    if (cut < like.len) {
        bytes[cut]++;
    }
    return (struct str){ .ptr = bytes, .len = like.len };
}

static struct organization any_organization(struct numbers *numbers, struct arena *mem,
                                            const struct organization *like)
{
    struct organization one = {
        .id = any_oid(numbers, &like->id),
        .name = text_like(numbers, mem, like->name),
        .created_ms = any_time(numbers, like->created_ms),
        .admin_email = text_like(numbers, mem, like->admin_email),
    };
    const struct str front = STR("org_");
    char *collection;

    one.admin_id = any_oid(numbers, &one.id);
    one.updated_ms = any_time(numbers, one.created_ms);
    one.name_key = text_like(numbers, mem, one.name);
    one.slug = text_like(numbers, mem, one.name_key);
    collection = arena_alloc(mem, front.len + one.slug.len);
    memcpy(collection, front.ptr, front.len);
    if (one.slug.len > 0) {
        memcpy(collection + front.len, one.slug.ptr, one.slug.len);
    }
    one.collection = (struct str){ .ptr = collection, .len = front.len + one.slug.len };
    return one;
}

/* ---- packing ---- */

#define PACKED 60000

/* Bytes by themselves, so that a sanitizer sees what is read beyond them. */
static unsigned char *packed(const struct organization *one, const struct organization_base *base,
                             const struct organization_symbols *symbols)
{
    unsigned char room[ORGANIZATION_PACK_MAX_BYTES];
    size_t len = organization_pack(one, base, symbols, room);
    unsigned char *bytes;

    assert_in_range(len, 3, sizeof(room));
    bytes = malloc(len);
    assert_non_null(bytes);
    memcpy(bytes, room, len);
    return bytes;
}

static void assert_comes_out(const struct organization *one, const struct organization_base *base,
                             const struct organization_symbols *symbols)
{
    unsigned char *bytes = packed(one, base, symbols);
    char *text = malloc(ORGANIZATION_PACK_MAX_BYTES);
    struct organization out;

    assert_non_null(text);
    assert_int_equal(organization_unpack(bytes, base, symbols, text, &out),
                     one->name.len + one->name_key.len + one->admin_email.len +
                         one->collection.len + 4);
    suite_assert_organization(&out, one);
    free(text);
    free(bytes);
}

/* Learns from texts like those that are packed; from others every so many. */
static void learn(struct organization_training **training, const struct organization *one, int n,
                  struct organization_symbols *symbols)
{
    organization_training_add(*training, one->name, STR(""));
    organization_training_add(*training, one->admin_email, one->slug);
    if (n % 100 == 0) {
        organization_training_round(*training, symbols);
        organization_training_round(*training, symbols);
        organization_training_free(*training);
        *training = organization_training_new();
        assert_non_null(*training);
    }
}

TEST(pack__any_bytes_come_out_as_they_went_in_by_any_base_and_symbols)
{
    struct organization like = { .name = STR("Acme"), .admin_email = STR("a@b") };
    struct organization_training *training = organization_training_new();
    struct organization_symbols symbols = { .lens = { 0 } };
    struct numbers numbers = { .state = 1 };
    struct arena mem;

    assert_non_null(training);
    arena_init(&mem, (size_t)1 << 20);
    for (int i = 0; i < PACKED; i++) {
        struct organization other = any_organization(&numbers, &mem, &like);
        struct organization one = any_organization(&numbers, &mem, &other);
        struct organization_base base = organization_base_of(&other);
        struct organization_base own = organization_base_of(&one);

        if (below(&numbers, 2) > 0) {
            one.admin_email = one.slug;
        }
        learn(&training, &other, i, &symbols);
        assert_comes_out(&one, &base, &symbols);
        assert_comes_out(&one, &own, NULL);
        arena_clear(&mem);
    }
    organization_training_free(training);
    arena_done(&mem);
}

/* ---- a shard: what it finds is what was kept last ---- */

#define NAMES 4000
#define PIECES 26 /* fewer than a shard may have */
#define KEPT 60000
#define LOOKED_FOR 8 /* after each that is kept */

struct shelf {
    struct organization_pieces pieces;
    struct organization_shard shard;
    struct organization last[NAMES]; /* as it was kept last */
    struct arena mems[NAMES];
};

static struct shelf *shelf_new(void)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));

    assert_non_null(shelf);
    shelf->shard.buckets = calloc(ORGANIZATION_SHARD_BUCKETS, sizeof(organization_bucket));
    shelf->pieces.count = PIECES;
    shelf->pieces.bytes = calloc(PIECES, ORGANIZATION_SHARD_PIECE_BYTES);
    assert_true(shelf->shard.buckets && shelf->pieces.bytes);
    shelf->shard.common = &shelf->pieces;
    organization_shard_clear(&shelf->shard);
    for (int n = 0; n < NAMES; n++) {
        arena_init(&shelf->mems[n], (size_t)16 << 10);
    }
    return shelf;
}

static void shelf_free(struct shelf *shelf)
{
    for (int n = 0; n < NAMES; n++) {
        arena_done(&shelf->mems[n]);
    }
    free(shelf->pieces.bytes);
    free(shelf->shard.buckets);
    free(shelf);
}

/* Buckets that are as full as they can be, and tags that many share. */
static uint64_t hash_of(uint32_t n)
{
    return (uint64_t)(n % 3) << 60 | (uint64_t)(n % 128) << 33;
}

static bool is_found(const struct shelf *shelf, uint32_t n)
{
    char text[ORGANIZATION_PACK_MAX_BYTES];
    struct organization found;
    size_t text_bytes;

    if (!shelf->last[n].name_key.ptr ||
        !organization_shard_find(&shelf->shard, hash_of(n), shelf->last[n].name_key, text,
                                 &text_bytes, &found)) {
        return false;
    }
    suite_assert_organization(&found, &shelf->last[n]);
    return true;
}

/* Another organization of a name. */
static void keep(struct shelf *shelf, struct numbers *numbers, uint32_t n, int times)
{
    const struct organization like = { .name = STR("Acme"), .admin_email = STR("a@b") };
    struct organization *one = &shelf->last[n];

    arena_clear(&shelf->mems[n]);
    *one = any_organization(numbers, &shelf->mems[n], &like);
    one->name_key = arena_printf(&shelf->mems[n], "%u", n);
    memcpy(one->id.bytes, &times, sizeof(times)); /* of one that is there nothing changes */
    assert_int_equal(organization_shard_keep(&shelf->shard, hash_of(n), true, one),
                     ORGANIZATION_KEPT);
    assert_true(is_found(shelf, n));
}

TEST(shard__finds_what_was_kept_last_or_nothing_whatever_gave_way)
{
    struct shelf *shelf = shelf_new();
    struct numbers numbers = { .state = 2 };
    int found = 0;

    for (int i = 0; i < KEPT; i++) {
        keep(shelf, &numbers, below(&numbers, NAMES), i);
        for (int k = 0; k < LOOKED_FOR; k++) {
            found += is_found(shelf, below(&numbers, NAMES));
        }
    }
    assert_in_range(found, KEPT * LOOKED_FOR / 4, KEPT * LOOKED_FOR);
    shelf_free(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack__any_bytes_come_out_as_they_went_in_by_any_base_and_symbols),
        cmocka_unit_test(shard__finds_what_was_kept_last_or_nothing_whatever_gave_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
