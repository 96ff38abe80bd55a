/* Directories and URLs. A URL's path names the database, as that of MONGO_URL doesn't: there
 * MONGO_DB does. */
#include "app/copy_place.h"

#include "app/store_rules.h"
#include "base/str.h"
#include "store/mongo/mongo_store.h"
#include "store/sqlite/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATABASE_STANDARD "master_db"
#define DATABASE_SIZE 64 /* MongoDB's limit, and a NUL */

/* What is behind the scheme; NULL: a directory. */
static const char *behind_scheme(const char *where)
{
    static const char *const schemes[] = { "mongodb://", "mongodb+srv://" };

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i]);

        if (strncmp(where, schemes[i], len) == 0) {
            return where + len;
        }
    }
    return NULL;
}

/* A URL's hosts, and what stands in it as the database. A '/' or '@' inside of user name and
 * password is encoded; the file name of a socket, too. */
static void take_apart(const char *url, struct str *ret_hosts, struct str *ret_database)
{
    const char *authority = behind_scheme(url);
    size_t authority_len = strcspn(authority, "/?");
    const char *path = authority + authority_len;
    const char *at = memrchr(authority, '@', authority_len);
    const char *hosts = at ? at + 1 : authority;

    *ret_hosts = (struct str){ .ptr = hosts, .len = (size_t)(path - hosts) };
    *ret_database = STR("");
    if (*path == '/') {
        *ret_database = (struct str){ .ptr = path + 1, .len = strcspn(path + 1, "?") };
    }
}

/* ST_INVALID for a name that MongoDB refuses, and for its own databases. */
static enum status database_of(const struct copy_place *place, const char *flag,
                               char ret_name[DATABASE_SIZE], struct err *err)
{
    struct str hosts;
    struct str name;

    take_apart(place->where, &hosts, &name);
    if (place->database) {
        name = str_of(place->database);
    } else if (name.len == 0) {
        name = STR(DATABASE_STANDARD);
    }
    if (name.len == 0 || name.len >= DATABASE_SIZE) {
        return err_set(err, ST_INVALID, "%s: a database's name has 1 to %d bytes", flag,
                       DATABASE_SIZE - 1);
    }
    (void)snprintf(ret_name, DATABASE_SIZE, "%.*s", STR_ARG(name));
    if (strpbrk(ret_name, "/\\. \"$%")) {
        return err_set(err, ST_INVALID,
                       "%s: no name of a database: it may have none of / \\ . \" $ %% and blank",
                       flag);
    }
    if (strcmp(ret_name, "admin") == 0 || strcmp(ret_name, "local") == 0 ||
        strcmp(ret_name, "config") == 0) {
        return err_set(err, ST_INVALID,
                       "%s: the database \"%s\" is the server's own; name the one that is meant "
                       "with %s-db",
                       flag, ret_name, flag);
    }
    return ST_OK;
}

/* Fills in what people see of it. */
static enum status check(const struct copy_place *place, const char *flag, struct copy_side *side,
                         struct err *err)
{
    char database[DATABASE_SIZE];
    struct str hosts;
    struct str unused;

    if (place->where[0] == '\0') {
        return err_set(err, ST_INVALID, "%s: empty; a directory or a mongodb:// URL is meant",
                       flag);
    }
    if (!behind_scheme(place->where)) {
        if (strstr(place->where, "://")) {
            return err_set(err, ST_INVALID,
                           "%s: a URL begins with mongodb:// or mongodb+srv://; anything else is a "
                           "directory",
                           flag);
        }
        if (place->database) {
            return err_set(err, ST_INVALID, "%s-db: %s is a directory, which has no databases",
                           flag, flag);
        }
        (void)snprintf(side->place, sizeof(side->place), "%s", place->where);
        return ST_OK;
    }
    TRY(database_of(place, flag, database, err));
    take_apart(place->where, &hosts, &unused);
    if (hosts.len == 0) {
        return err_set(err, ST_INVALID, "%s: the URL names no host", flag);
    }
    (void)snprintf(side->place, sizeof(side->place), "%.*s%.*s/%s",
                   (int)(behind_scheme(place->where) - place->where), place->where, STR_ARG(hosts),
                   database);
    return ST_OK;
}

/* Whether both are one directory, under whatever names, or one database under the same. */
static bool are_one(const struct copy_options *options, const struct copy_report *report)
{
    char *from;
    char *to;
    bool same;

    if (strcmp(report->from.place, report->to.place) == 0) {
        return true;
    }
    if (behind_scheme(options->from.where) || behind_scheme(options->to.where)) {
        return false;
    }
    from = realpath(options->from.where, NULL);
    to = realpath(options->to.where, NULL);
    same = from && to && strcmp(from, to) == 0;
    free(from);
    free(to);
    return same;
}

enum status copy_places_check(const struct copy_options *options, struct copy_report *report,
                              struct err *err)
{
    TRY(check(&options->from, "--from", &report->from, err));
    TRY(check(&options->to, "--to", &report->to, err));
    if (are_one(options, report)) {
        return err_set(err, ST_INVALID, "--from and --to are the same store");
    }
    return ST_OK;
}

static enum status open_database(const struct copy_place *place, struct store **ret_store,
                                 struct err *err)
{
    char database[DATABASE_SIZE];

    TRY(database_of(place, "database", database, err));
    return mongo_store_open(place->where, database, &app_store_rules, ret_store, err);
}

enum status copy_place_open_source(const struct copy_place *place, struct store **ret_store,
                                   struct err *err)
{
    return behind_scheme(place->where) ? open_database(place, ret_store, err)
                                       : sqlite_store_open_reader(place->where, ret_store, err);
}

enum status copy_place_open_destination(const struct copy_place *place, struct store **ret_store,
                                        struct err *err)
{
    return behind_scheme(place->where) ? open_database(place, ret_store, err)
                                       : sqlite_store_open(place->where, ret_store, err);
}
