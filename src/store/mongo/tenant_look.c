/* The four queries, and putting together what they find. */
#include "store/mongo/tenant_look.h"

#include "base/arena.h"

#include <stdlib.h>

#define MEMBERS_FIRST 256 /* room for memberships of a page, at first */
#define MEMBER_BYTES 1024 /* what one is taken to come to, with its account */
#define PAGE_BYTES_MAX ((size_t)64 * 1024 * 1024) /* whatever a caller asks for */
#define TEXT_BYTES_MAX                                                                             \
    ((size_t)256 * 1024 * 1024) /* of one query's rows, which a seed's can be long */

struct member_row {
    struct oid organization;
    struct oid account;
    struct str role; /* ptr NULL: no membership says it */
};

/* A look under way. Rows are in order of their ids. */
struct look {
    struct mongo_store *engine;
    const struct call *call;
    size_t max_bytes;
    struct organization_row *organizations;
    bool *are_steady; /* by organization */
    size_t organization_count;
    size_t organization_room;
    bool more;
    struct member_row *members;
    size_t member_count;
    size_t member_room;
    size_t member_run;            /* of the organization that the last one belongs to */
    struct account_row *accounts; /* as many as there are members */
    size_t account_count;
    size_t bytes;       /* of the query under way */
    enum status status; /* of what a visit did */
};

static int compare_oids(const void *a, const void *b)
{
    return memcmp(((const struct oid *)a)->bytes, ((const struct oid *)b)->bytes, OID_BYTES);
}

static enum status add_bytes(struct look *look, size_t bytes)
{
    look->bytes += bytes;
    return look->bytes <= TEXT_BYTES_MAX
               ? ST_OK
               : err_set(look->call->err, ST_BROKEN,
                         "organizations or accounts come to more than %zu bytes at once",
                         TEXT_BYTES_MAX);
}

static bool note_organization(void *context, const bson_t *document)
{
    struct look *look = context;
    struct organization_row *row = &look->organizations[look->organization_count];
    const struct organization *organization = &row->organization;

    look->status = row_organization(document, look->call, row);
    if (look->status == ST_OK) {
        look->organization_count++;
        look->status =
            add_bytes(look, sizeof(*row) + organization->name.len + organization->name_key.len +
                                organization->slug.len + organization->collection.len);
    }
    if (look->organization_count == look->organization_room ||
        (look->organization_count > 1 && look->bytes > look->max_bytes)) {
        look->organization_count--; /* it only says that there is more */
        look->more = true;
    }
    return look->status == ST_OK && !look->more;
}

static enum status find_organizations(struct look *look, const bson_t *wanted, size_t limit)
{
    static const char *const seen[] = { STATUS_ACTIVE, STATUS_UPDATING, STATUS_RENAMING };
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;

    (void)bson_concat(&filter, wanted);
    BCON_APPEND(&filter, F_STATUS, "{", "$in", "[", BCON_UTF8(seen[0]), BCON_UTF8(seen[1]),
                BCON_UTF8(seen[2]), "]", "}");
    BCON_APPEND(&opts, "sort", "{", F_ID, BCON_INT32(1), "}", "limit",
                BCON_INT64((int64_t)limit + 1));
    look->organization_room = limit + 1;
    look->organizations =
        arena_alloc(look->call->mem, look->organization_room * sizeof(*look->organizations));
    TRY(mongo_find(look->engine->mongo, look->call, FROM_PRIMARY, C_ORGANIZATIONS, &filter, &opts,
                   note_organization, look));
    return look->status;
}

static void add_member(struct look *look, const struct member_row *member)
{
    if (!look->members || look->member_count == look->member_room) {
        size_t room = look->member_room ? 2 * look->member_room : MEMBERS_FIRST;
        struct member_row *members = arena_alloc(look->call->mem, room * sizeof(*members));

        if (look->members) {
            memcpy(members, look->members, look->member_count * sizeof(*members));
        }
        look->members = members;
        look->member_room = room;
    }
    look->members[look->member_count++] = *member;
}

