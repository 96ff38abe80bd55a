/* Writing, syncing, renaming. */
#include "app/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status failed(const struct export_file *file, const char *what, struct err *err)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

    return err_set(err, is_full ? ST_STORAGE_FULL : ST_BROKEN, "cannot %s \"%s\": %s", what,
                   file->path ? file->path : "standard output", strerror(errno));
}

/*
 * Takes the part file for this export alone. Where another export has it, that one goes on undisturbed;
 * one that nobody has was left behind by a kill. It must be ours: whoever else may write in the directory
 * may have put a file there that they can read. *ret_again: another export has just given it its name.
 */
static enum status take_part(const struct export_file *file, bool *ret_again, struct err *err)
{
    struct stat about;
    struct stat there;

    if (fstat(file->fd, &about) != 0) {
        return failed(file, "write", err);
    }
    if (!S_ISREG(about.st_mode) || about.st_uid != geteuid() || about.st_nlink > 1) {
        return err_set(err, ST_BROKEN, "cannot write \"%s\": it is there, and somebody else's",
                       file->part);
    }
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0) {
        return err_set(err, ST_BROKEN, "cannot write \"%s\": another export does", file->path);
    }
    *ret_again = lstat(file->part, &there) != 0 || there.st_ino != about.st_ino ||
                 there.st_dev != about.st_dev;
    if (*ret_again) {
        return ST_OK;
    }
    return fchmod(file->fd, 0600) == 0 && ftruncate(file->fd, 0) == 0 ? ST_OK
                                                                      : failed(file, "write", err);
}

static enum status open_part(struct export_file *file, struct err *err)
{
    bool again = true;

    while (again) {
        enum status status;

        file->fd = open(file->part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (file->fd < 0) {
            return failed(file, "write", err);
        }
        status = take_part(file, &again, err);
        if (status != ST_OK || again) {
            (void)close(file->fd);
            file->fd = -1;
        }
        TRY(status);
    }
    return ST_OK;
}

/* Where the file really is: renaming must put it in the place of what a link leads to (/dev/stdout is
 * one), not of the link. */
static enum status resolve(struct export_file *file, const char *path, struct err *err)
{
    struct stat about;

    file->path = path;
    if (lstat(path, &about) != 0 || !S_ISLNK(about.st_mode)) {
        return ST_OK;
    }
    file->target = realpath(path, NULL);
    if (!file->target) {
        return failed(file, "write", err);
    }
    file->path = file->target;
    return ST_OK;
}

static enum status open_file(struct export_file *file, struct err *err)
{
    struct stat about;

    if (stat(file->path, &about) == 0 && !S_ISREG(about.st_mode)) {
        file->fd =
            open(file->path, O_WRONLY | O_CLOEXEC); /* a pipe or a device, which has its name */
        return file->fd < 0 ? failed(file, "write", err) : ST_OK;
    }
    if (asprintf(&file->part, "%s.part", file->path) < 0) {
        file->part = NULL;
        return err_set(err, ST_BROKEN, "no memory for a path");
    }
    return open_part(file, err);
}

static void release(struct export_file *file)
{
    free(file->part);
    free(file->target);
    file->part = file->target = NULL;
}

enum status export_file_open(struct export_file *file, const char *path, struct err *err)
{
    enum status status;

    *file = (struct export_file){ .fd = STDOUT_FILENO };
    if (strcmp(path, "-") == 0) {
        return ST_OK;
    }
    status = resolve(file, path, err);
    if (status == ST_OK) {
        status = open_file(file, err);
    }
    if (status != ST_OK) {
        release(file);
    }
    return status;
}

enum status export_file_write(struct export_file *file, struct str bytes, struct err *err)
{
    while (bytes.len > 0) {
        ssize_t put = write(file->fd, bytes.ptr, bytes.len);

        if (put < 0 && errno != EINTR) {
            return failed(file, "write", err);
        }
        if (put > 0) {
            bytes = (struct str){ .ptr = bytes.ptr + put, .len = bytes.len - (size_t)put };
        }
    }
    return ST_OK;
}

/* So that the name survives a power cut. */
static enum status sync_directory(const struct export_file *file, struct err *err)
{
    enum status status = ST_OK;
    int fd;

    fd = open(dirname(file->part), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) { /* else it may not be read, and so not be synced either */
        if (fsync(fd) != 0 && errno != EINVAL) {
            status = failed(file, "sync the directory of", err);
        }
        (void)close(fd);
    }
    return status;
}

enum status export_file_finish(struct export_file *file, struct err *err)
{
    enum status status;

    if (!file->part) {
        return ST_OK;
    }
    if (fsync(file->fd) != 0 && errno != EINVAL) {
        return failed(file, "sync", err);
    }
    if (rename(file->part, file->path) != 0) {
        return failed(file, "name", err);
    }
    status = sync_directory(file, err);
    free(file->part);
    file->part = NULL;
    return status;
}

void export_file_done(struct export_file *file)
{
    if (file->part) {
        (void)unlink(file->part); /* while it is locked */
    }
    if (file->path && file->fd >= 0) {
        (void)close(file->fd);
    }
    release(file);
}
