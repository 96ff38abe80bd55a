/* Two documents in one round trip: $lookup, on servers that have it. */
#include "store/mongo/mongo_internal.h"

#define JOINED "orgd_joined" /* the member that $lookup adds: an array of the documents it found */

struct find_joined {
    enum mongo_from from;
    const char *collection;
    const bson_t *filter;
    const struct mongo_join *join;
    bool found;
    bool found_other;
    bson_t *ret_document;
    bson_t *ret_other;
};

static void append_pipeline(bson_t *command, const char *collection, const bson_t *filter,
                            const struct mongo_join *join)
{
    BCON_APPEND(command, "aggregate", BCON_UTF8(collection), "pipeline", "[", "{", "$match",
                BCON_DOCUMENT(filter), "}", "{", "$limit", BCON_INT32(1), "}", "{", "$lookup", "{",
                "from", BCON_UTF8(join->collection), "localField", BCON_UTF8(join->member),
                "foreignField", "_id", "as", JOINED, "}", "}", "]", "cursor", "{", "}");
}

/* The first of the documents that $lookup found, as a view. */
static bool first_joined(const bson_t *document, bson_t *ret_view)
{
    bson_iter_t begin;
    bson_iter_t at;
    const uint8_t *bytes = NULL;
    uint32_t len = 0;

    if (!bson_iter_init(&begin, document) || !bson_iter_find_descendant(&begin, JOINED ".0", &at) ||
        !BSON_ITER_HOLDS_DOCUMENT(&at)) {
        return false;
    }
    bson_iter_document(&at, &len, &bytes);
    return bson_init_static(ret_view, bytes, len);
}

static bool try_find_joined(struct mongo_try *try, void *context)
{
    struct find_joined *this = context;
    BSON_AUTO command = BSON_INITIALIZER;
    bson_t document;
    bson_t other;

    append_pipeline(&command, this->collection, this->filter, this->join);
    (void)BSON_APPEND_INT64(&command, "maxTimeMS", try->budget_ms);
    if (!mongoc_client_read_command_with_opts(try->client, try->mongo->database, &command,
                                              mongo_preference(try->mongo, this->from),
                                              &try->mongo->majority, &try->reply, &try->error)) {
        return false;
    }
    this->found = mongo_first_of_batch(&try->reply, &document);
    this->found_other = this->found && first_joined(&document, &other);
    if (this->found_other) {
        bson_copy_to(&other, this->ret_other);
    }
    if (this->found) {
        bson_copy_to_excluding_noinit(&document, this->ret_document, JOINED, NULL);
    }
    return true;
}

enum status mongo_find_joined(struct mongo *mongo, const struct call *call, enum mongo_from from,
                              const char *collection, const bson_t *filter,
                              const struct mongo_join *join, bson_t *ret_document,
                              bson_t *ret_other, bool *ret_has_other)
{
    struct find_joined this = { .from = from,
                                .collection = collection,
                                .filter = filter,
                                .join = join,
                                .ret_document = ret_document,
                                .ret_other = ret_other };

    TRY(mongo_run(mongo, call, (struct mongo_operation){ .effect = EFFECT_NONE }, try_find_joined,
                  &this, NULL));
    if (!this.found) {
        return ST_NOT_FOUND;
    }
    *ret_has_other = this.found_other;
    return ST_OK;
}

bool mongo_try_joining(struct mongo_try *try, const char *collection, const struct mongo_join *join,
                       bool *ret_joins)
{
    BSON_AUTO command = BSON_INITIALIZER;
    BSON_AUTO nothing = BSON_INITIALIZER;
    bool ok;

    bson_put_str(&nothing, "_id", STR(""));
    append_pipeline(&command, collection, &nothing, join);
    ok = mongoc_client_command_with_opts(try->client, try->mongo->database, &command,
                                         try->mongo->primary, NULL, &try->reply, &try->error);
    *ret_joins = ok;
    return ok || try->error.domain == MONGOC_ERROR_SERVER;
}
