/* The verbs of accounts and memberships, and the secrets. */
#include "store/sqlite/engine.h"

#include "base/arena.h"

static enum status row_membership(sqlite3_stmt *query, const struct call *call,
                                  struct membership *ret_membership)
{
    struct membership row = { 0 };

    TRY(row_to_organization(query, call, &row.organization));
    TRY(row_to_account(query, SQL_ACCOUNT_FROM, call, &row.account));
    row.role = arena_str(call->mem, column_bytes(query, SQL_ROLE));
    *ret_membership = row;
    return ST_OK;
}

enum status sqlite_membership_by_email(struct store *store, const struct call *call,
                                       struct str email_key, struct membership *ret_membership)
{
    READER reader = { 0 };
    STATEMENT query = NULL;
    bool found = false;

    TRY(reader_take(store, call, &reader));
    TRY(connection_statement(reader.connection, SQL_MEMBERSHIP_BY_EMAIL, &query, call->err));
    statement_text(query, 1, email_key);
    TRY(statement_step(reader.connection, query, &found, call->err));
    return found ? row_membership(query, call, ret_membership) : ST_NO_ACCOUNT;
}

enum status sqlite_membership_by_ids(struct store *store, const struct call *call,
                                     const struct oid *account_id,
                                     const struct oid *organization_id,
                                     struct membership *ret_membership)
{
    READER reader = { 0 };
    STATEMENT query = NULL;
    bool found = false;

    TRY(reader_take(store, call, &reader));
    TRY(connection_statement(reader.connection, SQL_MEMBERSHIP_BY_IDS, &query, call->err));
    statement_oid(query, 1, account_id);
    statement_oid(query, 2, organization_id);
    TRY(statement_step(reader.connection, query, &found, call->err));
    return found ? row_membership(query, call, ret_membership) : ST_NO_ACCOUNT;
}

struct rehash_op {
    struct write_op op;
    const struct oid *account_id;
    struct str old_hash;
    struct str new_hash;
};

static enum status rehash(struct connection *connection, struct write_op *op)
{
    struct rehash_op *this = (struct rehash_op *)op;
    STATEMENT update = NULL;

    TRY(connection_statement(connection, SQL_ACCOUNT_REHASH, &update, op->call->err));
    statement_oid(update, 1, this->account_id);
    statement_text(update, 2, this->old_hash);
    statement_text(update, 3, this->new_hash);
    return statement_change(connection, update, NULL, op->call->err);
}

enum status sqlite_account_rehash(struct store *store, const struct call *call,
                                  const struct oid *account_id, struct str old_hash,
                                  struct str new_hash)
{
    struct rehash_op this = { .op = { .run = rehash, .call = call },
                              .account_id = account_id,
                              .old_hash = old_hash,
                              .new_hash = new_hash };

    return writer_run(&sqlite_engine(store)->writer, &this.op);
}

struct secret_op {
    struct write_op op;
    struct str name;
    struct str candidate;
    struct str value;
};

static enum status secret_get(struct connection *connection, const struct call *call,
                              struct str name, bool *ret_found, struct str *ret_value)
{
    STATEMENT query = NULL;

    TRY(connection_statement(connection, SQL_SECRET_GET, &query, call->err));
    statement_text(query, 1, name);
    TRY(statement_step(connection, query, ret_found, call->err));
    if (*ret_found) {
        *ret_value = arena_str(call->mem, column_bytes(query, 0));
    }
    return ST_OK;
}

static enum status secret_add(struct connection *connection, struct write_op *op)
{
    struct secret_op *this = (struct secret_op *)op;
    STATEMENT insert = NULL;
    bool found = false;

    TRY(connection_statement(connection, SQL_SECRET_ADD, &insert, op->call->err));
    statement_text(insert, 1, this->name);
    statement_bytes(insert, 2, this->candidate);
    TRY(statement_change(connection, insert, NULL, op->call->err));
    TRY(secret_get(connection, op->call, this->name, &found, &this->value));
    return found ? ST_OK : err_set(op->call->err, ST_BROKEN, "the database has lost a row");
}

/* Reads first: a start on a full disk must find the secret without writing. */
enum status sqlite_secret(struct store *store, const struct call *call, struct str name,
                          struct str candidate, struct str *ret_value)
{
    struct secret_op this = { .op = { .run = secret_add, .call = call },
                              .name = name,
                              .candidate = candidate };
    bool found = false;

    {
        READER reader = { 0 };

        TRY(reader_take(store, call, &reader));
        TRY(secret_get(reader.connection, call, name, &found, &this.value));
    }
    if (!found && !candidate.ptr) {
        return ST_NOT_FOUND;
    }
    if (!found) {
        TRY(writer_run(&sqlite_engine(store)->writer, &this.op));
    }
    *ret_value = this.value;
    return ST_OK;
}
