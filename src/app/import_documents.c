/* The documents of a batch: whose each is, and lots of one organization's. */
#include "app/import_work.h"

#include "app/busy.h"
#include "base/hash_set.h"
#include "org/document.h"

#include <assert.h>
#include <string.h>

#define PILE_MAX 131072 /* documents that are put at once */
#define LOT_MAX 500
#define LOT_BYTES ((size_t)4 * 1024 * 1024)
#define LOTS_PART 4 /* in one call, where the store is behind a network */

struct pile {
    struct import_batch *batch;
    struct document *documents;
    struct import_item **origins; /* of each document */
    size_t count;
    size_t room;
    struct document_lot *lots;
    size_t lot_count;
    size_t lot_bytes;     /* of the last */
    struct hash_set seen; /* organization and _id of each */
};

/* Whether a document of this _id, or one that looks so, is in the pile; if not, it is from now on. */
static bool was_seen(struct pile *pile, const struct oid *organization, struct str id)
{
    unsigned char both[OID_BYTES + DOCUMENT_ID_MAX];

    assert(id.len <= DOCUMENT_ID_MAX);
    memcpy(both, organization->bytes, OID_BYTES);
    memcpy(both + OID_BYTES, id.ptr, id.len);
    return !hash_set_add(&pile->seen, both, OID_BYTES + id.len);
}

static enum status put_part(struct import_parts *parts, size_t from, size_t count, struct err *err)
{
    struct pile *pile = parts->context;
    struct import *import = parts->import;
    struct busy_call busy;
    enum status status;

    busy_call_begin(&busy, "store", &import->is_stopping, 0, err);
    do {
        status = store_document_lots_put(import->store, &busy.call, &pile->lots[from], count);
    } while (busy_call_again(&busy, status));
    return status;
}

static void refuse(struct import *import, struct import_item *item, enum status status,
                   const char *words)
{
    item->words = import_keep_words(import, words);
    if (item->line.kind == IMPORT_DOCUMENT) {
        item->status = status;
    } else {
        item->is_partial = true;
    }
}

/* A lot that the engine can't hold for one of its documents: one by one, and that one is named. */
static enum status put_singly(struct pile *pile, const struct document_lot *lot, size_t *put,
                              struct err *err)
{
    struct import *import = pile->batch->import;

    for (size_t i = 0; i < lot->count; i++) {
        struct import_item *item = pile->origins[(size_t)(lot->documents - pile->documents) + i];
        struct err why = { .text = "" };
        struct busy_call busy;
        enum status status;

        busy_call_begin(&busy, "store", &import->is_stopping, 0, &why);
        do {
            status = store_documents_put(import->store, &busy.call, &lot->organization_id,
                                         &lot->documents[i], 1);
        } while (busy_call_again(&busy, status));
        if (status == ST_INVALID || status == ST_TOO_LARGE || status == ST_NO_ORGANIZATION) {
            refuse(import, item, status, why.text[0] ? why.text : status_detail(status));
        } else if (status != ST_OK) {
            *err = why;
            return status;
        } else {
            (*put)++;
        }
    }
    return ST_OK;
}

static enum status look_at_lot(struct pile *pile, const struct document_lot *lot, size_t *put,
                               struct err *err)
{
    struct import *import = pile->batch->import;

    if (lot->status == ST_OK) {
        *put += lot->count;
        return ST_OK;
    }
    if (lot->status != ST_NO_ORGANIZATION) {
        return put_singly(pile, lot, put, err);
    }
    for (size_t i = 0; i < lot->count; i++) {
        refuse(import, pile->origins[(size_t)(lot->documents - pile->documents) + i],
               ST_NO_ORGANIZATION, "no organization has this id");
    }
    return ST_OK;
}

/* Puts what is in the pile. */
static enum status flush(struct pile *pile, struct err *err)
{
    struct import *import = pile->batch->import;
    struct import_parts parts = { .import = import,
                                  .context = pile,
                                  .count = pile->lot_count,
                                  .part = import->store->ops->reads_block ? LOTS_PART : BULK_MAX,
                                  .run = put_part };
    size_t put = 0;

    TRY(import_run_parts(&parts, err));
    for (size_t i = 0; i < pile->lot_count; i++) {
        TRY(look_at_lot(pile, &pile->lots[i], &put, err));
    }
    progress_add(&import->progress, 0, (int64_t)put);
    (void)pthread_mutex_lock(&import->mutex);
    import->report.documents += (int64_t)put;
    (void)pthread_mutex_unlock(&import->mutex);
    pile->count = pile->lot_count = 0;
    if (pile->room > 0) {
        hash_set_clear(&pile->seen);
    }
    return ST_OK;
}

