/* Directory, lock and files, with modes that hold whatever the umask is. */
#include "store/sqlite/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE "orgd.db"
#define LOG_OF_DATABASE "orgd.db-wal"

static enum status failed(struct err *err, const char *path, const char *what)
{
    bool full = errno == ENOSPC || errno == EDQUOT;

    return err_set(err, full ? ST_STORAGE_FULL : ST_BROKEN, "data directory \"%s\": %s: %s", path,
                   what, strerror(errno));
}

/* Syncs the directory that holds path, so that path itself survives a power cut. */
static enum status sync_parent(const char *path, struct err *err)
{
    char *parent = NULL;
    enum status status = ST_OK;
    int fd;

    if (asprintf(&parent, "%s/..", path) < 0) {
        return err_set(err, ST_BROKEN, "no memory for a path");
    }
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A parent that we may not read was there before, and its entry is somebody else's to sync. */
    if (fd >= 0) {
        if (fsync(fd) != 0) {
            status = failed(err, path, "sync of its parent");
        }
        (void)close(fd);
    }
    free(parent);
    return status;
}

static enum status make_directory(const char *path, struct err *err)
{
    if (mkdir(path, S_IRWXU) != 0) {
        return errno == EEXIST ? ST_OK : failed(err, path, "can't make it");
    }
    if (chmod(path, S_IRWXU) != 0) {
        return failed(err, path, "can't set its mode");
    }
    return sync_parent(path, err);
}

/* Opens a file that only we may read, made where it is missing. */
static int open_own(int at, const char *name)
{
    int fd = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 && errno == EEXIST) {
        return openat(at, name, O_RDWR | O_CLOEXEC);
    }
    if (fd >= 0 && fchmod(fd, 0600) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static enum status take_lock(int at, const char *path, int *ret_fd, struct err *err)
{
    int fd = open_own(at, "lock");

    if (fd < 0) {
        return failed(err, path, "lock");
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum status status =
            errno == EWOULDBLOCK
                ? err_set(err, ST_BUSY, "data directory \"%s\" is in use by another orgd", path)
                : failed(err, path, "lock");

        (void)close(fd);
        return status;
    }
    *ret_fd = fd;
    return ST_OK;
}

/*
 * A process that was killed between writing a commit to the log and syncing it leaves one that
 * SQLite's recovery accepts and a power cut could still take back. Synced here, nobody reads it before
 * it is safe.
 */
static enum status sync_files(int at, const char *path, struct err *err)
{
    int database = open_own(at, DATABASE);
    int log;
    bool good;

    if (database < 0) {
        return failed(err, path, DATABASE);
    }
    good = fsync(database) == 0;
    (void)close(database);
    log = openat(at, LOG_OF_DATABASE, O_RDWR | O_CLOEXEC);
    if (log >= 0) {
        good = fsync(log) == 0 && good;
        (void)close(log);
    } else if (errno != ENOENT) {
        return failed(err, path, LOG_OF_DATABASE);
    }
    return good && fsync(at) == 0 ? ST_OK : failed(err, path, "sync");
}

static enum status absolute(const char *path, char **ret_database, struct err *err)
{
    char *real = realpath(path, NULL);
    char *database = NULL;

    if (!real) {
        return failed(err, path, "path");
    }
    if (asprintf(&database, "%s/%s", real, DATABASE) < 0) {
        database = NULL;
    }
    free(real);
    if (!database) {
        return err_set(err, ST_BROKEN, "no memory for a path");
    }
    *ret_database = database;
    return ST_OK;
}

/* With the directory there. to_look: a lock that is held is no failure. */
static enum status occupy(struct directory *directory, const char *path, bool to_look,
                          struct err *err)
{
    struct directory made = { .lock_fd = -1 };
    enum status status;
    int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (at < 0) {
        return failed(err, path, "can't open it");
    }
    if (to_look && faccessat(at, DATABASE, R_OK, 0) != 0) {
        status = failed(err, path, DATABASE);
    } else {
        status = take_lock(at, path, &made.lock_fd, err);
    }
    if (status == ST_OK) {
        status = sync_files(at, path, err);
    } else if (status == ST_BUSY && to_look) {
        status = ST_OK;
    }
    if (status == ST_OK) {
        status = absolute(path, &made.database, err);
    }
    (void)close(at);
    if (status != ST_OK) {
        directory_done(&made);
        return status;
    }
    *directory = made;
    return ST_OK;
}

enum status directory_init(struct directory *directory, const char *path, struct err *err)
{
    TRY(make_directory(path, err));
    return occupy(directory, path, false, err);
}

enum status directory_look(struct directory *directory, const char *path, struct err *err)
{
    return occupy(directory, path, true, err);
}

void directory_done(struct directory *directory)
{
    if (!directory) {
        return;
    }
    free(directory->database);
    directory->database = NULL;
    if (directory->lock_fd >= 0) {
        (void)close(directory->lock_fd);
        directory->lock_fd = -1;
    }
}
