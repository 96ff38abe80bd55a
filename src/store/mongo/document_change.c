/* Carrying out one change of one document. */
#include "store/mongo/document_change.h"

#include "base/clock.h"
#include "store/mongo/document_refusal.h"
#include "store/mongo/extended_json.h"

/* A write's tries end before anybody can take this instance for dead, and its collection away: the others
 * may do so PEER_DEAD_MS after the last round, and that is at most PEER_TRUST_MS old when it begins. */

#define COMMAND_ROOM 4096 /* of a command, around the documents in it */
#define LOST_MAX 4

void change_init(struct change *change, const struct editing *editing)
{
    *change = (struct change){ .editing = editing };
    bson_init(&change->before);
    bson_init(&change->after);
    buf_init(&change->text, DOCUMENT_TEXT_MAX);
    buf_init(&change->kept, DOCUMENT_TEXT_MAX);
}

void change_done(struct change *change)
{
    bson_destroy(&change->before);
    bson_destroy(&change->after);
    buf_done(&change->text);
    buf_done(&change->kept);
}

static enum status find(const struct editing *editing, bson_t *ret_document)
{
    TRY(document_find(editing->engine->mongo, editing->call, FROM_PRIMARY,
                      editing->placement->collection, editing->id, ret_document));
    return ST_OK;
}

enum status change_look(struct change *change)
{
    const struct editing *editing = change->editing;
    enum status status = find(editing, &change->before);

    if (status != ST_OK && status != ST_NO_DOCUMENT) {
        return status;
    }
    change->existed = status == ST_OK;
    TRY(document_place_check(editing->engine, editing->call, editing->placement));
    return change->existed
               ? document_write(&change->before, editing->id, &change->text, editing->call->err)
               : ST_OK;
}

/* The _id of what is put: as it is where there is one. */
static void put_id(struct change *change)
{
    struct oid oid;
    bson_iter_t iter;

    if (change->existed && bson_iter_init_find(&iter, &change->before, F_ID)) {
        (void)bson_append_iter(&change->after, F_ID, -1, &iter);
    } else if (change->decision.has_made_id && document_id_is_oid(change->editing->id, &oid)) {
        bson_put_oid(&change->after, F_ID, &oid);
    } else {
        bson_put_str(&change->after, F_ID, change->editing->id);
    }
}

enum status change_make(struct change *change)
{
    const struct editing *editing = change->editing;
    struct err *err = editing->call->err;
    size_t command;

    if (change->decision.action != EDIT_PUT) {
        return ST_OK;
    }
    put_id(change);
    TRY(extended_json_read(change->decision.body, change->existed ? &change->before : NULL,
                           &change->after, err));
    if (!mongo_features(editing->engine->mongo)->holds_all_types) {
        TRY(document_types_check(&change->after, err));
    }
    TRY(document_write(&change->after, editing->id, &change->kept, err));
    command = (size_t)change->after.len + COMMAND_ROOM +
              (change_needs_lock(change) ? 0 : change->before.len);
    if (command > BSON_BYTES_MAX) {
        return err_set(
            err, ST_TOO_LARGE,
            "The document, with the one that it replaces, comes to %zu bytes for MongoDB, "
            "which takes %zu",
            command, BSON_BYTES_MAX);
    }
    return ST_OK;
}

enum status change_decide(struct change *change)
{
    const struct editing *editing = change->editing;
    struct document now = { .id = editing->id, .body = buf_view(&change->text) };

    change->decision = (struct document_edit){ .action = EDIT_KEEP };
    return editing->edit(editing->context, change->existed ? &now : NULL, &change->decision);
}

bool change_is_needed(const struct change *change)
{
    switch (change->decision.action) {
    case EDIT_PUT:
        return !change->existed || !bson_equal(&change->before, &change->after);
    case EDIT_DELETE:
        return change->existed;
    case EDIT_KEEP:
    default:
        return false;
    }
}

bool change_needs_lock(const struct change *change)
{
    return change->existed && (!mongo_features(change->editing->engine->mongo)->compares_roots ||
                               change->before.len > CHANGE_COMPARED_MAX);
}

void change_filter(const struct change *change, bson_t *filter)
{
    bson_iter_t id;
    bson_t expression;
    bson_t sides;
    bson_t literal;

    if (bson_iter_init_find(&id, &change->before, F_ID)) {
        (void)bson_append_iter(filter, F_ID, -1, &id);
    }
    if (change_needs_lock(change)) {
        return;
    }
    (void)BSON_APPEND_DOCUMENT_BEGIN(filter, "$expr", &expression);
    (void)BSON_APPEND_ARRAY_BEGIN(&expression, "$eq", &sides);
    (void)BSON_APPEND_UTF8(&sides, "0", "$$ROOT");
    (void)BSON_APPEND_DOCUMENT_BEGIN(&sides, "1", &literal);
    (void)BSON_APPEND_DOCUMENT(&literal, "$literal", &change->before);
    (void)bson_append_document_end(&sides, &literal);
    (void)bson_append_array_end(&expression, &sides);
    (void)bson_append_document_end(filter, &expression);
}

/* What a write's status is for the caller. */
static enum status judge(const struct change *change, enum status status, struct err *err)
{
    const struct editing *editing = change->editing;

    if (status == ST_DOCUMENT_EXISTS) {
        return err_set(err, status, "A unique index refuses what is to be put");
    }
    if (status != ST_INVALID) {
        return status;
    }
    return change->decision.action == EDIT_PUT
               ? document_refused(&change->after, editing->id, editing->placement->collection, err)
               : ST_BROKEN;
}

