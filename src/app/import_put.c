/* The organizations of a batch: made together, and those that are refused looked at one by one. */
#include "app/import_work.h"

#include "app/busy.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_PART 64   /* looks that one worker takes at a time */
#define CREATE_PART 16   /* and organizations, where the store is behind a network */
#define PASSWORD_MS 1000 /* more time for each password that is to be compared or hashed */

/* Those of a batch that one step is about. */
struct selection {
    struct import_item **items;
    struct tenant_creation *creations; /* of the first step */
    size_t count;
};

static enum status create_part(struct import_parts *parts, size_t from, size_t count,
                               struct err *err)
{
    struct selection *selection = parts->context;
    struct import *import = parts->import;
    struct busy_call busy;
    enum status status;
    int64_t more_ms = 0;

    for (size_t i = from; i < from + count; i++) {
        more_ms += BUSY_MEMBER_MS * (int64_t)selection->creations[i].tenant->member_count;
    }
    busy_call_begin(&busy, "store", &import->is_stopping, more_ms, err);
    do {
        status =
            store_tenants_create(import->store, &busy.call, &selection->creations[from], count);
    } while (busy_call_again(&busy, status));
    return status;
}

/* Whether a failure is about one line, so that the others can go on. */
static bool concerns_one(enum status status)
{
    return status == ST_INVALID || status == ST_NAME_TAKEN || status == ST_EMAIL_TAKEN ||
           status == ST_TOO_LARGE;
}

static enum status settle_one(struct import *import, struct import_item *item, struct err *err)
{
    struct busy_call busy;
    enum status status;
    struct oid id;

    busy_call_begin(&busy, "store", &import->is_stopping,
                    (BUSY_MEMBER_MS + PASSWORD_MS) * (int64_t)item->line.admin_count, err);
    do {
        status = import_settle(import->store, &busy.call, &import->rules, &item->line,
                               &item->outcome, &id);
    } while (busy_call_again(&busy, status));
    if (status == ST_OK) {
        item->line.organization.id = id;
    }
    return status;
}

static enum status settle_part(struct import_parts *parts, size_t from, size_t count,
                               struct err *err)
{
    struct selection *selection = parts->context;

    for (size_t i = from; i < from + count; i++) {
        struct import_item *item = selection->items[i];
        struct err why = { .text = "" };

        if (import_is_stopping(parts->import)) {
            return ST_BUSY;
        }
        item->status = settle_one(parts->import, item, &why);
        if (item->status != ST_OK && !concerns_one(item->status)) {
            *err = why;
            return item->status;
        }
        if (why.text[0] && item->status != ST_OK) {
            item->words = import_keep_words(parts->import, why.text);
        }
    }
    return ST_OK;
}

static bool is_organization(const struct import_item *item)
{
    return item->status == ST_OK && item->line.kind == IMPORT_ORGANIZATION;
}

static enum status create(struct import_batch *batch, struct err *err)
{
    struct arena *mem = &batch->mem;
    struct tenant *tenants = arena_alloc(mem, (batch->count + 1) * sizeof(*tenants));
    struct selection selection = {
        .items = arena_alloc(mem, (batch->count + 1) * sizeof(struct import_item *)),
        .creations = arena_alloc(mem, (batch->count + 1) * sizeof(*selection.creations)),
    };
    struct import_parts parts = { .import = batch->import,
                                  .context = &selection,
                                  .run = create_part };

    for (size_t i = 0; i < batch->count; i++) {
        struct import_item *item = batch->items[i];
        size_t n = selection.count;

        if (is_organization(item) && !item->is_there) {
            import_tenant(&item->line, mem, &tenants[n]);
            selection.creations[n] = (struct tenant_creation){
                .tenant = &tenants[n],
                .slug_may_vary = !item->line.has_slug,
                .slug_needs_suffix = item->line.name.slug_is_hex,
            };
            selection.items[selection.count++] = item;
        }
    }
    parts.count = selection.count;
    parts.part = batch->import->store->ops->reads_block ? CREATE_PART : BULK_MAX;
    TRY(import_run_parts(&parts, err));
    for (size_t i = 0; i < selection.count; i++) {
        selection.items[i]->outcome = IMPORT_MADE;
        selection.items[i]->is_there = selection.creations[i].status != ST_OK;
    }
    return ST_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const struct import_item *left = *(struct import_item *const *)a;
    const struct import_item *right = *(struct import_item *const *)b;
    int order =
        memcmp(left->line.organization.id.bytes, right->line.organization.id.bytes, OID_BYTES);

    return order != 0 ? order : (left->number > right->number) - (left->number < right->number);
}

/* Lines of one organization: all but the first come later, so that the last one stays. */
static void put_off_doubles(const struct selection *selection, struct arena *mem)
{
    size_t bytes = selection->count * sizeof(struct import_item *);
    struct import_item **sorted = arena_alloc(mem, bytes + 1);

    memcpy(sorted, selection->items, bytes);
    qsort(sorted, selection->count, sizeof(struct import_item *), compare_ids);
    for (size_t i = 1; i < selection->count; i++) {
        sorted[i]->comes_later =
            oid_equal(&sorted[i]->line.organization.id, &sorted[i - 1]->line.organization.id);
    }
}

/* Those of a selection that are to be settled now, together, or, as later ones, one after the other. */
static enum status settle(struct import_batch *batch, const struct selection *of, bool is_later,
                          struct err *err)
{
    struct selection selection = {
        .items = arena_alloc(&batch->mem, (of->count + 1) * sizeof(struct import_item *))
    };
    struct import_parts parts = { .import = batch->import,
                                  .context = &selection,
                                  .run = settle_part };

    for (size_t i = 0; i < of->count; i++) {
        if (of->items[i]->comes_later == is_later) {
            selection.items[selection.count++] = of->items[i];
        }
    }
    parts.count = selection.count;
    parts.part = is_later ? selection.count + 1 : SETTLE_PART;
    return import_run_parts(&parts, err);
}

/* Whoever was refused for what another one has given up since is looked at again: which of the two came
 * first is chance where several are settled at once. */
static void put_off_refused(const struct selection *selection)
{
    bool has_updates = false;

    for (size_t i = 0; i < selection->count; i++) {
        const struct import_item *item = selection->items[i];

        has_updates = has_updates || (item->status == ST_OK && item->outcome == IMPORT_UPDATED);
    }
    for (size_t i = 0; has_updates && i < selection->count; i++) {
        struct import_item *item = selection->items[i];

        item->comes_later =
            item->comes_later || item->status == ST_NAME_TAKEN || item->status == ST_EMAIL_TAKEN;
    }
}

enum status import_put_organizations(struct import_batch *batch, struct err *err)
{
    struct selection selection = {
        .items = arena_alloc(&batch->mem, (batch->count + 1) * sizeof(struct import_item *))
    };

    TRY(create(batch, err));
    for (size_t i = 0; i < batch->count; i++) {
        if (is_organization(batch->items[i]) && batch->items[i]->is_there) {
            selection.items[selection.count++] = batch->items[i];
        }
    }
    put_off_doubles(&selection, &batch->mem);
    TRY(settle(batch, &selection, false, err));
    put_off_refused(&selection);
    return settle(batch, &selection, true, err);
}
