/* Who holds a key, and whether that one is about to go. */
#include "store/mongo/keys.h"

#include "base/arena.h"
#include "store/mongo/rows.h"

#include <sodium.h>

#define PASSING_PAUSE_MS 20 /* between looks at what is about to go */
#define SUFFIX_TRIES 16
#define MEMBERSHIPS_AT_ONCE 64

/*
 * An organization that is being made or deleted, and holds a key whose lock is ours: its own lock tells
 * whether anybody is at it. Where nobody is (a command was executed after it had been given up), it's
 * brought to its end here.
 */
static enum status push(const struct change *change, const struct oid *organization)
{
    struct mongo_store *engine = change->engine;
    const struct call *call = change->call;
    struct str lock = lock_name_of_id(call->mem, LOCK_ORGANIZATION, organization);
    enum status status =
        locks_try(engine->mongo, engine->leftovers, call, &change->owner, &lock, 1);

    if (status != ST_OK) {
        return status == ST_BUSY ? ST_OK : status;
    }
    status = change_recover(engine, call, organization);
    locks_give(engine->mongo, engine->leftovers, call, &change->owner, &lock, 1);
    return status;
}

enum status keys_name_free(const struct change *change, struct str name_key)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct organization_row row;

    bson_put_str(&filter, F_NAME_KEY, name_key);
    do {
        enum status found =
            row_find_organization(change->engine, change->call, FROM_PRIMARY, &filter, &row);

        if (found != ST_OK) {
            return found == ST_NO_ORGANIZATION ? ST_OK : found;
        }
        if (oid_equal(&row.organization.id, &change->organization)) {
            return ST_OK;
        }
        if (row.status != ROW_CREATING) {
            return ST_NAME_TAKEN;
        }
        TRY(push(change, &row.organization.id));
    } while (change_pause(change->call, PASSING_PAUSE_MS));
    return ST_BUSY;
}

enum status keys_slug_held(const struct change *change, struct str slug, bool *ret_held)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct organization_row row;
    enum status found;

    bson_put_str(&filter, F_SLUG, slug);
    found = row_find_organization(change->engine, change->call, FROM_PRIMARY, &filter, &row);
    if (found != ST_OK && found != ST_NO_ORGANIZATION) {
        return found;
    }
    *ret_held = found == ST_OK && !oid_equal(&row.organization.id, &change->organization);
    return ST_OK;
}

enum status keys_lock_suffixed(struct change *change, struct str plain, struct str *ret_slug)
{
    enum status status = ST_BUSY;

    for (int i = 0; i < SUFFIX_TRIES && status == ST_BUSY; i++) {
        struct arena *mem = change->call->mem;
        struct str slug = arena_printf(mem, "%.*s_%06x", STR_ARG(plain),
                                       (unsigned int)randombytes_uniform(1U << 24));

        status = change_lock(change, lock_name(mem, LOCK_SLUG, slug));
        if (status == ST_OK) {
            *ret_slug = slug;
        }
    }
    return status;
}

struct str keys_collection(const struct change *change, struct str slug)
{
    return arena_printf(change->call->mem, C_TENANT_PREFIX "%.*s", STR_ARG(slug));
}

enum status keys_collection_free(const struct change *change, struct str collection, bool *ret_free)
{
    BSON_AUTO by_name = BSON_INITIALIZER;
    BSON_AUTO all = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    struct organization_row row;
    enum status found;
    bson_t other;

    bson_put_str(&by_name, F_COLLECTION, collection);
    bson_append_document_begin(&by_name, F_ID, -1, &other);
    bson_put_oid(&other, "$ne", &change->organization);
    bson_append_document_end(&by_name, &other);
    found = row_find_organization(change->engine, change->call, FROM_PRIMARY, &by_name, &row);
    if (found == ST_NO_ORGANIZATION) {
        found = mongo_find_one(change->engine->mongo, change->call, FROM_PRIMARY, collection.ptr,
                               &all, NULL, &document);
    }
    if (found != ST_OK && found != ST_NOT_FOUND) {
        return found;
    }
    *ret_free = found == ST_NOT_FOUND;
    return ST_OK;
}

struct organizations {
    struct oid ids[MEMBERSHIPS_AT_ONCE];
    size_t count;
};

static bool note_organization(void *context, const bson_t *document)
{
    struct organizations *list = context;

    if (bson_get_oid(document, F_ORGANIZATION_ID, &list->ids[list->count])) {
        list->count++;
    }
    return list->count < MEMBERSHIPS_AT_ONCE;
}

/* What an account is found to belong to, while looking. */
struct look {
    const struct change *change;
    bool own_stays;
    struct belonging belonging;
    enum status status;
};

