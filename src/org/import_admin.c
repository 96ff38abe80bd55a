/* The administrators in a line. */
#include "org/import_line.h"

#include "auth/password.h"
#include "base/clock.h"
#include "org/input.h"

#define ROLE_MAX_BYTES 64
#define SHOWN_BYTES 64

enum status import_text(const struct import_reader *reader, const json_t *value, const char *member,
                        struct str *ret_text)
{
    if (!json_is_string(value)) {
        return err_set(reader->err, ST_INVALID, "%s is no text", member);
    }
    *ret_text = arena_str(reader->mem, (struct str){ .ptr = json_string_value(value),
                                                     .len = json_string_length(value) });
    return ST_OK;
}

enum status import_id(const struct import_reader *reader, const json_t *value, const char *member,
                      struct oid *ret_id)
{
    struct str text = { .ptr = NULL };

    TRY(import_text(reader, value, member, &text));
    return oid_parse(text, ret_id)
               ? ST_OK
               : err_set(reader->err, ST_INVALID, "%s is no id of 24 hex digits", member);
}

enum status import_time(const struct import_reader *reader, const json_t *value, const char *member,
                        int64_t *ret_ms)
{
    struct str text = { .ptr = NULL };

    TRY(import_text(reader, value, member, &text));
    return clock_parse_ms(text, ret_ms)
               ? ST_OK
               : err_set(reader->err, ST_INVALID, "%s is no time such as 2026-01-31T12:00:00.000Z",
                         member);
}

static enum status read_email(const struct import_reader *reader, const json_t *value,
                              struct account *account)
{
    struct input input = { .where = "line", .member = "email" };
    struct invalid invalid = { .count = 0 };

    TRY(import_text(reader, value, "email", &input.text));
    if (input_email(&input, reader->mem, &invalid, &account->email_key) != ST_OK) {
        return err_set(reader->err, ST_INVALID, "email: %s", invalid.entries[0].msg);
    }
    account->email = input.text;
    return ST_OK;
}

static enum status read_password(const struct import_reader *reader, const json_t *value,
                                 struct str *ret_password)
{
    struct input input = { .where = "line", .member = "password" };
    struct invalid invalid = { .count = 0 };

    TRY(import_text(reader, value, "password", &input.text));
    if (input_password(&input, reader->rules->password_min_bytes, &invalid) != ST_OK) {
        return err_set(reader->err, ST_INVALID, "password: %s", invalid.entries[0].msg);
    }
    *ret_password = input.text;
    return ST_OK;
}

static enum status read_hash(const struct import_reader *reader, const json_t *value,
                             struct str *ret_hash)
{
    TRY(import_text(reader, value, "password_hash", ret_hash));
    return password_hash_is_known(*ret_hash)
               ? ST_OK
               : err_set(reader->err, ST_INVALID,
                         "password_hash is none that logins know: $argon2id$, $argon2i$, "
                         "$pbkdf2-sha256$, $2a$, $2b$ or $2y$, whole and within their bounds");
}

static enum status read_role(const struct import_reader *reader, const json_t *value,
                             struct str *ret_role)
{
    TRY(import_text(reader, value, "role", ret_role));
    if (ret_role->len == 0 || ret_role->len > ROLE_MAX_BYTES || text_has_control(*ret_role)) {
        return err_set(reader->err, ST_INVALID, "role has 1 to %d bytes and no control characters",
                       ROLE_MAX_BYTES);
    }
    return ST_OK;
}

static enum status read_version(const struct import_reader *reader, const json_t *value,
                                int64_t *ret_version)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > IMPORT_VERSION_MAX) {
        return err_set(reader->err, ST_INVALID, "password_version is no number from 0 to %d",
                       IMPORT_VERSION_MAX);
    }
    *ret_version = json_integer_value(value);
    return ST_OK;
}

enum status import_admin_member(const struct import_reader *reader, const char *key,
                                const json_t *value, struct import_admin *admin, bool *ret_known)
{
    struct account *account = &admin->member.account;

    *ret_known = true;
    if (strcmp(key, "email") == 0) {
        return read_email(reader, value, account);
    }
    if (strcmp(key, "password") == 0) {
        return read_password(reader, value, &admin->password);
    }
    if (strcmp(key, "password_hash") == 0) {
        return read_hash(reader, value, &account->password_hash);
    }
    if (strcmp(key, "password_version") == 0) {
        admin->has_version = true;
        return read_version(reader, value, &account->password_version);
    }
    if (strcmp(key, "role") == 0) {
        admin->has_role = true;
        return read_role(reader, value, &admin->member.role);
    }
    *ret_known = false;
    return ST_OK;
}

enum status import_admin_finish(const struct import_reader *reader, struct import_admin *admin)
{
    struct account *account = &admin->member.account;

    if (!account->email.ptr) {
        return err_set(reader->err, ST_INVALID, "an administrator has no email");
    }
    if (!admin->password.ptr == !account->password_hash.ptr) {
        return err_set(reader->err, ST_INVALID,
                       "an administrator has either password or password_hash");
    }
    if (!admin->has_id) {
        account->id = oid_new();
    }
    if (!admin->has_role) {
        admin->member.role = STR("admin");
    }
    return ST_OK;
}

enum status import_admin_read(const struct import_reader *reader, const json_t *object,
                              struct import_admin *ret_admin)
{
    struct import_admin admin = { .has_id = false };
    struct account *account = &admin.member.account;
    const char *key;
    json_t *value;

    if (!json_is_object(object)) {
        return err_set(reader->err, ST_INVALID, "an administrator is no object");
    }
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        bool is_known = true;

        if (strcmp(key, "id") == 0) {
            admin.has_id = true;
            TRY(import_id(reader, value, "an administrator's id", &account->id));
        } else if (strcmp(key, "created_at") == 0) {
            admin.has_created = true;
            TRY(import_time(reader, value, "an administrator's created_at", &account->created_ms));
        } else if (strcmp(key, "updated_at") == 0) {
            admin.has_updated = true;
            TRY(import_time(reader, value, "an administrator's updated_at", &account->updated_ms));
        } else {
            TRY(import_admin_member(reader, key, value, &admin, &is_known));
        }
        if (!is_known) {
            return err_set(reader->err, ST_INVALID, "an administrator has no member \"%.*s\"",
                           SHOWN_BYTES, key);
        }
    }
    TRY(import_admin_finish(reader, &admin));
    *ret_admin = admin;
    return ST_OK;
}
