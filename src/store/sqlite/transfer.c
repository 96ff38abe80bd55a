/* The verbs that move everything: tenants and documents as they are, put as often as it takes. */
#include "store/sqlite/engine.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define MEMBERS_FIRST 4 /* room for members of a tenant, at first */

struct secret_op {
    struct write_op op;
    struct str name;
    struct str value;
};

static enum status put_secret(struct connection *connection, struct write_op *op)
{
    struct secret_op *this = (struct secret_op *)op;
    STATEMENT put = NULL;

    TRY(connection_statement(connection, SQL_SECRET_PUT, &put, op->call->err));
    statement_text(put, 1, this->name);
    statement_bytes(put, 2, this->value);
    return statement_change(connection, put, NULL, op->call->err);
}

enum status sqlite_secret_put(struct store *store, const struct call *call, struct str name,
                              struct str value)
{
    struct secret_op this = { .op = { .run = put_secret, .call = call },
                              .name = name,
                              .value = value };

    return writer_run(&sqlite_engine(store)->writer, &this.op);
}

/* The member in the present row, behind those that the tenant has. */
static enum status add_member(sqlite3_stmt *row, const struct call *call, struct tenant *tenant,
                              size_t *room)
{
    struct tenant_member member = { 0 };

    if (sqlite3_column_type(row, SQL_ACCOUNT_FROM) == SQLITE_NULL) {
        return ST_OK; /* it has none */
    }
    TRY(row_to_account(row, SQL_ACCOUNT_FROM, call, &member.account));
    member.role = arena_str(call->mem, column_bytes(row, SQL_ROLE));
    if (tenant->member_count == TENANT_MEMBERS_MAX) {
        return err_set(call->err, ST_BROKEN, "an organization has more than %d members",
                       TENANT_MEMBERS_MAX);
    }
    if (tenant->member_count == *room) {
        size_t more = *room ? 2 * *room : MEMBERS_FIRST;
        struct tenant_member *members = arena_alloc(call->mem, more * sizeof(*members));

        if (tenant->member_count > 0) {
            memcpy(members, tenant->members, tenant->member_count * sizeof(*members));
        }
        tenant->members = members;
        *room = more;
    }
    tenant->members[tenant->member_count++] = member;
    return ST_OK;
}

/* What it takes in memory, its texts included. */
static size_t tenant_bytes(const struct tenant *tenant)
{
    const struct organization *organization = &tenant->organization;
    size_t bytes = sizeof(*tenant) + organization->name.len + organization->name_key.len +
                   organization->slug.len + organization->admin_email.len;

    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        bytes += sizeof(tenant->members[i]) + account->email.len + account->email_key.len +
                 account->password_hash.len + tenant->members[i].role.len;
    }
    return bytes;
}

/* The first organization behind an id (empty: of all), by one statement and so of one moment: a row
 * for each member, in order of their accounts. *ret_found false: there is none. */
static enum status read_tenant(struct connection *connection, const struct call *call,
                               struct str after, struct tenant *ret_tenant, bool *ret_found)
{
    struct tenant tenant = { .member_count = 0 };
    STATEMENT rows = NULL;
    size_t room = 0;
    bool found = false;

    TRY(connection_statement(connection, SQL_TENANT_LIST, &rows, call->err));
    statement_bytes(rows, 1, after);
    statement_number(rows, 2, 1);
    TRY(statement_step(connection, rows, &found, call->err));
    *ret_found = found;
    if (found) {
        TRY(row_to_organization(rows, call, &tenant.organization));
    }
    while (found) {
        TRY(add_member(rows, call, &tenant, &room));
        TRY(statement_step(connection, rows, &found, call->err));
    }
    *ret_tenant = tenant;
    return ST_OK;
}

/* One more than the page may have is read, too, and tells that there is more. */
enum status sqlite_tenant_list(struct store *store, const struct call *call,
                               const struct tenant_query *query, struct tenant_page *ret_page)
{
    struct str after = { .ptr = query->after ? (const char *)query->after->bytes : "",
                         .len = query->after ? OID_BYTES : 0 };
    struct tenant_page page = { .tenants = arena_alloc(call->mem, (query->limit + 1) *
                                                                      sizeof(*page.tenants)) };
    READER reader = { 0 };
    size_t bytes = 0;

    TRY(reader_take(store, call, &reader));
    while (!page.more) {
        struct tenant *tenant = &page.tenants[page.count];
        bool found = false;

        TRY(read_tenant(reader.connection, call, after, tenant, &found));
        if (!found) {
            break;
        }
        after =
            (struct str){ .ptr = (const char *)tenant->organization.id.bytes, .len = OID_BYTES };
        bytes += tenant_bytes(tenant);
        page.more = page.count == query->limit || (page.count > 0 && bytes > query->max_bytes);
        page.count += !page.more;
    }
    *ret_page = page;
    return ST_OK;
}

