/* The documents in a line. */
#include "org/import_line.h"

#include "base/buf.h"
#include "org/document.h"
#include "org/document_text.h"
#include "org/input.h"

#include <sodium.h>
#include <string.h>

#define DOCUMENT_MORE 1024 /* what an _id may add to a text */
#define REALS_GROW 4       /* so many times as long at most: 1e14, 100000000000000.0 */
#define NO_ID "000000000000000000000000"
#define ID_AT (sizeof("{\"_id\":\"") - 1)

enum status import_document_read(const struct import_reader *reader, const json_t *body,
                                 struct import_document *ret_document)
{
    struct import_document made = { .has_id = json_object_get(body, "_id") != NULL };
    struct invalid invalid = { .count = 0 };
    struct buf text;
    enum status status;

    buf_init(&text, REALS_GROW * reader->rules->document_max_bytes + DOCUMENT_MORE);
    status = document_text_of(body, STR(NO_ID), reader->mem, &text, &made.document.id, &invalid,
                              reader->err);
    if (status == ST_OK &&
        document_text_least(buf_view(&text)) > reader->rules->document_max_bytes + DOCUMENT_MORE) {
        status = ST_TOO_LARGE;
    }
    if (status == ST_TOO_LARGE) {
        status = document_text_too_large(reader->rules->document_max_bytes, reader->err);
    }
    if (status == ST_OK) {
        made.body = arena_alloc(reader->mem, text.len + 1);
        memcpy(made.body, text.ptr, text.len);
        made.document.body = (struct str){ .ptr = made.body, .len = text.len };
        *ret_document = made;
    } else if (invalid.count > 0) {
        status = err_set(reader->err, ST_INVALID, "document: %s", invalid.entries[0].msg);
    }
    buf_done(&text);
    return status;
}

void import_document_name(struct import_document *document, const struct oid *organization,
                          uint64_t number, uint64_t index)
{
    crypto_generichash_state state;
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[OID_HEX_LEN + 1];
    struct oid id;

    if (document->has_id) {
        return;
    }
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    (void)crypto_generichash_update(&state, organization->bytes, OID_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)&number, sizeof(number));
    (void)crypto_generichash_update(&state, (const unsigned char *)&index, sizeof(index));
    (void)crypto_generichash_update(&state, (const unsigned char *)document->body,
                                    document->document.body.len);
    (void)crypto_generichash_final(&state, hash, sizeof(hash));
    memcpy(id.bytes, hash, OID_BYTES);
    oid_format(&id, hex);
    memcpy(document->body + ID_AT, hex, OID_HEX_LEN);
    document->document.id = (struct str){ .ptr = document->body + ID_AT, .len = OID_HEX_LEN };
    document->has_id = true;
}
