/*
 * `orgd import` and `orgd export`: a store's organizations, administrators and documents as lines of
 * JSON, read into a store or written from it. docs/internals/import.md has the form of the lines and
 * what an import does with what is there already.
 */
#ifndef ORGD_APP_IMPORT_H
#define ORGD_APP_IMPORT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct settings;

struct import_report {
    int64_t lines;
    int64_t made; /* organizations */
    int64_t updated;
    int64_t unchanged;
    int64_t documents;
    int64_t refused; /* lines of which nothing, or not all, went in; each was named */
    int64_t took_ms;
};

/*
 * Reads the file at path ("-": standard input) into the store that the settings name, whose server
 * must not run on the same directory. Draws its progress on standard error, where each line that is
 * refused is named, too. Takes SIGINT and SIGTERM as the wish to stop. From the main thread, before any
 * other is started.
 *
 * Returns ST_OK when the file was read to its end: the report says with what result. Otherwise err has
 * the reason, what went in until then stays, and the report counts it: the same import again is
 * harmless and goes on.
 */
MUST_CHECK enum status app_import(const struct settings *settings, const char *path,
                                  struct import_report *ret_report, struct err *err);

struct export_report {
    int64_t organizations;
    int64_t documents;
    int64_t hidden; /* documents behind another one of their _id: not written */
    int64_t took_ms;
};

/*
 * Writes the store that the settings name to the file at path, which is there only once it is whole
 * ("-": to standard output); a server may run meanwhile, and each organization, and each page of its
 * documents, is then of one moment. The rest is as for app_import.
 */
MUST_CHECK enum status app_export(const struct settings *settings, const char *path,
                                  struct export_report *ret_report, struct err *err);

#endif
