/* The documents of one organization: two walks side by side. */
#include "app/copy_work.h"

#include <sodium.h>

#define LOT_MAX 500
#define LOT_BYTES ((size_t)4 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)256 * 1024 * 1024)

/* Documents of the source's present page that are going to be put. */
struct lot {
    struct copy *copy;
    const struct oid *organization;
    struct arena mem;
    struct document documents[LOT_MAX];
    size_t count;
    size_t bytes;
};

static enum status flush(struct lot *lot, struct err *err)
{
    struct busy_call busy;
    enum status status;

    if (lot->count == 0) {
        return ST_OK;
    }
    TRY(copy_may_go_on(lot->copy, err));
    copy_call_begin(lot->copy, &busy, NULL, err);
    do {
        status = store_documents_put(lot->copy->to, &busy.call, lot->organization, lot->documents,
                                     lot->count);
    } while (busy_call_again(&busy, status));
    lot->count = 0;
    lot->bytes = 0;
    return status;
}

/* there: the destination's; NULL: none. */
static enum status add(struct lot *lot, const struct document *document,
                       const struct document *there, struct err *err)
{
    struct document *next = &lot->documents[lot->count++];

    *next = *document;
    if (there && next->id_kind == ID_ANY) {
        next->id_kind = there->id_kind;
    }
    lot->bytes += document->body.len;
    return lot->count == LOT_MAX || lot->bytes >= LOT_BYTES ? flush(lot, err) : ST_OK;
}

static enum status delete_edit(void *context, const struct document *now,
                               struct document_edit *ret_edit)
{
    (void)context;
    ret_edit->action = now ? EDIT_DELETE : EDIT_KEEP;
    return ST_OK;
}

static enum status cut_one(struct lot *lot, struct str id, struct err *err)
{
    struct busy_call busy;
    enum status status;

    TRY(copy_may_go_on(lot->copy, err));
    copy_call_begin(lot->copy, &busy, NULL, err);
    do {
        status = store_document_edit(lot->copy->to, &busy.call, lot->organization, id, delete_edit,
                                     NULL);
    } while (busy_call_again(&busy, status));
    return status;
}

static enum status cut(struct lot *lot, const struct document *document, struct err *err)
{
    if (document->has_twin) {
        TRY(cut_one(lot, document->id, err));
    }
    return cut_one(lot, document->id, err);
}

/* Whether the kinds of two ids agree, as far as both engines tell. */
static bool kinds_agree(const struct document *a, const struct document *b)
{
    return a->id_kind == ID_ANY || b->id_kind == ID_ANY || a->id_kind == b->id_kind;
}

/* The body that the destination would have of it, in mem; the body itself where it can't. */
static struct str as_kept(struct copy *copy, const struct document *document, struct arena *mem)
{
    struct err unused = { .text = "" };
    struct call call = copy_call(mem, &unused);
    struct str body = document->body;

    return store_document_as_kept(copy->to, &call, document, &body) == ST_OK ? body
                                                                             : document->body;
}

static bool is_kept(struct lot *lot, const struct document *from, const struct document *to)
{
    bool same = str_equal(from->body, to->body);

    if (to->has_twin || !kinds_agree(from, to)) {
        return false;
    }
    if (!same) {
        same = str_equal(as_kept(lot->copy, from, &lot->mem), to->body);
        arena_clear(&lot->mem);
    }
    return same;
}

/* The present documents of two walks by id: of the one that comes later NULL. */
static enum status look(struct document_walk *from, struct document_walk *to,
                        const struct document **ret_from, const struct document **ret_to,
                        struct err *err)
{
    const struct document *left = NULL;
    const struct document *right = NULL;

    TRY(document_walk_look(from, &left, err));
    TRY(document_walk_look(to, &right, err));
    if (left && right) {
        int order = str_compare(left->id, right->id);

        *ret_from = order <= 0 ? left : NULL;
        *ret_to = order >= 0 ? right : NULL;
    } else {
        *ret_from = left;
        *ret_to = right;
    }
    return ST_OK;
}

/* One step of the walk that puts. *ret_ended: there is nothing more. */
static enum status copy_next(struct lot *lot, struct document_walk *from, struct document_walk *to,
                             bool *ret_ended, struct err *err)
{
    const struct document *left = NULL;
    const struct document *right = NULL;

    if (document_walk_will_load(from)) {
        progress_add(&lot->copy->progress, 0, (int64_t)from->page.count);
        TRY(flush(lot, err)); /* what it holds is the page's */
        TRY(copy_may_go_on(lot->copy, err));
    }
    TRY(look(from, to, &left, &right, err));
    *ret_ended = !left && !right;
    if (left) {
        document_walk_step(from);
    }
    if (right) {
        document_walk_step(to);
    }
    if (left && !(right && is_kept(lot, left, right))) {
        return add(lot, left, right, err);
    }
    return right && !left && lot->copy->deletes ? cut(lot, right, err) : ST_OK;
}

