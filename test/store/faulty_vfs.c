/* A shim around the "unix" VFS: every method passes on but those that can fail on demand. */
#include "faulty_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct shim {
    sqlite3_file file;
    bool is_log;
    int last_errno;
    sqlite3_file *inner; /* behind this struct */
};

static struct {
    pthread_mutex_t mutex;
    enum fault fault;
    int skip;
    bool lasting;
    int faults;
    bool log_dirty;
    bool lost; /* FAULT_LOST has begun */
    unsigned int seed;
} state = { .mutex = PTHREAD_MUTEX_INITIALIZER, .seed = 1 };

static sqlite3_vfs *unix_vfs;
static sqlite3_vfs vfs;

static sqlite3_file *inner_of(sqlite3_file *file)
{
    return ((struct shim *)file)->inner;
}

/* Whether one of the faults from first to last hits the present call; which one is returned. */
static enum fault draw(enum fault first, enum fault last)
{
    enum fault hit = FAULT_NONE;

    (void)pthread_mutex_lock(&state.mutex);
    if (state.fault == FAULT_ANY) {
        if (rand_r(&state.seed) % state.skip == 0) {
            hit = first + (enum fault)(rand_r(&state.seed) % (int)(last - first + 1));
            state.lost = hit == FAULT_LOST;
        }
    } else if (state.fault >= first && state.fault <= last) {
        if (state.skip > 0) {
            state.skip--;
        } else {
            hit = state.fault;
            state.lost = state.fault == FAULT_LOST;
            state.fault = state.lasting ? state.fault : FAULT_NONE;
        }
    }
    state.faults += hit != FAULT_NONE;
    (void)pthread_mutex_unlock(&state.mutex);
    return hit;
}

static bool is_lost(void)
{
    bool lost;

    (void)pthread_mutex_lock(&state.mutex);
    lost = state.lost;
    (void)pthread_mutex_unlock(&state.mutex);
    return lost;
}

static void set_dirty(const struct shim *shim, bool dirty)
{
    if (shim->is_log) {
        (void)pthread_mutex_lock(&state.mutex);
        state.log_dirty = dirty;
        (void)pthread_mutex_unlock(&state.mutex);
    }
}

/* As the "unix" VFS leaves word of why a call failed. */
static int failed(sqlite3_file *file, int system_errno, int code)
{
    ((struct shim *)file)->last_errno = system_errno;
    errno = system_errno;
    return code;
}

static int shim_close(sqlite3_file *file)
{
    return inner_of(file)->pMethods->xClose(inner_of(file));
}

static int shim_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 offset)
{
    return inner_of(file)->pMethods->xRead(inner_of(file), to, bytes, offset);
}

static int shim_write(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 offset)
{
    sqlite3_file *inner = inner_of(file);

    set_dirty((struct shim *)file, true);
    if (is_lost()) {
        return failed(file, EIO, SQLITE_IOERR_WRITE);
    }
    switch (draw(FAULT_WRITE_FULL, FAULT_WRITE_BAD)) {
    case FAULT_WRITE_FULL:
        (void)inner->pMethods->xWrite(inner, from, bytes / 2, offset);
        return failed(file, ENOSPC, SQLITE_FULL);
    case FAULT_WRITE_QUOTA:
        return failed(file, EDQUOT, SQLITE_IOERR_WRITE);
    case FAULT_WRITE_BAD:
        return failed(file, EIO, SQLITE_IOERR_WRITE);
    default:
        return inner->pMethods->xWrite(inner, from, bytes, offset);
    }
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return inner_of(file)->pMethods->xTruncate(inner_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    int code = inner_of(file)->pMethods->xSync(inner_of(file), flags);

    if (is_lost() || draw(FAULT_SYNC, FAULT_LOST)) {
        return failed(file, EIO, SQLITE_IOERR_FSYNC);
    }
    set_dirty((struct shim *)file, false);
    return code;
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return inner_of(file)->pMethods->xFileSize(inner_of(file), size);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return inner_of(file)->pMethods->xLock(inner_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return inner_of(file)->pMethods->xUnlock(inner_of(file), level);
}

static int shim_reserved(sqlite3_file *file, int *reserved)
{
    return inner_of(file)->pMethods->xCheckReservedLock(inner_of(file), reserved);
}

static int shim_control(sqlite3_file *file, int op, void *argument)
{
    if (op == SQLITE_FCNTL_LAST_ERRNO) {
        *(int *)argument = ((struct shim *)file)->last_errno;
        return SQLITE_OK;
    }
    return inner_of(file)->pMethods->xFileControl(inner_of(file), op, argument);
}

static int shim_sector(sqlite3_file *file)
{
    return inner_of(file)->pMethods->xSectorSize(inner_of(file));
}

static int shim_device(sqlite3_file *file)
{
    return inner_of(file)->pMethods->xDeviceCharacteristics(inner_of(file));
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory)
{
    if (extend && draw(FAULT_SHARED, FAULT_SHARED)) {
        return failed(file, ENOSPC, SQLITE_IOERR_SHMSIZE);
    }
    return inner_of(file)->pMethods->xShmMap(inner_of(file), page, size, extend, memory);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return inner_of(file)->pMethods->xShmLock(inner_of(file), offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    inner_of(file)->pMethods->xShmBarrier(inner_of(file));
}

static int shim_shm_unmap(sqlite3_file *file, int delete)
{
    return inner_of(file)->pMethods->xShmUnmap(inner_of(file), delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    struct shim *shim = (struct shim *)file;
    int code;

    (void)self;
    shim->inner = (sqlite3_file *)(shim + 1);
    shim->last_errno = 0;
    shim->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    code = unix_vfs->xOpen(unix_vfs, name, shim->inner, flags, ret_flags);
    file->pMethods = code == SQLITE_OK ? &methods : NULL;
    return code;
}

void faulty_vfs_install(void)
{
    unix_vfs = sqlite3_vfs_find("unix");
    vfs = *unix_vfs;
    vfs.pNext = NULL;
    vfs.zName = "faulty";
    vfs.szOsFile = (int)sizeof(struct shim) + unix_vfs->szOsFile;
    vfs.xOpen = shim_open;
    (void)sqlite3_vfs_register(&vfs, 1);
}

void faulty_vfs_arm(enum fault fault, int skip, bool lasting)
{
    (void)pthread_mutex_lock(&state.mutex);
    state.fault = fault;
    state.skip = skip;
    state.lasting = lasting;
    state.faults = 0;
    (void)pthread_mutex_unlock(&state.mutex);
}

int faulty_vfs_disarm(void)
{
    int faults;

    (void)pthread_mutex_lock(&state.mutex);
    state.fault = FAULT_NONE;
    state.lost = false;
    faults = state.faults;
    (void)pthread_mutex_unlock(&state.mutex);
    return faults;
}

bool faulty_vfs_log_is_dirty(void)
{
    bool dirty;

    (void)pthread_mutex_lock(&state.mutex);
    dirty = state.log_dirty;
    (void)pthread_mutex_unlock(&state.mutex);
    return dirty;
}
