/* Reading a line: its tree, then each member by its rule. */
#include "org/import_line.h"

#include "base/clock.h"
#include "org/input.h"
#include "json/json.h"

#include <stdlib.h>

#define DEPTH_AROUND 2 /* containers around a document in a line */
#define SHOWN_BYTES 64
#define LARGE_TREE_BYTES ((size_t)16 * 1024 * 1024)

static enum status unknown_member(const struct import_reader *reader, const char *line,
                                  const char *key)
{
    return err_set(reader->err, ST_INVALID, "a line for %s has no member \"%.*s\"", line,
                   SHOWN_BYTES, key);
}

static enum status read_name(const struct import_reader *reader, const json_t *value,
                             struct name *ret_name)
{
    struct input input = { .where = "line", .member = "organization_name" };
    struct invalid invalid = { .count = 0 };

    TRY(import_text(reader, value, "organization_name", &input.text));
    if (input_name(&input, reader->mem, &invalid, ret_name) != ST_OK) {
        return err_set(reader->err, ST_INVALID, "organization_name: %s", invalid.entries[0].msg);
    }
    return ST_OK;
}

/* a-z, 0-9 and '_' between them. */
static bool is_slug(struct str slug)
{
    if (slug.len == 0 || slug.len > SLUG_MAX + SLUG_SUFFIX_LEN || slug.ptr[0] == '_' ||
        slug.ptr[slug.len - 1] == '_') {
        return false;
    }
    for (size_t i = 0; i < slug.len; i++) {
        char c = slug.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return true;
}

static enum status read_documents(const struct import_reader *reader, const json_t *list,
                                  struct import_line *line)
{
    size_t count = json_array_size(list);

    if (!json_is_array(list) || count > IMPORT_DOCUMENTS_MAX) {
        return err_set(reader->err, ST_INVALID,
                       "documents is no array of at most %d: more have a line for each",
                       IMPORT_DOCUMENTS_MAX);
    }
    line->documents = arena_alloc(reader->mem, (count + 1) * sizeof(*line->documents));
    line->document_count = count;
    for (size_t i = 0; i < count; i++) {
        TRY(import_document_read(reader, json_array_get(list, i), &line->documents[i]));
    }
    return ST_OK;
}

static enum status read_admins(const struct import_reader *reader, const json_t *list,
                               struct import_line *line)
{
    size_t count = json_array_size(list);

    if (!json_is_array(list) || count == 0 || count > TENANT_MEMBERS_MAX) {
        return err_set(reader->err, ST_INVALID, "admins is no array of 1 to %d administrators",
                       TENANT_MEMBERS_MAX);
    }
    line->admins = arena_alloc(reader->mem, count * sizeof(*line->admins));
    line->admin_count = count;
    for (size_t i = 0; i < count; i++) {
        TRY(import_admin_read(reader, json_array_get(list, i), &line->admins[i]));
    }
    return ST_OK;
}

/* The members that stand for themselves. *ret_known false: not one of these. */
static enum status read_own_member(const struct import_reader *reader, const char *key,
                                   const json_t *value, struct import_line *line, bool *ret_known)
{
    struct organization *organization = &line->organization;

    *ret_known = true;
    if (strcmp(key, "organization_name") == 0) {
        return read_name(reader, value, &line->name);
    }
    if (strcmp(key, "id") == 0) {
        line->has_id = true;
        return import_id(reader, value, "id", &organization->id);
    }
    if (strcmp(key, "slug") == 0) {
        line->has_slug = true;
        return import_text(reader, value, "slug", &organization->slug);
    }
    if (strcmp(key, "created_at") == 0) {
        line->has_created = true;
        return import_time(reader, value, "created_at", &organization->created_ms);
    }
    if (strcmp(key, "updated_at") == 0) {
        line->has_updated = true;
        return import_time(reader, value, "updated_at", &organization->updated_ms);
    }
    if (strcmp(key, "admins") == 0) {
        return read_admins(reader, value, line);
    }
    if (strcmp(key, "documents") == 0) {
        return read_documents(reader, value, line);
    }
    *ret_known = false;
    return ST_OK;
}

/* Its slug: the one that is given, else the plain one of its name, else its id. */
static enum status settle_slug(const struct import_reader *reader, struct import_line *line)
{
    struct organization *organization = &line->organization;
    char hex[OID_HEX_LEN + 1];
    struct oid other;

    if (line->has_slug) {
        bool is_id = oid_parse(organization->slug, &other);

        return is_slug(organization->slug) && (!is_id || oid_equal(&other, &organization->id))
                   ? ST_OK
                   : err_set(reader->err, ST_INVALID,
                             "slug has 1 to %d of a-z and 0-9, with _ between them, and is no "
                             "other organization's id",
                             SLUG_MAX + SLUG_SUFFIX_LEN);
    }
    organization->slug = line->name.slug;
    if (organization->slug.len == 0) {
        oid_format(&organization->id, hex);
        organization->slug = arena_str(reader->mem, str_of(hex));
    }
    return ST_OK;
}

static void settle_times(const struct import_reader *reader, struct import_line *line)
{
    struct organization *organization = &line->organization;

    if (!line->has_created) {
        organization->created_ms = line->has_updated ? organization->updated_ms : reader->now_ms;
    }
    if (!line->has_updated) {
        organization->updated_ms = organization->created_ms;
    }
    for (size_t i = 0; i < line->admin_count; i++) {
        struct import_admin *admin = &line->admins[i];
        struct account *account = &admin->member.account;

        if (!admin->has_created) {
            account->created_ms =
                admin->has_updated ? account->updated_ms : organization->created_ms;
        }
        if (!admin->has_updated) {
            account->updated_ms = account->created_ms;
        }
    }
}

static int compare_emails(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(((const struct oid *)a)->bytes, ((const struct oid *)b)->bytes, OID_BYTES);
}

static enum status refuse_doubles(const struct import_reader *reader,
                                  const struct import_line *line)
{
    size_t count = line->admin_count;
    struct str *emails;
    struct oid *ids;

    if (count < 2) {
        return ST_OK;
    }
    emails = arena_alloc(reader->mem, count * sizeof(*emails));
    ids = arena_alloc(reader->mem, count * sizeof(*ids));
    for (size_t i = 0; i < count; i++) {
        emails[i] = line->admins[i].member.account.email_key;
        ids[i] = line->admins[i].member.account.id;
    }
    qsort(emails, count, sizeof(*emails), compare_emails);
    qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 1; i < count; i++) {
        if (str_equal(emails[i - 1], emails[i])) {
            return err_set(reader->err, ST_INVALID, "two administrators have one address");
        }
        if (oid_equal(&ids[i - 1], &ids[i])) {
            return err_set(reader->err, ST_INVALID, "two administrators have one id");
        }
    }
    return ST_OK;
}

