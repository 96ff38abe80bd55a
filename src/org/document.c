/* The rules for documents; every change is one document_edit of the store. */
#include "org/document.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/later.h"
#include "org/document_rules.h"
#include "org/document_text.h"
#include "org/domain.h"
#include "org/etag.h"

#define MERGE_TRIES 4
#define SCRATCH_BYTES ((size_t)80 * 1024 * 1024) /* the largest document that settings allow */
#define LARGE_MERGE_BYTES ((size_t)128 * 1024)

/* What an edit works with, in the call's mem; edit_done frees the rest. */
struct edit {
    struct domain *domain;
    const struct call *call;
    struct preconditions preconditions;
    struct str id;
    json_t *patch;          /* for a PATCH */
    struct str merged_from; /* the text that body was merged from */
    bool may_retry;         /* where another change came between: merge again outside */
    bool may_merge;         /* the store doesn't mind if what isn't large is merged inside */
    bool was_overtaken;     /* that is what happened */
    struct str seen;        /* what was too large to be merged inside; in mem */
    struct arena scratch;   /* for merged_from */
    bool must_be_new;       /* for a POST */
    bool is_creation;       /* that, or a PUT that asks for it */
    bool has_made_id;
    struct buf body;         /* what is to be there, or is */
    struct invalid *invalid; /* where it is said that body can't be; NULL: nowhere */
    bool created;
    struct err err;
    struct document_result *result; /* where the outcome goes; NULL: nowhere */
};

/* preconditions: NULL for none. */
static struct edit *edit_new(struct domain *domain, const struct call *call, struct str id,
                             const struct preconditions *preconditions)
{
    struct edit *edit = arena_alloc(call->mem, sizeof(*edit));

    *edit = (struct edit){ .domain = domain, .call = call, .id = id };
    if (preconditions) {
        edit->preconditions = *preconditions;
    }
    /* Compact text can be longer than what came: an `_id` is added, numbers are written out. */
    arena_init(&edit->scratch, SCRATCH_BYTES);
    buf_init(&edit->body, 4 * (size_t)domain->document_max_bytes + 1024);
    return edit;
}

/* The store writes some values in another form: what it gives from now on is the document. */
static void edit_kept(void *context, struct str body)
{
    struct edit *edit = context;

    buf_clear(&edit->body);
    buf_str(&edit->body, body);
}

static enum status edit_put(void *context, const struct document *now,
                            struct document_edit *ret_edit)
{
    struct edit *edit = context;
    struct str body = buf_view(&edit->body);

    if (edit->must_be_new && now) {
        return ST_DOCUMENT_EXISTS;
    }
    if (!etag_allows(&edit->preconditions, now ? now->body : (struct str){ .ptr = NULL })) {
        return ST_PRECONDITION;
    }
    edit->created = !now;
    ret_edit->action = now && str_equal(now->body, body) ? EDIT_KEEP : EDIT_PUT;
    ret_edit->body = body;
    ret_edit->is_creation = edit->is_creation;
    ret_edit->has_made_id = edit->has_made_id;
    ret_edit->kept = edit_kept;
    return ST_OK;
}

/* What the patch makes of a document, into edit->body. */
static enum status merge(struct edit *edit, const struct document *now)
{
    if (!etag_allows(&edit->preconditions, now->body)) {
        return ST_PRECONDITION;
    }
    return document_text_merge(now->body, edit->patch, edit->id,
                               (size_t)edit->domain->document_max_bytes, &edit->body, &edit->err);
}

/* Puts what was merged before, if the document is still the one that it was merged from; else merges
 * here, where nobody can come between. */
static enum status edit_patch(void *context, const struct document *now,
                              struct document_edit *ret_edit)
{
    struct edit *edit = context;

