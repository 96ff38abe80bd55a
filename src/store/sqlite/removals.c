/* Row by row, with a look at the bytes or the clock after each: a document may have ten bytes or a MiB. */
#include "store/sqlite/removals.h"

#include "base/clock.h"
#include "store/sqlite/engine.h"

#define AT_ONCE_BYTES ((size_t)1024 * 1024)

/* *ret_bytes: of the organization's first document. *ret_found false: it has none. */
static enum status look_at_next(struct connection *connection, int64_t organization,
                                bool *ret_found, size_t *ret_bytes, struct err *err)
{
    STATEMENT query = NULL;

    TRY(connection_statement(connection, SQL_REMOVAL_NEXT, &query, err));
    statement_number(query, 1, organization);
    TRY(statement_step(connection, query, ret_found, err));
    *ret_bytes = *ret_found ? column_bytes(query, 0).len : 0;
    return ST_OK;
}

enum status removals_begin(struct connection *connection, const struct call *call,
                           int64_t organization)
{
    size_t removed_bytes = 0;

    for (int removed = 0;; removed++) {
        bool found = false;
        size_t bytes = 0;

        TRY(look_at_next(connection, organization, &found, &bytes, call->err));
        if (!found) {
            return ST_OK;
        }
        if (removed == REMOVALS_AT_ONCE || removed_bytes + bytes > AT_ONCE_BYTES) {
            return change_numbers(connection, call, SQL_REMOVAL_ADD, organization, 0);
        }
        removed_bytes += bytes;
        TRY(change_numbers(connection, call, SQL_REMOVE_NEXT, organization, 0));
    }
}

/* The organization that was noted first. *ret_found false: none is. */
static enum status first_noted(struct connection *connection, bool *ret_found,
                               int64_t *ret_organization, struct err *err)
{
    STATEMENT noted = NULL;

    TRY(connection_statement(connection, SQL_REMOVAL_FIRST, &noted, err));
    TRY(statement_step(connection, noted, ret_found, err));
    *ret_organization = *ret_found ? sqlite3_column_int64(noted, 0) : 0;
    return ST_OK;
}

/* The next documents of an organization that was noted. */
static enum status remove_some(struct connection *connection, const struct call *call,
                               int64_t organization, int64_t until_us)
{
    do {
        TRY(change_numbers(connection, call, SQL_REMOVE_NEXT, organization, 0));
        if (sqlite3_changes(connection->db) == 0) {
            return change_numbers(connection, call, SQL_REMOVAL_CUT, organization, 0);
        }
    } while (clock_monotonic_us() < until_us);
    return ST_OK;
}

static enum status go_on(struct connection *connection, struct removal_portion *this)
{
    const struct call *call = this->op.call;
    int64_t begun_us = clock_monotonic_us();
    int64_t organization = 0;
    bool found = false;

    TRY(first_noted(connection, &found, &organization, call->err));
    if (found) {
        TRY(remove_some(connection, call, organization, begun_us + this->budget_us));
    }
    this->took_us = clock_monotonic_us() - begun_us;
    this->more = found;
    return ST_OK;
}

enum status removals_go_on(struct connection *connection, struct write_op *op)
{
    struct removal_portion *this = (struct removal_portion *)op;
    enum status status = go_on(connection, this);

    this->lost = status != ST_OK && sqlite3_get_autocommit(connection->db);
    return status;
}
