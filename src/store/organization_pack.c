/*
 * The bytes: flags; where one of them says so, what is odd; how far the id's counter and created_ms are from
 * those of the base, in as many bytes as that takes; the lengths of name and address, and both; then what is
 * odd: id, admin_id, updated_ms, name_key, slug, each as what differs from the value that it is expected to
 * have.
 */
#include "store/organization_pack.h"

#include "store/organization_bytes.h"

#include <assert.h>
#include <endian.h>

#define COLLECTION STR("org_")

/* The places of an id. */
#define SECONDS_BYTES 4
#define COUNTER_AT 9
#define COUNTER_BYTES 3
#define COUNTER_SIGN (UINT32_C(1) << 23)
#define COUNTER_MASK ((UINT32_C(1) << 24) - 1)

/* The first byte: two bits for the bytes of the counter's difference, two for those of the time's. */
#define COUNTER_SIZE_MASK 3
#define CREATED_SIZE_SHIFT 2
#define CREATED_SIZE_MASK 3
#define CREATED_SIZES                                                                              \
    {                                                                                              \
        1, 2, 4, 8                                                                                 \
    }
enum flags { IS_ODD = 16, IS_CODED = 32, HAS_SHORT_LENS = 64 };
#define SHORT_LEN_MAX 15

/* The second. */
enum odd { HAS_ID = 1, HAS_ADMIN = 2, HAS_UPDATED = 4, HAS_KEY = 8, HAS_SLUG = 16 };

static struct str id_bytes(const struct oid *id)
{
    return (struct str){ .ptr = (const char *)id->bytes, .len = OID_BYTES };
}

static struct str time_bytes(const int64_t *ms)
{
    return (struct str){ .ptr = (const char *)ms, .len = sizeof(*ms) };
}

static uint32_t counter_of(const struct oid *id)
{
    return (uint32_t)id->bytes[COUNTER_AT] << 16 | (uint32_t)id->bytes[COUNTER_AT + 1] << 8 |
           id->bytes[COUNTER_AT + 2];
}

static void set_counter(struct oid *id, uint32_t counter)
{
    id->bytes[COUNTER_AT] = (uint8_t)(counter >> 16);
    id->bytes[COUNTER_AT + 1] = (uint8_t)(counter >> 8);
    id->bytes[COUNTER_AT + 2] = (uint8_t)counter;
}

/* Of an organization made at such a time. */
static void set_seconds(struct oid *id, int64_t created_ms)
{
    uint32_t seconds = htobe32((uint32_t)(created_ms / 1000));

    memcpy(id->bytes, &seconds, SECONDS_BYTES);
}

/* The administrator's: made shortly before it or behind it. */
static struct oid expected_admin(const struct organization_base *base, const struct oid *id)
{
    struct oid admin = *id;

    set_counter(&admin, counter_of(id) + base->admin_step);
    return admin;
}

struct organization_base organization_base_of(const struct organization *organization)
{
    return (struct organization_base){
        .id = organization->id,
        .admin_step = counter_of(&organization->admin_id) - counter_of(&organization->id),
        .created_ms = organization->created_ms,
    };
}

/* The key that most names have: in lower case, as long as the name. */
static struct str expected_key(struct str name, char *ret_key)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        ret_key[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return (struct str){ .ptr = ret_key, .len = name.len };
}

/* The slug that most keys have: a '_' for what lies between letters and digits; no longer than the key. */
static struct str expected_slug(struct str key, char *ret_slug)
{
    bool is_pending = false;
    size_t len = 0;

    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            if (is_pending) {
                ret_slug[len++] = '_';
                is_pending = false;
            }
            ret_slug[len++] = c;
        } else {
            is_pending = len > 0;
        }
    }
    return (struct str){ .ptr = ret_slug, .len = len };
}

static bool can_be_packed(const struct organization *organization)
{
    const struct str *texts[] = { &organization->name, &organization->name_key, &organization->slug,
                                  &organization->admin_email };
    struct str collection = organization->collection;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!texts[i]->ptr || texts[i]->len > ORGANIZATION_PACK_TEXT_MAX) {
            return false;
        }
    }
    return collection.len == COLLECTION.len + organization->slug.len &&
           memcmp(collection.ptr, COLLECTION.ptr, COLLECTION.len) == 0 &&
           memcmp(collection.ptr + COLLECTION.len, organization->slug.ptr,
                  organization->slug.len) == 0;
}

