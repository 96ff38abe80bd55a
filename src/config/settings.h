/*
 * Every setting, once: settings.c has one table whose rows give key, environment name, flag, type,
 * range, default and help, and from it come the file, the environment, the flags, `orgd config`,
 * `orgd serve --help`, the README's table and the errors.
 *
 * Precedence: command-line flag, then environment, then configuration file, then default.
 */
#ifndef ORGD_CONFIG_SETTINGS_H
#define ORGD_CONFIG_SETTINGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct settings_sources;

/* The values in force. Strings are owned by the struct (settings_done). */
struct settings {
    /* key = listen, ORGD_LISTEN, --listen; and so on for each: see the table. */
    char *listen;     /* comma-separated addresses: 127.0.0.1:8000, [::1]:8000; port 0 picks one */
    char *data;       /* directory of the embedded store */
    char *store;      /* "sqlite" or "mongodb" */
    char *mongo_url;  /* MONGO_URL; secret */
    char *mongo_db;   /* MONGO_DB; master_db */
    char *jwt_secret; /* JWT_SECRET; secret; "": one is made and kept in the store */
    char *jwt_algorithm;        /* JWT_ALGORITHM: HS256, HS384, HS512 */
    int64_t token_minutes;      /* ACCESS_TOKEN_EXPIRE_MINUTES; 1 to 525600; 60 */
    char *log_level;            /* debug, info, warn, error */
    int64_t password_min_bytes; /* 1 to 1024; 8 */
    int64_t login_failures;     /* refused for one address in a minute before 429; 0: any; 300 */
    int64_t event_loops;        /* 0: one for each core */
    int64_t hash_threads;       /* 0: one for each core */
    int64_t hash_queue;         /* logins and creates that may wait for a hash thread; 64 */
    int64_t store_threads;      /* 64 */
    int64_t store_queue;        /* 1024 */
    int64_t request_timeout_s;  /* from the whole request's arrival to the answer; 30 */
    int64_t header_timeout_s;   /* 10 */
    int64_t body_timeout_s;     /* 30 */
    int64_t stop_timeout_s;     /* 1 to 9; 8: with the rest of a stop within 10 */
    int64_t max_connections;    /* 4096 */
    int64_t max_connections_per_address; /* 512 */
    int64_t max_request_line_bytes;      /* 8192 */
    int64_t max_header_bytes;            /* 16384 */
    int64_t max_headers;                 /* 100 */
    int64_t max_body_bytes;              /* bodies other than documents; 65536 */
    int64_t max_document_bytes;          /* 1048576 */
    int64_t max_bodies_bytes;            /* memory for all bodies under way together; 268435456 */

    struct settings_sources *sources; /* private: where each value came from, and how to reload */
};

/*
 * Reads defaults, then the configuration file, the environment and the flags.
 *
 * argv: the words after the command's name, each flag as "--listen VALUE" or "--listen=VALUE";
 * "--config FILE" (or ORGD_CONFIG) names the file, by default none. Its lines are "key = value",
 * comments stand on lines of their own that start with '#'.
 * environment: as environ, "NAME=value" strings ending in NULL; an empty value counts as not set.
 * argv and environment must stay as they are until settings_done: settings_reload reads them again.
 * Only the values in force are judged; a flag given twice counts as given last.
 *
 * Returns ST_OK, or ST_INVALID with one line in err that names the setting, the value (masked where
 * it is a secret), where it came from and what is allowed; unknown flags and unknown keys in the
 * file too. Nothing is opened but the file, and nothing is created. settings is to be done with in
 * either case. Main thread only: inih keeps its options in globals.
 */
MUST_CHECK enum status settings_load(struct settings *settings, int argc, char *const *argv,
                                     char *const *environment, struct err *err);
void settings_done(struct settings *settings);

/*
 * What no setting alone can tell, for who wants to serve with them: store mongodb needs mongo_url.
 * Returns ST_OK, or ST_INVALID with a line as settings_load has it.
 */
MUST_CHECK enum status settings_check(const struct settings *settings, struct err *err);

/*
 * Reads everything again and takes over what may change while running (rows marked so);
 * ret_changed: how many did. Other differences are left for the next start. Fields are replaced and
 * old strings freed with no lock: who else reads the struct meanwhile is the caller's care.
 * Returns ST_OK, or ST_INVALID as settings_load does, and then nothing has changed.
 */
MUST_CHECK enum status settings_reload(struct settings *settings, size_t *ret_changed,
                                       struct err *err);

/* One line for each setting: key, value in force (secrets masked), where it came from. */
void settings_print(const struct settings *settings, struct buf *out);

/* The flags with their help, for `orgd serve --help`; and the README's table in Markdown. */
void settings_print_help(struct buf *out);
void settings_print_markdown(struct buf *out);

#endif
