/*
 * The file of the log's index (orgd.db-shm), which SQLite maps into memory: made whole beforehand, so
 * that a full disk can't pull a page from under it.
 */
#ifndef ORGD_STORE_SQLITE_LOG_INDEX_H
#define ORGD_STORE_SQLITE_LOG_INDEX_H

#include "base/err.h"

/* An open file, held until every connection is closed; -1: none. */
struct log_index {
    int fd;
};

/*
 * Gives the index of the database at path all the space that it will need, in blocks of the disk, and
 * empties it where nobody uses it, so that the first connection builds it anew. Before any connection
 * is opened. ST_OK; ST_STORAGE_FULL; ST_BROKEN.
 */
MUST_CHECK enum status log_index_init(struct log_index *index, const char *path, struct err *err);

/* After the last connection was closed: closing this file earlier would drop their locks. */
void log_index_done(struct log_index *index);

#endif