/* Name and address: their codes, or they themselves where these are as short or nothing was learned. */
static unsigned char put_texts(struct writer *out, const struct organization *organization,
                               const struct organization_symbols *symbols)
{
    unsigned char codes[2][ORGANIZATION_PACK_TEXT_MAX];
    size_t lens[2] = { organization->name.len, organization->admin_email.len };
    const void *texts[2] = { organization->name.ptr, organization->admin_email.ptr };
    unsigned char flags = 0;

    if (symbols) {
        size_t name = organization_encode(symbols, organization->name, STR(""), codes[0]);
        size_t email =
            organization_encode(symbols, organization->admin_email, organization->slug, codes[1]);

        if (name <= ORGANIZATION_PACK_TEXT_MAX && email <= ORGANIZATION_PACK_TEXT_MAX &&
            name + email < lens[0] + lens[1]) {
            flags = IS_CODED;
            lens[0] = name;
            lens[1] = email;
            texts[0] = codes[0];
            texts[1] = codes[1];
        }
    }
    if (lens[0] <= SHORT_LEN_MAX && lens[1] <= SHORT_LEN_MAX) {
        flags |= HAS_SHORT_LENS;
        *out->at++ = (unsigned char)(lens[0] << 4 | lens[1]);
    } else {
        *out->at++ = (unsigned char)lens[0];
        *out->at++ = (unsigned char)lens[1];
    }
    for (int i = 0; i < 2; i++) {
        if (lens[i] > 0) {
            memcpy(out->at, texts[i], lens[i]);
        }
        out->at += lens[i];
    }
    return flags;
}

/* What is not as expected, behind what the flags tell; gives which that is. */
static unsigned char put_odd(struct writer *out, const struct organization *organization,
                             const struct organization_base *base)
{
    struct oid id = base->id;
    struct oid admin = expected_admin(base, &organization->id);
    char key_text[ORGANIZATION_PACK_TEXT_MAX];
    char slug_text[ORGANIZATION_PACK_TEXT_MAX];
    struct str key = expected_key(organization->name, key_text);
    struct str slug = expected_slug(organization->name_key, slug_text);
    const struct {
        unsigned char flag;
        struct str value;
        struct str expected;
    } values[] = {
        { HAS_ID, id_bytes(&organization->id), id_bytes(&id) },
        { HAS_ADMIN, id_bytes(&organization->admin_id), id_bytes(&admin) },
        { HAS_UPDATED, time_bytes(&organization->updated_ms),
          time_bytes(&organization->created_ms) },
        { HAS_KEY, organization->name_key, key },
        { HAS_SLUG, organization->slug, slug },
    };
    unsigned char odd = 0;

    set_counter(&id, counter_of(&organization->id));
    set_seconds(&id, organization->created_ms);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (!str_equal(values[i].value, values[i].expected)) {
            odd |= values[i].flag;
            put_value(out, values[i].value, values[i].expected);
        }
    }
    return odd;
}

size_t organization_pack(const struct organization *organization,
                         const struct organization_base *base,
                         const struct organization_symbols *symbols, unsigned char *ret_bytes)
{
    static const unsigned char created_sizes[] = CREATED_SIZES;
    unsigned char odd_bytes[ORGANIZATION_PACK_MAX_BYTES];
    struct writer odd_out = { .at = odd_bytes };
    struct writer out = { .at = ret_bytes + 1 };
    uint32_t step;
    uint64_t counter;
    uint64_t created;
    unsigned counter_size = 0;
    unsigned created_size = 0;
    unsigned char flags;
    unsigned char odd;

    if (!can_be_packed(organization)) {
        return 0;
    }
    step = (counter_of(&organization->id) - counter_of(&base->id)) & COUNTER_MASK;
    counter = folded(step & COUNTER_SIGN ? step - (UINT64_C(1) << 24) : step);
    while (counter >> 8 * counter_size > 0) {
        counter_size++;
    }
    created = folded((uint64_t)organization->created_ms - (uint64_t)base->created_ms);
    while (created_size < CREATED_SIZE_MASK && created >> 8 * created_sizes[created_size] > 0) {
        created_size++;
    }
    odd = put_odd(&odd_out, organization, base);
    if (odd) {
        *out.at++ = odd;
    }
    put_number(&out, counter, counter_size);
    put_number(&out, created, created_sizes[created_size]);
    flags = put_texts(&out, organization, symbols);
    memcpy(out.at, odd_bytes, (size_t)(odd_out.at - odd_bytes));
    out.at += odd_out.at - odd_bytes;
    *ret_bytes = (unsigned char)(flags | counter_size | created_size << CREATED_SIZE_SHIFT |
                                 (odd ? IS_ODD : 0));
    assert(out.at - ret_bytes <= ORGANIZATION_PACK_MAX_BYTES);
    return (size_t)(out.at - ret_bytes);
}

