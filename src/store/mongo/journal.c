/* The journal to BSON and back. */
#include "store/mongo/journal.h"

#include "base/clock.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"

#define F_CHANGE_AT "at"
#define F_CHANGE_LOCKS "locks"
#define F_CHANGE_MEMBERSHIP "membership"
#define F_CHANGE_PLAIN_SLUG "plain_slug"
#define F_CHANGE_SET "set"
#define F_CHANGE_ACCOUNT "account"
#define F_CHANGE_ACCOUNT_VERSION "account_version"
#define F_CHANGE_DONE_VERSION "done_version"

static void put_given(bson_t *bson, const char *key, struct str value)
{
    if (value.ptr) {
        bson_put_str(bson, key, value);
    }
}

void journal_put_members(bson_t *set, const struct journal *journal)
{
    put_given(set, F_NAME, journal->name);
    put_given(set, F_NAME_KEY, journal->name_key);
    put_given(set, F_SLUG, journal->slug);
    put_given(set, F_COLLECTION, journal->collection);
    bson_put_ms(set, F_UPDATED_AT, journal->updated_ms);
}

/* Credentials, as they are in an account. */
static void put_credentials(bson_t *set, const struct account_change *account)
{
    put_given(set, F_EMAIL, account->email);
    put_given(set, F_EMAIL_KEY, account->email_key);
    put_given(set, F_PASSWORD, account->password_hash);
    bson_put_int(set, F_PASSWORD_VERSION, account->password_version);
    bson_put_ms(set, F_UPDATED_AT, account->updated_ms);
}

void account_change_put(bson_t *set, const struct account_change *account,
                        const struct oid *organization)
{
    bson_t by;

    put_credentials(set, account);
    bson_put_int(set, F_VERSION, account->version + 1);
    bson_append_document_begin(set, F_CHANGED_BY, -1, &by);
    bson_put_oid(&by, F_ORGANIZATION_ID, organization);
    bson_put_int(&by, F_VERSION, account->organization_version);
    bson_append_document_end(set, &by);
}

static void put_locks(bson_t *change, const struct str locks[], size_t count)
{
    bson_t array;

    bson_append_array_begin(change, F_CHANGE_LOCKS, -1, &array);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *key;

        (void)bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof(buffer));
        bson_put_str(&array, key, locks[i]);
    }
    bson_append_array_end(change, &array);
}

static void put_account(bson_t *change, const struct account_change *account)
{
    bson_t child;

    bson_append_document_begin(change, F_CHANGE_ACCOUNT, -1, &child);
    bson_put_oid(&child, F_ID, &account->id);
    put_credentials(&child, account);
    bson_put_int(&child, F_CHANGE_ACCOUNT_VERSION, account->version);
    bson_put_int(&child, F_CHANGE_DONE_VERSION, account->organization_version);
    bson_append_document_end(change, &child);
}

void journal_put(bson_t *parent, const struct journal *journal, const struct str locks[],
                 size_t count)
{
    static const struct oid none;
    bson_t change;
    bson_t set;

    bson_append_document_begin(parent, F_CHANGE, -1, &change);
    bson_put_oid(&change, F_CHANGE_OWNER, &journal->owner.instance);
    bson_put_oid(&change, F_CHANGE_OPERATION, &journal->owner.operation);
    bson_put_ms(&change, F_CHANGE_AT, clock_now_ms());
    put_locks(&change, locks, count);
    if (!oid_equal(&journal->membership, &none)) {
        bson_put_oid(&change, F_CHANGE_MEMBERSHIP, &journal->membership);
    }
    put_given(&change, F_CHANGE_PLAIN_SLUG, journal->plain_slug);
    bson_append_document_begin(&change, F_CHANGE_SET, -1, &set);
    journal_put_members(&set, journal);
    bson_append_document_end(&change, &set);
    if (journal->has_account) {
        put_account(&change, &journal->account);
    }
    bson_append_document_end(parent, &change);
}

#define IN_CHANGE(member) F_CHANGE "." member
#define IN_SET(member) IN_CHANGE(F_CHANGE_SET "." member)
#define IN_ACCOUNT(member) IN_CHANGE(F_CHANGE_ACCOUNT "." member)

static bool get_account(const bson_t *document, struct arena *mem, struct account_change *account)
{
    if (!bson_get_oid(document, IN_ACCOUNT(F_ID), &account->id)) {
        return false;
    }
    (void)bson_get_str(document, IN_ACCOUNT(F_EMAIL), mem, &account->email);
    (void)bson_get_str(document, IN_ACCOUNT(F_EMAIL_KEY), mem, &account->email_key);
    (void)bson_get_str(document, IN_ACCOUNT(F_PASSWORD), mem, &account->password_hash);
    (void)bson_get_int(document, IN_ACCOUNT(F_PASSWORD_VERSION), &account->password_version);
    (void)bson_get_ms(document, IN_ACCOUNT(F_UPDATED_AT), &account->updated_ms);
    (void)bson_get_int(document, IN_ACCOUNT(F_CHANGE_ACCOUNT_VERSION), &account->version);
    (void)bson_get_int(document, IN_ACCOUNT(F_CHANGE_DONE_VERSION), &account->organization_version);
    return true;
}

bool journal_get(const bson_t *document, struct arena *mem, struct journal *ret_journal)
{
    struct journal journal = { .has_account = false };

    if (!bson_get_oid(document, IN_CHANGE(F_CHANGE_OWNER), &journal.owner.instance)) {
        return false;
    }
    (void)bson_get_oid(document, IN_CHANGE(F_CHANGE_OPERATION), &journal.owner.operation);
    (void)bson_get_oid(document, IN_CHANGE(F_CHANGE_MEMBERSHIP), &journal.membership);
    (void)bson_get_str(document, IN_CHANGE(F_CHANGE_PLAIN_SLUG), mem, &journal.plain_slug);
    (void)bson_get_str(document, IN_SET(F_NAME), mem, &journal.name);
    (void)bson_get_str(document, IN_SET(F_NAME_KEY), mem, &journal.name_key);
    (void)bson_get_str(document, IN_SET(F_SLUG), mem, &journal.slug);
    (void)bson_get_str(document, IN_SET(F_COLLECTION), mem, &journal.collection);
    (void)bson_get_ms(document, IN_SET(F_UPDATED_AT), &journal.updated_ms);
    journal.has_account = get_account(document, mem, &journal.account);
    *ret_journal = journal;
    return true;
}