static enum status add(struct pile *pile, struct import_item *item, size_t index,
                       const struct oid *organization, struct err *err)
{
    struct import_document *document = &item->line.documents[index];
    struct document_lot *lot = pile->lot_count > 0 ? &pile->lots[pile->lot_count - 1] : NULL;

    import_document_name(document, organization, item->number, index);
    if (pile->count == pile->room || was_seen(pile, organization, document->document.id)) {
        TRY(flush(pile, err)); /* the later one of them is to be what stays */
        (void)was_seen(pile, organization, document->document.id);
        lot = NULL;
    }
    if (!lot || lot->count == LOT_MAX || pile->lot_bytes >= LOT_BYTES ||
        !oid_equal(&lot->organization_id, organization)) {
        lot = &pile->lots[pile->lot_count++];
        *lot = (struct document_lot){ .organization_id = *organization,
                                      .documents = &pile->documents[pile->count] };
        pile->lot_bytes = 0;
    }
    pile->documents[pile->count] = document->document;
    pile->origins[pile->count++] = item;
    pile->lot_bytes += document->document.body.len;
    lot->count++;
    return ST_OK;
}

/* By its name, which mostly is the one before. */
static enum status find_named(struct import *import, struct import_current *current,
                              struct import_item *item, struct oid *ret_id, struct err *err)
{
    struct str key = item->line.name_key;
    struct organization found; /* of which only the id outlives the call */
    enum status status = ST_OK;

    if (!current->name_is_found || !str_equal(buf_view(&current->name_key), key)) {
        struct busy_call busy;

        busy_call_begin(&busy, "store", &import->is_stopping, 0, err);
        do {
            status = store_organization_by_name(import->store, &busy.call, key, &found);
        } while (busy_call_again(&busy, status));
        if (status == ST_OK) {
            buf_clear(&current->name_key);
            buf_str(&current->name_key, key);
            current->name_is_found = true;
            current->name_id = found.id;
        }
    }
    if (status == ST_NO_ORGANIZATION) {
        refuse(import, item, status, "no organization has this name; its line comes first");
        return ST_OK;
    }
    *ret_id = current->name_id;
    return status;
}

/* Whose the documents of a line are; item->status is set where that isn't known. */
static enum status find_owner(struct import_batch *batch, struct import_current *current,
                              struct import_item *item, struct oid *ret_id, struct err *err)
{
    if (item->line.by_id) {
        *ret_id = item->line.organization_id;
        return ST_OK;
    }
    if (item->line.name_key.ptr) {
        return find_named(batch->import, current, item, ret_id, err);
    }
    if (!current->is_known) {
        refuse(batch->import, item, ST_NO_ORGANIZATION,
               current->is_refused ? "the organization above, whose document it is, was refused"
                                   : "it doesn't say whose document it is, and no organization is "
                                     "above");
        return ST_OK;
    }
    *ret_id = current->id;
    return ST_OK;
}

/* What an organization's line, also one that is none, means for the documents below it. */
static void step(struct import_current *current, const struct import_item *item)
{
    if (item->line.kind == IMPORT_DOCUMENT) {
        return;
    }
    current->is_known = item->status == ST_OK;
    current->is_refused = !current->is_known;
    current->id = item->line.organization.id;
    current->name_is_found = false; /* it may be this one's from now on */
}

static void make_room(struct pile *pile, size_t count)
{
    struct arena *mem = &pile->batch->mem;

    count = count < PILE_MAX ? count : PILE_MAX;
    pile->room = count;
    hash_set_init(&pile->seen, mem, count);
    pile->documents = arena_alloc(mem, count * sizeof(*pile->documents));
    pile->origins = arena_alloc(mem, count * sizeof(struct import_item *));
    pile->lots = arena_alloc(mem, count * sizeof(*pile->lots));
}

enum status import_put_documents(struct import_batch *batch, struct import_current *current,
                                 struct err *err)
{
    struct pile pile = { .batch = batch };
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        count += batch->items[i]->status == ST_OK ? batch->items[i]->line.document_count : 0;
    }
    if (count > 0) {
        make_room(&pile, count);
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct import_item *item = batch->items[i];
        struct oid id = item->line.organization.id;

        step(current, item);
        if (item->status == ST_OK && item->line.kind == IMPORT_DOCUMENT) {
            TRY(find_owner(batch, current, item, &id, err));
        }
        for (size_t n = 0; item->status == ST_OK && n < item->line.document_count; n++) {
            TRY(add(&pile, item, n, &id, err));
        }
    }
    return flush(&pile, err);
}
