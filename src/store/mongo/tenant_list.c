/*
 * tenant_list: a page of organizations with their accounts by three queries, whatever its size. An
 * organization whose account is just being changed together with it is looked at once more by
 * itself.
 */
#include "store/mongo/engine.h"

#include "base/arena.h"
#include "store/mongo/rows.h"

#include <stdlib.h>
#include <string.h>

#define MEMBERS_FIRST 256 /* room for memberships of a page, at first */

struct member_row {
    struct oid organization;
    struct oid account;
    struct str role;
};

/* What the three queries found. Rows are in order of their ids once they are sorted. */
struct page {
    struct mongo_store *engine;
    const struct call *call;
    struct organization_row *organizations;
    size_t organization_count;
    size_t organization_room;
    struct member_row *members;
    size_t member_count;
    size_t member_room;
    struct account_row *accounts; /* as many as there are members */
    size_t account_count;
    enum status status; /* of what a visit did */
};

static int compare_oids(const struct oid *a, const struct oid *b)
{
    return memcmp(a->bytes, b->bytes, OID_BYTES);
}

static bool note_organization(void *context, const bson_t *document)
{
    struct page *page = context;
    struct organization_row *row = &page->organizations[page->organization_count];

    page->status = row_organization(document, page->call, row);
    if (page->status == ST_OK) {
        page->organization_count++;
    }
    return page->status == ST_OK && page->organization_count < page->organization_room;
}

static enum status find_organizations(struct page *page, const struct oid *after, size_t limit)
{
    static const char *const seen[] = { STATUS_ACTIVE, STATUS_UPDATING, STATUS_RENAMING };
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;
    bson_t part;
    bson_t list;

    if (after) {
        bson_append_document_begin(&filter, F_ID, -1, &part);
        bson_put_oid(&part, "$gt", after);
        bson_append_document_end(&filter, &part);
    }
    bson_append_document_begin(&filter, F_STATUS, -1, &part);
    bson_append_array_begin(&part, "$in", -1, &list);
    bson_put_str(&list, "0", str_of(seen[0]));
    bson_put_str(&list, "1", str_of(seen[1]));
    bson_put_str(&list, "2", str_of(seen[2]));
    bson_append_array_end(&part, &list);
    bson_append_document_end(&filter, &part);
    bson_append_document_begin(&opts, "sort", -1, &part);
    bson_put_int(&part, F_ID, 1);
    bson_append_document_end(&opts, &part);
    bson_put_int(&opts, "limit", (int64_t)limit + 1); /* one more says whether there is more */
    page->organization_room = limit + 1;
    page->organizations =
        arena_alloc(page->call->mem, page->organization_room * sizeof(*page->organizations));
    TRY(mongo_find(page->engine->mongo, page->call, FROM_PRIMARY, C_ORGANIZATIONS, &filter, &opts,
                   note_organization, page));
    return page->status;
}

static void add_member(struct page *page, const struct member_row *member)
{
    if (page->member_count == page->member_room) {
        size_t room = page->member_room ? 2 * page->member_room : MEMBERS_FIRST;
        struct member_row *members = arena_alloc(page->call->mem, room * sizeof(*members));

        if (page->member_count > 0) {
            memcpy(members, page->members, page->member_count * sizeof(*members));
        }
        page->members = members;
        page->member_room = room;
    }
    page->members[page->member_count++] = *member;
}

static bool note_member(void *context, const bson_t *document)
{
    struct page *page = context;
    struct member_row member = { .role = STR("admin") };

    if (bson_get_oid(document, F_ORGANIZATION_ID, &member.organization) &&
        bson_get_oid(document, F_ADMIN_ID, &member.account)) {
        (void)bson_get_str(document, F_ROLE, page->call->mem, &member.role);
        add_member(page, &member);
    }
    if (page->member_count > (size_t)TENANT_MEMBERS_MAX * page->organization_room) {
        page->status = err_set(page->call->err, ST_BROKEN, "organizations have too many members");
    }
    return page->status == ST_OK;
}

