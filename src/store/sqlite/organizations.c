/* The verbs of organizations. Unique indexes decide who wins; a look afterwards says what was held. */
#include "store/sqlite/engine.h"

#include "base/arena.h"
#include "store/sqlite/removals.h"

#include <sodium.h>

struct str slug_try(const struct call *call, struct str plain, bool needs_suffix, int n)
{
    if (n == 0 && !needs_suffix) {
        return plain;
    }
    return arena_printf(call->mem, "%.*s_%06x", STR_ARG(plain),
                        (unsigned int)randombytes_uniform(1U << 24));
}

/* A statement that a unique index refused: which of name and slug is held by another than number? */
enum refusal { REFUSED_NAME, REFUSED_SLUG };

static enum status refusal(struct connection *connection, const struct call *call,
                           struct str name_key, struct str slug, int64_t number,
                           enum refusal *ret_refusal)
{
    bool held = false;

    if (name_key.ptr) {
        TRY(value_held(connection, call, SQL_NAME_HELD, name_key, number, &held));
        if (held) {
            *ret_refusal = REFUSED_NAME;
            return ST_OK;
        }
    }
    if (slug.ptr) {
        TRY(value_held(connection, call, SQL_SLUG_HELD, slug, number, &held));
        if (held) {
            *ret_refusal = REFUSED_SLUG;
            return ST_OK;
        }
    }
    return err_set(call->err, ST_BROKEN, "an id is in use already");
}

struct create_op {
    struct write_op op;
    const struct new_organization *new;
    struct organization organization;
};

/* ST_EMAIL_TAKEN, or ST_NAME_TAKEN where that is so too. */
static enum status add_account(struct connection *connection, const struct call *call,
                               const struct new_organization *new, int64_t *ret_number)
{
    STATEMENT insert = NULL;
    bool violated = false;
    bool held = false;

    TRY(connection_statement(connection, SQL_ACCOUNT_ADD, &insert, call->err));
    statement_oid(insert, 1, &new->account_id);
    statement_text(insert, 2, new->email);
    statement_text(insert, 3, new->email_key);
    statement_text(insert, 4, new->password_hash);
    statement_number(insert, 5, new->now_ms);
    TRY(statement_change(connection, insert, &violated, call->err));
    if (!violated) {
        *ret_number = sqlite3_last_insert_rowid(connection->db);
        return ST_OK;
    }
    TRY(value_held(connection, call, SQL_NAME_HELD, new->name_key, 0, &held));
    if (held) {
        return ST_NAME_TAKEN;
    }
    TRY(value_held(connection, call, SQL_EMAIL_HELD, new->email_key, 0, &held));
    return held ? ST_EMAIL_TAKEN : err_set(call->err, ST_BROKEN, "an id is in use already");
}

static enum status add_organization(struct connection *connection, const struct call *call,
                                    const struct new_organization *new, int64_t administrator,
                                    int64_t *ret_number)
{
    for (int n = 0; n < SLUG_TRIES; n++) {
        struct str slug = slug_try(call, new->slug, new->slug_needs_suffix, n);
        enum refusal why = REFUSED_NAME;
        bool violated = false;
        STATEMENT insert = NULL;

        TRY(connection_statement(connection, SQL_ORGANIZATION_ADD, &insert, call->err));
        statement_oid(insert, 1, &new->id);
        statement_text(insert, 2, new->name);
        statement_text(insert, 3, new->name_key);
        statement_text(insert, 4, slug);
        statement_number(insert, 5, administrator);
        statement_number(insert, 6, new->now_ms);
        TRY(statement_change(connection, insert, &violated, call->err));
        if (!violated) {
            *ret_number = sqlite3_last_insert_rowid(connection->db);
            return ST_OK;
        }
        TRY(refusal(connection, call, new->name_key, slug, 0, &why));
        if (why == REFUSED_NAME) {
            return ST_NAME_TAKEN;
        }
    }
    return err_set(call->err, ST_BROKEN, "no free slug was found");
}

static enum status create(struct connection *connection, struct write_op *op)
{
    struct create_op *this = (struct create_op *)op;
    const struct new_organization *new = this->new;
    int64_t administrator = 0;
    int64_t number = 0;
    STATEMENT membership = NULL;

    TRY(add_account(connection, op->call, new, &administrator));
    TRY(add_organization(connection, op->call, new, administrator, &number));
    TRY(connection_statement(connection, SQL_MEMBERSHIP_ADD, &membership, op->call->err));
    statement_number(membership, 1, administrator);
    statement_number(membership, 2, number);
    TRY(statement_change(connection, membership, NULL, op->call->err));
    return organization_read(connection, op->call, &new->id, &this->organization);
}

