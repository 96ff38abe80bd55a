/* Accounts and memberships, in the forms that seeds' programs gave them. */
#include "store/mongo/census.h"

#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/seed_values.h"

const char *const census_email_members[] = { F_EMAIL, "admin_email", "username", NULL };
const char *const census_hash_members[] = {
    F_PASSWORD,
    "hashed_password",
    "password_hash",
    "admin_password",
    "admin_password_hash",
    "admin_hashed_password",
    NULL,
};

/* By which an account's document may say where it belongs. */
static const char *const organization_members[] = {
    "organization_id", "org_id", "organization", "org", "organization_name", "org_name", NULL,
};

bool census_hash_is_usable(struct str hash)
{
    static const char *const starts[] = { "$argon2", "$pbkdf2-sha256$", "$2a$", "$2b$", "$2y$" };

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        size_t len = strlen(starts[i]);

        if (hash.len > len && memcmp(hash.ptr, starts[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* The one that can verify a password, else the first; the others go: an old hash must not stay. */
static void take_hash(struct census *census, struct census_account *account, const bson_t *document)
{
    const char *from = NULL;
    struct str hash;
    bson_iter_t at;

    for (size_t i = 0; census_hash_members[i]; i++) {
        if (!bson_iter_init_find(&at, document, census_hash_members[i]) ||
            !seed_bytes(&at, &census->mem, &hash)) {
            continue;
        }
        if (i > 0) {
            (void)BSON_APPEND_INT32(account->unset, census_hash_members[i], 1);
        }
        if (!from || (!account->has_usable_hash && census_hash_is_usable(hash))) {
            from = census_hash_members[i];
            account->hash = hash;
            account->has_usable_hash = census_hash_is_usable(hash);
        }
    }
    account->sets_hash = from != census_hash_members[0] ||
                         !bson_iter_init_find(&at, document, F_PASSWORD) ||
                         !BSON_ITER_HOLDS_UTF8(&at);
}

static void take_email(struct census *census, struct census_account *account,
                       const bson_t *document)
{
    const char *from =
        census_first_text(census, document, census_email_members, seed_text, &account->email);
    bson_iter_t at;

    if (from && strcmp(from, "admin_email") == 0) {
        (void)BSON_APPEND_INT32(account->unset, from, 1);
    }
    if (from && (from != census_email_members[0] || !bson_iter_init_find(&at, document, from) ||
                 !BSON_ITER_HOLDS_UTF8(&at))) {
        bson_put_str(account->set, F_EMAIL, account->email);
    }
}

static void take_times(struct census_account *account, const bson_t *document)
{
    if (!census_take_time(document, census_created_members, account->set, account->unset,
                          &account->created_ms)) {
        account->created_ms = seed_id_time(&account->id);
        bson_put_ms(account->set, F_CREATED_AT, account->created_ms);
    }
    if (!census_take_time(document, census_updated_members, account->set, account->unset,
                          &account->updated_ms)) {
        account->updated_ms = account->created_ms;
        bson_put_ms(account->set, F_UPDATED_AT, account->updated_ms);
    }
}

/* One value that may name an organization: an id (of whatever type it has), or its name. */
static void see_reference(struct census *census, size_t account, const bson_iter_t *at)
{
    struct census_reference reference = { .account = account };

    if (seed_any_id(at, &reference.organization)) {
        census_add_reference(census, &reference);
    }
    if (seed_text(at, &census->mem, &reference.organization_name)) {
        census_add_reference(census, &reference);
    }
}

static void see_references(struct census *census, size_t account, const bson_t *document)
{
    bson_iter_t at;
    bson_iter_t item;

    for (size_t i = 0; organization_members[i]; i++) {
        if (bson_iter_init_find(&at, document, organization_members[i]) &&
            !BSON_ITER_HOLDS_DOCUMENT(&at) && !BSON_ITER_HOLDS_ARRAY(&at)) {
            see_reference(census, account, &at);
        }
    }
    if (bson_iter_init_find(&at, document, "organizations") && BSON_ITER_HOLDS_ARRAY(&at) &&
        bson_iter_recurse(&at, &item)) {
        while (bson_iter_next(&item)) {
            see_reference(census, account, &item);
        }
    }
}

static void see_seeded(struct census *census, struct census_account *account,
                       const bson_t *document)
{
    account->set = bson_new();
    account->unset = bson_new();
    take_email(census, account, document);
    take_hash(census, account, document);
    take_times(account, document);
    see_references(census, census->account_count - 1, document);
}

static void see_ready(struct census *census, struct census_account *account, const bson_t *document)
{
    account->hash = STR("");
    (void)bson_get_str(document, F_EMAIL, &census->mem, &account->email);
    (void)bson_get_str(document, F_PASSWORD, &census->mem, &account->hash);
    account->has_usable_hash = census_hash_is_usable(account->hash);
    (void)bson_get_ms(document, F_CREATED_AT, &account->created_ms);
    (void)bson_get_ms(document, F_UPDATED_AT, &account->updated_ms);
}

void census_see_account(struct census *census, const char *collection, const bson_t *document)
{
    struct census_account *account;
    bson_iter_t at;
    struct oid id;
    bool is_stray;

    if (!bson_iter_init_find(&at, document, F_ID) || !seed_any_id(&at, &id)) {
        return;
    }
    is_stray = !BSON_ITER_HOLDS_OID(&at) || strcmp(collection, C_ADMINS) != 0;
    account = census_add_account(census, &id);
    if (is_stray) {
        census->strays = census_grow(census->strays, census->stray_count, sizeof(*census->strays));
        census->strays[census->stray_count++] =
            (struct census_stray){ .collection = collection, .id = id, .is_doubled = !account };
    }
    if (!account) {
        return;
    }
    account->is_ready = bson_get_str(document, F_EMAIL_KEY, &census->mem, &account->email_key);
    if (account->is_ready) {
        see_ready(census, account, document);
    } else {
        see_seeded(census, account, document);
    }
    if (account->email.ptr) {
        (void)key_table_add(&census->account_of_email, account->email, census->account_count - 1);
    }
}

void census_see_membership(struct census *census, const bson_t *document)
{
    struct oid organization;
    struct oid account;

    if (bson_get_oid(document, F_ORGANIZATION_ID, &organization) &&
        bson_get_oid(document, F_ADMIN_ID, &account)) {
        census_add_membership(census, &organization, &account, false);
    }
}
