/*
 * organization_create: everything is put there unseen, the step to STATUS_ACTIVE shows it. See change.h.
 */
#include "store/mongo/engine.h"

#include "base/arena.h"
#include "base/clock.h"
#include "store/mongo/change.h"
#include "store/mongo/journal.h"
#include "store/mongo/keys.h"
#include "store/mongo/rows.h"

#define SLUG_TRIES 64 /* of 16 million suffixes; one that is held is rare, ten in a row a mistake */
#define UNDO_MS 500   /* for taking back, also past the deadline */
#define RETRY_PAUSE_MS 10
#define FIRST_VERSION 1

struct creation {
    struct change change;
    const struct new_organization *new;
    struct journal journal;
    struct organization_row row; /* as it is in the database, once it is */
    struct str suffixed_lock;    /* of the slug that was made last */
    enum created created;        /* what may be in the database of it */
};

static enum status next_slug(struct creation *this, bool first)
{
    const struct new_organization *new = this->new;
    struct organization_row *row = &this->row;

    if (first && !new->slug_needs_suffix) {
        row->organization.slug = new->slug;
    } else {
        if (this->suffixed_lock.ptr) {
            change_unlock(&this->change, this->suffixed_lock);
            this->suffixed_lock.ptr = NULL;
        }
        TRY(keys_lock_suffixed(&this->change, new->slug, &row->organization.slug));
        this->suffixed_lock = lock_name(this->change.call->mem, LOCK_SLUG, row->organization.slug);
    }
    row->organization.collection = keys_collection(&this->change, row->organization.slug);
    return ST_OK;
}

static void put_organization(bson_t *document, const struct creation *this)
{
    const struct organization *organization = &this->row.organization;

    bson_put_oid(document, F_ID, &organization->id);
    bson_put_str(document, F_NAME, organization->name);
    bson_put_str(document, F_COLLECTION, this->row.organization.collection);
    bson_put_oid(document, F_ADMIN_ID, &organization->admin_id);
    bson_put_ms(document, F_CREATED_AT, organization->created_ms);
    bson_put_str(document, F_NAME_KEY, organization->name_key);
    bson_put_str(document, F_SLUG, organization->slug);
    bson_put_str(document, F_STATUS, STR(STATUS_CREATING));
    bson_put_ms(document, F_UPDATED_AT, organization->updated_ms);
    bson_put_int(document, F_VERSION, this->row.version);
    journal_put(document, &this->journal, this->change.locks, this->change.locks_count);
}

/* An insert that a unique index refused: ST_OK: it was this one, executed already; ST_NAME_TAKEN;
 * ST_PRECONDITION: the slug is held; ST_NOT_FOUND: nothing stands in the way any more. */
static enum status why_refused(struct creation *this)
{
    const struct change *change = &this->change;
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO document = BSON_INITIALIZER;
    struct journal journal;
    enum status found;
    bool held = false;

    bson_put_oid(&filter, F_ID, &change->organization);
    found = mongo_find_one(change->engine->mongo, change->call, FROM_PRIMARY, C_ORGANIZATIONS,
                           &filter, NULL, &document);
    if (found == ST_OK) {
        struct organization_row row;

        TRY(row_organization(&document, change->call, &row));
        if (journal_get(&document, change->call->mem, &journal) &&
            oid_equal(&journal.owner.operation, &change->owner.operation)) {
            return ST_OK;
        }
        this->created = CREATED_NOTHING;
        return str_equal(row.organization.name_key, this->new->name_key)
                   ? ST_NAME_TAKEN
                   : err_set(change->call->err, ST_BROKEN, "an id is in use already");
    }
    if (found != ST_NOT_FOUND) {
        return found;
    }
    this->created = CREATED_NOTHING;
    TRY(keys_name_free(change, this->new->name_key));
    TRY(keys_slug_held(change, this->row.organization.slug, &held));
    return held ? ST_PRECONDITION : ST_NOT_FOUND;
}

static enum status add_organization(struct creation *this)
{
    const struct change *change = &this->change;
    enum status status = ST_PRECONDITION;

    for (int n = 0; n < SLUG_TRIES; n++) {
        BSON_AUTO document = BSON_INITIALIZER;
        const bson_t *documents[] = { &document };

        if (status == ST_PRECONDITION) {
            TRY(next_slug(this, n == 0));
        } else if (!change_pause(change->call, RETRY_PAUSE_MS)) {
            return ST_BUSY;
        }
        put_organization(&document, this);
        TRY(change_is_ours(change));
        status =
            mongo_insert(change->engine->mongo, change->call, AGAIN, C_ORGANIZATIONS, documents, 1);
        this->created = CREATED_ORGANIZATION;
        if (status == ST_DOCUMENT_EXISTS) {
            status = why_refused(this);
        }
        if (status != ST_PRECONDITION && status != ST_NOT_FOUND) {
            return status;
        }
    }
    return err_set(change->call->err, ST_BROKEN, "no free slug was found");
}