/* Organizations from this one on are left for another page. */
static void cut_at(struct look *look, const struct oid *organization)
{
    while (look->organization_count > 0 &&
           compare_oids(&look->organizations[look->organization_count - 1].organization.id,
                        organization) >= 0) {
        look->organization_count--;
    }
    look->more = true;
}

/* They come by organization: so where the page is full, it ends before the next one. */
static bool note_member(void *context, const bson_t *document)
{
    struct look *look = context;
    struct member_row member = { .role = STR("admin") };
    const struct member_row *last =
        look->member_count > 0 ? &look->members[look->member_count - 1] : NULL;

    if (!bson_get_oid(document, F_ORGANIZATION_ID, &member.organization) ||
        !bson_get_oid(document, F_ADMIN_ID, &member.account)) {
        return true;
    }
    if (!last || !oid_equal(&last->organization, &member.organization)) {
        if (last && look->bytes > look->max_bytes) {
            cut_at(look, &member.organization);
            return false;
        }
        look->member_run = 0;
    }
    if (++look->member_run > TENANT_MEMBERS_MAX) {
        look->status = err_set(look->call->err, ST_BROKEN,
                               "an organization has more than %d members", TENANT_MEMBERS_MAX);
        return false;
    }
    (void)bson_get_str(document, F_ROLE, look->call->mem, &member.role);
    look->status = add_bytes(look, MEMBER_BYTES + member.role.len);
    add_member(look, &member);
    return look->status == ST_OK;
}

/* Appends {member: {$in: [ids…]}}; ids are stride bytes apart. */
static void put_in(bson_t *filter, const char *member, const void *ids, size_t stride, size_t count)
{
    bson_t part;
    bson_t list;

    bson_append_document_begin(filter, member, -1, &part);
    bson_append_array_begin(&part, "$in", -1, &list);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *key;

        (void)bson_uint32_to_string((uint32_t)i, &key, buffer, sizeof(buffer));
        bson_put_oid(&list, key, (const struct oid *)((const char *)ids + i * stride));
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
static void sort_members(struct look *look)
{
    size_t kept = 0;

    if (look->member_count == 0) {
        return;
    }
    qsort(look->members, look->member_count, sizeof(*look->members), compare_members);
    for (size_t i = 1; i < look->member_count; i++) {
        if (compare_members(&look->members[kept], &look->members[i]) != 0) {
            look->members[++kept] = look->members[i];
        } else if (!look->members[kept].role.ptr) {
            look->members[kept].role = look->members[i].role;
        }
    }
    look->member_count = kept + 1;
    for (size_t i = 0; i < look->member_count; i++) {
        if (!look->members[i].role.ptr) {
            look->members[i].role = STR("admin");
        }
    }
}

static enum status find_members(struct look *look)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;

    look->bytes = 0;
    put_in(&filter, F_ORGANIZATION_ID, &look->organizations[0].organization.id,
           sizeof(*look->organizations), look->organization_count);
    BCON_APPEND(&opts, "sort", "{", F_ORGANIZATION_ID, BCON_INT32(1), F_ADMIN_ID, BCON_INT32(1),
                "}");
    TRY(mongo_find(look->engine->mongo, look->call, FROM_PRIMARY, C_MEMBERSHIPS, &filter, &opts,
                   note_member, look));
    TRY(look->status);
    for (size_t i = 0; i < look->organization_count; i++) {
        const struct organization_row *row = &look->organizations[i];

        if (row_has_admin(row)) {
            add_member(look, &(struct member_row){ .organization = row->organization.id,
                                                   .account = row->organization.admin_id });
        }
    }
    sort_members(look);
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
    struct look *look = context;
    struct account_row *row = &look->accounts[look->account_count];
    const struct account *account = &row->account;

    look->status = row_account(document, look->call, row);
    if (look->status == ST_OK) {
        look->account_count++;
        look->status = add_bytes(look, sizeof(*row) + account->email.len + account->email_key.len +
                                           account->password_hash.len);
    }
    return look->status == ST_OK && look->account_count < look->member_count;
}

