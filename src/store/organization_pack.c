/*
 * The bytes: flags, id, created_ms, name, admin_email, admin_id, and, where a flag says so, updated_ms,
 * name_key, slug. Each is written as what differs from the value that it is expected to have:
 * a byte with how many bytes are the same at the front and at the end (15 at most), for texts a byte with
 * how many lie between, and these.
 */
#include "store/organization_pack.h"

#include <assert.h>
#include <endian.h>

#define SAME_MAX 15
#define COLLECTION STR("org_")

enum flags { HAS_UPDATED = 1, HAS_KEY = 2, HAS_SLUG = 4 };

struct writer {
    unsigned char *at;
};

struct reader {
    const unsigned char *at;
};

/* memcpy of up to 15 bytes, which are most here, for less than the call. */
static void copy_some(char *to, const char *from, size_t count)
{
    if (count >= 8) {
        memcpy(to, from, 8);
        memcpy(to + count - 8, from + count - 8, 8);
    } else if (count >= 4) {
        memcpy(to, from, 4);
        memcpy(to + count - 4, from + count - 4, 4);
    } else if (count > 0) {
        memcpy(to, from, 1);
        memcpy(to + count / 2, from + count / 2, 1);
        memcpy(to + count - 1, from + count - 1, 1);
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many bytes are the same at the front and at the end, without one counted twice. */
static unsigned char likeness(struct str value, struct str expected)
{
    size_t most = smaller(value.len, expected.len);
    size_t front = 0;
    size_t end = 0;

    while (front < smaller(most, SAME_MAX) && value.ptr[front] == expected.ptr[front]) {
        front++;
    }
    while (end < smaller(most - front, SAME_MAX) &&
           value.ptr[value.len - 1 - end] == expected.ptr[expected.len - 1 - end]) {
        end++;
    }
    return (unsigned char)(front << 4 | end);
}

static void put_value(struct writer *out, struct str value, struct str expected, bool is_text)
{
    unsigned char same = likeness(value, expected);
    size_t front = same >> 4;
    size_t between = value.len - front - (same & SAME_MAX);

    *out->at++ = same;
    if (is_text) {
        *out->at++ = (unsigned char)between;
    }
    if (between > 0) {
        memcpy(out->at, value.ptr + front, between);
    }
    out->at += between;
}

/* The value of so many bytes (SIZE_MAX: a text), written to ret_bytes; gives its length. */
static size_t take_value(struct reader *in, struct str expected, size_t bytes, char *ret_bytes)
{
    size_t same = *in->at++;
    size_t front = same >> 4;
    size_t end = same & SAME_MAX;
    size_t between = bytes == SIZE_MAX ? *in->at++ : bytes - front - end;

    copy_some(ret_bytes, expected.ptr, front);
    if (between <= SAME_MAX) {
        copy_some(ret_bytes + front, (const char *)in->at, between);
    } else {
        memcpy(ret_bytes + front, in->at, between);
    }
    copy_some(ret_bytes + front + between, expected.ptr + expected.len - end, end);
    in->at += between;
    return front + between + end;
}

static struct str id_bytes(const struct oid *id)
{
    return (struct str){ .ptr = (const char *)id->bytes, .len = OID_BYTES };
}

/* A time as bytes, the greatest first, so that times near each other begin alike. */
static struct str time_bytes(int64_t ms, uint64_t *ret_bytes)
{
    *ret_bytes = htobe64((uint64_t)ms);
    return (struct str){ .ptr = (const char *)ret_bytes, .len = sizeof(*ret_bytes) };
}

static int64_t take_time(struct reader *in, struct str expected)
{
    uint64_t bytes = 0;

    (void)take_value(in, expected, sizeof(bytes), (char *)&bytes);
    return (int64_t)be64toh(bytes);
}

/* The key that most names have: in lower case. */
static struct str expected_key(struct str name, char ret_key[ORGANIZATION_PACK_TEXT_MAX])
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        ret_key[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return (struct str){ .ptr = ret_key, .len = name.len };
}

/* The slug that most keys have: '_' for all but letters and digits. Of other keys it is still like that. */
static struct str expected_slug(struct str key, char ret_slug[ORGANIZATION_PACK_TEXT_MAX])
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        ret_slug[i] = is_plain ? c : '_';
    }
    return (struct str){ .ptr = ret_slug, .len = key.len };
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

const struct organization_reference organization_no_reference = {
    .id = { "", 0 }, .created = { "", 0 }, .name = { "", 0 }, .admin_email = { "", 0 }
};

size_t organization_pack(const struct organization *organization,
                         const struct organization_reference *reference, unsigned char *ret_bytes)
{
    struct writer out = { .at = ret_bytes + 1 };
    char key_text[ORGANIZATION_PACK_TEXT_MAX];
    char slug_text[ORGANIZATION_PACK_TEXT_MAX];
    struct str created;
    struct str key;
    struct str slug;
    uint64_t created_bytes;
    uint64_t updated_bytes;
    unsigned char flags = 0;

    if (!can_be_packed(organization)) {
        return 0;
    }
    created = time_bytes(organization->created_ms, &created_bytes);
    put_value(&out, id_bytes(&organization->id), reference->id, false);
    put_value(&out, created, reference->created, false);
    put_value(&out, organization->name, reference->name, true);
    put_value(&out, organization->admin_email, reference->admin_email, true);
    put_value(&out, id_bytes(&organization->admin_id), id_bytes(&organization->id), false);
    if (organization->updated_ms != organization->created_ms) {
        flags |= HAS_UPDATED;
        put_value(&out, time_bytes(organization->updated_ms, &updated_bytes), created, false);
    }
    key = expected_key(organization->name, key_text);
    if (!str_equal(key, organization->name_key)) {
        flags |= HAS_KEY;
        put_value(&out, organization->name_key, key, true);
    }
    slug = expected_slug(organization->name_key, slug_text);
    if (!str_equal(slug, organization->slug)) {
        flags |= HAS_SLUG;
        put_value(&out, organization->slug, slug, true);
    }
    *ret_bytes = flags;
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

/* What is expected, as a text at *at. */
static struct str copied(char **at, struct str expected)
{
    if (expected.len > 0) {
        memcpy(*at, expected.ptr, expected.len);
    }
    return ended(at, expected.len);
}

size_t organization_unpack(const unsigned char *bytes,
                           const struct organization_reference *reference, char *ret_text,
                           struct organization *ret_organization)
{
    struct reader in = { .at = bytes + 1 };
    struct organization *to = ret_organization;
    unsigned char flags = *bytes;
    char *at = ret_text;
    char expected_text[ORGANIZATION_PACK_TEXT_MAX];
    struct str expected;
    uint64_t created_bytes;

    *to = (struct organization){ .created_ms = 0 };
    (void)take_value(&in, reference->id, OID_BYTES, (char *)to->id.bytes);
    to->created_ms = take_time(&in, reference->created);
    to->name = ended(&at, take_value(&in, reference->name, SIZE_MAX, at));
    to->admin_email = ended(&at, take_value(&in, reference->admin_email, SIZE_MAX, at));
    (void)take_value(&in, id_bytes(&to->id), OID_BYTES, (char *)to->admin_id.bytes);
    to->updated_ms = flags & HAS_UPDATED
                         ? take_time(&in, time_bytes(to->created_ms, &created_bytes))
                         : to->created_ms;
    expected = expected_key(to->name, expected_text);
    to->name_key = flags & HAS_KEY ? ended(&at, take_value(&in, expected, SIZE_MAX, at))
                                   : copied(&at, expected);
    to->collection.ptr = at;
    memcpy(at, COLLECTION.ptr, COLLECTION.len);
    at += COLLECTION.len;
    expected = expected_slug(to->name_key, expected_text);
    to->slug = flags & HAS_SLUG ? ended(&at, take_value(&in, expected, SIZE_MAX, at))
                                : copied(&at, expected);
    to->collection.len = COLLECTION.len + to->slug.len;
    return (size_t)(at - ret_text);
}

/* A value that was written whole; *at is behind it then. */
static struct str whole(const unsigned char **at, size_t bytes)
{
    size_t head = bytes == SIZE_MAX ? 2 : 1;
    struct str value = { .ptr = (const char *)*at + head,
                         .len = bytes == SIZE_MAX ? (*at)[1] : bytes };

    *at += head + value.len;
    return value;
}

struct organization_reference organization_reference_in(const unsigned char *bytes)
{
    const unsigned char *at = bytes + 1;
    struct organization_reference reference;

    reference.id = whole(&at, OID_BYTES);
    reference.created = whole(&at, sizeof(uint64_t));
    reference.name = whole(&at, SIZE_MAX);
    reference.admin_email = whole(&at, SIZE_MAX);
    return reference;
}
