/* A tenant looked for, and compared. */
#include "store/tenant.h"

#include <sodium.h>

void tenant_settle_time(struct tenant *tenant)
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
    tenant_settle_time(&page.tenants[0]);
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

void tenant_digest(const struct tenant *tenant, unsigned char ret_digest[TENANT_DIGEST_BYTES])
{
    const struct organization *organization = &tenant->organization;
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, NULL, 0, TENANT_DIGEST_BYTES);
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
    (void)crypto_generichash_final(&state, ret_digest, TENANT_DIGEST_BYTES);
}

bool tenant_equal(const struct tenant *a, const struct tenant *b)
{
    unsigned char digests[2][TENANT_DIGEST_BYTES];

    tenant_digest(a, digests[0]);
    tenant_digest(b, digests[1]);
    return memcmp(digests[0], digests[1], TENANT_DIGEST_BYTES) == 0;
}