static enum status find_accounts(struct look *look)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    look->bytes = 0;
    look->accounts =
        arena_alloc(look->call->mem, (look->member_count + 1) * sizeof(*look->accounts));
    if (look->member_count == 0) {
        return ST_OK;
    }
    put_in(&filter, F_ID, &look->members[0].account, sizeof(*look->members), look->member_count);
    TRY(mongo_find(look->engine->mongo, look->call, FROM_PRIMARY, C_ADMINS, &filter, NULL,
                   note_account, look));
    TRY(look->status);
    if (look->account_count > 0) {
        qsort(look->accounts, look->account_count, sizeof(*look->accounts), compare_accounts);
    }
    return ST_OK;
}

static int compare_organizations(const void *a, const void *b)
{
    const struct organization_row *left = a;
    const struct organization_row *right = b;

    return compare_oids(&left->organization.id, &right->organization.id);
}

static bool note_version(void *context, const bson_t *document)
{
    struct look *look = context;
    struct organization_row now = { .version = 0 };
    const struct organization_row *row;

    (void)bson_get_oid(document, F_ID, &now.organization.id);
    (void)bson_get_int(document, F_VERSION, &now.version);
    row = bsearch(&now, look->organizations, look->organization_count, sizeof(now),
                  compare_organizations);
    if (row) {
        look->are_steady[row - look->organizations] = row->version == now.version;
    }
    return true;
}

static enum status find_versions(struct look *look)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;

    look->are_steady = arena_alloc(look->call->mem, look->organization_count);
    put_in(&filter, F_ID, &look->organizations[0].organization.id, sizeof(*look->organizations),
           look->organization_count);
    BCON_APPEND(&opts, "projection", "{", F_VERSION, BCON_INT32(1), "}");
    return mongo_find(look->engine->mongo, look->call, FROM_PRIMARY, C_ORGANIZATIONS, &filter,
                      &opts, note_version, look);
}

static const struct account_row *account_of(const struct look *look, const struct oid *id)
{
    struct account_row key = { .account = { .id = *id } };

    return look->account_count > 0
               ? bsearch(&key, look->accounts, look->account_count, sizeof(key), compare_accounts)
               : NULL;
}

/* One organization with its part of the members, which are sorted as the organizations are. */
static void put_together(const struct look *look, size_t *at, struct tenant_look *one)
{
    struct tenant *tenant = &one->tenant;
    size_t end = *at;

    *tenant = (struct tenant){ .organization = one->row.organization };
    while (end < look->member_count &&
           oid_equal(&look->members[end].organization, &tenant->organization.id)) {
        end++;
    }
    tenant->members = arena_alloc(look->call->mem, (end - *at + 1) * sizeof(*tenant->members));
    for (; *at < end; (*at)++) {
        const struct member_row *member = &look->members[*at];
        const struct account_row *account = account_of(look, &member->account);

        if (account) {
            tenant->members[tenant->member_count++] =
                (struct tenant_member){ .account = account->account, .role = member->role };
            one->is_ahead =
                one->is_ahead || (oid_equal(&account->changed_by, &tenant->organization.id) &&
                                  account->changed_version > one->row.version);
        }
    }
    if (!account_of(look, &tenant->organization.admin_id)) {
        tenant->organization.admin_id = (struct oid){ 0 };
    }
}

enum status tenant_look(struct mongo_store *engine, const struct call *call, const bson_t *filter,
                        size_t limit, size_t max_bytes, struct tenant_looks *ret_looks)
{
    struct look look = { .engine = engine,
                         .call = call,
                         .max_bytes = max_bytes < PAGE_BYTES_MAX ? max_bytes : PAGE_BYTES_MAX };
    struct tenant_looks found = { .looks = NULL };
    size_t at = 0;

    TRY(find_organizations(&look, filter, limit));
    if (look.organization_count > 0) {
        TRY(find_members(&look));
        TRY(find_accounts(&look));
        TRY(find_versions(&look));
        found.looks = arena_alloc(call->mem, look.organization_count * sizeof(*found.looks));
    }
    for (; found.count < look.organization_count; found.count++) {
        struct tenant_look *one = &found.looks[found.count];

        one->row = look.organizations[found.count];
        one->is_steady = look.are_steady[found.count];
        put_together(&look, &at, one);
    }
    found.more = look.more;
    *ret_looks = found;
    return ST_OK;
}