enum status sqlite_organization_create(struct store *store, const struct call *call,
                                       const struct new_organization *new,
                                       struct organization *ret_organization)
{
    struct create_op this = { .op = { .run = create, .call = call }, .new = new };

    TRY(writer_run(&sqlite_engine(store)->writer, &this.op));
    *ret_organization = this.organization;
    return ST_OK;
}

struct update_op {
    struct write_op op;
    const struct organization_change *change;
    struct organization organization;
};

/* The account whose credentials change. ST_BAD_TOKEN. */
static enum status find_member(struct connection *connection, const struct call *call,
                               const struct organization_change *change, int64_t organization,
                               int64_t *ret_account)
{
    STATEMENT query = NULL;
    bool found = false;

    TRY(connection_statement(connection, SQL_MEMBER, &query, call->err));
    statement_oid(query, 1, &change->account_id);
    statement_number(query, 2, organization);
    TRY(statement_step(connection, query, &found, call->err));
    if (!found || sqlite3_column_int64(query, 1) != change->expected_password_version) {
        return ST_BAD_TOKEN;
    }
    *ret_account = sqlite3_column_int64(query, 0);
    return ST_OK;
}

/* The name that the caller's decision rests on. ST_PRECONDITION. */
static enum status expect_name(struct connection *connection, const struct call *call,
                               const struct organization_change *change, int64_t number)
{
    STATEMENT query = NULL;
    bool found = false;

    if (!change->expected_name.ptr) {
        return ST_OK;
    }
    TRY(connection_statement(connection, SQL_ORGANIZATION_NAMED, &query, call->err));
    statement_number(query, 1, number);
    statement_text(query, 2, change->expected_name);
    TRY(statement_step(connection, query, &found, call->err));
    return found ? ST_OK : ST_PRECONDITION;
}

/* ST_NEW_NAME_TAKEN. */
static enum status set_organization(struct connection *connection, const struct call *call,
                                    const struct organization_change *change, int64_t number)
{
    for (int n = 0; n < SLUG_TRIES; n++) {
        struct str slug = { 0 };
        enum refusal why = REFUSED_NAME;
        bool violated = false;
        STATEMENT update = NULL;

        if (change->slug.ptr) {
            slug = slug_try(call, change->slug, change->slug_needs_suffix, n);
        }
        TRY(connection_statement(connection, SQL_ORGANIZATION_SET, &update, call->err));
        statement_number(update, 1, number);
        statement_text(update, 2, change->name);
        statement_text(update, 3, change->name_key);
        statement_text(update, 4, slug);
        statement_number(update, 5, change->now_ms);
        TRY(statement_change(connection, update, &violated, call->err));
        if (!violated) {
            return ST_OK;
        }
        TRY(refusal(connection, call, change->name_key, slug, number, &why));
        if (why == REFUSED_NAME) {
            return ST_NEW_NAME_TAKEN;
        }
    }
    return err_set(call->err, ST_BROKEN, "no free slug was found");
}

/* ST_EMAIL_TAKEN. */
static enum status set_credentials(struct connection *connection, const struct call *call,
                                   const struct organization_change *change, int64_t account)
{
    STATEMENT update = NULL;
    bool violated = false;

    TRY(connection_statement(connection, SQL_ACCOUNT_SET, &update, call->err));
    statement_number(update, 1, account);
    statement_text(update, 2, change->email);
    statement_text(update, 3, change->email_key);
    statement_text(update, 4, change->password_hash);
    statement_number(update, 5, change->now_ms);
    TRY(statement_change(connection, update, &violated, call->err));
    return violated ? ST_EMAIL_TAKEN : ST_OK;
}

static enum status update(struct connection *connection, struct write_op *op)
{
    struct update_op *this = (struct update_op *)op;
    const struct organization_change *change = this->change;
    int64_t number = 0;
    int64_t account = 0;
    bool has_credentials;

    TRY(organization_number(connection, op->call, &change->id, &number));
    TRY(find_member(connection, op->call, change, number, &account));
    TRY(expect_name(connection, op->call, change, number));
    has_credentials = change->email.ptr || change->email_key.ptr || change->password_hash.ptr;
    if (has_credentials || change->name.ptr || change->name_key.ptr || change->slug.ptr) {
        TRY(set_organization(connection, op->call, change, number));
    }
    if (has_credentials) {
        TRY(set_credentials(connection, op->call, change, account));
    }
    return organization_read(connection, op->call, &change->id, &this->organization);
}

