/*
 * The embedded engine: one SQLite database in a directory, for one process.
 *
 * WAL and synchronous=FULL. One writer thread gathers what is waiting into one transaction (group
 * commit); checkpoints run on a thread of their own; readers take a connection from a free list.
 * docs/internals/sqlite.md tells the whole story.
 */
#ifndef ORGD_STORE_SQLITE_SQLITE_STORE_H
#define ORGD_STORE_SQLITE_SQLITE_STORE_H

#include "base/err.h"

struct store;

/*
 * Opens the store in a directory, which is made with mode 0700 where it is not there, migrates it to
 * this program's version and takes its lock.
 * Returns ST_OK; ST_BUSY where another process has the directory; ST_BROKEN otherwise, with the reason
 * in err (a directory that is not ours to write, a database of a newer version, a damaged file).
 */
MUST_CHECK enum status sqlite_store_open(const char *directory, struct store **ret_store,
                                         struct err *err);

/*
 * Opens the store in a directory for reading only, also while another process serves it: what that one
 * has committed is seen from the next call on. Where no other process has the directory, its lock is held
 * until the store is closed. Nothing is made or migrated, and every verb that changes something gives
 * ST_BROKEN.
 * Returns ST_OK; ST_BROKEN with the reason in err (no store there, of another version, damaged, not ours
 * to read); ST_STORAGE_FULL.
 */
MUST_CHECK enum status sqlite_store_open_reader(const char *directory, struct store **ret_store,
                                                struct err *err);

#endif
