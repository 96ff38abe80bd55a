/* An organization's document in the forms that seeds' programs gave it. */
#include "store/mongo/census.h"

#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/seed_values.h"

static const char *const name_members[] = { F_NAME, "name", NULL };
static const char *const slug_members[] = { F_SLUG, NULL };
static const char *const collection_members[] = { F_COLLECTION, "collection", NULL };
static const char *const moved_members[] = { F_MOVED_FROM, NULL };
static const char *const admin_members[] = { F_ADMIN_ID, "admin_user_id", "admin", NULL };
static const char *const address_members[] = { "admin_email", "admin", F_ADMIN_ID, NULL };
const char *const census_created_members[] = { F_CREATED_AT, "createdAt", "created", NULL };
const char *const census_updated_members[] = { F_UPDATED_AT, "updatedAt", "updated", NULL };

/* Words that are ours from now on: what another program meant by them is kept under another
 * name. */
static const struct {
    const char *member;
    const char *kept;
} words[] = {
    { F_STATUS, "status_before" },
    { F_VERSION, "version_before" },
    { F_CHANGE, "change_before" },
};

const char *census_first_text(struct census *census, const bson_t *document,
                              const char *const members[], census_text_fn *reader,
                              struct str *ret_text)
{
    bson_iter_t at;

    for (size_t i = 0; members[i]; i++) {
        if (bson_iter_init_find(&at, document, members[i]) && reader(&at, &census->mem, ret_text)) {
            return members[i];
        }
    }
    return NULL;
}

bool census_take_time(const bson_t *document, const char *const members[], bson_t *set,
                      bson_t *unset, int64_t *ret_ms)
{
    bson_iter_t at;

    for (size_t i = 0; members[i]; i++) {
        if (!bson_iter_init_find(&at, document, members[i]) || !seed_time(&at, ret_ms)) {
            continue;
        }
        if (i > 0) {
            (void)BSON_APPEND_INT32(unset, members[i], 1);
        }
        if (set && (i > 0 || bson_iter_type(&at) != BSON_TYPE_DATE_TIME)) {
            bson_put_ms(set, members[0], *ret_ms);
        }
        return true;
    }
    return false;
}

/* A text that has moved to its canonical member, which is the first; set is NULL where that is
 * written in any case. */
static void take_text(struct census *census, struct census_organization *organization,
                      const bson_t *document, const char *const members[], bson_t *set,
                      struct str *ret_text)
{
    const char *from = census_first_text(census, document, members, seed_text, ret_text);
    bson_iter_t at;

    if (!from) {
        return;
    }
    if (from != members[0]) {
        (void)BSON_APPEND_INT32(organization->unset, from, 1);
    }
    if (set && (from != members[0] || !bson_iter_init_find(&at, document, from) ||
                !BSON_ITER_HOLDS_UTF8(&at))) {
        bson_put_str(set, members[0], *ret_text);
    }
}

/* The administrator's id, and what refers to one by an address. */
static void take_admin(struct census *census, struct census_organization *organization,
                       const bson_t *document)
{
    struct str address;
    struct oid made;
    bson_iter_t at;

    for (size_t i = 0; admin_members[i] && !organization->has_admin_id; i++) {
        if (!bson_iter_init_find(&at, document, admin_members[i]) ||
            BSON_ITER_HOLDS_DOCUMENT(&at) || BSON_ITER_HOLDS_ARRAY(&at)) {
            continue;
        }
        organization->has_admin_id = seed_id(&at, &organization->admin_id);
        if (!organization->has_admin_id && seed_any_id(&at, &made) &&
            census_find_account(census, &made) != NOBODY) {
            organization->admin_id = made;
            organization->has_admin_id = true;
        }
        if (organization->has_admin_id && i > 0) {
            (void)BSON_APPEND_INT32(organization->unset, admin_members[i], 1);
        }
    }
    for (size_t i = 0; address_members[i] && !organization->admin_email.ptr; i++) {
        if (bson_iter_init_find(&at, document, address_members[i]) &&
            seed_text(&at, &census->mem, &address) && memchr(address.ptr, '@', address.len)) {
            organization->admin_email = address;
        }
    }
}