struct tenant_op {
    struct write_op op;
    const struct tenant *tenant;
};

static int compare_members(const void *a, const void *b)
{
    const struct tenant_member *left = a;
    const struct tenant_member *right = b;

    return memcmp(left->account.id.bytes, right->account.id.bytes, OID_BYTES);
}

static bool has_member(const struct tenant *tenant, const struct oid *account)
{
    struct tenant_member key = { .account = { .id = *account } };

    return tenant->member_count > 0 && bsearch(&key, tenant->members, tenant->member_count,
                                               sizeof(key), compare_members) != NULL;
}

/* Ends the memberships that the tenant doesn't name, and each account that then has none. First, so
 * that their addresses are free for those who come. */
static enum status cut_others(struct connection *connection, const struct call *call,
                              const struct tenant *tenant, int64_t number)
{
    int64_t account = 0;

    for (;;) {
        STATEMENT query = NULL;
        struct oid id;
        struct str bytes;
        bool found = false;

        TRY(connection_statement(connection, SQL_MEMBERS_NEXT, &query, call->err));
        statement_number(query, 1, number);
        statement_number(query, 2, account);
        TRY(statement_step(connection, query, &found, call->err));
        if (!found) {
            return ST_OK;
        }
        account = sqlite3_column_int64(query, 0);
        bytes = column_bytes(query, 1);
        if (bytes.len != OID_BYTES) {
            return err_set(call->err, ST_BROKEN, "an account's id in the database is damaged");
        }
        memcpy(id.bytes, bytes.ptr, OID_BYTES);
        statement_reset(&query);
        if (!has_member(tenant, &id)) {
            TRY(change_numbers(connection, call, SQL_MEMBERSHIP_CUT, account, number));
            TRY(change_numbers(connection, call, SQL_ACCOUNT_CUT, account, 0));
        }
    }
}

/* ST_EMAIL_TAKEN. */
static enum status put_account(struct connection *connection, const struct call *call,
                               const struct account *account, int64_t *ret_number)
{
    STATEMENT put = NULL;
    STATEMENT query = NULL;
    bool violated = false;
    bool found = false;

    TRY(connection_statement(connection, SQL_ACCOUNT_PUT, &put, call->err));
    statement_oid(put, 1, &account->id);
    statement_text(put, 2, account->email);
    statement_text(put, 3, account->email_key);
    statement_text(put, 4, account->password_hash);
    statement_number(put, 5, account->password_version);
    statement_number(put, 6, account->created_ms);
    statement_number(put, 7, account->updated_ms);
    TRY(statement_change(connection, put, &violated, call->err));
    if (violated) {
        return ST_EMAIL_TAKEN;
    }
    TRY(connection_statement(connection, SQL_ACCOUNT_NUMBER, &query, call->err));
    statement_oid(query, 1, &account->id);
    TRY(statement_step(connection, query, &found, call->err));
    if (!found) {
        return err_set(call->err, ST_BROKEN, "an account is not where it was put");
    }
    *ret_number = sqlite3_column_int64(query, 0);
    return ST_OK;
}

/* ST_NAME_TAKEN. */
static enum status put_organization(struct connection *connection, const struct call *call,
                                    const struct organization *organization, int64_t administrator)
{
    STATEMENT put = NULL;
    bool violated = false;

    TRY(connection_statement(connection, SQL_TENANT_PUT, &put, call->err));
    statement_oid(put, 1, &organization->id);
    statement_text(put, 2, organization->name);
    statement_text(put, 3, organization->name_key);
    statement_text(put, 4, organization->slug);
    statement_number(put, 5, administrator);
    statement_number(put, 6, organization->created_ms);
    statement_number(put, 7, organization->updated_ms);
    TRY(statement_change(connection, put, &violated, call->err));
    return violated ? ST_NAME_TAKEN : ST_OK;
}

