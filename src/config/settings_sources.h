/*
 * What struct settings keeps for itself: where each value came from, and all it takes to read
 * everything again. Private to src/config.
 */
#ifndef ORGD_CONFIG_SETTINGS_SOURCES_H
#define ORGD_CONFIG_SETTINGS_SOURCES_H

#include "base/err.h"
#include "config/setting_row.h"

enum source_kind { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct source {
    enum source_kind kind;
    int line; /* in the file, from 1 */
};

/* A value as somebody wrote it, not judged yet. */
struct given {
    char *text; /* owned; NULL: nobody gave one */
    struct source source;
};

struct settings_sources {
    int argc; /* borrowed, as the next two */
    char *const *argv;
    char *const *environment;
    char *file;           /* owned; NULL: there is none */
    struct source rows[]; /* one for each of setting_rows */
};

/* Longest line of a file, without its end, and the most lines. */
#define SETTINGS_LINE_BYTES 4096
#define SETTINGS_LINES 10000

/*
 * Reads the file at path into those of given (one for each of setting_rows) that have no text yet.
 * from: where path came from.
 * Returns ST_OK, or ST_INVALID where it can't be read, or a line is too long, holds a NUL, is a
 * section, is no "key = value", has an unknown key or one that was there before; err names it.
 */
MUST_CHECK enum status settings_file_read(const char *path, struct source from, struct given *given,
                                          struct err *err);

/* A copy on the heap; never NULL. */
__attribute__((returns_nonnull, malloc)) char *settings_copy(const char *text);

/* Zeroed memory; never NULL. */
__attribute__((returns_nonnull, malloc)) void *settings_alloc(size_t bytes);

/* Appends "flag --listen", "environment ORGD_LISTEN", "file F line N" or "default".
 * max_bytes: of F, which is cut behind them. */
void source_print(const struct setting_row *row, struct source source, const char *file,
                  size_t max_bytes, struct buf *out);

/*
 * Writes `key: "value" (source) WHAT; allowed: ALLOWED`, the value masked; returns ST_INVALID.
 * allowed: NULL for the row's own.
 */
enum status setting_refuse(const struct setting_row *row, const char *text, struct source source,
                           const char *file, const char *what, const char *allowed,
                           struct err *err);

#endif
