/*
 * organization_update: what it makes of one document only is one update; what touches two is journaled.
 *
 * Credentials alone are the account's document. The organization's updated_at follows in a second update,
 * which may be missed: a reader shows the later one of the two.
 */
#include "store/mongo/engine.h"

#include "base/arena.h"
#include "store/mongo/change.h"
#include "store/mongo/journal.h"
#include "store/mongo/keys.h"
#include "store/mongo/rows.h"

#define SLUG_TRIES 64
#define SETTLE_TRIES 4

struct update {
    struct change change;
    const struct organization_change *wish;
    struct organization_row row;
    struct account_row account;
    struct journal journal; /* what is going to be written, also where it needs no journal */
    bool sets_organization; /* names */
    bool moves;             /* the collection */
};

static bool is_given(const struct organization_change *wish)
{
    return wish->name.ptr || wish->name_key.ptr || wish->slug.ptr;
}

static bool has_credentials(const struct organization_change *wish)
{
    return wish->email.ptr || wish->email_key.ptr || wish->password_hash.ptr;
}

/* The organization as it is, its last change being finished. ST_NO_ORGANIZATION. */
static enum status read_organization(struct update *this)
{
    const struct change *change = &this->change;

    for (int n = 0; n < SETTLE_TRIES; n++) {
        TRY(row_read_organization(change->engine, change->call, FROM_PRIMARY, &change->organization,
                                  &this->row));
        if (!row_is_visible(&this->row)) {
            return ST_NO_ORGANIZATION;
        }
        if (!row_is_pending(&this->row)) {
            return ST_OK;
        }
        /* Its lock is ours, so nobody is at it any more. */
        TRY(change_recover(change->engine, change->call, &change->organization));
    }
    return ST_BUSY;
}

/* Who it is for, and what it was decided upon. ST_BAD_TOKEN, ST_PRECONDITION. */
static enum status judge(struct update *this)
{
    const struct change *change = &this->change;
    const struct organization_change *wish = this->wish;
    enum status found;
    bool is_member = oid_equal(&wish->account_id, &this->row.organization.admin_id);

    if (!is_member) {
        TRY(row_membership(change->engine, change->call, &wish->account_id, &wish->id, &is_member,
                           NULL));
    }
    if (!is_member) {
        return ST_BAD_TOKEN;
    }
    found = row_read_account(change->engine, change->call, FROM_PRIMARY, &wish->account_id,
                             &this->account);
    if (found != ST_OK) {
        return found == ST_NO_ACCOUNT ? ST_BAD_TOKEN : found;
    }
    if (this->account.account.password_version != wish->expected_password_version) {
        return ST_BAD_TOKEN;
    }
    return !wish->expected_name.ptr || str_equal(wish->expected_name, this->row.organization.name)
               ? ST_OK
               : ST_PRECONDITION;
}

/* Whether a slug, with its lock held, can be the organization's. */
static enum status try_slug(struct update *this, struct str slug, bool *ret_free)
{
    const struct change *change = &this->change;
    struct str collection = keys_collection(change, slug);
    bool taken = false;

    TRY(keys_slug_held(change, slug, &taken));
    if (!taken && row_owns_collection(&this->row) &&
        !str_equal(collection, this->row.organization.collection)) {
        TRY(mongo_collection_exists(change->engine->mongo, change->call, collection.ptr, &taken));
    }
    *ret_free = !taken;
    return ST_OK;
}

static enum status choose_slug(struct update *this)
{
    const struct organization_change *wish = this->wish;
    struct change *change = &this->change;
    struct journal *journal = &this->journal;
    struct str slug = wish->slug;
    bool is_free = false;

    if (!wish->slug_needs_suffix) {
        if (str_equal(slug, this->row.organization.slug)) {
            return ST_OK;
        }
        TRY(try_slug(this, slug, &is_free));
    }
    for (int n = 0; n < SLUG_TRIES && !is_free; n++) {
        if (n > 0) {
            change_unlock(change, lock_name(change->call->mem, LOCK_SLUG, slug));
        }
        TRY(keys_lock_suffixed(change, wish->slug, &slug));
        TRY(try_slug(this, slug, &is_free));
    }
    if (!is_free) {
        return err_set(change->call->err, ST_BROKEN, "no free slug was found");
    }
    journal->slug = slug;
    journal->plain_slug = wish->slug;
    if (row_owns_collection(&this->row)) {
        journal->collection = keys_collection(change, slug);
        this->moves = !str_equal(journal->collection, this->row.organization.collection);
    }
    return ST_OK;
}

