/* One pass with a table of the values. */
#include "store/mongo/doubles.h"

#include "store/mongo/census.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo.h"
#include "store/mongo/seed_values.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMORY_BYTES ((size_t)16 * 1024 * 1024 * 1024)
#define VALUE_SHOWN 80

struct search {
    struct arena mem;
    struct key_table seen;
    const char *const *members;
    size_t count;
    struct oid *ids; /* of the documents seen, which the table's numbers are of */
    size_t id_count;
    char *text;
};

/* The members' values as one key: their BSON. */
static struct str key_of(struct search *this, const bson_t *document)
{
    BSON_AUTO values = BSON_INITIALIZER;
    struct str key;
    bson_iter_t at;

    for (size_t i = 0; i < this->count && this->members[i]; i++) {
        if (bson_iter_init_find(&at, document, this->members[i])) {
            (void)bson_append_iter(&values, "", 0, &at);
        } else {
            (void)bson_append_null(&values, "", 0); /* as a unique index takes it */
        }
    }
    key = (struct str){ .ptr = (const char *)bson_get_data(&values), .len = values.len };
    return arena_str(&this->mem, key);
}

static void show_value(struct search *this, const bson_t *document, char ret_text[VALUE_SHOWN + 1])
{
    bson_iter_t at;
    struct str text;
    struct oid id;

    if (!bson_iter_init_find(&at, document, this->members[0])) {
        (void)snprintf(ret_text, VALUE_SHOWN + 1, "nothing");
    } else if (seed_id(&at, &id)) {
        char hex[OID_HEX_LEN + 1];

        oid_format(&id, hex);
        (void)snprintf(ret_text, VALUE_SHOWN + 1, "%s", hex);
    } else if (seed_text(&at, &this->mem, &text)) {
        (void)snprintf(ret_text, VALUE_SHOWN + 1, "\"%.*s\"",
                       text.len > VALUE_SHOWN - 2 ? VALUE_SHOWN - 2 : (int)text.len, text.ptr);
    } else {
        (void)snprintf(ret_text, VALUE_SHOWN + 1, "a value");
    }
}

static bool visit(void *context, const bson_t *document)
{
    struct search *this = context;
    struct str key = key_of(this, document);
    struct oid id = { .bytes = { 0 } };
    char hex[2][OID_HEX_LEN + 1];
    char value[VALUE_SHOWN + 1];
    size_t first;
    bson_iter_t at;

    if (bson_iter_init_find(&at, document, F_ID)) {
        (void)seed_any_id(&at, &id);
    }
    if (key_table_find(&this->seen, key, &first)) {
        oid_format(&this->ids[first], hex[0]);
        oid_format(&id, hex[1]);
        show_value(this, document, value);
        (void)snprintf(this->text, DOUBLE_TEXT_MAX, "%s is the %s of %s and of %s", value,
                       this->members[0], hex[0], hex[1]);
        return false;
    }
    (void)key_table_add(&this->seen, key, this->id_count);
    this->ids = census_grow(this->ids, this->id_count, sizeof(*this->ids));
    this->ids[this->id_count++] = id;
    return true;
}

enum status doubles_find(struct mongo *mongo, const struct call *call, const char *collection,
                         const char *const members[], size_t count, char ret_text[DOUBLE_TEXT_MAX])
{
    struct search this = { .members = members, .count = count };
    char text[DOUBLE_TEXT_MAX] = "";
    BSON_AUTO everything = BSON_INITIALIZER;
    BSON_AUTO opts = BSON_INITIALIZER;
    enum status status;
    bson_t projection;

    (void)bson_append_document_begin(&opts, "projection", -1, &projection);
    for (size_t i = 0; i < count && members[i]; i++) {
        (void)BSON_APPEND_INT32(&projection, members[i], 1);
    }
    (void)bson_append_document_end(&opts, &projection);
    this.text = text;
    arena_init(&this.mem, MEMORY_BYTES);
    status = mongo_find(mongo, call, FROM_PRIMARY, collection, &everything, &opts, visit, &this);
    if (status == ST_OK) {
        memcpy(ret_text, text, sizeof(text));
    }
    key_table_done(&this.seen);
    free(this.ids);
    arena_done(&this.mem);
    return status;
}