static void note_row(struct look *look, const struct organization_row *row)
{
    if (oid_equal(&row->organization.id, &look->change->organization)) {
        look->belonging.belongs = look->own_stays ? BELONGS : look->belonging.belongs;
    } else if (row->status != ROW_CREATING && row->status != ROW_DELETING) {
        look->belonging.belongs = BELONGS;
    } else if (look->belonging.belongs == BELONGS_NOWHERE) {
        look->belonging.belongs = BELONGS_PASSING;
        look->belonging.passing = row->organization.id;
    }
}

static bool note_administered(void *context, const bson_t *document)
{
    struct look *look = context;
    struct organization_row row;

    look->status = row_organization(document, look->change->call, &row);
    if (look->status == ST_OK) {
        note_row(look, &row);
    }
    return look->status == ST_OK && look->belonging.belongs != BELONGS;
}

enum status keys_account_belongs(const struct change *change, const struct oid *account_id,
                                 bool own_stays, struct belonging *ret_belonging)
{
    struct look look = { .change = change, .own_stays = own_stays };
    struct organizations list = { .count = 0 };
    BSON_AUTO filter = BSON_INITIALIZER;
    struct mongo *mongo = change->engine->mongo;

    bson_put_oid(&filter, F_ADMIN_ID, account_id);
    TRY(mongo_find(mongo, change->call, FROM_PRIMARY, C_ORGANIZATIONS, &filter, NULL,
                   note_administered, &look));
    TRY(look.status);
    if (look.belonging.belongs != BELONGS) {
        TRY(mongo_find(mongo, change->call, FROM_PRIMARY, C_MEMBERSHIPS, &filter, NULL,
                       note_organization, &list));
    }
    if (list.count == MEMBERSHIPS_AT_ONCE) {
        look.belonging.belongs = BELONGS; /* not all of so many are about to go */
    }
    for (size_t i = 0; i < list.count && look.belonging.belongs != BELONGS; i++) {
        struct organization_row row = { .organization = { .id = list.ids[i] } };
        enum status found = ST_OK;

        if (!oid_equal(&list.ids[i], &change->organization)) {
            found = row_read_organization(change->engine, change->call, FROM_PRIMARY, &list.ids[i],
                                          &row);
        }
        if (found == ST_OK) {
            note_row(&look, &row);
        } else if (found != ST_NO_ORGANIZATION) {
            return found;
        }
    }
    *ret_belonging = look.belonging;
    return ST_OK;
}

/*
 * An account with an address that is wanted, and an organization in which it isn't to be found any more.
 * It went after it was found; or a seed's program left it, and it keeps its address; or it was made by a
 * creation that was undone already when its insert was executed, and is removed.
 */
static enum status end_homeless(const struct change *change, const struct oid *account_id)
{
    static const struct oid none;
    BSON_AUTO filter = BSON_INITIALIZER;
    struct account_row row;
    enum status found =
        row_read_account(change->engine, change->call, FROM_PRIMARY, account_id, &row);

    if (found != ST_OK) {
        return found == ST_NO_ACCOUNT ? ST_OK : found;
    }
    if (oid_equal(&row.changed_by, &none) || oid_equal(&row.changed_by, &change->organization)) {
        return ST_EMAIL_TAKEN;
    }
    bson_put_oid(&filter, F_ID, account_id);
    return mongo_delete_one(change->engine->mongo, change->call, AGAIN, C_ADMINS, &filter, NULL);
}

/* Whether the account that has an address is about to go, or gone: ST_OK; ST_EMAIL_TAKEN. */
static enum status is_passing(const struct change *change, const struct oid *account_id)
{
    struct belonging belonging = { .belongs = BELONGS };

    TRY(keys_account_belongs(change, account_id, true, &belonging));
    switch (belonging.belongs) {
    case BELONGS_PASSING:
        return push(change, &belonging.passing);
    case BELONGS_NOWHERE:
        return end_homeless(change, account_id);
    case BELONGS:
    default:
        return ST_EMAIL_TAKEN;
    }
}

enum status keys_email_free(const struct change *change, struct str email_key,
                            const struct oid *account_id)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    bson_put_str(&filter, F_EMAIL_KEY, email_key);
    do {
        BSON_AUTO document = BSON_INITIALIZER;
        struct account_row row;
        enum status found = mongo_find_one(change->engine->mongo, change->call, FROM_PRIMARY,
                                           C_ADMINS, &filter, NULL, &document);

        if (found != ST_OK) {
            return found == ST_NOT_FOUND ? ST_OK : found;
        }
        TRY(row_account(&document, change->call, &row));
        if (oid_equal(&row.account.id, account_id)) {
            return ST_OK;
        }
        TRY(is_passing(change, &row.account.id));
    } while (change_pause(change->call, PASSING_PAUSE_MS));
    return ST_BUSY;
}