/* One command. ret_happened: false where the document is not what it was. */
static enum status write_once(const struct change *change, bool *ret_happened)
{
    const struct editing *editing = change->editing;
    const char *collection = editing->placement->collection;
    struct mongo *mongo = editing->engine->mongo;
    struct call call = peers_step(editing->call);
    const bson_t *after = &change->after;
    BSON_AUTO filter = BSON_INITIALIZER;
    int64_t count = 1;
    enum status status;

    if (!change->existed) {
        status = mongo_insert(mongo, &call, change->decision.has_made_id ? AGAIN : ONCE, collection,
                              &after, 1);
        *ret_happened = status == ST_OK;
        return status == ST_DOCUMENT_EXISTS ? ST_OK : judge(change, status, call.err);
    }
    change_filter(change, &filter);
    status = change->decision.action == EDIT_DELETE
                 ? mongo_delete_one(mongo, &call, ONCE, collection, &filter, &count)
                 : mongo_update(mongo, &call, ONCE, collection, &filter, after, false, &count);
    *ret_happened = status == ST_OK && count > 0;
    return judge(change, status, call.err);
}

enum status change_unsure(const struct editing *editing)
{
    return err_set(editing->call->err, ST_UNSURE,
                   "the server was lost while document \"%.*s\" was written", STR_ARG(editing->id));
}

/* Whether the edit is content with what is there now; NULL: nothing. */
static bool would_keep(const struct change *change, const bson_t *there)
{
    const struct editing *editing = change->editing;
    struct document_edit decision = { .action = EDIT_PUT };
    struct document now = { .id = editing->id };
    struct buf text;
    bool keeps = true;

    buf_init(&text, DOCUMENT_TEXT_MAX);
    if (there) {
        keeps = document_write(there, editing->id, &text, NULL) == ST_OK;
        now.body = buf_view(&text);
    }
    keeps = keeps && editing->edit(editing->context, there ? &now : NULL, &decision) == ST_OK &&
            decision.action == EDIT_KEEP;
    buf_done(&text);
    return keeps;
}

/* After an unknown outcome: ST_OK and *ret_done, or it may be tried again; or ST_UNSURE. */
static enum status settle(struct change *change, bool *ret_done)
{
    const struct editing *editing = change->editing;
    bool is_put = change->decision.action == EDIT_PUT;
    bool nobody_else =
        is_put ? editing->is_locked || (!change->existed && change->decision.has_made_id)
               : editing->is_locked && !mongo_features(editing->engine->mongo)->compares_roots;
    BSON_AUTO there = BSON_INITIALIZER;
    enum status status = find(editing, &there);
    bool exists = status == ST_OK;

    if ((!exists && status != ST_NO_DOCUMENT) ||
        document_place_check(editing->engine, editing->call, editing->placement) != ST_OK) {
        return change_unsure(change->editing);
    }
    if (exists == change->existed && (!exists || bson_equal(&there, &change->before))) {
        *ret_done = false;
        return ST_OK;
    }
    *ret_done = true;
    if (exists == is_put && nobody_else && (!exists || bson_equal(&there, &change->after))) {
        return ST_OK;
    }
    change->decision.kept = NULL; /* the edit has seen what is there */
    return would_keep(change, exists ? &there : NULL) ? ST_OK : change_unsure(change->editing);
}

/* Writes until the outcome is known. */
static enum status carry_out(struct change *change, bool *ret_overtaken)
{
    const struct editing *editing = change->editing;
    bool is_made = !change->existed && change->decision.has_made_id;
    bool maybe = false;
    int lost =
        0; /* a command that the server goes away under again and again is not sent for ever */

    while (lost < LOST_MAX && clock_monotonic_ms() < editing->call->deadline_ms) {
        bool happened = false;
        bool is_done = false;
        enum status status =
            document_place_check(editing->engine, editing->call, editing->placement);

        if (status != ST_OK) {
            return maybe ? change_unsure(change->editing) : status;
        }
        status = write_once(change, &happened);
        if (happened) {
            return ST_OK;
        }
        if (status == ST_OK && !maybe && !is_made) {
            *ret_overtaken = true;
            return ST_OK;
        }
        if (status == ST_UNAVAILABLE && !maybe) {
            continue; /* nothing happened, and a write's tries are shorter than the call */
        }
        if (status != ST_OK && status != ST_UNAVAILABLE && status != ST_UNSURE) {
            return maybe ? change_unsure(change->editing) : status;
        }
        maybe = true;
        lost++;
        TRY(settle(change, &is_done));
        if (is_done) {
            return ST_OK;
        }
        if (status == ST_OK) { /* it exists, and not by its _id */
            return err_set(editing->call->err, ST_DOCUMENT_EXISTS,
                           "A unique index refuses what is to be put");
        }
    }
    return maybe ? change_unsure(change->editing)
                 : err_set(editing->call->err, ST_UNAVAILABLE, "the server can't be reached");
}

enum status change_write(struct change *change, bool *ret_overtaken)
{
    const struct document_edit *decision = &change->decision;
    bool is_overtaken = false;

    if (change_is_needed(change)) {
        TRY(carry_out(change, &is_overtaken));
    }
    if (!is_overtaken && decision->action == EDIT_PUT && decision->kept &&
        !str_equal(buf_view(&change->kept), decision->body)) {
        decision->kept(change->editing->context, buf_view(&change->kept));
    }
    *ret_overtaken = is_overtaken;
    return ST_OK;
}