    if (!now) {
        return ST_NO_DOCUMENT;
    }
    if (!str_equal(now->body, edit->merged_from)) {
        if (edit->may_retry && !(edit->may_merge && now->body.len <= LARGE_MERGE_BYTES)) {
            edit->was_overtaken = true;
            edit->seen = edit->may_merge ? arena_str(edit->call->mem, now->body) : edit->seen;
            return ST_BUSY;
        }
        TRY(merge(edit, now));
    }
    ret_edit->body = buf_view(&edit->body);
    ret_edit->action = str_equal(now->body, ret_edit->body) ? EDIT_KEEP : EDIT_PUT;
    ret_edit->kept = edit_kept;
    return ST_OK;
}

static enum status edit_delete(void *context, const struct document *now,
                               struct document_edit *ret_edit)
{
    struct edit *edit = context;

    if (!now) {
        ret_edit->is_removal = etag_asks_nothing(&edit->preconditions);
        return ST_NO_DOCUMENT;
    }
    if (!etag_allows(&edit->preconditions, now->body)) {
        return ST_PRECONDITION;
    }
    ret_edit->action = EDIT_DELETE;
    return ST_OK;
}

/* Done with an edit: its words, if it has any, go to the caller, as an entry where the document
 * can't be. Where nobody knows what happened, they are only of a look at what is there now. */
static enum status edit_done(struct edit *edit, enum status status)
{
    const struct call *call = edit->call;

    if (edit->err.text[0] && status != ST_UNSURE) {
        *call->err = edit->err;
    }
    buf_done(&edit->body);
    arena_done(&edit->scratch);
    if (status == ST_INVALID && edit->invalid) {
        return invalid_add(edit->invalid, "value_error", "body", NULL, "Value error, %s",
                           call->err->text);
    }
    return status;
}

/* The store has decided. */
static enum status edited(void *context, enum status status)
{
    struct edit *edit = context;
    struct document_result *result = edit->result;

    if (status == ST_OK && result) {
        result->document.id = edit->id;
        result->document.body = arena_str(edit->call->mem, buf_view(&edit->body));
        result->created = edit->created;
        etag_of(result->document.body, result->etag);
    }
    return edit_done(edit, status);
}

/* Lets the store decide, and hands the outcome over; done with the edit in any case. */
static enum status finish(struct edit *edit, const struct oid *organization,
                          document_edit_fn *decide)
{
    return call_then(
        edit->call,
        store_document_edit(edit->domain->store, edit->call, organization, edit->id, decide, edit),
        edited, edit);
}

/* Puts a body, which becomes the edit's. */
static enum status put(struct edit *edit, const struct oid *organization, const json_t *body)
{
    document_text_write(body, edit->id, &edit->body);
    if (buf_overflowed(&edit->body)) {
        return edit_done(edit, document_text_too_large((size_t)edit->domain->document_max_bytes,
                                                       edit->call->err));
    }
    return finish(edit, organization, edit_put);
}

enum status document_create(struct domain *domain, const struct call *call,
                            const struct oid *organization, json_t *body, struct invalid *invalid,
                            struct document_result *ret_result)
{
    struct edit *edit;
    json_t *own;
    struct str id;
    char hex[OID_HEX_LEN + 1];

    TRY(document_judge_body(body, (struct str){ .ptr = NULL }, invalid));
    own = json_object_get(body, "_id");
    if (own) {
        id = (struct str){ .ptr = json_string_value(own), .len = json_string_length(own) };
    } else {
        struct oid oid = oid_new();

        oid_format(&oid, hex);
        id = str_of(hex);
    }
    edit = edit_new(domain, call, arena_str(call->mem, id), NULL);
    edit->must_be_new = true;
    edit->is_creation = true;
    edit->has_made_id = !own;
    edit->invalid = invalid;
    edit->result = ret_result;
    return put(edit, organization, body);
}

enum status document_get(struct domain *domain, const struct call *call,
                         const struct oid *organization, struct str id, struct invalid *invalid,
                         struct document_result *ret_result)
{
    TRY(document_judge_id(id, "path", "id", invalid));
    TRY(store_document_get(domain->store, call, organization, id, &ret_result->document));
    etag_of(ret_result->document.body, ret_result->etag);
    return ST_OK;
}

