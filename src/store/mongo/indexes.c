/* The table of indexes, and how what is there compares with it. */
#include "store/mongo/indexes.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "store/mongo/doubles.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"

#define MEMBERS_MAX 2
#define TEXT_MAX 512

struct wanted {
    const char *collection;
    const char *name;
    const char *members[MEMBERS_MAX];
    bool unique;
};

static const struct wanted wanted[] = {
    { C_ORGANIZATIONS, "name_key_1", { F_NAME_KEY }, true },
    { C_ORGANIZATIONS, "slug_1", { F_SLUG }, true },
    { C_ORGANIZATIONS, "status_1", { F_STATUS }, false },
    { C_ORGANIZATIONS, "admin_id_1", { F_ADMIN_ID }, false },
    { C_ADMINS, "email_key_1", { F_EMAIL_KEY }, true },
    { C_MEMBERSHIPS, "organization_id_1_admin_id_1", { F_ORGANIZATION_ID, F_ADMIN_ID }, true },
    { C_MEMBERSHIPS, "admin_id_1", { F_ADMIN_ID }, false },
};

#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

/* Members of seeds' documents that another program may have made unique: orgd moves, removes or
 * decides them itself. A sub-document's members are meant with it. */
static const struct {
    const char *collection;
    const char *members[18];
} settled[] = {
    { C_ORGANIZATIONS,
      { F_NAME, "name", F_SLUG, F_COLLECTION, "collection", F_ADMIN_ID, "admin_user_id", "admin",
        "admin_user", "admins", "admin_users", "admin_email", "email", "createdAt" } },
    { C_ADMINS,
      { F_EMAIL, "admin_email", "username", "password", "hashed_password", "password_hash",
        "createdAt" } },
    { C_MEMBERSHIPS, { NULL } },
};

#define COLLECTIONS (sizeof(settled) / sizeof(settled[0]))

/* An index as the server lists it. */
struct listed {
    const char *collection;
    const char *name;
    bson_t keys; /* static */
    bool unique;
    bool is_whole; /* neither partial nor sparse */
};

/* Looks at each index of a collection; visit returns what stops it, or ST_OK. */
typedef enum status visit_fn(void *context, const struct listed *index);

static enum status visit_row(const bson_t *row, const char *collection, visit_fn *visit,
                             void *context)
{
    struct listed index = { .collection = collection };
    const uint8_t *bytes = NULL;
    uint32_t len = 0;
    bson_iter_t at;

    if (!bson_iter_init_find(&at, row, "name") || !BSON_ITER_HOLDS_UTF8(&at)) {
        return ST_OK;
    }
    index.name = bson_iter_utf8(&at, NULL);
    if (!bson_iter_init_find(&at, row, "key") || !BSON_ITER_HOLDS_DOCUMENT(&at)) {
        return ST_OK;
    }
    bson_iter_document(&at, &len, &bytes);
    if (!bson_init_static(&index.keys, bytes, len) || strcmp(index.name, "_id_") == 0) {
        return ST_OK;
    }
    index.unique = bson_iter_init_find(&at, row, "unique") && bson_iter_as_bool(&at);
    index.is_whole = !bson_has_field(row, "partialFilterExpression") &&
                     !(bson_iter_init_find(&at, row, "sparse") && bson_iter_as_bool(&at));
    return visit(context, &index);
}

