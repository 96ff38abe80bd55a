/*
 * Administrators that are kept inside their organization: as a sub-document (admin: {email,
 * password}), in an array of such, or flat (admin_email and admin_password). Each becomes an
 * account with all its members, and leaves the organization. Its id is made from what it is, so
 * that a migration that was interrupted makes the same one again.
 */
#include "store/mongo/census.h"

#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/seed_values.h"

static const char *const places[] = { "admin", "admin_user", "admins", "admin_users" };
static const char *const id_members[] = { F_ID, "id", "admin_id", NULL };
static const char *const flat_email_members[] = { "admin_email", "email", NULL };

static bool is_one_of(const char *member, const char *const members[])
{
    for (size_t i = 0; members[i]; i++) {
        if (strcmp(member, members[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The account that has this address and this very hash, or none. */
static size_t same_account(const struct census *census, struct str email, struct str hash)
{
    size_t number = NOBODY;

    if (email.ptr && key_table_find(&census->account_of_email, email, &number) &&
        str_equal(census->accounts[number].hash, hash)) {
        return number;
    }
    return NOBODY;
}

/* Members that the account's document gets from elsewhere. */
static bool is_known(const char *member)
{
    return is_one_of(member, census_hash_members) || is_one_of(member, census_email_members) ||
           is_one_of(member, id_members) || is_one_of(member, census_created_members) ||
           is_one_of(member, census_updated_members);
}

static void add_account(struct census *census, const struct oid *id, const bson_t *inside,
                        struct str email, struct str hash, int64_t created_ms)
{
    struct census_account *account = census_add_account(census, id);
    bson_iter_t at;

    if (!account) {
        return; /* an interrupted migration had inserted it already */
    }
    account->email = email;
    account->hash = hash;
    account->has_usable_hash = census_hash_is_usable(hash);
    account->created_ms = created_ms;
    account->updated_ms = created_ms;
    account->set = bson_new();
    account->unset = bson_new();
    account->document = bson_new();
    bson_put_oid(account->document, F_ID, id);
    if (email.ptr) {
        bson_put_str(account->document, F_EMAIL, email);
    }
    bson_put_str(account->document, F_PASSWORD, hash);
    bson_put_ms(account->document, F_CREATED_AT, created_ms);
    bson_put_ms(account->document, F_UPDATED_AT, created_ms);
    if (inside && bson_iter_init(&at, inside)) {
        while (bson_iter_next(&at)) {
            if (!is_known(bson_iter_key(&at))) {
                (void)bson_append_iter(account->document, NULL, 0, &at);
            }
        }
    }
    if (email.ptr) {
        (void)key_table_add(&census->account_of_email, email, census->account_count - 1);
    }
}

/* For an account whose own document has none. */
static void give_hash(struct census_account *account, struct str hash)
{
    if (!account->is_ready && !account->hash.ptr) {
        account->hash = hash;
        account->has_usable_hash = census_hash_is_usable(hash);
        account->sets_hash = true;
    }
}

/* An id for an account inside an organization that has none of its own. */
static struct oid id_for(struct census *census, const struct census_organization *organization,
                         struct str email, int64_t created_ms)
{
    char hex[OID_HEX_LEN + 1];

    oid_format(&organization->id, hex);
    return seed_made_id(created_ms, arena_printf(&census->mem, "account in %s: %.*s", hex,
                                                 (int)email.len, email.ptr ? email.ptr : ""));
}

/* The account that an organization means by an address and a hash of its own: the one that it
 * names, or one that has both, or a new one. */
static void nominate(struct census *census, size_t number, const bson_t *inside, struct str email,
                     struct str hash, int64_t created_ms)
{
    const struct census_organization *organization = &census->organizations[number];
    size_t named = NOBODY;
    size_t known = same_account(census, email, hash);
    struct oid id;

    if (organization->has_admin_id) {
        named = census_find_account(census, &organization->admin_id);
        if (named != NOBODY && (!email.ptr || str_equal(email, census->accounts[named].email))) {
            known = named;
        }
    }
    if (known != NOBODY) {
        give_hash(&census->accounts[known], hash);
        id = census->accounts[known].id;
    } else {
        id = organization->has_admin_id && named == NOBODY
                 ? organization->admin_id
                 : id_for(census, organization, email, created_ms);
        add_account(census, &id, inside, email, hash, created_ms);
    }
    census_add_nominee(census, number, &id);
}

/* One administrator; false where there is no hash in it, so that it stays as it is. */
static bool see_inside(struct census *census, size_t number, const bson_t *inside)
{
    struct census_organization *organization = &census->organizations[number];
    int64_t created_ms = organization->created_ms;
    struct str email = { .ptr = NULL };
    struct str hash = { .ptr = NULL };
    struct oid id = { .bytes = { 0 } };
    bool has_id = false;
    bson_iter_t at;

    for (size_t i = 0; id_members[i] && !has_id; i++) {
        has_id = bson_iter_init_find(&at, inside, id_members[i]) && seed_id(&at, &id);
    }
    (void)census_first_text(census, inside, census_email_members, seed_text, &email);
    (void)census_take_time(inside, census_created_members, NULL, NULL, &created_ms);
    if (census_first_text(census, inside, census_hash_members, seed_bytes, &hash)) {
        if (has_id) {
            add_account(census, &id, inside, email, hash, created_ms);
            census_add_nominee(census, number, &id);
        } else {
            nominate(census, number, inside, email, hash, created_ms);
        }
        return true;
    }
    if (has_id) {
        census_add_nominee(census, number, &id);
    } else if (!organization->admin_email.ptr) {
        organization->admin_email = email;
    }
    return false;
}

static bool see_item(struct census *census, size_t number, const bson_iter_t *at)
{
    uint32_t len = 0;
    const uint8_t *bytes = NULL;
    struct oid id;
    bson_t inside;

    if (BSON_ITER_HOLDS_DOCUMENT(at)) {
        bson_iter_document(at, &len, &bytes);
        return bson_init_static(&inside, bytes, len) && see_inside(census, number, &inside);
    }
    if (seed_id(at, &id)) {
        census_add_nominee(census, number, &id);
    }
    return false;
}

/* What did not become an account stays. */
static void see_items(struct census *census, size_t number, const char *place,
                      const bson_iter_t *at)
{
    struct census_organization *organization = &census->organizations[number];
    bson_t rest = BSON_INITIALIZER;
    uint32_t stays = 0;
    size_t taken = 0;
    bson_iter_t item;

    if (bson_iter_recurse(at, &item)) {
        while (bson_iter_next(&item)) {
            char digits[16];
            const char *key;

            if (see_item(census, number, &item)) {
                taken++;
                continue;
            }
            (void)bson_uint32_to_string(stays++, &key, digits, sizeof(digits));
            (void)bson_append_iter(&rest, key, -1, &item);
        }
    }
    if (taken > 0 && stays > 0) {
        (void)BSON_APPEND_ARRAY(organization->set, place, &rest);
    } else if (taken > 0) {
        (void)BSON_APPEND_INT32(organization->unset, place, 1);
    }
    bson_destroy(&rest);
}

/* admin_email and admin_password beside each other in the organization's own document. */
static void see_flat(struct census *census, size_t number, const bson_t *document)
{
    struct census_organization *organization = &census->organizations[number];
    struct str email = { .ptr = NULL };
    struct str hash = { .ptr = NULL };
    const char *from;
    bson_iter_t at;

    if (!census_first_text(census, document, census_hash_members, seed_bytes, &hash)) {
        return;
    }
    for (size_t i = 0; census_hash_members[i]; i++) {
        if (bson_iter_init_find(&at, document, census_hash_members[i])) {
            (void)BSON_APPEND_INT32(organization->unset, census_hash_members[i], 1);
        }
    }
    from = census_first_text(census, document, flat_email_members, seed_text, &email);
    if (from) {
        (void)BSON_APPEND_INT32(organization->unset, from, 1);
    }
    nominate(census, number, NULL, email, hash, organization->created_ms);
}

void census_see_embedded(struct census *census, size_t organization, const bson_t *document)
{
    bson_iter_t at;

    if (census->organizations[organization].has_admin_id) {
        census_add_nominee(census, organization, &census->organizations[organization].admin_id);
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (!bson_iter_init_find(&at, document, places[i])) {
            continue;
        }
        if (BSON_ITER_HOLDS_ARRAY(&at)) {
            see_items(census, organization, places[i], &at);
        } else if (BSON_ITER_HOLDS_DOCUMENT(&at) && see_item(census, organization, &at)) {
            (void)BSON_APPEND_INT32(census->organizations[organization].unset, places[i], 1);
        }
    }
    see_flat(census, organization, document);
}