static void put_account(bson_t *document, const struct creation *this)
{
    const struct new_organization *new = this->new;
    bson_t by;

    bson_put_oid(document, F_ID, &new->account_id);
    bson_put_str(document, F_EMAIL, new->email);
    bson_put_str(document, F_PASSWORD, new->password_hash);
    bson_put_ms(document, F_CREATED_AT, new->now_ms);
    bson_put_str(document, F_EMAIL_KEY, new->email_key);
    bson_put_ms(document, F_UPDATED_AT, new->now_ms);
    bson_put_int(document, F_PASSWORD_VERSION, 0);
    bson_put_int(document, F_VERSION, FIRST_VERSION);
    bson_append_document_begin(document, F_CHANGED_BY, -1, &by);
    bson_put_oid(&by, F_ORGANIZATION_ID, &new->id);
    bson_put_int(&by, F_VERSION, FIRST_VERSION);
    bson_append_document_end(document, &by);
}

/* An account's insert that was refused: ST_OK: it was this one, executed already; ST_NOT_FOUND: nothing
 * stands in the way any more; ST_EMAIL_TAKEN. */
static enum status why_account_refused(struct creation *this)
{
    const struct change *change = &this->change;
    struct account_row row;
    enum status found =
        row_read_account(change->engine, change->call, FROM_PRIMARY, &this->new->account_id, &row);

    if (found == ST_OK) {
        return oid_equal(&row.changed_by, &this->new->id) &&
                       str_equal(row.account.email, this->new->email) &&
                       str_equal(row.account.password_hash, this->new->password_hash)
                   ? ST_OK
                   : err_set(change->call->err, ST_BROKEN, "an id is in use already");
    }
    if (found != ST_NO_ACCOUNT) {
        return found;
    }
    TRY(keys_email_free(change, this->new->email_key, &this->new->account_id));
    return ST_NOT_FOUND;
}

static enum status add_account(struct creation *this)
{
    const struct change *change = &this->change;
    BSON_AUTO document = BSON_INITIALIZER;
    const bson_t *documents[] = { &document };

    put_account(&document, this);
    do {
        enum status status =
            mongo_insert(change->engine->mongo, change->call, AGAIN, C_ADMINS, documents, 1);

        if (status == ST_DOCUMENT_EXISTS) {
            status = why_account_refused(this);
            if (status == ST_OK) {
                return ST_OK;
            }
            this->created = CREATED_ORGANIZATION; /* it is known not to be there */
        }
        if (status != ST_NOT_FOUND) {
            return status;
        }
    } while (change_pause(change->call, RETRY_PAUSE_MS));
    return ST_BUSY;
}

static enum status add_membership(struct creation *this)
{
    const struct change *change = &this->change;
    BSON_AUTO document = BSON_INITIALIZER;
    const bson_t *documents[] = { &document };
    enum status status;

    bson_put_oid(&document, F_ID, &this->journal.membership);
    bson_put_oid(&document, F_ORGANIZATION_ID, &this->new->id);
    bson_put_oid(&document, F_ADMIN_ID, &this->new->account_id);
    bson_put_str(&document, F_ROLE, STR("admin"));
    status = mongo_insert(change->engine->mongo, change->call, AGAIN, C_MEMBERSHIPS, documents, 1);
    return status == ST_DOCUMENT_EXISTS ? ST_OK : status; /* both ids are new: it was this one */
}

/* Another slug, in the document that is there. ST_DOCUMENT_EXISTS: held. */
static enum status move_on(struct creation *this)
{
    BSON_AUTO update = BSON_INITIALIZER;
    bson_t set;

    TRY(next_slug(this, false));
    bson_append_document_begin(&update, "$set", -1, &set);
    bson_put_str(&set, F_SLUG, this->row.organization.slug);
    bson_put_str(&set, F_COLLECTION, this->row.organization.collection);
    bson_put_int(&set, F_VERSION, this->row.version + 1);
    bson_append_document_end(&update, &set);
    TRY(change_step(&this->change, this->row.version, &update));
    this->row.version++;
    return ST_OK;
}

static enum status add_collection(struct creation *this)
{
    const struct change *change = &this->change;

    for (int n = 0; n < SLUG_TRIES; n++) {
        bool is_ours = false;
        enum status status = mongo_collection_create(change->engine->mongo, change->call,
                                                     this->row.organization.collection.ptr);

        if (status != ST_DOCUMENT_EXISTS) {
            return status;
        }
        TRY(keys_collection_free(change, this->row.organization.collection, &is_ours));
        if (is_ours) {
            return ST_OK;
        }
        do {
            status = move_on(this);
        } while (status == ST_DOCUMENT_EXISTS);
        TRY(status);
    }
    return err_set(change->call->err, ST_BROKEN, "no free slug was found");
}

