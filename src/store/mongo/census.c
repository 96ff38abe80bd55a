/* Reading the database as a whole, and the census' arrays and tables. */
#include "store/mongo/census.h"

#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define CENSUS_MEMORY_BYTES ((size_t)16 * 1024 * 1024 * 1024)
#define PAGE 1000 /* documents in a batch */

void *census_grow(void *items, size_t count, size_t item_bytes)
{
    void *larger;

    if (count > 0 && (count & (count - 1)) != 0) {
        return items; /* it doubles at each power of two */
    }
    larger = count < KEY_TABLE_MAX ? realloc(items, (count ? 2 * count : 1) * item_bytes) : NULL;
    if (!larger) {
        (void)fprintf(stderr, "level=error msg=\"no memory for a census of %zu items\"\n", count);
        abort();
    }
    return larger;
}

struct census_organization *census_add_organization(struct census *census, const struct oid *id)
{
    struct oid *key = arena_alloc(&census->mem, sizeof(*key));

    *key = *id;
    if (!key_table_add(&census->organization_of_id, key_of_id(key), census->organization_count)) {
        return NULL;
    }
    census->organizations = census_grow(census->organizations, census->organization_count,
                                        sizeof(*census->organizations));
    census->organizations[census->organization_count] = (struct census_organization){ .id = *id };
    return &census->organizations[census->organization_count++];
}

struct census_account *census_add_account(struct census *census, const struct oid *id)
{
    struct oid *key = arena_alloc(&census->mem, sizeof(*key));

    *key = *id;
    if (!key_table_add(&census->account_of_id, key_of_id(key), census->account_count)) {
        return NULL;
    }
    census->accounts =
        census_grow(census->accounts, census->account_count, sizeof(*census->accounts));
    census->accounts[census->account_count] = (struct census_account){ .id = *id };
    return &census->accounts[census->account_count++];
}

void census_add_membership(struct census *census, const struct oid *organization,
                           const struct oid *account, bool is_new)
{
    struct census_membership made = { .ids = { *organization, *account }, .is_new = is_new };
    char *key = arena_alloc(&census->mem, sizeof(made.ids));
    size_t number;

    memcpy(key, made.ids, sizeof(made.ids));
    if (!key_table_add(&census->membership_of_ids,
                       (struct str){ .ptr = key, .len = sizeof(made.ids) },
                       census->membership_count)) {
        return;
    }
    census->memberships =
        census_grow(census->memberships, census->membership_count, sizeof(*census->memberships));
    census->memberships[census->membership_count++] = made;
    number = census_find_account(census, account);
    if (number == NOBODY) {
        return;
    }
    if (census_find_organization(census, organization) != NOBODY) {
        census->accounts[number].organizations++;
        census->organizations[census_find_organization(census, organization)].admins++;
    }
}

void census_add_reference(struct census *census, const struct census_reference *reference)
{
    census->references =
        census_grow(census->references, census->reference_count, sizeof(*census->references));
    census->references[census->reference_count++] = *reference;
}

void census_add_nominee(struct census *census, size_t organization, const struct oid *account)
{
    census->nominees =
        census_grow(census->nominees, census->nominee_count, sizeof(*census->nominees));
    census->nominees[census->nominee_count++] =
        (struct census_nominee){ .organization = organization, .account = *account };
}

size_t census_find_organization(const struct census *census, const struct oid *id)
{
    size_t number = NOBODY;

    (void)key_table_find(&census->organization_of_id, key_of_id(id), &number);
    return number;
}

size_t census_find_account(const struct census *census, const struct oid *id)
{
    size_t number = NOBODY;

    (void)key_table_find(&census->account_of_id, key_of_id(id), &number);
    return number;
}

static bool visit_account(void *context, const bson_t *document)
{
    census_see_account(context, C_ADMINS, document);
    return true;
}

static bool visit_admin_user(void *context, const bson_t *document)
{
    census_see_account(context, C_ADMIN_USERS, document);
    return true;
}

static bool visit_organization(void *context, const bson_t *document)
{
    census_see_organization(context, document);
    return true;
}

static bool visit_membership(void *context, const bson_t *document)
{
    census_see_membership(context, document);
    return true;
}

void census_see_collection(struct census *census, struct str name)
{
    struct str copy = arena_str(&census->mem, name);

    census->collections =
        census_grow(census->collections, census->collection_count, sizeof(*census->collections));
    (void)key_table_add(&census->collection_names, copy, census->collection_count);
    census->collections[census->collection_count++] = copy;
}

static enum status read_collections(struct mongo *mongo, const struct call *call,
                                    struct census *census)
{
    struct str *names = NULL;
    size_t count = 0;

    TRY(mongo_collection_list(mongo, call, "", &names, &count));
    for (size_t i = 0; i < count; i++) {
        census_see_collection(census, names[i]);
    }
    return ST_OK;
}

static enum status read_all(struct mongo *mongo, const struct call *call, struct census *census)
{
    /* Accounts before organizations: what is inside an organization may be there already. */
    static const struct {
        const char *collection;
        mongo_visit_fn *visit;
    } parts[] = {
        { C_ADMINS, visit_account },
        { C_ADMIN_USERS, visit_admin_user },
        { C_ORGANIZATIONS, visit_organization },
        { C_MEMBERSHIPS, visit_membership },
    };
    BSON_AUTO everything = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;

    TRY(read_collections(mongo, call, census));
    (void)BSON_APPEND_INT32(&opts, "batchSize", PAGE);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (key_table_find(&census->collection_names, str_of(parts[i].collection), NULL)) {
            TRY(mongo_find(mongo, call, FROM_PRIMARY, parts[i].collection, &everything, &opts,
                           parts[i].visit, census));
        }
    }
    return ST_OK;
}

struct census *census_new(void)
{
    struct census *census = calloc(1, sizeof(*census));

    if (census) {
        arena_init(&census->mem, CENSUS_MEMORY_BYTES);
    }
    return census;
}

enum status census_read(struct mongo *mongo, const struct call *call, struct census **ret_census)
{
    struct census *census = census_new();
    enum status status;

    if (!census) {
        return err_set(call->err, ST_BROKEN, "no memory to read the organizations");
    }
    status = read_all(mongo, call, census);
    if (status != ST_OK) {
        census_free(census);
        return status;
    }
    *ret_census = census;
    return ST_OK;
}

static void destroy(bson_t *bson)
{
    if (bson) {
        bson_destroy(bson);
    }
}

void census_free(struct census *census)
{
    if (!census) {
        return;
    }
    for (size_t i = 0; i < census->organization_count; i++) {
        destroy(census->organizations[i].set);
        destroy(census->organizations[i].unset);
    }
    for (size_t i = 0; i < census->account_count; i++) {
        destroy(census->accounts[i].document);
        destroy(census->accounts[i].set);
        destroy(census->accounts[i].unset);
    }
    free(census->organizations);
    free(census->accounts);
    free(census->memberships);
    free(census->references);
    free(census->nominees);
    free(census->strays);
    free(census->collections);
    key_table_done(&census->organization_of_id);
    key_table_done(&census->account_of_id);
    key_table_done(&census->account_of_email);
    key_table_done(&census->membership_of_ids);
    key_table_done(&census->collection_names);
    key_table_done(&census->organization_of_key);
    key_table_done(&census->organization_of_slug);
    key_table_done(&census->organization_of_collection);
    key_table_done(&census->account_of_key);
    arena_done(&census->mem);
    free(census);
}