/* The name of the collection that is given up stays ours until that is done. A slug's index sees to it,
 * but where a seed's program gave the collection another name. */
static enum status lock_old_collection(struct update *this)
{
    struct change *change = &this->change;
    struct str lock = change_lock_collection(change, this->row.organization.collection);

    if (!this->moves || !lock.ptr ||
        str_equal(this->row.organization.collection,
                  keys_collection(change, this->row.organization.slug))) {
        return ST_OK;
    }
    return change_lock(change, lock);
}

static enum status plan_account(struct update *this)
{
    const struct organization_change *wish = this->wish;
    const struct account *account = &this->account.account;
    int64_t now_ms = wish->now_ms;

    if (wish->email_key.ptr && !str_equal(wish->email_key, account->email_key)) {
        TRY(keys_email_free(&this->change, wish->email_key, &account->id));
    }
    this->journal.has_account = true;
    this->journal.account = (struct account_change){
        .id = account->id,
        .version = this->account.version,
        .email = wish->email,
        .email_key = wish->email_key,
        .password_hash = wish->password_hash,
        .password_version = account->password_version + (wish->password_hash.ptr ? 1 : 0),
        .updated_ms = now_ms > account->updated_ms ? now_ms : account->updated_ms,
    };
    return ST_OK;
}

/* What is to become of both. ST_NEW_NAME_TAKEN, ST_EMAIL_TAKEN. */
static enum status plan(struct update *this)
{
    const struct organization_change *wish = this->wish;
    struct journal *journal = &this->journal;
    int64_t updated_ms = this->row.organization.updated_ms;

    journal->owner = this->change.owner;
    journal->name = wish->name;
    if (wish->name_key.ptr && !str_equal(wish->name_key, this->row.organization.name_key)) {
        enum status status = keys_name_free(&this->change, wish->name_key);

        if (status != ST_OK) {
            return status == ST_NAME_TAKEN ? ST_NEW_NAME_TAKEN : status;
        }
        journal->name_key = wish->name_key;
    }
    if (has_credentials(wish)) {
        TRY(plan_account(this));
    }
    if (wish->slug.ptr) {
        TRY(choose_slug(this));
        TRY(lock_old_collection(this));
    }
    updated_ms = updated_ms > wish->now_ms ? updated_ms : wish->now_ms;
    if (journal->has_account && updated_ms < journal->account.updated_ms) {
        updated_ms = journal->account.updated_ms;
    }
    journal->updated_ms = updated_ms;
    this->sets_organization = journal->name.ptr || journal->name_key.ptr || journal->slug.ptr;
    return ST_OK;
}

/* The organization's members, all in one. */
static enum status write_organization(struct update *this)
{
    const struct change *change = &this->change;
    BSON_AUTO update = BSON_INITIALIZER;
    struct organization_row now;
    bson_t set;
    enum status status;

    bson_append_document_begin(&update, "$set", -1, &set);
    journal_put_members(&set, &this->journal);
    bson_put_int(&set, F_VERSION, this->row.version + 1);
    bson_append_document_end(&update, &set);
    TRY(change_is_ours(change));
    status = change_step(change, this->row.version, &update);
    if (status == ST_DOCUMENT_EXISTS) {
        return ST_NEW_NAME_TAKEN; /* by a program that takes no locks */
    }
    if (status != ST_NOT_FOUND && status != ST_UNSURE) {
        return status;
    }
    /* Executed twice, it finds another version the second time; or this instance was taken for dead. */
    if (row_read_organization(change->engine, change->call, FROM_PRIMARY, &change->organization,
                              &now) != ST_OK) {
        return ST_UNSURE;
    }
    if (now.version == this->row.version + 1 &&
        (!this->journal.name.ptr || str_equal(now.organization.name, this->journal.name))) {
        return ST_OK;
    }
    return status == ST_UNSURE ? ST_UNSURE : ST_BUSY;
}

/* Nothing but credentials. */
static enum status write_account(struct update *this)
{
    struct change *change = &this->change;
    struct account_change *account = &this->journal.account;
    enum status status;

    account->organization_version = this->row.version;
    status = update_account(change, account);
    if (status == ST_DOCUMENT_EXISTS) {
        return ST_EMAIL_TAKEN; /* by a program that takes no locks */
    }
    if (status == ST_NO_ACCOUNT || status == ST_UNSURE) {
        struct account_row now;

        if (row_read_account(change->engine, change->call, FROM_PRIMARY, &account->id, &now) !=
            ST_OK) {
            return ST_UNSURE;
        }
        if (now.version == account->version + 1 &&
            now.account.password_version == account->password_version &&
            (!account->email.ptr || str_equal(now.account.email, account->email))) {
            status = ST_OK;
        } else if (status == ST_NO_ACCOUNT) {
            status = ST_BUSY;
        }
    }
    TRY(status);
    if (write_organization(this) != ST_OK) {
        this->change.call->err->text[0] = '\0'; /* readers see the account's time all the same */
    }
    return ST_OK;
}