/* Appends {member: {$in: [ids…]}}. */
static void put_in(bson_t *filter, const char *member, const struct oid *ids, size_t count)
{
    bson_t part;
    bson_t list;

    bson_append_document_begin(filter, member, -1, &part);
    bson_append_array_begin(&part, "$in", -1, &list);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *key;

        (void)bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof(buffer));
        bson_put_oid(&list, key, &ids[i]);
    }
    bson_append_array_end(&part, &list);
    bson_append_document_end(filter, &part);
}

static int compare_members(const void *a, const void *b)
{
    const struct member_row *left = a;
    const struct member_row *right = b;
    int order = compare_oids(&left->organization, &right->organization);

    return order ? order : compare_oids(&left->account, &right->account);
}

/* Sorted, each once: an administrator without a membership was added, one with one was there
 * before. */
static void sort_members(struct page *page)
{
    size_t kept = 0;

    if (page->member_count == 0) {
        return;
    }
    qsort(page->members, page->member_count, sizeof(*page->members), compare_members);
    for (size_t i = 1; i < page->member_count; i++) {
        if (compare_members(&page->members[kept], &page->members[i]) != 0) {
            page->members[++kept] = page->members[i];
        } else if (!page->members[kept].role.ptr) {
            page->members[kept].role = page->members[i].role;
        }
    }
    page->member_count = kept + 1;
    for (size_t i = 0; i < page->member_count; i++) {
        if (!page->members[i].role.ptr) {
            page->members[i].role = STR("admin");
        }
    }
}

static enum status find_members(struct page *page)
{
    struct oid *ids =
        arena_alloc(page->call->mem, (page->organization_count + 1) * sizeof(struct oid));
    BSON_AUTO filter = BSON_INITIALIZER;

    for (size_t i = 0; i < page->organization_count; i++) {
        ids[i] = page->organizations[i].organization.id;
    }
    put_in(&filter, F_ORGANIZATION_ID, ids, page->organization_count);
    TRY(mongo_find(page->engine->mongo, page->call, FROM_PRIMARY, C_MEMBERSHIPS, &filter, NULL,
                   note_member, page));
    TRY(page->status);
    for (size_t i = 0; i < page->organization_count; i++) {
        const struct organization_row *row = &page->organizations[i];

        if (row_has_admin(row)) {
            add_member(page, &(struct member_row){ .organization = row->organization.id,
                                                   .account = row->organization.admin_id });
        }
    }
    sort_members(page);
    return ST_OK;
}

static int compare_accounts(const void *a, const void *b)
{
    const struct account_row *left = a;
    const struct account_row *right = b;

    return compare_oids(&left->account.id, &right->account.id);
}

static bool note_account(void *context, const bson_t *document)
{
    struct page *page = context;

    page->status = row_account(document, page->call, &page->accounts[page->account_count]);
    if (page->status == ST_OK) {
        page->account_count++;
    }
    return page->status == ST_OK && page->account_count < page->member_count;
}

static enum status find_accounts(struct page *page)
{
    struct oid *ids = arena_alloc(page->call->mem, (page->member_count + 1) * sizeof(*ids));
    BSON_AUTO filter = BSON_INITIALIZER;

    for (size_t i = 0; i < page->member_count; i++) {
        ids[i] = page->members[i].account;
    }
    page->accounts =
        arena_alloc(page->call->mem, (page->member_count + 1) * sizeof(*page->accounts));
    if (page->member_count == 0) {
        return ST_OK;
    }
    put_in(&filter, F_ID, ids, page->member_count);
    TRY(mongo_find(page->engine->mongo, page->call, FROM_PRIMARY, C_ADMINS, &filter, NULL,
                   note_account, page));
    TRY(page->status);
    if (page->account_count > 0) {
        qsort(page->accounts, page->account_count, sizeof(*page->accounts), compare_accounts);
    }
    return ST_OK;
}

static const struct account_row *account_of(const struct page *page, const struct oid *id)
{
    struct account_row key = { .account = { .id = *id } };

    return page->account_count > 0
               ? bsearch(&key, page->accounts, page->account_count, sizeof(key), compare_accounts)
               : NULL;
}