static void keep_words(struct census_organization *organization, const bson_t *document)
{
    uint32_t len = 0;
    bson_iter_t at;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!bson_iter_init_find(&at, document, words[i].member)) {
            continue;
        }
        if (BSON_ITER_HOLDS_UTF8(&at) && strcmp(bson_iter_utf8(&at, &len), STATUS_ACTIVE) == 0) {
            continue;
        }
        if (strcmp(words[i].member, F_VERSION) == 0 && BSON_ITER_HOLDS_INT(&at)) {
            organization->version = bson_iter_as_int64(&at); /* it goes on from there */
            continue;
        }
        (void)bson_append_iter(organization->set, words[i].kept, -1, &at);
        if (strcmp(words[i].member, F_CHANGE) == 0) {
            (void)BSON_APPEND_INT32(organization->unset, F_CHANGE, 1);
        }
    }
}

/* What another program wrote. */
static void see_seeded(struct census *census, size_t number, const bson_t *document)
{
    struct census_organization *organization = &census->organizations[number];

    organization->set = bson_new();
    organization->unset = bson_new();
    take_text(census, organization, document, name_members, organization->set, &organization->name);
    take_text(census, organization, document, collection_members, NULL, &organization->collection);
    (void)census_first_text(census, document, slug_members, seed_text, &organization->slug);
    (void)census_first_text(census, document, moved_members, seed_text, &organization->moved_from);
    if (!census_take_time(document, census_created_members, organization->set, organization->unset,
                          &organization->created_ms)) {
        organization->created_ms = seed_id_time(&organization->id);
        bson_put_ms(organization->set, F_CREATED_AT, organization->created_ms);
    }
    if (!census_take_time(document, census_updated_members, NULL, organization->unset,
                          &organization->updated_ms)) {
        organization->updated_ms = organization->created_ms;
    }
    take_admin(census, organization, document);
    keep_words(organization, document);
    census_see_embedded(census, number, document);
}

static void see_ready(struct census *census, struct census_organization *organization,
                      const bson_t *document)
{
    (void)bson_get_str(document, F_NAME, &census->mem, &organization->name);
    (void)bson_get_str(document, F_SLUG, &census->mem, &organization->slug);
    (void)bson_get_str(document, F_COLLECTION, &census->mem, &organization->collection);
    (void)bson_get_str(document, F_MOVED_FROM, &census->mem, &organization->moved_from);
    (void)bson_get_str(document, F_STATUS, &census->mem, &organization->status);
    organization->has_admin_id = bson_get_oid(document, F_ADMIN_ID, &organization->admin_id);
    (void)bson_get_ms(document, F_CREATED_AT, &organization->created_ms);
    (void)bson_get_ms(document, F_UPDATED_AT, &organization->updated_ms);
    (void)bson_get_oid(document, F_CHANGE ".owner", &organization->change_owner);
    (void)bson_get_ms(document, F_CHANGE ".at", &organization->change_at_ms);
}

void census_see_organization(struct census *census, const bson_t *document)
{
    struct census_organization *organization;
    bson_iter_t at;
    struct oid id;
    bool is_stray;

    if (!bson_iter_init_find(&at, document, F_ID) || !seed_any_id(&at, &id)) {
        return;
    }
    is_stray = !BSON_ITER_HOLDS_OID(&at);
    organization = census_add_organization(census, &id);
    if (is_stray) {
        census->strays = census_grow(census->strays, census->stray_count, sizeof(*census->strays));
        census->strays[census->stray_count++] = (struct census_stray){
            .collection = C_ORGANIZATIONS,
            .id = id,
            .is_doubled = !organization,
        };
    }
    if (!organization) {
        return;
    }
    organization->was_shared = bson_iter_init_find(&at, document, F_SHARED) &&
                               BSON_ITER_HOLDS_BOOL(&at) && bson_iter_bool(&at);
    organization->is_ready =
        bson_get_str(document, F_NAME_KEY, &census->mem, &organization->name_key);
    if (organization->is_ready) {
        see_ready(census, organization, document);
    } else {
        see_seeded(census, census->organization_count - 1, document);
    }
}