static enum status put_membership(struct connection *connection, const struct call *call,
                                  int64_t account, int64_t organization, struct str role)
{
    STATEMENT put = NULL;

    TRY(connection_statement(connection, SQL_MEMBERSHIP_PUT, &put, call->err));
    statement_number(put, 1, account);
    statement_number(put, 2, organization);
    statement_text(put, 3, role);
    return statement_change(connection, put, NULL, call->err);
}

static enum status put_tenant(struct connection *connection, struct write_op *op)
{
    const struct tenant *tenant = ((struct tenant_op *)op)->tenant;
    const struct organization *organization = &tenant->organization;
    int64_t *accounts = arena_alloc(op->call->mem, tenant->member_count * sizeof(*accounts));
    int64_t administrator = 0;
    int64_t number = 0;
    enum status known = organization_number(connection, op->call, &organization->id, &number);

    if (known != ST_OK && known != ST_NO_ORGANIZATION) {
        return known;
    }
    if (known == ST_OK) {
        TRY(cut_others(connection, op->call, tenant, number));
    }
    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        TRY(put_account(connection, op->call, account, &accounts[i]));
        if (oid_equal(&account->id, &organization->admin_id)) {
            administrator = accounts[i];
        }
    }
    TRY(put_organization(connection, op->call, organization, administrator));
    TRY(organization_number(connection, op->call, &organization->id, &number));
    for (size_t i = 0; i < tenant->member_count; i++) {
        TRY(put_membership(connection, op->call, accounts[i], number, tenant->members[i].role));
    }
    return ST_OK;
}

enum status sqlite_tenant_put(struct store *store, const struct call *call,
                              const struct tenant *tenant)
{
    struct tenant_op this = { .op = { .run = put_tenant, .call = call }, .tenant = tenant };

    if (!has_member(tenant, &tenant->organization.admin_id)) {
        return err_set(call->err, ST_INVALID,
                       "its administrator is no account of it, which this store can't hold");
    }
    return writer_run(&sqlite_engine(store)->writer, &this.op);
}

struct documents_op {
    struct write_op op;
    const struct oid *organization_id;
    const struct document *documents;
    size_t count;
};

/* *ret_added: it is a new one. */
static enum status put_document(struct connection *connection, const struct call *call,
                                int64_t number, const struct document *document, bool *ret_added)
{
    static const enum sql ways[] = { SQL_DOCUMENT_TRY, SQL_DOCUMENT_SET };

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        STATEMENT put = NULL;

        TRY(connection_statement(connection, ways[i], &put, call->err));
        statement_number(put, 1, number);
        statement_text(put, 2, document->id);
        statement_text(put, 3, document->body);
        TRY(statement_change(connection, put, NULL, call->err));
        if (sqlite3_changes(connection->db) > 0) {
            *ret_added = ways[i] == SQL_DOCUMENT_TRY;
            return ST_OK;
        }
    }
    return err_set(call->err, ST_BROKEN, "a document is neither there nor to be put");
}

enum status documents_put_now(struct connection *connection, const struct call *call,
                              const struct oid *organization_id, const struct document documents[],
                              size_t count, size_t *bytes)
{
    int64_t number = 0;
    int64_t added = 0;

    TRY(organization_number(connection, call, organization_id, &number));
    for (size_t i = 0; i < count; i++) {
        bool is_new = false;

        TRY(put_document(connection, call, number, &documents[i], &is_new));
        added += is_new;
        *bytes += documents[i].body.len;
    }
    return added > 0 ? count_changed(connection, call, number, added) : ST_OK;
}

static enum status put_documents(struct connection *connection, struct write_op *op)
{
    struct documents_op *this = (struct documents_op *)op;

    return documents_put_now(connection, op->call, this->organization_id, this->documents,
                             this->count, &op->bytes);
}

/* All of them in one savepoint, so here even the whole call is all or nothing. */
enum status sqlite_documents_put(struct store *store, const struct call *call,
                                 const struct oid *organization_id,
                                 const struct document documents[], size_t count)
{
    struct documents_op this = {
        .op = { .run = put_documents, .call = call, .lane = oid_number(organization_id) },
        .organization_id = organization_id,
        .documents = documents,
        .count = count
    };

    return writer_run(&sqlite_engine(store)->writer, &this.op);
}

enum status sqlite_document_as_kept(struct store *store, const struct call *call,
                                    const struct document *document, struct str *ret_body)
{
    (void)store;
    *ret_body = arena_str(call->mem, document->body); /* text in, the same text out */
    return ST_OK;
}
