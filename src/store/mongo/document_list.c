/*
 * Pages of documents, in order of the bytes of their ids as shown.
 *
 * Strings and ObjectIds are two ranges of _id, each in order by itself: a find for each of them, and the
 * two are merged. A page that is read while others write is not of one moment on every server, but each
 * document that was there all the while is on exactly one page of a walk, because no _id ever changes and
 * each page is what lies behind the last one. A page that holds everything counts itself; where there is
 * more than the page the total is a count of its own, a moment later. Reads of one moment for both
 * (readConcern snapshot) are only to be had of replica sets, not of a standalone server.
 */
#include "store/mongo/documents.h"

#include "base/arena.h"
#include "base/clock.h"

#include <stdlib.h>

#define PAGE_BYTES_MAX ((size_t)64 * 1024 * 1024) /* whatever a query asks for */
#define TRIES 3                                   /* where the connection is lost in between */

/* What FerretDB 1 may send at once: it looks at their number only, and a message has 48 MB. */
#define BATCH_DOCUMENTS 40

struct row {
    size_t id_at; /* in bytes; the body is behind it */
    size_t id_len;
    size_t body_len;
};

/* The first documents of one range, as many as can be on the page and one more. */
struct range {
    const struct document_query *query;
    size_t max_bytes;
    struct buf bytes; /* ids and bodies */
    struct row *rows; /* query->limit + 1 */
    size_t count;
    size_t body_bytes;
    bool has_rest; /* there may be more behind the last */
    enum status status;
    struct err *err;
};

static enum status range_init(struct range *range, const struct call *call,
                              const struct document_query *query)
{
    size_t max_bytes = query->max_bytes < PAGE_BYTES_MAX ? query->max_bytes : PAGE_BYTES_MAX;

    *range = (struct range){ .query = query, .max_bytes = max_bytes, .err = call->err };
    range->rows = calloc(query->limit + 1, sizeof(*range->rows));
    buf_init(&range->bytes, 0); /* visit sets the limit, for each document anew */
    return range->rows ? ST_OK : err_set(call->err, ST_BROKEN, "no memory for a page");
}

static void range_clear(struct range *range)
{
    buf_clear(&range->bytes);
    range->count = 0;
    range->body_bytes = 0;
    range->has_rest = false;
    range->status = ST_OK;
}

static void range_done(struct range *range)
{
    buf_done(&range->bytes);
    free(range->rows);
}

/* Takes one in; goes on until there is one that has no place on the page. */
static bool visit(void *context, const bson_t *document)
{
    struct range *range = context;
    struct row *row = &range->rows[range->count];
    char hex[OID_HEX_LEN + 1];
    struct str id;

    if (!document_id_shown(document, hex, &id)) {
        return true;
    }
    range->bytes.limit = range->bytes.len + id.len + DOCUMENT_TEXT_MAX;
    *row = (struct row){ .id_at = range->bytes.len, .id_len = id.len };
    buf_str(&range->bytes, id);
    if (range->count < range->query->limit) {
        range->status = document_write(document, id, &range->bytes, range->err);
        row->body_len = range->bytes.len - row->id_at - row->id_len;
    }
    range->count++;
    range->body_bytes += row->body_len;
    range->has_rest = range->count > range->query->limit ||
                      (range->count > 1 && range->body_bytes > range->max_bytes);
    return range->status == ST_OK && !range->has_rest;
}

static struct str row_id(const struct range *range, size_t i)
{
    const struct row *row = &range->rows[i];

    return (struct str){ .ptr = range->bytes.ptr + row->id_at, .len = row->id_len };
}

static struct str row_body(const struct range *range, size_t i)
{
    const struct row *row = &range->rows[i];

    return (struct str){ .ptr = range->bytes.ptr + row->id_at + row->id_len, .len = row->body_len };
}

/* Finds the documents with filter, anew where the connection was lost half-way. */
static enum status find_range(struct mongo_store *engine, const struct call *call,
                              const struct placement *placement, const bson_t *filter,
                              struct range *range)
{
    BSON_AUTO opts = BSON_INITIALIZER;
    size_t wanted = range->query->limit + 1;
    size_t batch = mongo_features(engine->mongo)->filters_atomically || wanted < BATCH_DOCUMENTS
                       ? wanted
                       : BATCH_DOCUMENTS;
    enum status status = ST_UNAVAILABLE;

    BCON_APPEND(&opts, "sort", "{", F_ID, BCON_INT32(1), "}", "limit", BCON_INT64((int64_t)wanted),
                "batchSize", BCON_INT64((int64_t)batch));
    for (int tries = 0; status == ST_UNAVAILABLE && tries < TRIES &&
                        (tries == 0 || clock_monotonic_ms() < call->deadline_ms);
         tries++) {
        range_clear(range);
        status = mongo_find(engine->mongo, call, FROM_PRIMARY, placement->collection, filter, &opts,
                            visit, range);
    }
    return status == ST_OK ? range->status : status;
}