static enum status list(struct mongo *mongo, const struct call *call, const char *collection,
                        visit_fn *visit, void *context)
{
    BSON_AUTO command = BSON_INITIALIZER;
    BSON_AUTO reply = BSON_INITIALIZER;
    bson_iter_t at;
    bson_iter_t batch;
    bson_iter_t row;
    enum status status;

    BCON_APPEND(&command, "listIndexes", BCON_UTF8(collection), "cursor", "{", "batchSize",
                BCON_INT32(1000), "}");
    status = mongo_command(mongo, call, &command, &reply);
    if (status != ST_OK) {
        return status == ST_NOT_FOUND ? ST_OK : status; /* no collection, no index */
    }
    if (!bson_iter_init(&at, &reply) ||
        !bson_iter_find_descendant(&at, "cursor.firstBatch", &batch) ||
        !BSON_ITER_HOLDS_ARRAY(&batch) || !bson_iter_recurse(&batch, &row)) {
        return err_set(call->err, ST_BROKEN, "the server lists no indexes of %s", collection);
    }
    while (bson_iter_next(&row)) {
        const uint8_t *bytes = NULL;
        uint32_t len = 0;
        bson_t document;

        if (BSON_ITER_HOLDS_DOCUMENT(&row)) {
            bson_iter_document(&row, &len, &bytes);
            if (bson_init_static(&document, bytes, len)) {
                TRY(visit_row(&document, collection, visit, context));
            }
        }
    }
    return ST_OK;
}

/* Whether an index is on these members, upwards, in this order. */
static bool has_members(const struct listed *index, const struct wanted *row)
{
    size_t count = 0;
    bson_iter_t at;

    if (!bson_iter_init(&at, &index->keys)) {
        return false;
    }
    while (bson_iter_next(&at)) {
        if (count == MEMBERS_MAX || !row->members[count] || !BSON_ITER_HOLDS_NUMBER(&at) ||
            bson_iter_as_int64(&at) != 1 || strcmp(bson_iter_key(&at), row->members[count]) != 0) {
            return false;
        }
        count++;
    }
    return count == MEMBERS_MAX || !row->members[count];
}

/* The row of the table that an index stands for, or NULL. */
static const struct wanted *row_of(const struct listed *index)
{
    for (size_t i = 0; i < WANTED; i++) {
        if (strcmp(wanted[i].collection, index->collection) == 0 &&
            has_members(index, &wanted[i])) {
            return &wanted[i];
        }
    }
    return NULL;
}

static bool is_as_wanted(const struct listed *index, const struct wanted *row)
{
    return index->unique == row->unique && index->is_whole;
}