/* The moment it happens. ST_UNSURE where that can't be said. */
static enum status show(struct creation *this)
{
    const struct change *change = &this->change;
    BSON_AUTO update = BSON_INITIALIZER;
    struct organization_row row;
    enum status found;
    enum status status;
    bson_t part;

    bson_append_document_begin(&update, "$set", -1, &part);
    bson_put_str(&part, F_STATUS, STR(STATUS_ACTIVE));
    bson_put_int(&part, F_VERSION, this->row.version + 1);
    bson_append_document_end(&update, &part);
    bson_append_document_begin(&update, "$unset", -1, &part);
    bson_put_int(&part, F_CHANGE, 1);
    bson_append_document_end(&update, &part);
    TRY(change_is_ours(change));
    status = change_step(change, this->row.version, &update);
    if (status != ST_NOT_FOUND && status != ST_UNSURE) {
        return status;
    }
    /* Executed twice, it finds nothing to do the second time; or another instance has undone it. */
    found = row_read_organization(change->engine, change->call, FROM_PRIMARY, &change->organization,
                                  &row);
    if (found == ST_OK && row_is_visible(&row)) {
        return ST_OK;
    }
    return status == ST_NOT_FOUND && (found == ST_OK || found == ST_NO_ORGANIZATION) ? ST_BUSY
                                                                                     : ST_UNSURE;
}

/* After a failure before the moment. Where the server is lost, or it doesn't work out, the keeper does it. */
static void take_back(struct creation *this, enum status failure)
{
    struct change *change = &this->change;
    const struct call *call = change->call;
    struct err unused = { .text = "" };
    struct call brief = { .mem = call->mem,
                          .err = &unused,
                          .deadline_ms = clock_monotonic_ms() + UNDO_MS };

    if (failure == ST_UNSURE || failure == ST_UNAVAILABLE) {
        change_leave(change);
        return;
    }
    brief.deadline_ms =
        call->deadline_ms > brief.deadline_ms ? call->deadline_ms : brief.deadline_ms;
    change->call = &brief;
    if (create_undo(change, &this->row, &this->journal, this->created) != ST_OK) {
        change_leave(change);
    }
    change->call = call;
}

static enum status fill(struct creation *this)
{
    this->created = CREATED_ACCOUNT;
    TRY(add_account(this));
    this->created = CREATED_MEMBERSHIP;
    TRY(add_membership(this));
    this->created = CREATED_COLLECTION;
    return add_collection(this);
}

static enum status create(struct creation *this)
{
    enum status status = add_organization(this);

    if (status != ST_OK) {
        if (this->created != CREATED_NOTHING) {
            change_leave(&this->change); /* it may be there, unseen */
        }
        return change_nothing(status);
    }
    status = fill(this);
    if (status != ST_OK) {
        take_back(this, status);
        return change_nothing(status);
    }
    status = show(this);
    if (status == ST_UNSURE) {
        change_leave(&this->change);
    } else if (status != ST_OK) {
        take_back(this, status);
    }
    return status;
}

enum status mongo_organization_create(struct store *store, const struct call *call,
                                      const struct new_organization *new,
                                      struct organization *ret_organization)
{
    struct creation this = {
        .new = new,
        .row = { .organization = { .id = new->id,
                                   .name = new->name,
                                   .name_key = new->name_key,
                                   .admin_id = new->account_id,
                                   .admin_email = new->email,
                                   .created_ms = new->now_ms,
                                   .updated_ms = new->now_ms },
                 .status = ROW_CREATING,
                 .version = FIRST_VERSION },
        .journal = { .membership = oid_new(), .updated_ms = new->now_ms },
    };
    struct str names[] = {
        lock_name_of_id(call->mem, LOCK_ORGANIZATION, &new->id),
        lock_name(call->mem, LOCK_NAME, new->name_key),
        lock_name(call->mem, LOCK_EMAIL, new->email_key),
        lock_name(call->mem, LOCK_SLUG, new->slug),
    };
    size_t count = sizeof(names) / sizeof(names[0]);
    enum status status;

    TRY(change_begin(&this.change, mongo_engine(store), call, &new->id, names,
                     new->slug_needs_suffix ? count - 1 : count));
    this.journal.owner = this.change.owner;
    status = create(&this);
    change_end(&this.change);
    if (status == ST_OK) {
        *ret_organization = this.row.organization;
        ret_organization->name = arena_str(call->mem, new->name);
        ret_organization->name_key = arena_str(call->mem, new->name_key);
        ret_organization->slug = arena_str(call->mem, this.row.organization.slug);
        ret_organization->admin_email = arena_str(call->mem, new->email);
    }
    return status;
}