/* Ends a text of so many bytes at *at and gives it; *at is behind it then. */
static struct str ended(char **at, size_t len)
{
    struct str text = { .ptr = *at, .len = len };

    (*at)[len] = '\0';
    *at += len + 1;
    return text;
}

/* A name's key, and the slug of a key: odd, or as expected. */
static struct str take_key(struct reader *in, bool is_odd, struct str name, char **at)
{
    char expected[ORGANIZATION_PACK_TEXT_MAX];

    if (is_odd) {
        return ended(at, take_value(in, expected_key(name, expected), *at));
    }
    return ended(at, expected_key(name, *at).len);
}

static struct str take_slug(struct reader *in, bool is_odd, struct str key, char **at)
{
    char expected[ORGANIZATION_PACK_TEXT_MAX];

    if (is_odd) {
        return ended(at, take_value(in, expected_slug(key, expected), *at));
    }
    return ended(at, expected_slug(key, *at).len);
}

/* Name or address. */
static struct str take_text(struct reader *in, size_t len,
                            const struct organization_symbols *symbols, struct str slug, char **at)
{
    const unsigned char *bytes = in->at;

    in->at += len;
    if (symbols) {
        return ended(at, organization_decode(symbols, bytes, len, slug, *at));
    }
    copy_text(*at, (const char *)bytes, len);
    return ended(at, len);
}

/* A value of so many bytes that is odd, written over the one that is expected. */
static void take_odd(struct reader *in, void *ret_value, size_t bytes)
{
    struct str expected = { .ptr = ret_value, .len = bytes };
    char value[ORGANIZATION_PACK_TEXT_MAX + 2 * ORGANIZATION_SAME_MAX];

    (void)take_value(in, expected, value);
    memcpy(ret_value, value, bytes);
}

size_t organization_unpack(const unsigned char *bytes, const struct organization_base *base,
                           const struct organization_symbols *symbols, char *ret_text,
                           struct organization *ret_organization)
{
    static const unsigned char created_sizes[] = CREATED_SIZES;
    struct reader in = { .at = bytes + 1 };
    struct organization *to = ret_organization;
    unsigned char flags = *bytes;
    unsigned char odd = flags & IS_ODD ? *in.at++ : 0;
    struct reader email_in;
    struct oid id;
    size_t lens[2];
    char *at = ret_text;

    *to = (struct organization){ .name.len = 0 };
    symbols = flags & IS_CODED ? symbols : NULL;
    id = base->id;
    set_counter(&id,
                counter_of(&id) + (uint32_t)unfolded(take_number(&in, flags & COUNTER_SIZE_MASK)));
    to->created_ms =
        (int64_t)((uint64_t)base->created_ms +
                  unfolded(take_number(
                      &in, created_sizes[flags >> CREATED_SIZE_SHIFT & CREATED_SIZE_MASK])));
    set_seconds(&id, to->created_ms);
    lens[0] = *in.at++;
    lens[1] = flags & HAS_SHORT_LENS ? lens[0] & SHORT_LEN_MAX : *in.at++;
    lens[0] = flags & HAS_SHORT_LENS ? lens[0] >> 4 : lens[0];
    to->name = take_text(&in, lens[0], symbols, STR(""), &at);
    email_in = in;
    in.at += lens[1]; /* to what is odd */
    to->id = id;
    if (odd & HAS_ID) {
        take_odd(&in, to->id.bytes, OID_BYTES);
    }
    to->admin_id = expected_admin(base, &to->id);
    if (odd & HAS_ADMIN) {
        take_odd(&in, to->admin_id.bytes, OID_BYTES);
    }
    to->updated_ms = to->created_ms;
    if (odd & HAS_UPDATED) {
        take_odd(&in, &to->updated_ms, sizeof(to->updated_ms));
    }
    to->name_key = take_key(&in, odd & HAS_KEY, to->name, &at);
    to->collection.ptr = at;
    memcpy(at, COLLECTION.ptr, COLLECTION.len);
    at += COLLECTION.len;
    to->slug = take_slug(&in, odd & HAS_SLUG, to->name_key, &at);
    to->collection.len = COLLECTION.len + to->slug.len;
    to->admin_email = take_text(&email_in, lens[1], symbols, to->slug, &at);
    return (size_t)(at - ret_text);
}
