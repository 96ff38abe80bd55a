/*
 * The file that an export writes: under another name until it is whole, so that nobody takes a part of
 * an export for all of it. Mode 0600: password hashes are in it. What is no regular file (a pipe, a
 * device) is written as it is; a link is followed.
 */
#ifndef ORGD_APP_EXPORT_FILE_H
#define ORGD_APP_EXPORT_FILE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct export_file {
    int fd;
    const char *path; /* the caller's, or target; NULL: standard output */
    char *target;     /* what a link leads to; NULL: path is none */
    char *part;       /* where it is written until it is whole */
};

/* path: "-" for standard output. */
MUST_CHECK enum status export_file_open(struct export_file *file, const char *path,
                                        struct err *err);
MUST_CHECK enum status export_file_write(struct export_file *file, struct str bytes,
                                         struct err *err);

/* Syncs it and gives it its name. */
MUST_CHECK enum status export_file_finish(struct export_file *file, struct err *err);

/* Closes it; without export_file_finish it goes. */
void export_file_done(struct export_file *file);

#endif