enum status copy_documents(struct copy *copy, const struct oid *organization, bool is_new,
                           struct err *err)
{
    struct lot lot = { .copy = copy, .organization = organization };
    struct document_walk from;
    struct document_walk to;
    enum status status = ST_OK;
    bool ended = false;

    arena_init(&lot.mem, SCRATCH_BYTES);
    document_walk_init(&from, copy->from, organization);
    document_walk_init(&to, is_new ? NULL : copy->to, organization);
    while (status == ST_OK && !ended) {
        status = copy_next(&lot, &from, &to, &ended, err);
    }
    if (status == ST_OK) {
        progress_add(&copy->progress, 0, (int64_t)from.page.count);
        status = flush(&lot, err);
    }
    document_walk_done(&to);
    document_walk_done(&from);
    arena_done(&lot.mem);
    return status;
}

/* A sum under way. */
struct sum {
    crypto_generichash_state state;
    int64_t count;
};

static void sum_init(struct sum *sum)
{
    sum->count = 0;
    (void)crypto_generichash_init(&sum->state, NULL, 0, COPY_DIGEST_BYTES);
}

static void sum_text(struct sum *sum, struct str text)
{
    uint64_t len = text.len;

    (void)crypto_generichash_update(&sum->state, (const unsigned char *)&len, sizeof(len));
    (void)crypto_generichash_update(&sum->state, (const unsigned char *)text.ptr, text.len);
}

static void sum_document(struct sum *sum, const struct document *document, struct str body)
{
    sum->count += document->has_twin ? 2 : 1;
    sum_text(sum, document->id);
    sum_text(sum, body);
    if (document->has_twin) {
        sum_text(sum, STR("and another of this id"));
    }
}

static void sum_final(struct sum *sum, struct documents_sum *ret_sum)
{
    ret_sum->count = sum->count;
    (void)crypto_generichash_final(&sum->state, ret_sum->digest, COPY_DIGEST_BYTES);
}

/* One step of the walk that compares. The source's text counts as the destination would have it. */
static enum status compare_next(struct copy *copy, struct document_walk *from,
                                struct document_walk *to, struct sum sums[2], struct arena *mem,
                                bool *ret_ended, struct err *err)
{
    const struct document *left = NULL;
    const struct document *right = NULL;

    if (document_walk_will_load(from) || document_walk_will_load(to)) {
        TRY(copy_may_go_on(copy, err));
    }
    if (document_walk_will_load(from)) {
        progress_add(&copy->progress, 0, (int64_t)from->page.count);
    }
    TRY(look(from, to, &left, &right, err));
    *ret_ended = !left && !right;
    if (left) {
        bool differs = right && !str_equal(left->body, right->body);

        sum_document(&sums[0], left, differs ? as_kept(copy, left, mem) : left->body);
        if (right && !kinds_agree(left, right)) {
            sum_text(&sums[0], STR("an id of another kind"));
        }
        document_walk_step(from);
        arena_clear(mem);
    }
    if (right) {
        sum_document(&sums[1], right, right->body);
        document_walk_step(to);
    }
    return ST_OK;
}

enum status copy_compare_documents(struct copy *copy, const struct oid *organization, bool has_from,
                                   bool has_to, struct documents_sum *ret_from,
                                   struct documents_sum *ret_to, struct err *err)
{
    struct document_walk from;
    struct document_walk to;
    struct arena mem;
    struct sum sums[2];
    enum status status = ST_OK;
    bool ended = false;

    arena_init(&mem, SCRATCH_BYTES);
    sum_init(&sums[0]);
    sum_init(&sums[1]);
    document_walk_init(&from, has_from ? copy->from : NULL, organization);
    document_walk_init(&to, has_to ? copy->to : NULL, organization);
    while (status == ST_OK && !ended) {
        status = compare_next(copy, &from, &to, sums, &mem, &ended, err);
    }
    if (status == ST_OK) {
        progress_add(&copy->progress, 0, (int64_t)from.page.count);
        sum_final(&sums[0], ret_from);
        sum_final(&sums[1], ret_to);
    }
    document_walk_done(&to);
    document_walk_done(&from);
    arena_done(&mem);
    return status;
}
