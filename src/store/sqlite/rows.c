/* Rows as structs, and the look-ups and changes that several verbs share. */
#include "store/sqlite/engine.h"

#include "base/arena.h"

#include <string.h>

static bool column_oid(sqlite3_stmt *query, int index, struct oid *ret_oid)
{
    struct str bytes = column_bytes(query, index);

    if (bytes.len != OID_BYTES) {
        return false;
    }
    memcpy(ret_oid->bytes, bytes.ptr, OID_BYTES);
    return true;
}

enum status row_to_organization(sqlite3_stmt *query, const struct call *call,
                                struct organization *ret_organization)
{
    struct organization row = { 0 };

    if (!column_oid(query, 0, &row.id) || !column_oid(query, 6, &row.admin_id)) {
        return err_set(call->err, ST_BROKEN, "an organization's id in the database is damaged");
    }
    row.name = arena_str(call->mem, column_bytes(query, 1));
    row.name_key = arena_str(call->mem, column_bytes(query, 2));
    row.slug = arena_str(call->mem, column_bytes(query, 3));
    row.collection = arena_printf(call->mem, "org_%.*s", STR_ARG(row.slug));
    row.created_ms = sqlite3_column_int64(query, 4);
    row.updated_ms = sqlite3_column_int64(query, 5);
    row.admin_email = arena_str(call->mem, column_bytes(query, 7));
    *ret_organization = row;
    return ST_OK;
}

enum status row_to_account(sqlite3_stmt *query, int from, const struct call *call,
                           struct account *ret_account)
{
    struct account row = { 0 };

    if (!column_oid(query, from, &row.id)) {
        return err_set(call->err, ST_BROKEN, "an account's id in the database is damaged");
    }
    row.email = arena_str(call->mem, column_bytes(query, from + 1));
    row.email_key = arena_str(call->mem, column_bytes(query, from + 2));
    row.password_hash = arena_str(call->mem, column_bytes(query, from + 3));
    row.password_version = sqlite3_column_int64(query, from + 4);
    row.created_ms = sqlite3_column_int64(query, from + 5);
    row.updated_ms = sqlite3_column_int64(query, from + 6);
    *ret_account = row;
    return ST_OK;
}

enum status organization_read(struct connection *connection, const struct call *call,
                              const struct oid *id, struct organization *ret_organization)
{
    STATEMENT query = NULL;
    bool found = false;

    TRY(connection_statement(connection, SQL_ORGANIZATION_BY_ID, &query, call->err));
    statement_oid(query, 1, id);
    TRY(statement_step(connection, query, &found, call->err));
    return found ? row_to_organization(query, call, ret_organization) : ST_NO_ORGANIZATION;
}

enum status organization_number(struct connection *connection, const struct call *call,
                                const struct oid *id, int64_t *ret_number)
{
    STATEMENT query = NULL;
    bool found = false;

    TRY(connection_statement(connection, SQL_ORGANIZATION_NUMBER, &query, call->err));
    statement_oid(query, 1, id);
    TRY(statement_step(connection, query, &found, call->err));
    if (!found) {
        return ST_NO_ORGANIZATION;
    }
    *ret_number = sqlite3_column_int64(query, 0);
    return ST_OK;
}

enum status value_held(struct connection *connection, const struct call *call, enum sql query,
                       struct str value, int64_t number, bool *ret_held)
{
    STATEMENT statement = NULL;

    TRY(connection_statement(connection, query, &statement, call->err));
    statement_text(statement, 1, value);
    statement_number(statement, 2, number);
    return statement_step(connection, statement, ret_held, call->err);
}

enum status change_numbers(struct connection *connection, const struct call *call, enum sql id,
                           int64_t first, int64_t second)
{
    STATEMENT change = NULL;

    TRY(connection_statement(connection, id, &change, call->err));
    statement_number(change, 1, first);
    if (second != 0) {
        statement_number(change, 2, second);
    }
    return statement_change(connection, change, NULL, call->err);
}

enum status count_changed(struct connection *connection, const struct call *call, int64_t number,
                          int64_t by)
{
    STATEMENT count = NULL;

    TRY(connection_statement(connection, SQL_DOCUMENTS_COUNTED, &count, call->err));
    statement_number(count, 1, number);
    statement_number(count, 2, by);
    return statement_change(connection, count, NULL, call->err);
}