enum status document_put(struct domain *domain, const struct call *call,
                         const struct oid *organization, struct str id, json_t *body,
                         const struct preconditions *preconditions, struct invalid *invalid,
                         struct document_result *ret_result)
{
    struct edit *edit;

    (void)!document_judge_id(id, "path", "id", invalid);
    (void)!document_judge_body(body, id, invalid);
    if (invalid->count > 0) {
        return ST_INVALID;
    }
    edit = edit_new(domain, call, id, preconditions);
    edit->is_creation = etag_asks_for_none(preconditions);
    edit->invalid = invalid;
    edit->result = ret_result;
    return put(edit, organization, body);
}

/*
 * Merging takes the longer the larger a document is, and the store makes one change at a time: so it is
 * done before, and only put in the store. Large documents are merged one at a time, because their trees
 * take many times the memory of their texts. Where edits hold up nobody else, what isn't large is merged
 * in the store, which saves a read; what is large has been seen there then, and isn't read again.
 */
static enum status merge_outside(struct edit *edit, const struct oid *organization, struct str seen)
{
    struct domain *domain = edit->domain;
    const struct call *call = edit->call;
    struct call reading = *call;
    struct document now = { .id = edit->id, .body = seen };
    bool is_large;
    enum status status = ST_BUSY;

    reading.mem = &edit->scratch;
    if (!seen.ptr) {
        TRY(store_document_get(domain->store, &reading, organization, edit->id, &now));
    }
    is_large = now.body.len > LARGE_MERGE_BYTES;
    if (is_large) {
        (void)pthread_mutex_lock(&domain->large_merge);
    }
    if (clock_monotonic_ms() <= call->deadline_ms) {
        status = merge(edit, &now);
    }
    if (is_large) {
        (void)pthread_mutex_unlock(&domain->large_merge);
    }
    edit->merged_from = now.body;
    return status;
}

static enum status patch_document(struct domain *domain, const struct call *call,
                                  const struct oid *organization, struct str id, json_t *patch,
                                  const struct preconditions *preconditions,
                                  struct invalid *invalid, struct document_result *ret_result)
{
    struct call waiting = *call;
    enum status status = ST_BUSY;
    struct str seen = { .ptr = NULL };
    bool again = true;

    waiting.later = NULL; /* it may have to be tried again */
    for (int tries = 1; again; tries++) {
        struct edit *edit = edit_new(domain, &waiting, id, preconditions);

        edit->patch = patch;
        edit->invalid = invalid;
        edit->result = ret_result;
        edit->may_retry = tries < MERGE_TRIES;
        edit->may_merge = domain->store->ops->edits_apart && tries == 1;
        status = edit->may_merge ? ST_OK : merge_outside(edit, organization, seen);
        status = status == ST_OK ? finish(edit, organization, edit_patch) : edit_done(edit, status);
        again = edit->was_overtaken && status == ST_BUSY;
        seen = edit->seen;
    }
    return status;
}

enum status document_patch(struct domain *domain, const struct call *call,
                           const struct oid *organization, struct str id, json_t *patch,
                           const struct preconditions *preconditions, struct invalid *invalid,
                           struct document_result *ret_result)
{
    (void)!document_judge_id(id, "path", "id", invalid);
    (void)!document_judge_body(patch, id, invalid);
    if (invalid->count > 0) {
        return ST_INVALID;
    }
    return patch_document(domain, call, organization, id, patch, preconditions, invalid,
                          ret_result);
}

enum status document_delete(struct domain *domain, const struct call *call,
                            const struct oid *organization, struct str id,
                            const struct preconditions *preconditions, struct invalid *invalid)
{
    TRY(document_judge_id(id, "path", "id", invalid));
    return finish(edit_new(domain, call, id, preconditions), organization, edit_delete);
}

bool document_is_known(struct str if_none_match, const char *etag)
{
    return if_none_match.ptr && etag_list_holds(if_none_match, etag, true);
}
