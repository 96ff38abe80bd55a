/* What the tests of moving share: tenants made, put, listed and compared. */
#include "suite.h"

const struct tenant_query suite_all_tenants = { .limit = 500, .max_bytes = SIZE_MAX };

/* A tenant called tag, with an id of its own and values that no verb would have made: times that
 * differ, a password that was changed seven times. */
struct tenant suite_tenant(struct fixture *f, const char *tag)
{
    struct new_organization names = suite_new(&f->mem, tag);
    struct tenant tenant = {
        .organization = { .id = names.id,
                          .name = names.name,
                          .name_key = names.name_key,
                          .slug = names.slug,
                          .admin_id = names.account_id,
                          .admin_email = names.email,
                          .created_ms = 1111,
                          .updated_ms = 4444 },
        .members = arena_alloc(&f->mem, sizeof(struct tenant_member)),
        .member_count = 1,
    };

    tenant.members[0] = (struct tenant_member){
        .account = { .id = names.account_id,
                     .email = names.email,
                     .email_key = names.email_key,
                     .password_hash = names.password_hash,
                     .password_version = 7,
                     .created_ms = 2222,
                     .updated_ms = 3333 },
        .role = STR("admin"),
    };
    return tenant;
}

/* One member more, in order of ids. */
void suite_add_member(struct fixture *f, struct tenant *tenant, const struct tenant_member *member)
{
    struct tenant_member *members =
        arena_alloc(&f->mem, (tenant->member_count + 1) * sizeof(*members));
    size_t at = 0;

    while (at < tenant->member_count &&
           memcmp(tenant->members[at].account.id.bytes, member->account.id.bytes, OID_BYTES) < 0) {
        members[at] = tenant->members[at];
        at++;
    }
    members[at] = *member;
    for (; at < tenant->member_count; at++) {
        members[at + 1] = tenant->members[at];
    }
    tenant->members = members;
    tenant->member_count++;
}

void suite_assert_text(struct str actual, struct str expected)
{
    if (!str_equal(actual, expected)) {
        fail_msg("\"%.*s\" is not \"%.*s\"", STR_ARG(actual), STR_ARG(expected));
    }
}

void suite_assert_account(const struct account *actual, const struct account *expected)
{
    assert_true(oid_equal(&actual->id, &expected->id));
    suite_assert_text(actual->email, expected->email);
    suite_assert_text(actual->email_key, expected->email_key);
    suite_assert_text(actual->password_hash, expected->password_hash);
    assert_int_equal(actual->password_version, expected->password_version);
    assert_int_equal(actual->created_ms, expected->created_ms);
    assert_int_equal(actual->updated_ms, expected->updated_ms);
}

void suite_assert_organization(const struct organization *actual,
                               const struct organization *expected)
{
    assert_true(oid_equal(&actual->id, &expected->id));
    suite_assert_text(actual->name, expected->name);
    suite_assert_text(actual->name_key, expected->name_key);
    suite_assert_text(actual->slug, expected->slug);
    assert_true(oid_equal(&actual->admin_id, &expected->admin_id));
    suite_assert_text(actual->admin_email, expected->admin_email);
    assert_int_equal(actual->created_ms, expected->created_ms);
    assert_int_equal(actual->updated_ms, expected->updated_ms);
}

void suite_assert_tenant(const struct tenant *actual, const struct tenant *expected)
{
    suite_assert_organization(&actual->organization, &expected->organization);
    assert_int_equal(actual->member_count, expected->member_count);
    for (size_t i = 0; i < expected->member_count; i++) {
        suite_assert_account(&actual->members[i].account, &expected->members[i].account);
        suite_assert_text(actual->members[i].role, expected->members[i].role);
    }
}

void suite_put_tenant(struct fixture *f, const struct tenant *tenant)
{
    enum status status = store_tenant_put(f->store, &f->call, tenant);

    if (status != ST_OK) {
        fail_msg("tenant_put: %s: %s", status_code(status), f->err.text);
    }
}

/* The one tenant of an id, as the list has it. */
struct tenant suite_listed(struct fixture *f, const struct oid *id)
{
    struct tenant_page page;

    assert_status(store_tenant_list(f->store, &f->call, &suite_all_tenants, &page), ST_OK);
    for (size_t i = 0; i < page.count; i++) {
        if (oid_equal(&page.tenants[i].organization.id, id)) {
            return page.tenants[i];
        }
    }
    fail_msg("a tenant is not listed");
    return (struct tenant){ .member_count = 0 };
}
