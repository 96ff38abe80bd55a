/* Collections and indexes, and any other command. */
#include "store/mongo/mongo_internal.h"

#include "base/arena.h"

#include <stdlib.h>

#define NAMES_FIRST 64 /* room for names of collections at first */

/* A command that may be repeated without harm. */
struct command {
    const char *database;
    const bson_t *body;
    bool has_concern;  /* a write's command that brings none of its own */
    bson_t *ret_reply; /* may be NULL */
};

static bool try_command(struct mongo_try *try, void *context)
{
    const struct command *this = context;
    bool ok =
        this->has_concern
            ? mongoc_client_write_command_with_opts(try->client, this->database, this->body, NULL,
                                                    &try->reply, &try->error)
            : mongoc_client_command_with_opts(try->client, this->database, this->body,
                                              try->mongo->primary, NULL, &try->reply, &try->error);

    if (ok && this->ret_reply) {
        bson_copy_to(&try->reply, this->ret_reply);
    }
    return ok;
}

static enum status run_ddl(struct mongo *mongo, const struct call *call, const char *database,
                           const bson_t *body)
{
    struct command this = { .database = database, .body = body, .has_concern = true };
    struct mongo_operation operation = { .effect = EFFECT_ONE,
                                         .repeat = AGAIN,
                                         .meets_itself = true };

    return mongo_run(mongo, call, operation, try_command, &this, NULL);
}

enum status mongo_collection_create(struct mongo *mongo, const struct call *call,
                                    const char *collection)
{
    BSON_AUTO body = BSON_INITIALIZER;

    (void)BSON_APPEND_UTF8(&body, "create", collection);
    return run_ddl(mongo, call, mongo->database, &body);
}

enum status mongo_collection_drop(struct mongo *mongo, const struct call *call,
                                  const char *collection)
{
    BSON_AUTO body = BSON_INITIALIZER;
    enum status status;

    (void)BSON_APPEND_UTF8(&body, "drop", collection);
    status = run_ddl(mongo, call, mongo->database, &body);
    return status == ST_NOT_FOUND ? ST_OK : status;
}

enum status mongo_collection_rename(struct mongo *mongo, const struct call *call, const char *from,
                                    const char *to)
{
    BSON_AUTO body = BSON_INITIALIZER;
    struct str old_name = arena_printf(call->mem, "%s.%s", mongo->database, from);
    struct str new_name = arena_printf(call->mem, "%s.%s", mongo->database, to);

    bson_put_str(&body, "renameCollection", old_name);
    bson_put_str(&body, "to", new_name);
    return run_ddl(mongo, call, "admin", &body);
}

/* Names as they come; the array grows outside the arena, which frees nothing before its end. */
struct names {
    struct arena *mem;
    struct str prefix;
    const bson_t *filter;
    struct str *names;
    size_t count;
    size_t room;
};

static bool add_name(struct names *this, struct str name)
{
    if (this->count == this->room) {
        size_t room = this->room ? 2 * this->room : NAMES_FIRST;
        struct str *grown = reallocarray(this->names, room, sizeof(*grown));

        if (!grown) {
            return false;
        }
        this->names = grown;
        this->room = room;
    }
    this->names[this->count++] = name;
    return true;
}

static bool take_names(mongoc_cursor_t *cursor, struct names *this, bson_error_t *ret_error)
{
    const bson_t *row;

    this->count = 0;
    while (mongoc_cursor_next(cursor, &row)) {
        struct str name;

        if (!bson_get_str(row, "name", this->mem, &name) || name.len < this->prefix.len ||
            memcmp(name.ptr, this->prefix.ptr, this->prefix.len) != 0) {
            continue;
        }
        if (!add_name(this, name)) {
            bson_set_error(ret_error, MONGOC_ERROR_BSON, 0, "no memory for %zu names", this->count);
            return false;
        }
    }
    return !mongoc_cursor_error(cursor, ret_error);
}

/* Local, because this command takes no majority; on the primary each of our own changes is seen. */
static bool try_list(struct mongo_try *try, void *context)
{
    struct names *this = context;
    mongoc_database_t *database = mongoc_client_get_database(try->client, try->mongo->database);
    BSON_AUTO opts = BSON_INITIALIZER;
    mongoc_cursor_t *cursor;
    bool ok;

    (void)BSON_APPEND_BOOL(&opts, "nameOnly", true);
    (void)BSON_APPEND_DOCUMENT(&opts, "filter", this->filter);
    cursor = mongoc_database_find_collections_with_opts(database, &opts);
    bson_init(&try->reply);
    ok = take_names(cursor, this, &try->error);
    mongoc_cursor_destroy(cursor);
    mongoc_database_destroy(database);
    return ok;
}

static enum status list_matching(struct mongo *mongo, const struct call *call, const bson_t *filter,
                                 struct str prefix, struct str **ret_names, size_t *ret_count)
{
    struct names this = { .mem = call->mem, .prefix = prefix, .filter = filter };
    struct mongo_operation reading = { .effect = EFFECT_NONE };
    enum status status = mongo_run(mongo, call, reading, try_list, &this, NULL);

    if (status == ST_OK) {
        *ret_names = arena_alloc(call->mem, (this.count + 1) * sizeof(**ret_names));
        if (this.count > 0) {
            memcpy(*ret_names, this.names, this.count * sizeof(**ret_names));
        }
        *ret_count = this.count;
    }
    free(this.names);
    return status;
}

enum status mongo_collection_list(struct mongo *mongo, const struct call *call, const char *prefix,
                                  struct str **ret_names, size_t *ret_count)
{
    BSON_AUTO filter = BSON_INITIALIZER;

    BCON_APPEND(&filter, "name", "{", "$gte", BCON_UTF8(prefix), "}");
    return list_matching(mongo, call, &filter, str_of(prefix), ret_names, ret_count);
}

enum status mongo_collection_exists(struct mongo *mongo, const struct call *call,
                                    const char *collection, bool *ret_exists)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    struct str *names;
    size_t count = 0;

    (void)BSON_APPEND_UTF8(&filter, "name", collection);
    TRY(list_matching(mongo, call, &filter, str_of(collection), &names, &count));
    *ret_exists = count > 0;
    return ST_OK;
}

enum status mongo_command(struct mongo *mongo, const struct call *call, const bson_t *command,
                          bson_t *ret_reply)
{
    struct command this = { .database = mongo->database, .body = command, .ret_reply = ret_reply };
    struct mongo_operation operation = { .effect = EFFECT_MANY,
                                         .repeat = AGAIN,
                                         .meets_itself = true };

    return mongo_run(mongo, call, operation, try_command, &this, NULL);
}
