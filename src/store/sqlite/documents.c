/* The verbs of documents. Each read is one statement, and so of one moment. */
#include "store/sqlite/engine.h"

#include "base/arena.h"

enum status sqlite_document_get(struct store *store, const struct call *call,
                                const struct oid *organization_id, struct str id,
                                struct document *ret_document)
{
    READER reader = { 0 };
    STATEMENT query = NULL;
    bool found = false;
    struct str body;

    TRY(reader_take(store, call, &reader));
    TRY(connection_statement(reader.connection, SQL_DOCUMENT_GET, &query, call->err));
    statement_oid(query, 1, organization_id);
    statement_text(query, 2, id);
    TRY(statement_step(reader.connection, query, &found, call->err));
    if (!found) {
        return ST_NO_ORGANIZATION;
    }
    body = column_bytes(query, 1);
    if (!body.ptr) {
        return ST_NO_DOCUMENT;
    }
    *ret_document =
        (struct document){ .id = arena_str(call->mem, id), .body = arena_str(call->mem, body) };
    return ST_OK;
}

/* From the first row on: fills the page until its limits, or the documents, end. */
static enum status fill_page(struct connection *connection, sqlite3_stmt *rows,
                             const struct call *call, const struct document_query *query,
                             struct document_page *page)
{
    size_t bytes = 0;
    bool found = true;

    while (found && sqlite3_column_type(rows, 1) != SQLITE_NULL) {
        struct str body;

        page->more = page->count == query->limit;
        if (page->more) {
            return ST_OK;
        }
        body = column_bytes(rows, 2);
        page->more =
            page->count > 0 && (bytes > query->max_bytes || body.len > query->max_bytes - bytes);
        if (page->more) {
            return ST_OK;
        }
        bytes += body.len;
        page->documents[page->count++] =
            (struct document){ .id = arena_str(call->mem, column_bytes(rows, 1)),
                               .body = arena_str(call->mem, body) };
        TRY(statement_step(connection, rows, &found, call->err));
    }
    return ST_OK;
}

/* The least text that is greater: the same and a NUL. Without a text, the least of all. */
static struct str first_after(struct str after, struct arena *mem)
{
    struct str next = { .ptr = "", .len = 0 };

    if (after.ptr) {
        char *bytes = arena_alloc(mem, after.len + 1);

        memcpy(bytes, after.ptr, after.len);
        bytes[after.len] = '\0';
        next = (struct str){ .ptr = bytes, .len = after.len + 1 };
    }
    return next;
}

enum status sqlite_document_list(struct store *store, const struct call *call,
                                 const struct oid *organization_id,
                                 const struct document_query *query, struct document_page *ret_page)
{
    struct document_page page = { 0 };
    READER reader = { 0 };
    STATEMENT rows = NULL;
    bool found = false;

    TRY(reader_take(store, call, &reader));
    TRY(connection_statement(reader.connection, SQL_DOCUMENT_LIST, &rows, call->err));
    statement_oid(rows, 1, organization_id);
    statement_text(rows, 2, first_after(query->after, call->mem));
    statement_number(rows, 3, (int64_t)query->limit + 1); /* one more says whether there is more */
    TRY(statement_step(reader.connection, rows, &found, call->err));
    if (!found) {
        return ST_NO_ORGANIZATION;
    }
    if (query->with_total) {
        page.total = sqlite3_column_int64(rows, 0);
    }
    page.documents = arena_alloc(call->mem, query->limit * sizeof(*page.documents));
    TRY(fill_page(reader.connection, rows, call, query, &page));
    *ret_page = page;
    return ST_OK;
}

struct edit_op {
    struct write_op op;
    const struct oid *organization_id;
    struct str id;
    document_edit_fn *edit;
    void *context;
};

/* Reads the document and lets the caller decide. */
static enum status decide(struct connection *connection, const struct edit_op *this,
                          int64_t *ret_number, bool *ret_exists, struct document_edit *ret_edit)
{
    const struct call *call = this->op.call;
    struct document now = { .id = this->id };
    STATEMENT query = NULL;
    bool found = false;

    TRY(connection_statement(connection, SQL_DOCUMENT_GET, &query, call->err));
    statement_oid(query, 1, this->organization_id);
    statement_text(query, 2, this->id);
    TRY(statement_step(connection, query, &found, call->err));
    if (!found) {
        return ST_NO_ORGANIZATION;
    }
    now.body = column_bytes(query, 1);
    *ret_number = sqlite3_column_int64(query, 0);
    *ret_exists = now.body.ptr;
    return this->edit(this->context, now.body.ptr ? &now : NULL, ret_edit);
}

static enum status edit(struct connection *connection, struct write_op *op)
{
    struct edit_op *this = (struct edit_op *)op;
    struct document_edit decision = { .action = EDIT_KEEP };
    int64_t number = 0;
    bool exists = false;
    enum sql id = SQL_DOCUMENT_CUT;
    STATEMENT change = NULL;

    TRY(decide(connection, this, &number, &exists, &decision));
    if (decision.action == EDIT_KEEP || (decision.action == EDIT_DELETE && !exists)) {
        return ST_OK;
    }
    if (decision.action == EDIT_PUT) {
        id = exists ? SQL_DOCUMENT_SET : SQL_DOCUMENT_ADD;
    }
    TRY(connection_statement(connection, id, &change, op->call->err));
    statement_number(change, 1, number);
    statement_text(change, 2, this->id);
    if (decision.action == EDIT_PUT) {
        statement_text(change, 3, decision.body);
        op->bytes = decision.body.len;
    }
    TRY(statement_change(connection, change, NULL, op->call->err));
    if (exists != (decision.action == EDIT_PUT)) {
        return count_changed(connection, op->call, number, exists ? -1 : 1);
    }
    return ST_OK;
}

enum status sqlite_document_edit(struct store *store, const struct call *call,
                                 const struct oid *organization_id, struct str id,
                                 document_edit_fn *edit_fn, void *context)
{
    struct writer *writer = &sqlite_engine(store)->writer;
    struct edit_op *this = arena_alloc(call->mem, sizeof(*this));

    *this =
        (struct edit_op){ .op = { .run = edit, .call = call, .lane = oid_number(organization_id) },
                          .organization_id = organization_id,
                          .id = id,
                          .edit = edit_fn,
                          .context = context };
    return call->later ? writer_submit(writer, &this->op) : writer_run(writer, &this->op);
}
