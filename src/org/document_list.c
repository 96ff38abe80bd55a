/* Pages of documents. A cursor is the last id of its page, sealed so that nobody can make one up.
 * That id may be longer than DOCUMENT_ID_MAX, or empty: other programs write to a store, too. */
#include "org/document.h"

#include "org/domain.h"

#include <sodium.h>

#define SEAL_BYTES 12

/* A MAC over organization and id: a cursor of one tenant is none of another's. */
static void seal(const struct domain *domain, const struct oid *organization, struct str id,
                 unsigned char ret_seal[SEAL_BYTES])
{
    unsigned char mac[crypto_generichash_BYTES];
    crypto_generichash_state state;

    (void)crypto_generichash_init(&state, domain->cursor_key, CURSOR_KEY_BYTES, sizeof(mac));
    (void)crypto_generichash_update(&state, organization->bytes, OID_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)id.ptr, id.len);
    (void)crypto_generichash_final(&state, mac, sizeof(mac));
    memcpy(ret_seal, mac, SEAL_BYTES);
}

static struct str make_cursor(const struct domain *domain, const struct oid *organization,
                              struct str id, struct arena *mem)
{
    unsigned char *bytes = arena_alloc(mem, SEAL_BYTES + id.len);
    size_t text_size =
        sodium_base64_ENCODED_LEN(SEAL_BYTES + id.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = arena_alloc(mem, text_size);

    seal(domain, organization, id, bytes);
    memcpy(bytes + SEAL_BYTES, id.ptr, id.len);
    (void)sodium_bin2base64(text, text_size, bytes, SEAL_BYTES + id.len,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return str_of(text);
}

static bool read_cursor(const struct domain *domain, const struct oid *organization,
                        struct str cursor, struct arena *mem, struct str *ret_id)
{
    unsigned char *bytes = arena_alloc(mem, cursor.len + 1);
    unsigned char expected[SEAL_BYTES];
    size_t len = 0;
    struct str id;

    if (sodium_base642bin(bytes, cursor.len, cursor.ptr, cursor.len, NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        len < SEAL_BYTES) {
        return false;
    }
    id = (struct str){ .ptr = (const char *)bytes + SEAL_BYTES, .len = len - SEAL_BYTES };
    seal(domain, organization, id, expected);
    if (sodium_memcmp(expected, bytes, SEAL_BYTES) != 0) {
        return false;
    }
    *ret_id = arena_str(mem, id);
    return true;
}

enum status document_list(struct domain *domain, const struct call *call,
                          const struct oid *organization, const struct document_list_query *query,
                          struct invalid *invalid, struct document_list *ret_list)
{
    struct document_query wanted = {
        .limit = query->limit,
        .max_bytes = DOCUMENT_PAGE_BYTES,
        .with_total = query->with_total,
    };
    struct document_list list = { .next = { .ptr = NULL } };

    if (query->after.ptr &&
        !read_cursor(domain, organization, query->after, call->mem, &wanted.after)) {
        (void)!invalid_add(invalid, "value_error", "query", "after",
                           "Value error, not a cursor that a page of this collection gave");
    }
    if (invalid->count > 0) {
        return ST_INVALID;
    }
    TRY(store_document_list(domain->store, call, organization, &wanted, &list.page));
    if (list.page.more) {
        list.next = make_cursor(domain, organization, list.page.documents[list.page.count - 1].id,
                                call->mem);
    }
    *ret_list = list;
    return ST_OK;
}
