/*
 * The verbs that fill a store: much in one transaction, which has no savepoints, since each of these
 * would keep a copy of every page that is changed. What is refused is taken back by hand instead.
 */
#include "store/sqlite/engine.h"

#include "base/arena.h"
#include "store/sqlite/bulk_order.h"

#include <stdio.h>

#define LOOK_EVERY                                                                                 \
    256 /* tenants, or documents: then it looks whether the transaction is long enough */

/* More room for pages: an index that is filled in no order is read and written all over. It stays until
 * the connection is closed. */
static enum status make_room(struct connection *connection, struct err *err)
{
    char pragma[64];

    if (connection->has_bulk_cache) {
        return ST_OK;
    }
    (void)snprintf(pragma, sizeof(pragma), "PRAGMA cache_size=-%d", BULK_CACHE_KIB);
    TRY(connection_exec(connection, pragma, err));
    connection->has_bulk_cache = true;
    return ST_OK;
}

/* Pages that were written before the transaction's end, since the last look: where there are any, the
 * changed ones fill the room for pages, and the log is to grow no further. */
static bool has_spilled(struct connection *connection)
{
    int now = 0;
    int highest = 0;

    (void)sqlite3_db_status(connection->db, SQLITE_DBSTATUS_CACHE_SPILL, &now, &highest, 1);
    return now > 0;
}

struct tenants_op {
    struct write_op op;
    struct tenant_creation *creations;
    const uint32_t *order; /* the creations' places */
    size_t count;
    size_t done;
    size_t done_before; /* when the transaction began */
    int64_t accounts[TENANT_MEMBERS_MAX];
};

/* ST_EMAIL_TAKEN. */
static enum status add_account(struct connection *connection, const struct call *call,
                               const struct account *account, int64_t *ret_number)
{
    STATEMENT insert = NULL;
    bool violated = false;

    TRY(connection_statement(connection, SQL_ACCOUNT_NEW, &insert, call->err));
    statement_oid(insert, 1, &account->id);
    statement_text(insert, 2, account->email);
    statement_text(insert, 3, account->email_key);
    statement_text(insert, 4, account->password_hash);
    statement_number(insert, 5, account->password_version);
    statement_number(insert, 6, account->created_ms);
    statement_number(insert, 7, account->updated_ms);
    TRY(statement_change(connection, insert, &violated, call->err));
    *ret_number = sqlite3_last_insert_rowid(connection->db);
    return violated ? ST_EMAIL_TAKEN : ST_OK;
}

/* Whether a refused organization may be tried with another slug: neither its id nor its name is held. */
static enum status may_vary(struct connection *connection, const struct call *call,
                            const struct organization *organization, bool *ret_may)
{
    int64_t number = 0;
    bool held = false;
    enum status found = organization_number(connection, call, &organization->id, &number);

    if (found != ST_OK && found != ST_NO_ORGANIZATION) {
        return found;
    }
    TRY(value_held(connection, call, SQL_NAME_HELD, organization->name_key, 0, &held));
    *ret_may = found == ST_NO_ORGANIZATION && !held;
    return ST_OK;
}

/* ST_NAME_TAKEN. */
static enum status add_organization(struct connection *connection, const struct call *call,
                                    const struct tenant_creation *creation, int64_t administrator,
                                    int64_t *ret_number)
{
    const struct organization *organization = &creation->tenant->organization;
    bool may_go_on = true;

    for (int n = 0; n < SLUG_TRIES && may_go_on; n++) {
        struct str slug = organization->slug;
        bool violated = false;
        STATEMENT insert = NULL;

        if (creation->slug_may_vary) {
            slug = slug_try(call, slug, creation->slug_needs_suffix, n);
        }
        TRY(connection_statement(connection, SQL_TENANT_NEW, &insert, call->err));
        statement_oid(insert, 1, &organization->id);
        statement_text(insert, 2, organization->name);
        statement_text(insert, 3, organization->name_key);
        statement_text(insert, 4, slug);
        statement_number(insert, 5, administrator);
        statement_number(insert, 6, organization->created_ms);
        statement_number(insert, 7, organization->updated_ms);
        TRY(statement_change(connection, insert, &violated, call->err));
        if (!violated) {
            *ret_number = sqlite3_last_insert_rowid(connection->db);
            return ST_OK;
        }
        if (!creation->slug_may_vary) {
            return ST_NAME_TAKEN;
        }
        TRY(may_vary(connection, call, organization, &may_go_on));
    }
    return may_go_on ? err_set(call->err, ST_BROKEN, "no free slug was found") : ST_NAME_TAKEN;
}

static enum status add_membership(struct connection *connection, const struct call *call,
                                  int64_t account, int64_t organization, struct str role)
{
    STATEMENT insert = NULL;

    TRY(connection_statement(connection, SQL_MEMBERSHIP_NEW, &insert, call->err));
    statement_number(insert, 1, account);
    statement_number(insert, 2, organization);
    statement_text(insert, 3, role);
    return statement_change(connection, insert, NULL, call->err);
}