/* Its part of the members, which are sorted as the organizations are. */
static void fill_members(const struct page *page, size_t *at, struct tenant *tenant)
{
    const struct oid *id = &tenant->organization.id;
    size_t end = *at;

    while (end < page->member_count && oid_equal(&page->members[end].organization, id)) {
        end++;
    }
    tenant->members = arena_alloc(page->call->mem, (end - *at + 1) * sizeof(*tenant->members));
    for (; *at < end; (*at)++) {
        const struct member_row *member = &page->members[*at];
        const struct account_row *account = account_of(page, &member->account);

        if (account) {
            tenant->members[tenant->member_count++] =
                (struct tenant_member){ .account = account->account, .role = member->role };
        }
    }
}

/* Whether all is of one moment: no change is under way, the administrator's account is there, and
 * no account was changed together with a later version of the organization. */
static bool fits(const struct page *page, const struct organization_row *row,
                 const struct tenant *tenant)
{
    if (row_is_pending(row) ||
        (row_has_admin(row) && !account_of(page, &row->organization.admin_id))) {
        return false;
    }
    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account_row *account = account_of(page, &tenant->members[i].account.id);

        if (account && oid_equal(&account->changed_by, &row->organization.id) &&
            account->changed_version > row->version) {
            return false;
        }
    }
    return true;
}

/* One that did not fit, by itself. ST_NO_ORGANIZATION: it is gone. */
static enum status look_again(struct page *page, struct tenant *tenant)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct organization_row row;
    struct account_row admin = { .version = 0 };

    bson_put_oid(&filter, F_ID, &tenant->organization.id);
    TRY(row_whole_organization(page->engine, page->call, FROM_PRIMARY, &filter, &row, &admin));
    tenant->organization = row.organization;
    for (size_t i = 0; i < tenant->member_count; i++) {
        if (oid_equal(&tenant->members[i].account.id, &admin.account.id)) {
            tenant->members[i].account = admin.account;
        }
    }
    return ST_OK;
}

/* As look-ups show it: see rows.c. */
static void show(struct tenant *tenant)
{
    struct organization *organization = &tenant->organization;

    for (size_t i = 0; i < tenant->member_count; i++) {
        const struct account *account = &tenant->members[i].account;

        if (oid_equal(&account->id, &organization->admin_id)) {
            organization->admin_email = account->email;
            if (organization->updated_ms < account->updated_ms) {
                organization->updated_ms = account->updated_ms;
            }
        }
    }
}

static enum status fill(struct page *page, size_t limit, struct tenant_page *ret_page)
{
    struct tenant_page filled = { .more = page->organization_count > limit };
    size_t count = filled.more ? limit : page->organization_count;
    size_t at = 0;

    filled.tenants = arena_alloc(page->call->mem, (count + 1) * sizeof(*filled.tenants));
    for (size_t i = 0; i < count; i++) {
        struct tenant *tenant = &filled.tenants[filled.count];
        enum status status = ST_OK;

        *tenant = (struct tenant){ .organization = page->organizations[i].organization };
        fill_members(page, &at, tenant);
        if (!fits(page, &page->organizations[i], tenant)) {
            status = look_again(page, tenant);
        }
        if (status != ST_OK && status != ST_NO_ORGANIZATION) {
            return status;
        }
        if (status == ST_OK) {
            show(tenant);
            filled.count++;
        }
    }
    *ret_page = filled;
    return ST_OK;
}

enum status mongo_tenant_list(struct store *store, const struct call *call, const struct oid *after,
                              size_t limit, struct tenant_page *ret_page)
{
    struct tenant_page filled;
    struct oid behind;

    for (;;) {
        struct page page = { .engine = mongo_engine(store), .call = call, .status = ST_OK };

        TRY(find_organizations(&page, after, limit));
        if (page.organization_count > 0) {
            TRY(find_members(&page));
            TRY(find_accounts(&page));
        }
        TRY(fill(&page, limit, &filled));
        if (filled.count > 0 || !filled.more) {
            break;
        }
        behind = page.organizations[limit - 1].organization.id; /* all of them went meanwhile */
        after = &behind;
    }
    *ret_page = filled;
    return ST_OK;
}
