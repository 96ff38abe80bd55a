/* MONGO_URL, judged before the driver sees it: the driver's own words may quote it. */
#include "store/mongo/mongo_internal.h"

#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#define OPTION_NAME_MAX 40 /* the driver's longest has 37 */

/* The URL's parts; none ends in NUL. */
struct url_parts {
    bool is_srv;
    bool has_user;
    struct str user; /* with its password */
    struct str hosts;
    struct str database;
    struct str options;
};

static bool take_prefix(struct str *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text->len < len || memcmp(text->ptr, prefix, len) != 0) {
        return false;
    }
    text->ptr += len;
    text->len -= len;
    return true;
}

/* Cuts text before the first byte that is one of stops, or at its end. */
static struct str take_until(struct str *text, const char *stops)
{
    struct str part = { .ptr = text->ptr, .len = 0 };

    while (part.len < text->len && !strchr(stops, text->ptr[part.len])) {
        part.len++;
    }
    text->ptr += part.len;
    text->len -= part.len;
    return part;
}

static bool holds(struct str text, char c)
{
    return text.len > 0 && memchr(text.ptr, c, text.len);
}

static enum status refuse_characters(struct err *err)
{
    return err_set(
        err, ST_INVALID,
        "mongo_url: in a user name or password each of / ? # @ : [ ] %% must be written as "
        "%%2F %%3F %%23 %%40 %%3A %%5B %%5D %%25");
}

static enum status split(const char *url, struct url_parts *ret_parts, struct err *err)
{
    struct url_parts parts = { .is_srv = false };
    struct str rest = str_of(url);

    parts.is_srv = take_prefix(&rest, "mongodb+srv://");
    if (!parts.is_srv && !take_prefix(&rest, "mongodb://")) {
        return err_set(err, ST_INVALID,
                       "mongo_url begins neither with mongodb:// nor with mongodb+srv://");
    }
    parts.hosts = take_until(&rest, "/?@");
    if (take_prefix(&rest, "@")) {
        parts.has_user = true;
        parts.user = parts.hosts;
        parts.hosts = take_until(&rest, "/?");
    }
    if (holds(parts.hosts, '@') || holds(rest, '@')) {
        return refuse_characters(err);
    }
    if (take_prefix(&rest, "/")) {
        parts.database = take_until(&rest, "?");
    }
    if (take_prefix(&rest, "?")) {
        parts.options = rest;
    }
    if (parts.hosts.len == 0) {
        return err_set(err, ST_INVALID, "mongo_url names no host");
    }
    *ret_parts = parts;
    return ST_OK;
}

static bool is_escaped_well(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '%' && (i + 2 >= text.len || str_hex_value(text.ptr[i + 1]) < 0 ||
                                   str_hex_value(text.ptr[i + 2]) < 0)) {
            return false;
        }
    }
    return true;
}

static enum status judge_user(const struct url_parts *parts, struct err *err)
{
    struct str rest = parts->user;
    struct str name = take_until(&rest, ":");

    if (!parts->has_user) {
        return ST_OK;
    }
    if (name.len == 0) {
        return err_set(err, ST_INVALID, "mongo_url has an empty user name");
    }
    (void)take_prefix(&rest, ":");
    if (holds(rest, ':') || holds(parts->user, '#') || holds(parts->user, '[') ||
        holds(parts->user, ']') || !is_escaped_well(parts->user)) {
        return refuse_characters(err);
    }
    return ST_OK;
}

/* One option, cut at its '='. The name is shown in errors where it looks like one; the value never. */
struct url_option {
    char name[OPTION_NAME_MAX + 1]; /* lower case */
    struct str value;
};

static bool read_name(struct str text, char ret_name[OPTION_NAME_MAX + 1])
{
    if (text.len == 0 || text.len > OPTION_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!isalnum((unsigned char)text.ptr[i])) {
            return false;
        }
        ret_name[i] = (char)tolower((unsigned char)text.ptr[i]);
    }
    ret_name[text.len] = '\0';
    return true;
}

static bool is_known(const char *name)
{
    static const char *const others[] = {
        MONGOC_URI_AUTHMECHANISM,      MONGOC_URI_AUTHMECHANISMPROPERTIES,
        MONGOC_URI_AUTHSOURCE,         MONGOC_URI_COMPRESSORS,
        MONGOC_URI_GSSAPISERVICENAME,  MONGOC_URI_READCONCERNLEVEL,
        MONGOC_URI_READPREFERENCETAGS, MONGOC_URI_W,
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(name, others[i]) == 0) {
            return true;
        }
    }
    return mongoc_uri_option_is_int32(name) || mongoc_uri_option_is_bool(name) ||
           mongoc_uri_option_is_utf8(name);
}

