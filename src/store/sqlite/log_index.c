/*
 * SQLite cuts the index to nothing at each start and lets it grow again by one byte for each 4 KiB. On
 * a full disk that fails; with smaller blocks it may succeed and leave holes, and the first access to
 * one of them ends the process (SIGBUS). So the file is written whole here, over the blocks that it
 * has from earlier starts, and SQLite is kept from cutting it by the lock that says "in use".
 */
#include "store/sqlite/log_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_BYTES 32768 /* the index grows by this for each 4,096 pages of the log */
#define PART_PAGES 4096
#define IN_USE_AT 128 /* the byte whose lock says so */

/* For the longest log, and the transaction that passes its limit. */
#define PARTS (65536 / PART_PAGES + 2)

static enum status failed(struct err *err, const char *what)
{
    bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

    return err_set(err, full ? ST_STORAGE_FULL : ST_BROKEN, "index of the write-ahead log: %s: %s",
                   what, strerror(errno));
}

/* A lock of this open file rather than of the process, so that it counts against SQLite's own. */
static bool lock(int fd, short type)
{
    struct flock at = { .l_type = type, .l_whence = SEEK_SET, .l_start = IN_USE_AT, .l_len = 1 };

    return fcntl(fd, F_OFD_SETLK, &at) == 0;
}

static bool write_zeros(int fd)
{
    static const char zeros[PART_BYTES];

    for (off_t at = 0; at < (off_t)PARTS * PART_BYTES; at += PART_BYTES) {
        ssize_t n = pwrite(fd, zeros, sizeof(zeros), at);

        if (n != (ssize_t)sizeof(zeros)) {
            errno = n < 0 ? errno : ENOSPC;
            return false;
        }
    }
    return true;
}

static enum status prepare(int fd, struct err *err)
{
    if (fchmod(fd, 0600) != 0) {
        return failed(err, "mode");
    }
    if (lock(fd, F_WRLCK)) {
        if (!write_zeros(fd)) {
            return failed(err, "write");
        }
        /* Blocks that are promised only would be refused when the page is first changed. */
        if (fsync(fd) != 0) {
            return failed(err, "sync");
        }
    }
    /* Else another program looks into the database right now, and the index is alive. */
    return lock(fd, F_RDLCK) ? ST_OK : failed(err, "lock");
}

enum status log_index_init(struct log_index *index, const char *path, struct err *err)
{
    char *name = NULL;
    enum status status;
    int fd;

    if (asprintf(&name, "%s-shm", path) < 0) {
        return err_set(err, ST_BROKEN, "no memory for a path");
    }
    fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(name);
    if (fd < 0) {
        return failed(err, "open");
    }
    status = prepare(fd, err);
    if (status != ST_OK) {
        (void)close(fd);
        return status;
    }
    index->fd = fd;
    return ST_OK;
}

void log_index_done(struct log_index *index)
{
    if (index->fd >= 0) {
        (void)close(index->fd);
        index->fd = -1;
    }
}