/* Writes the journal: from then on it is decided. ST_UNSURE where that isn't known. */
static enum status decide(struct update *this)
{
    const struct change *change = &this->change;
    const char *word = this->moves ? STATUS_RENAMING : STATUS_UPDATING;
    BSON_AUTO update = BSON_INITIALIZER;
    bson_t set;
    enum status status;

    this->journal.account.organization_version = this->row.version + 2;
    bson_append_document_begin(&update, "$set", -1, &set);
    bson_put_str(&set, F_STATUS, str_of(word));
    bson_put_int(&set, F_VERSION, this->row.version + 1);
    journal_put(&set, &this->journal, change->locks, change->locks_count);
    bson_append_document_end(&update, &set);
    TRY(change_is_ours(change));
    status = change_step(change, this->row.version, &update);
    TRY(change_look_again(change, status));
    this->row.version++;
    this->row.status = this->moves ? ROW_RENAMING : ROW_UPDATING;
    return ST_OK;
}

static enum status write_both(struct update *this)
{
    struct change *change = &this->change;
    enum status status;

    if (this->moves) {
        TRY(change_close_gates(change));
    }
    status = decide(this);
    if (status == ST_OK && update_finish(change, &this->row, &this->journal) != ST_OK) {
        status = ST_UNSURE; /* it will happen, but hasn't yet */
    }
    if (status == ST_UNSURE) {
        change_leave(change);
    }
    return status;
}

static struct str either(struct str new, struct str old, struct arena *mem)
{
    return new.ptr ? arena_str(mem, new) : old;
}

/* What the organization is now. */
static enum status show(const struct update *this, struct organization *ret_organization)
{
    const struct change *change = &this->change;
    const struct journal *journal = &this->journal;
    struct arena *mem = change->call->mem;
    struct organization organization = this->row.organization;

    organization.name = either(journal->name, organization.name, mem);
    organization.name_key = either(journal->name_key, organization.name_key, mem);
    organization.slug = either(journal->slug, organization.slug, mem);
    organization.collection = either(journal->collection, organization.collection, mem);
    organization.updated_ms = journal->updated_ms;
    if (oid_equal(&organization.admin_id, &this->account.account.id)) {
        organization.admin_email = either(journal->account.email, this->account.account.email, mem);
    } else if (row_has_admin(&this->row)) {
        struct account_row admin = { .version = 0 };

        if (row_read_account(change->engine, change->call, FROM_PRIMARY, &organization.admin_id,
                             &admin) == ST_OK) {
            organization.admin_email = admin.account.email;
        }
    }
    *ret_organization = organization;
    return ST_OK;
}

static enum status update(struct update *this)
{
    TRY(read_organization(this));
    TRY(judge(this));
    if (!is_given(this->wish) && !has_credentials(this->wish)) {
        this->journal.updated_ms = this->row.organization.updated_ms;
        return ST_OK;
    }
    TRY(plan(this));
    if (this->moves || (this->sets_organization && this->journal.has_account)) {
        return write_both(this);
    }
    return this->journal.has_account ? write_account(this) : write_organization(this);
}

enum status mongo_organization_update(struct store *store, const struct call *call,
                                      const struct organization_change *change,
                                      struct organization *ret_organization)
{
    struct update this = { .wish = change };
    struct str names[LOCKS_MAX];
    size_t count = 0;
    enum status status;

    names[count++] = lock_name_of_id(call->mem, LOCK_ORGANIZATION, &change->id);
    names[count++] = lock_name_of_id(call->mem, LOCK_ACCOUNT, &change->account_id);
    if (change->name_key.ptr) {
        names[count++] = lock_name(call->mem, LOCK_NAME, change->name_key);
    }
    if (change->email_key.ptr) {
        names[count++] = lock_name(call->mem, LOCK_EMAIL, change->email_key);
    }
    if (change->slug.ptr && !change->slug_needs_suffix) {
        names[count++] = lock_name(call->mem, LOCK_SLUG, change->slug);
    }
    TRY(change_begin(&this.change, mongo_engine(store), call, &change->id, names, count));
    status = update(&this);
    if (status == ST_OK) {
        status = show(&this, ret_organization);
    }
    change_end(&this.change);
    return status;
}