/* A decimal number that fits, from 0. */
static bool is_number(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0 && text.len <= 9;
}

static bool is_bool(struct str text)
{
    return str_equal_nocase(text, STR("true")) || str_equal_nocase(text, STR("false")) ||
           str_is(text, "1") || str_is(text, "0");
}

static enum status judge_option(const struct url_option *option, struct err *err)
{
    const char *name = option->name;
    bool is_signed = strcmp(name, MONGOC_URI_MAXSTALENESSSECONDS) == 0 ||
                     strcmp(name, MONGOC_URI_ZLIBCOMPRESSIONLEVEL) == 0;
    struct str digits = option->value;

    if (!is_known(name)) {
        log_line(LOG_WARN, "mongo_url has an option that is not known, and not followed",
                 LOG_TEXT("option", name));
        return ST_OK;
    }
    if ((option->value.len == 0 && strcmp(name, MONGOC_URI_READPREFERENCETAGS) != 0) ||
        !is_escaped_well(option->value)) {
        return err_set(err, ST_INVALID, "mongo_url: %s has no value that can be understood", name);
    }
    if (is_signed) {
        (void)take_prefix(&digits, "-");
    }
    if (mongoc_uri_option_is_int32(name) && !is_number(digits)) {
        return err_set(err, ST_INVALID, "mongo_url: %s must be a whole number", name);
    }
    if (mongoc_uri_option_is_bool(name) && !is_bool(option->value)) {
        return err_set(err, ST_INVALID, "mongo_url: %s must be true or false", name);
    }
    return ST_OK;
}

static enum status judge_options(struct str options, struct err *err)
{
    while (options.len > 0) {
        struct str pair = take_until(&options, "&");
        struct str name = take_until(&pair, "=");
        struct url_option option = { .value = { .ptr = NULL } };

        if (options.len > 0) {
            options.ptr++;
            options.len--;
        }
        if (name.len == 0 && pair.len == 0) {
            continue;
        }
        if (!read_name(name, option.name) || !take_prefix(&pair, "=")) {
            return err_set(err, ST_INVALID,
                           "mongo_url: behind ? options are written name=value, "
                           "with & between them");
        }
        option.value = pair;
        TRY(judge_option(&option, err));
    }
    return ST_OK;
}

/* The driver would only say much later that it can't read them. */
static enum status judge_files(const mongoc_uri_t *uri, struct err *err)
{
    static const char *const names[] = { MONGOC_URI_TLSCAFILE, MONGOC_URI_TLSCERTIFICATEKEYFILE };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *path = mongoc_uri_get_option_as_utf8(uri, names[i], NULL);

        if (path && access(path, R_OK) != 0) {
            return err_set(err, ST_INVALID, "mongo_url: %s: %s: %s", names[i], path,
                           strerror(errno));
        }
    }
    return ST_OK;
}

/* Writes without acknowledgement would lose what was answered with success. */
static enum status judge_writes(const mongoc_uri_t *uri, struct err *err)
{
    if (mongoc_write_concern_is_acknowledged(mongoc_uri_get_write_concern(uri))) {
        return ST_OK;
    }
    return err_set(
        err, ST_INVALID,
        "mongo_url: w asks for writes that nobody acknowledges; leave it out, a majority "
        "acknowledges each");
}

enum status mongo_url_read(const char *url, mongoc_uri_t **ret_uri, struct err *err)
{
    struct url_parts parts = { .is_srv = false };
    mongoc_uri_t *uri;
    bson_error_t ignored; /* its words may quote the password */
    enum status status;

    TRY(split(url, &parts, err));
    TRY(judge_user(&parts, err));
    TRY(judge_options(parts.options, err));
    mongo_log_begin();
    mongo_log_mute(true);
    uri = mongoc_uri_new_with_error(url, &ignored);
    mongo_log_mute(false);
    if (!uri) {
        return err_set(
            err, ST_INVALID,
            "mongo_url is no connection string that can be understood: look at its hosts "
            "and ports, and at the values of its options");
    }
    status = judge_writes(uri, err);
    if (status == ST_OK) {
        status = judge_files(uri, err);
    }
    if (status != ST_OK) {
        mongoc_uri_destroy(uri);
        return status;
    }
    *ret_uri = uri;
    return ST_OK;
}