enum status sqlite_organization_update(struct store *store, const struct call *call,
                                       const struct organization_change *change,
                                       struct organization *ret_organization)
{
    struct update_op this = {
        .op = { .run = update, .call = call, .lane = oid_number(&change->id) }, .change = change
    };

    TRY(writer_run(&sqlite_engine(store)->writer, &this.op));
    *ret_organization = this.organization;
    return ST_OK;
}

struct delete_op {
    struct write_op op;
    const struct oid *id;
};

/* Ends the memberships of an organization, and each account that then has none. */
static enum status cut_members(struct connection *connection, const struct call *call,
                               int64_t number)
{
    for (;;) {
        int64_t account;
        bool found = false;
        STATEMENT query = NULL;

        TRY(connection_statement(connection, SQL_MEMBERS_FIRST, &query, call->err));
        statement_number(query, 1, number);
        TRY(statement_step(connection, query, &found, call->err));
        if (!found) {
            return ST_OK;
        }
        account = sqlite3_column_int64(query, 0);
        statement_reset(&query);
        TRY(change_numbers(connection, call, SQL_MEMBERSHIP_CUT, account, number));
        TRY(change_numbers(connection, call, SQL_ACCOUNT_CUT, account, 0));
    }
}

static enum status remove_all(struct connection *connection, struct write_op *op)
{
    struct delete_op *this = (struct delete_op *)op;
    int64_t number = 0;

    TRY(organization_number(connection, op->call, this->id, &number));
    TRY(cut_members(connection, op->call, number));
    TRY(removals_begin(connection, op->call, number));
    return change_numbers(connection, op->call, SQL_ORGANIZATION_CUT, number, 0);
}

enum status sqlite_organization_delete(struct store *store, const struct call *call,
                                       const struct oid *id)
{
    struct delete_op this = { .op = { .run = remove_all, .call = call, .lane = oid_number(id) },
                              .id = id };

    TRY(writer_run(&sqlite_engine(store)->writer, &this.op));
    writer_reclaim(&sqlite_engine(store)->writer);
    return ST_OK;
}

static enum status by_text(struct store *store, const struct call *call, enum sql id,
                           struct str value, struct organization *ret_organization)
{
    READER reader = { 0 };
    STATEMENT query = NULL;
    bool found = false;

    TRY(reader_take(store, call, &reader));
    TRY(connection_statement(reader.connection, id, &query, call->err));
    statement_text(query, 1, value);
    TRY(statement_step(reader.connection, query, &found, call->err));
    return found ? row_to_organization(query, call, ret_organization) : ST_NO_ORGANIZATION;
}

enum status sqlite_organization_by_name(struct store *store, const struct call *call,
                                        struct str name_key, struct organization *ret_organization)
{
    return by_text(store, call, SQL_ORGANIZATION_BY_NAME, name_key, ret_organization);
}

enum status sqlite_organization_by_slug(struct store *store, const struct call *call,
                                        struct str slug, struct organization *ret_organization)
{
    return by_text(store, call, SQL_ORGANIZATION_BY_SLUG, slug, ret_organization);
}

enum status sqlite_organization_by_id(struct store *store, const struct call *call,
                                      const struct oid *id, struct organization *ret_organization)
{
    READER reader = { 0 };

    TRY(reader_take(store, call, &reader));
    return organization_read(reader.connection, call, id, ret_organization);
}

enum status sqlite_organization_walk(struct store *store, const struct call *call, int64_t position,
                                     size_t limit, struct organization ret_organizations[],
                                     size_t *ret_count, int64_t *ret_position)
{
    READER reader = { 0 };
    STATEMENT rows = NULL;
    int64_t last = position;
    size_t count = 0;
    bool found = false;

    TRY(reader_take(store, call, &reader));
    TRY(connection_statement(reader.connection, SQL_ORGANIZATION_WALK, &rows, call->err));
    statement_number(rows, 1, position);
    statement_number(rows, 2, (int64_t)limit);
    TRY(statement_step(reader.connection, rows, &found, call->err));
    while (found && count < limit) {
        TRY(row_to_organization(rows, call, &ret_organizations[count]));
        last = sqlite3_column_int64(rows, SQL_WALK_NUMBER);
        count++;
        TRY(statement_step(reader.connection, rows, &found, call->err));
    }
    *ret_count = count;
    *ret_position = last;
    return ST_OK;
}