/* What is there once every member was read. first: the administrator that the line itself holds. */
static enum status finish_organization(const struct import_reader *reader, bool has_first,
                                       const struct import_admin *first, struct import_line *line)
{
    struct organization *organization = &line->organization;

    if (!line->name.text.ptr) {
        return err_set(reader->err, ST_INVALID, "organization_name is missing");
    }
    if (has_first && line->admins) {
        return err_set(reader->err, ST_INVALID,
                       "administrators are in admins, or there is one in the line itself");
    }
    if (!line->admins) {
        line->admins = arena_alloc(reader->mem, sizeof(*line->admins));
        line->admins[0] = *first;
        line->admin_count = 1;
        TRY(import_admin_finish(reader, &line->admins[0]));
    }
    if (!line->has_id) {
        organization->id = oid_new();
    }
    organization->name = line->name.text;
    organization->name_key = line->name.key;
    organization->admin_id = line->admins[0].member.account.id;
    organization->admin_email = line->admins[0].member.account.email;
    settle_times(reader, line);
    TRY(settle_slug(reader, line));
    return refuse_doubles(reader, line);
}

static enum status read_organization(const struct import_reader *reader, const json_t *object,
                                     struct import_line *line)
{
    struct import_admin first = { .has_id = false };
    bool has_first = false;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        bool is_known = false;

        TRY(read_own_member(reader, key, value, line, &is_known));
        if (!is_known) {
            TRY(import_admin_member(reader, key, value, &first, &is_known));
            has_first = has_first || is_known;
        }
        if (!is_known) {
            return unknown_member(reader, "an organization", key);
        }
    }
    return finish_organization(reader, has_first, &first, line);
}

static enum status read_document_line(const struct import_reader *reader, const json_t *object,
                                      struct import_line *line)
{
    bool is_text = false;
    struct name name;
    const char *key;
    json_t *value;

    line->kind = IMPORT_DOCUMENT;
    line->documents = arena_alloc(reader->mem, sizeof(*line->documents));
    line->document_count = 1;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (strcmp(key, "document") == 0) {
            TRY(import_document_read(reader, value, &line->documents[0]));
        } else if (strcmp(key, "organization_id") == 0) {
            line->by_id = true;
            TRY(import_id(reader, value, "organization_id", &line->organization_id));
        } else if (strcmp(key, "organization_name") == 0) {
            TRY(read_name(reader, value, &name));
            line->name_key = name.key;
        } else if (strcmp(key, "id_is_text") == 0 && json_is_boolean(value)) {
            is_text = json_is_true(value);
        } else {
            return unknown_member(reader, "a document", key);
        }
    }
    if (line->by_id && line->name_key.ptr) {
        return err_set(reader->err, ST_INVALID,
                       "organization_id or organization_name says whose it is, not both");
    }
    line->documents[0].document.id_kind = is_text ? ID_TEXT : ID_ANY;
    return ST_OK;
}

static enum status read_object(const struct import_reader *reader, struct str text,
                               struct import_line *line)
{
    json_auto_t *object = NULL;

    TRY(json_parse_within(text, JSON_DEPTH_MAX + DEPTH_AROUND, &object, reader->err));
    if (!json_is_object(object)) {
        return err_set(reader->err, ST_INVALID, "a line is a JSON object");
    }
    return json_object_get(object, "document") ? read_document_line(reader, object, line)
                                               : read_organization(reader, object, line);
}

enum status import_line_read(struct str text, const struct import_rules *rules, struct arena *mem,
                             struct import_line *ret_line, struct err *err)
{
    struct import_reader reader = {
        .rules = rules, .mem = mem, .err = err, .now_ms = clock_now_ms()
    };
    struct import_line line = { .kind = IMPORT_ORGANIZATION };
    size_t bytes = json_tree_bytes(text);
    enum status status;

    if (json_is_blank(text)) {
        ret_line->kind = IMPORT_BLANK;
        return ST_OK;
    }
    ret_line->kind = IMPORT_ORGANIZATION;
    if (bytes > IMPORT_TREE_BYTES) {
        return err_set(err, ST_TOO_LARGE, "its values take more memory than %zu MiB",
                       IMPORT_TREE_BYTES >> 20);
    }
    if (bytes > LARGE_TREE_BYTES) {
        (void)pthread_mutex_lock(rules->large);
    }
    status = read_object(&reader, text, &line);
    ret_line->kind = line.kind;
    if (bytes > LARGE_TREE_BYTES) {
        (void)pthread_mutex_unlock(rules->large);
    }
    TRY(status);
    *ret_line = line;
    return ST_OK;
}