/* Whether one of the index's members is the collection's to settle. */
static bool is_settled(const struct listed *index)
{
    bson_iter_t at;

    for (size_t i = 0; i < COLLECTIONS; i++) {
        if (strcmp(settled[i].collection, index->collection) != 0 ||
            !bson_iter_init(&at, &index->keys)) {
            continue;
        }
        while (bson_iter_next(&at)) {
            size_t len = strcspn(bson_iter_key(&at), ".");

            for (size_t j = 0; settled[i].members[j]; j++) {
                if (strlen(settled[i].members[j]) == len &&
                    memcmp(settled[i].members[j], bson_iter_key(&at), len) == 0) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool is_in_the_way(const struct listed *index)
{
    const struct wanted *row = row_of(index);

    return row ? !is_as_wanted(index, row) : index->unique && is_settled(index);
}

struct clearing {
    struct mongo *mongo;
    const struct call *call;
};

static enum status clear_one(void *context, const struct listed *index)
{
    const struct clearing *this = context;
    BSON_AUTO command = BSON_INITIALIZER;

    if (!is_in_the_way(index)) {
        return ST_OK;
    }
    BCON_APPEND(&command, "dropIndexes", BCON_UTF8(index->collection), "index",
                BCON_UTF8(index->name));
    TRY(mongo_command(this->mongo, this->call, &command, NULL));
    log_line(LOG_WARN, "dropped an index of another program that would refuse what orgd writes",
             LOG_TEXT("collection", index->collection), LOG_TEXT("index", index->name));
    return ST_OK;
}

enum status indexes_clear(struct mongo *mongo, const struct call *call)
{
    struct clearing this = { .mongo = mongo, .call = call };

    for (size_t i = 0; i < COLLECTIONS; i++) {
        TRY(list(mongo, call, settled[i].collection, clear_one, &this));
    }
    return ST_OK;
}

static void put_keys(bson_t *keys, const struct wanted *row)
{
    for (size_t i = 0; i < MEMBERS_MAX && row->members[i]; i++) {
        (void)BSON_APPEND_INT32(keys, row->members[i], 1);
    }
}

static void describe_members(const struct wanted *row, char ret_text[TEXT_MAX])
{
    (void)snprintf(ret_text, TEXT_MAX, "%s%s%s", row->members[0], row->members[1] ? ", " : "",
                   row->members[1] ? row->members[1] : "");
}

enum status indexes_ensure(struct mongo *mongo, const struct call *call)
{
    for (size_t i = 0; i < WANTED; i++) {
        const struct wanted *row = &wanted[i];
        BSON_AUTO keys = BSON_INITIALIZER;
        char doubled[DOUBLE_TEXT_MAX] = "";
        enum status status;

        put_keys(&keys, row);
        status = mongo_index_ensure(mongo, call, row->collection, row->name, &keys, row->unique);
        if (status == ST_DOCUMENT_EXISTS) {
            TRY(doubles_find(mongo, call, row->collection, row->members, MEMBERS_MAX, doubled));
            return err_set(call->err, ST_BROKEN,
                           "the unique index %s of %s can't be made: %s; `orgd doctor` says more",
                           row->name, row->collection,
                           doubled[0] ? doubled : "two documents have the same there");
        }
        TRY(status);
    }
    return ST_OK;
}

enum status indexes_mark_shared(struct mongo *mongo, const struct call *call)
{
    BSON_AUTO keys = BSON_INITIALIZER;

    (void)BSON_APPEND_INT32(&keys, F_SHARED, 1);
    return mongo_index_ensure(mongo, call, C_ORGANIZATIONS, INDEX_SHARED, &keys, false);
}

static enum status look_for_shared(void *context, const struct listed *index)
{
    bool *has = context;

    *has = *has || strcmp(index->name, INDEX_SHARED) == 0;
    return ST_OK;
}

enum status indexes_has_shared(struct mongo *mongo, const struct call *call, bool *ret_has)
{
    bool has = false;

    TRY(list(mongo, call, C_ORGANIZATIONS, look_for_shared, &has));
    *ret_has = has;
    return ST_OK;
}

struct checking {
    index_fault_fn *found;
    void *context;
    bool is_there[WANTED];
    bool is_other[WANTED];
};

static enum status check_one(void *context, const struct listed *index)
{
    struct checking *this = context;
    const struct wanted *row = row_of(index);

    if (row) {
        this->is_there[row - wanted] = this->is_there[row - wanted] || is_as_wanted(index, row);
        this->is_other[row - wanted] = this->is_other[row - wanted] || !is_as_wanted(index, row);
    } else if (index->unique && strcmp(index->name, INDEX_SHARED) != 0) {
        bson_iter_t at;
        const char *member =
            bson_iter_init(&at, &index->keys) && bson_iter_next(&at) ? bson_iter_key(&at) : "";

        this->found(this->context, INDEX_ALIEN, index->collection, index->name, member, "");
    }
    return ST_OK;
}

enum status indexes_check(struct mongo *mongo, const struct call *call, index_fault_fn *found,
                          void *context)
{
    struct checking this = { .found = found, .context = context };

    for (size_t i = 0; i < COLLECTIONS; i++) {
        TRY(list(mongo, call, settled[i].collection, check_one, &this));
    }
    for (size_t i = 0; i < WANTED; i++) {
        char doubled[DOUBLE_TEXT_MAX] = "";
        char members[TEXT_MAX];

        if (this.is_there[i]) {
            continue;
        }
        if (wanted[i].unique) {
            TRY(doubles_find(mongo, call, wanted[i].collection, wanted[i].members, MEMBERS_MAX,
                             doubled));
        }
        describe_members(&wanted[i], members);
        found(context, this.is_other[i] ? INDEX_OTHER : INDEX_MISSING, wanted[i].collection,
              wanted[i].name, members, doubled);
    }
    return ST_OK;
}
