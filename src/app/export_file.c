/* Writing, syncing, renaming. */
#include "app/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status failed(const struct export_file *file, const char *what, struct err *err)
{
    bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

    return err_set(err, is_full ? ST_STORAGE_FULL : ST_BROKEN, "cannot %s \"%s\": %s", what,
                   file->path ? file->path : "standard output", strerror(errno));
}

enum status export_file_open(struct export_file *file, const char *path, struct err *err)
{
    struct stat about;

    *file = (struct export_file){ .fd = STDOUT_FILENO };
    if (strcmp(path, "-") == 0) {
        return ST_OK;
    }
    file->path = path;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        file->fd = open(path, O_WRONLY | O_CLOEXEC); /* a pipe or a device, which has its name */
        return file->fd < 0 ? failed(file, "write", err) : ST_OK;
    }
    if (asprintf(&file->part, "%s.part", path) < 0) {
        file->part = NULL;
        return err_set(err, ST_BROKEN, "no memory for a path");
    }
    file->fd = open(file->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file->fd < 0) {
        enum status status = failed(file, "write", err);

        free(file->part);
        file->part = NULL;
        return status;
    }
    (void)fchmod(file->fd, 0600);
    return ST_OK;
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

enum status export_file_finish(struct export_file *file, struct err *err)
{
    if (!file->part) {
        return ST_OK;
    }
    if (fsync(file->fd) != 0 && errno != EINVAL) {
        return failed(file, "sync", err);
    }
    if (rename(file->part, file->path) != 0) {
        return failed(file, "name", err);
    }
    free(file->part);
    file->part = NULL;
    return ST_OK;
}

void export_file_done(struct export_file *file)
{
    if (file->path && file->fd >= 0) {
        (void)close(file->fd);
    }
    if (file->part) {
        (void)unlink(file->part);
        free(file->part);
        file->part = NULL;
    }
}