static enum status find_strings(struct mongo_store *engine, const struct call *call,
                                const struct placement *placement, struct range *range)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    bool has_after = range->query->after.ptr;
    bson_t bounds;

    (void)BSON_APPEND_DOCUMENT_BEGIN(&filter, F_ID, &bounds);
    bson_put_str(&bounds, has_after ? "$gt" : "$gte", has_after ? range->query->after : STR(""));
    (void)bson_append_document_end(&filter, &bounds);
    return find_range(engine, call, placement, &filter, range);
}

static enum status find_oids(struct mongo_store *engine, const struct call *call,
                             const struct placement *placement, struct range *range)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct oid least;
    bson_t bounds;

    if (!document_id_least_oid_behind(range->query->after, &least)) {
        range_clear(range);
        return ST_OK;
    }
    (void)BSON_APPEND_DOCUMENT_BEGIN(&filter, F_ID, &bounds);
    bson_put_oid(&bounds, "$gte", &least);
    (void)bson_append_document_end(&filter, &bounds);
    return find_range(engine, call, placement, &filter, range);
}

/* The page of both. ret_hidden: strings that look like an ObjectId of the page. */
static void merge(const struct range *strings, const struct range *oids, struct arena *mem,
                  struct document_page *page, int64_t *ret_hidden)
{
    size_t bytes = 0;
    size_t s = 0;
    size_t o = 0;

    page->documents = arena_alloc(mem, strings->query->limit * sizeof(*page->documents));
    while (s < strings->count || o < oids->count) {
        int order = s == strings->count ? 1
                    : o == oids->count  ? -1
                                        : str_compare(row_id(strings, s), row_id(oids, o));
        const struct range *range = order < 0 ? strings : oids;
        size_t i = order < 0 ? s : o;
        struct str body = row_body(range, i);

        page->more = (s == strings->count && strings->has_rest) ||
                     (o == oids->count && oids->has_rest) || page->count == strings->query->limit ||
                     (page->count > 0 &&
                      (bytes > strings->max_bytes || body.len > strings->max_bytes - bytes));
        if (page->more) {
            return;
        }
        bytes += body.len;
        page->documents[page->count++] =
            (struct document){ .id = arena_str(mem, row_id(range, i)),
                               .body = arena_str(mem, body),
                               .id_kind = order < 0 ? ID_TEXT : ID_OBJECT,
                               .has_twin = order == 0 };
        s += order <= 0;
        o += order >= 0;
        *ret_hidden += order == 0;
    }
    page->more = strings->has_rest || oids->has_rest;
}

/* How many there are, beyond what the page knows by itself. */
static enum status count_all(struct mongo_store *engine, const struct call *call,
                             const struct placement *placement, const struct document_query *query,
                             int64_t hidden, struct document_page *page)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    int64_t least = (int64_t)page->count + hidden;

    if (!query->after.ptr && !page->more) {
        page->total = least;
        return ST_OK;
    }
    BCON_APPEND(&filter, F_ID, "{", "$type", "[", BCON_UTF8("string"), BCON_UTF8("objectId"), "]",
                "}");
    TRY(mongo_count(engine->mongo, call, placement->collection, &filter, &page->total));
    TRY(document_place_check(engine, call, placement));
    least += page->more ? 1 : 0;
    page->total = page->total < least ? least : page->total;
    return ST_OK;
}

static enum status list(struct mongo_store *engine, const struct call *call,
                        const struct placement *placement, struct range *strings,
                        struct range *oids, struct document_page *ret_page)
{
    struct document_page page = { .documents = NULL };
    int64_t hidden = 0;

    TRY(find_strings(engine, call, placement, strings));
    TRY(find_oids(engine, call, placement, oids));
    TRY(document_place_check(engine, call, placement));
    merge(strings, oids, call->mem, &page, &hidden);
    if (strings->query->with_total) {
        TRY(count_all(engine, call, placement, strings->query, hidden, &page));
    }
    *ret_page = page;
    return ST_OK;
}

enum status mongo_document_list(struct store *store, const struct call *call,
                                const struct oid *organization_id,
                                const struct document_query *query, struct document_page *ret_page)
{
    struct mongo_store *engine = mongo_engine(store);
    PLACEMENT placement = { .placements = NULL };
    struct range strings;
    struct range oids;
    enum status status;

    TRY(placement_enter(engine->placements, call, organization_id, &placement));
    TRY(range_init(&strings, call, query));
    status = range_init(&oids, call, query);
    if (status == ST_OK) {
        status = list(engine, call, &placement, &strings, &oids, ret_page);
    }
    range_done(&strings);
    range_done(&oids);
    return status;
}
