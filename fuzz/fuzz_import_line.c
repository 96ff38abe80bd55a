/*
 * Fuzzes org/import_line: any bytes as a line. What is taken must hold what the store relies on, and
 * what is refused must say why.
 */
#include "org/import_line.h"

#include "must.h"

#include <stdint.h>
#include <string.h>

#define MEM_BYTES ((size_t)1 << 30)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_organization(const struct import_line *line)
{
    const struct organization *organization = &line->organization;

    MUST(line->admin_count >= 1 && line->admin_count <= TENANT_MEMBERS_MAX);
    MUST(organization->name.len > 0 && organization->name_key.len > 0 &&
         organization->slug.len > 0);
    MUST(oid_equal(&organization->admin_id, &line->admins[0].member.account.id));
    for (size_t i = 0; i < line->admin_count; i++) {
        const struct import_admin *admin = &line->admins[i];

        MUST(admin->member.account.email_key.len > 0);
        MUST(!admin->password.ptr == (admin->member.account.password_hash.ptr != NULL));
        MUST(admin->member.role.len > 0);
    }
}

static void check_documents(struct import_line *line)
{
    static const struct oid organization = { .bytes = { 1 } };

    MUST(line->kind != IMPORT_DOCUMENT || line->document_count == 1);
    for (size_t i = 0; i < line->document_count; i++) {
        struct import_document *document = &line->documents[i];

        import_document_name(document, &organization, 1, i);
        MUST(document->document.id.len > 0 && document->document.body.len > 0);
        MUST(memcmp(document->document.body.ptr, "{\"_id\":\"", 8) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;
    const struct import_rules rules = { .password_min_bytes = 8,
                                        .document_max_bytes = 65536,
                                        .large = &large };
    struct err err = { .text = "" };
    struct import_line line;
    struct arena mem;
    enum status status;

    arena_init(&mem, MEM_BYTES);
    status = import_line_read((struct str){ .ptr = (const char *)data, .len = size }, &rules, &mem,
                              &line, &err);
    if (status != ST_OK) {
        MUST(status == ST_BAD_JSON || status == ST_INVALID || status == ST_TOO_LARGE);
        MUST(err.text[0] != '\0' && line.kind != IMPORT_BLANK);
    } else if (line.kind != IMPORT_BLANK) {
        check_documents(&line);
        if (line.kind == IMPORT_ORGANIZATION) {
            check_organization(&line);
        }
    }
    arena_done(&mem);
    return 0;
}
