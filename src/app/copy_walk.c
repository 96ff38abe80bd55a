/* Pages, and merging them. */
#include "app/copy_walk.h"

#include "base/clock.h"

#include <sodium.h>

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

/* An engine that keeps account and organization apart shows the later of their times as the
 * organization's: so that is what all of them are asked to keep. */
static void settle_time(struct tenant *tenant)
{
    struct organization *organization = &tenant->organization;

    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        if (oid_equal(&account->id, &organization->admin_id) &&
            account->updated_ms > organization->updated_ms) {
            organization->updated_ms = account->updated_ms;
        }
    }
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
        settle_time(&walk->page.tenants[i]);
    }
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

enum status tenant_find(struct store *store, const struct call *call, const struct oid *id,
                        struct tenant *ret_tenant)
{
    struct oid before = *id;
    struct tenant_query query = { .limit = 1, .max_bytes = 1 };
    struct tenant_page page;
    int i = OID_BYTES - 1;

    while (i >= 0 && before.bytes[i] == 0) {
        before.bytes[i--] = 0xFF; /* it borrows from the next */
    }
    if (i >= 0) {
        before.bytes[i]--;
        query.after = &before;
    }
    TRY(store_tenant_list(store, call, &query, &page));
    if (page.count == 0 || !oid_equal(&page.tenants[0].organization.id, id)) {
        return ST_NO_ORGANIZATION;
    }
    settle_time(&page.tenants[0]);
    *ret_tenant = page.tenants[0];
    return ST_OK;
}

static void add_bytes(crypto_generichash_state *state, const void *bytes, size_t len)
{
    (void)crypto_generichash_update(state, bytes, len);
}

/* With its length, so that no two lists of texts hash as one. */
static void add_text(crypto_generichash_state *state, struct str text)
{
    uint64_t len = text.len;

    add_bytes(state, &len, sizeof(len));
    add_bytes(state, text.ptr, text.len);
}

static void add_number(crypto_generichash_state *state, int64_t number)
{
    add_bytes(state, &number, sizeof(number));
}

void tenant_digest(const struct tenant *tenant, unsigned char ret_digest[COPY_DIGEST_BYTES])
{
    const struct organization *organization = &tenant->organization;
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, COPY_DIGEST_BYTES);
    add_bytes(&state, organization->id.bytes, OID_BYTES);
    add_text(&state, organization->name);
    add_text(&state, organization->name_key);
    add_text(&state, organization->slug);
    add_bytes(&state, organization->admin_id.bytes, OID_BYTES);
    add_number(&state, organization->created_ms);
    add_number(&state, organization->updated_ms);
    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        add_bytes(&state, account->id.bytes, OID_BYTES);
        add_text(&state, account->email);
        add_text(&state, account->email_key);
        add_text(&state, account->password_hash);
        add_number(&state, account->password_version);
        add_number(&state, account->created_ms);
        add_number(&state, account->updated_ms);
        add_text(&state, tenant->members[i].role);
    }
    (void)crypto_generichash_final(&state, ret_digest, COPY_DIGEST_BYTES);
}

bool tenant_equal(const struct tenant *a, const struct tenant *b)
{
    unsigned char digests[2][COPY_DIGEST_BYTES];

    tenant_digest(a, digests[0]);
    tenant_digest(b, digests[1]);
    return memcmp(digests[0], digests[1], COPY_DIGEST_BYTES) == 0;
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
