/* Words for what a server can't hold. */
#include "store/mongo/document_refusal.h"

#include "base/log.h"
#include "store/mongo/extended_json.h"

#include <math.h>
#include <string.h>

#define SHOWN_MAX 48 /* bytes of a name or an id: the words must fit into an entry of a 422 */

/* The beginning of a text, ended where a character does. */
static struct str shown(struct str text)
{
    if (text.len > SHOWN_MAX) {
        text.len = SHOWN_MAX;
        while (text.len > 0 && !str_is_utf8(text)) {
            text.len--;
        }
    }
    return text;
}

/* What stands for the rest of a text that was cut. */
static const char *rest_of(struct str text)
{
    return text.len > SHOWN_MAX ? "…" : "";
}

/* A value by which a search ends. words: of the server, or "". */
typedef bool bad_value_fn(const bson_iter_t *value, const char *words);

/*
 * The name of the first member, at any depth, that is bad; that of an array where one of its
 * elements is. A container is looked at before what is in it. ptr NULL: there is none.
 */
static struct str find_bad(bson_iter_t *iter, bad_value_fn *is_bad, const char *words,
                           const struct str *array, int depth)
{
    struct str none = { .ptr = NULL };

    while (bson_iter_next(iter)) {
        struct str own = { .ptr = bson_iter_key(iter), .len = bson_iter_key_len(iter) };
        struct str name = array ? *array : own;
        bson_iter_t inside;

        if (is_bad(iter, words)) {
            return name;
        }
        if (depth < BSON_DEPTH_MAX && bson_iter_recurse(iter, &inside)) {
            struct str found = find_bad(&inside, is_bad, words,
                                        BSON_ITER_HOLDS_ARRAY(iter) ? &name : NULL, depth + 1);

            if (found.ptr) {
                return found;
            }
        }
    }
    return none;
}

/* One that a server without every type can't hold. */
static bool has_bad_type(const bson_iter_t *value, const char *words __attribute__((unused)))
{
    switch (bson_iter_type(value)) {
    case BSON_TYPE_DECIMAL128:
    case BSON_TYPE_MINKEY:
    case BSON_TYPE_MAXKEY:
    case BSON_TYPE_UNDEFINED:
    case BSON_TYPE_SYMBOL:
    case BSON_TYPE_CODE:
    case BSON_TYPE_CODEWSCOPE:
    case BSON_TYPE_DBPOINTER:
        return true;
    case BSON_TYPE_DOUBLE:
        return !isfinite(bson_iter_double(value));
    default:
        return false;
    }
}

enum status document_types_check(const bson_t *document, struct err *err)
{
    struct str member = { .ptr = NULL };
    bson_iter_t iter;

    if (bson_iter_init(&iter, document)) {
        member = find_bad(&iter, has_bad_type, "", NULL, 1);
    }
    if (!member.ptr) {
        return ST_OK;
    }
    return err_set(err, ST_INVALID,
                   "The store can't hold the member \"%.*s%s\": it has no decimals, NaN, "
                   "infinities, code and the like",
                   STR_ARG(shown(member)), rest_of(member));
}

/* Whether words have a text in quotes of either kind. */
static bool is_quoted_in(struct str text, const char *words)
{
    size_t len = strlen(words);

    for (size_t i = 1; i + text.len < len; i++) {
        char quote = words[i - 1];

        if ((quote == '"' || quote == '\'') && words[i + text.len] == quote &&
            memcmp(words + i, text.ptr, text.len) == 0) {
            return true;
        }
    }
    return false;
}

/* A name that servers may refuse, and that this one names in its words. */
static bool has_bad_name(const bson_iter_t *value, const char *words)
{
    struct str name = { .ptr = bson_iter_key(value), .len = bson_iter_key_len(value) };

    return name.len > 0 && (name.ptr[0] == '$' || memchr(name.ptr, '.', name.len)) &&
           is_quoted_in(name, words);
}

enum status document_refused(const bson_t *document, struct str id, const char *collection,
                             struct err *err)
{
    const char *words = err ? err->text : "";
    struct str name = { .ptr = NULL };
    bson_iter_t iter;

    /* Servers quote values, which are the tenant's: not for a log that is written every day. */
    log_line(LOG_DEBUG, "the server refuses a document", LOG_TEXT("collection", collection),
             LOG_STR("document", shown(id)), LOG_TEXT("error", words));
    if (bson_iter_init(&iter, document)) {
        name = find_bad(&iter, has_bad_name, words, NULL, 1);
    }
    if (name.ptr) {
        return err_set(err, ST_INVALID, "The store can't hold a member of the name \"%.*s%s\"",
                       STR_ARG(shown(name)), rest_of(name));
    }
    return err_set(err, ST_INVALID, "The store can't hold the document \"%.*s%s\"",
                   STR_ARG(shown(id)), rest_of(id));
}
