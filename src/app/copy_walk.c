/* Pages, and merging them. */
#include "app/copy_walk.h"

#include "base/clock.h"

#define TENANT_PAGE 256
#define TENANT_BYTES ((size_t)32 * 1024 * 1024) /* of a page; one tenant may pass it */
#define TENANT_MEM_BYTES ((size_t)1 << 30)
#define DOCUMENT_PAGE 500
#define DOCUMENT_BYTES ((size_t)4 * 1024 * 1024) /* of a page; one document may pass it */
#define DOCUMENT_MEM_BYTES                                                                         \
    ((size_t)256 * 1024 * 1024) /* a page, whatever the engine needs beside it */
#define ID_BYTES_MAX ((size_t)16 * 1024 * 1024)

struct call copy_call(struct arena *mem, struct err *err)
{
    return (
        struct call){ .mem = mem, .err = err, .deadline_ms = clock_monotonic_ms() + COPY_CALL_MS };
}

void tenant_walk_init(struct tenant_walk *walk, struct store *store)
{
    *walk = (struct tenant_walk){ .store = store };
    arena_init(&walk->mem, TENANT_MEM_BYTES);
}

void tenant_walk_done(struct tenant_walk *walk)
{
    arena_done(&walk->mem);
}

/* Makes sure that there is a present one, where there is any more. */
static enum status load_tenants(struct tenant_walk *walk, struct err *err)
{
    struct tenant_query query = { .limit = TENANT_PAGE, .max_bytes = TENANT_BYTES };
    struct call call;

    if (walk->at < walk->page.count || (walk->begun && !walk->page.more)) {
        return ST_OK;
    }
    if (walk->page.count > 0) {
        walk->last = walk->page.tenants[walk->page.count - 1].organization.id;
    }
    query.after = walk->begun ? &walk->last : NULL;
    arena_clear(&walk->mem);
    call = copy_call(&walk->mem, err);
    walk->at = 0;
    walk->page.count = 0;
    TRY(store_tenant_list(walk->store, &call, &query, &walk->page));
    walk->begun = true;
    for (size_t i = 0; i < walk->page.count; i++) {
        tenant_settle_time(&walk->page.tenants[i]);
    }
    return ST_OK;
}

enum status tenant_walk_page(struct tenant_walk *walk, const struct tenant **ret_tenants,
                             size_t *ret_count, struct err *err)
{
    walk->at = walk->page.count;
    if (walk->begun && !walk->page.more) {
        walk->page.count = walk->at = 0;
    }
    TRY(load_tenants(walk, err));
    *ret_tenants = walk->page.tenants;
    *ret_count = walk->page.count;
    return ST_OK;
}

static const struct tenant *present(const struct tenant_walk *walk)
{
    return walk->at < walk->page.count ? &walk->page.tenants[walk->at] : NULL;
}

/* Whether it goes on only with another page. */
static bool is_spent(const struct tenant_walk *walk)
{
    return walk->at == walk->page.count && walk->page.more;
}

enum status tenant_walk_pairs(struct tenant_walk *from, struct tenant_walk *to,
                              struct pair ret_pairs[COPY_PAIRS_MAX], size_t *ret_count,
                              struct err *err)
{
    size_t count = 0;

    TRY(load_tenants(from, err));
    TRY(load_tenants(to, err));
    while (count < COPY_PAIRS_MAX && !is_spent(from) && !is_spent(to)) {
        struct pair pair = { .from = present(from), .to = present(to) };

        if (!pair.from && !pair.to) {
            break;
        }
        if (pair.from && pair.to) {
            int order =
                memcmp(pair.from->organization.id.bytes, pair.to->organization.id.bytes, OID_BYTES);

            pair.from = order <= 0 ? pair.from : NULL;
            pair.to = order >= 0 ? pair.to : NULL;
        }
        from->at += pair.from != NULL;
        to->at += pair.to != NULL;
        ret_pairs[count++] = pair;
    }
    *ret_count = count;
    return ST_OK;
}

void document_walk_init(struct document_walk *walk, struct store *store,
                        const struct oid *organization)
{
    *walk = (struct document_walk){ .store = store, .organization = *organization };
    arena_init(&walk->mem, DOCUMENT_MEM_BYTES);
    buf_init(&walk->last, ID_BYTES_MAX);
}

void document_walk_done(struct document_walk *walk)
{
    buf_done(&walk->last);
    arena_done(&walk->mem);
}

bool document_walk_will_load(const struct document_walk *walk)
{
    return walk->store && walk->at == walk->page.count && (!walk->begun || walk->page.more);
}

static enum status load_documents(struct document_walk *walk, struct err *err)
{
    struct document_query query = { .limit = DOCUMENT_PAGE, .max_bytes = DOCUMENT_BYTES };
    struct call call;

    if (walk->page.count > 0) {
        buf_clear(&walk->last);
        buf_str(&walk->last, walk->page.documents[walk->page.count - 1].id);
    }
    if (walk->begun) {
        query.after = buf_view(&walk->last);
    }
    arena_clear(&walk->mem);
    call = copy_call(&walk->mem, err);
    walk->at = 0;
    walk->page.count = 0;
    TRY(store_document_list(walk->store, &call, &walk->organization, &query, &walk->page));
    walk->begun = true;
    return ST_OK;
}

enum status document_walk_look(struct document_walk *walk, const struct document **ret_document,
                               struct err *err)
{
    if (document_walk_will_load(walk)) {
        TRY(load_documents(walk, err));
    }
    *ret_document = walk->at < walk->page.count ? &walk->page.documents[walk->at] : NULL;
    return ST_OK;
}

void document_walk_step(struct document_walk *walk)
{
    walk->at++;
}