/* *ret_made: accounts that were made, also where it is refused. */
static enum status add_tenant(struct connection *connection, struct tenants_op *this,
                              const struct tenant_creation *creation, size_t *ret_made)
{
    const struct tenant *tenant = creation->tenant;
    const struct call *call = this->op.call;
    int64_t administrator = 0;
    int64_t number = 0;

    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        TRY(add_account(connection, call, account, &this->accounts[i]));
        *ret_made = i + 1;
        if (oid_equal(&account->id, &tenant->organization.admin_id)) {
            administrator = this->accounts[i];
        }
    }
    if (administrator == 0) {
        return ST_INVALID;
    }
    TRY(add_organization(connection, call, creation, administrator, &number));
    for (size_t i = 0; i < tenant->member_count; i++) {
        TRY(add_membership(connection, call, this->accounts[i], number, tenant->members[i].role));
    }
    return ST_OK;
}

/* Any status but ST_OK is the whole transaction's. */
static enum status create_tenant(struct connection *connection, struct tenants_op *this,
                                 struct tenant_creation *creation)
{
    size_t made = 0;

    if (creation->tenant->member_count > TENANT_MEMBERS_MAX) {
        creation->status = ST_INVALID;
        return ST_OK;
    }
    creation->status = add_tenant(connection, this, creation, &made);
    if (creation->status == ST_OK) {
        return ST_OK;
    }
    if (creation->status != ST_NAME_TAKEN && creation->status != ST_EMAIL_TAKEN &&
        creation->status != ST_INVALID) {
        return creation->status;
    }
    while (made > 0) {
        TRY(change_numbers(connection, this->op.call, SQL_ACCOUNT_CUT, this->accounts[--made], 0));
    }
    return ST_OK;
}

static enum status create_tenants(struct connection *connection, struct write_op *op)
{
    struct tenants_op *this = (struct tenants_op *)op;

    this->done = this->done_before;
    TRY(make_room(connection, op->call->err));
    (void)has_spilled(connection);
    while (this->done < this->count) {
        TRY(create_tenant(connection, this, &this->creations[this->order[this->done]]));
        this->done++;
        if (this->done % LOOK_EVERY == 0 && has_spilled(connection)) {
            break;
        }
    }
    return ST_OK;
}

/* Mostly one transaction; more where the indexes are large and filled in no order. */
enum status sqlite_tenants_create(struct store *store, const struct call *call,
                                  struct tenant_creation creations[], size_t count)
{
    struct tenants_op *this = arena_alloc(call->mem, sizeof(*this));

    *this = (struct tenants_op){
        .op = { .run = create_tenants, .call = call, .is_alone = true },
        .creations = creations,
        .order = bulk_order(call->mem, creations, count),
        .count = count,
    };
    while (this->done < count) {
        this->done_before = this->done;
        TRY(writer_run(&sqlite_engine(store)->writer, &this->op));
    }
    return ST_OK;
}

struct lots_op {
    struct write_op op;
    struct document_lot *lots;
    size_t count;
    size_t done;
    size_t done_before;
};

static enum status put_lots(struct connection *connection, struct write_op *op)
{
    struct lots_op *this = (struct lots_op *)op;
    size_t documents = 0;

    this->done = this->done_before;
    TRY(make_room(connection, op->call->err));
    (void)has_spilled(connection);
    while (this->done < this->count) {
        struct document_lot *lot = &this->lots[this->done];
        size_t bytes = 0;

        lot->status = documents_put_now(connection, op->call, &lot->organization_id, lot->documents,
                                        lot->count, &bytes);
        if (lot->status != ST_OK && lot->status != ST_NO_ORGANIZATION) {
            return lot->status;
        }
        this->done++;
        documents += lot->count;
        if (documents >= LOOK_EVERY && has_spilled(connection)) {
            break;
        }
        documents %= LOOK_EVERY;
    }
    return ST_OK;
}

enum status sqlite_document_lots_put(struct store *store, const struct call *call,
                                     struct document_lot lots[], size_t count)
{
    struct lots_op this = {
        .op = { .run = put_lots, .call = call, .is_alone = true },
        .lots = lots,
        .count = count,
    };

    while (this.done < count) {
        this.done_before = this.done;
        TRY(writer_run(&sqlite_engine(store)->writer, &this.op));
    }
    return ST_OK;
}

enum status sqlite_tenant_estimate(struct store *store, const struct call *call, int64_t *ret_count)
{
    READER reader = { 0 };
    STATEMENT query = NULL;
    bool found = false;

    TRY(reader_take(store, call, &reader));
    TRY(connection_statement(reader.connection, SQL_TENANT_ESTIMATE, &query, call->err));
    TRY(statement_step(reader.connection, query, &found, call->err));
    *ret_count = found ? sqlite3_column_int64(query, 0) : 0;
    return ST_OK;
}
