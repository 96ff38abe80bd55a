/*
 * The store's directory: made where it is missing, locked for one process, its files ours alone.
 */
#ifndef ORGD_STORE_SQLITE_DIRECTORY_H
#define ORGD_STORE_SQLITE_DIRECTORY_H

#include "base/err.h"

struct directory {
    char *database; /* absolute path of the database, owned */
    int lock_fd;    /* holds the lock while open */
};

/*
 * Makes the last component of path where it is missing (mode 0700), takes the lock, makes the database
 * file where it is missing (empty, mode 0600) and syncs what a killed process may have left unsynced.
 * Returns ST_OK; ST_BUSY where another process holds the lock; ST_STORAGE_FULL; ST_BROKEN. On failure
 * there is nothing to undo but the directory itself.
 */
MUST_CHECK enum status directory_init(struct directory *directory, const char *path,
                                      struct err *err);

/*
 * For who only reads: the directory and its database must be there. Takes the lock where it is free;
 * where another process holds it, that one looks after the files, and lock_fd is -1.
 * Returns ST_OK; ST_STORAGE_FULL; ST_BROKEN.
 */
MUST_CHECK enum status directory_look(struct directory *directory, const char *path,
                                      struct err *err);

void directory_done(struct directory *directory);

#endif
