/*
 * SQLite's file layer with faults switched on inside a test: the n-th write, sync or growth of shared
 * memory fails as a full or broken disk would make it. It also knows whether what was written to the
 * log has been synced.
 */
#ifndef ORGD_TEST_STORE_FAULTY_VFS_H
#define ORGD_TEST_STORE_FAULTY_VFS_H

#include <stdbool.h>

enum fault {
    FAULT_NONE,
    FAULT_WRITE_FULL,  /* a write stops in the middle: no space */
    FAULT_WRITE_QUOTA, /* a write fails: over quota */
    FAULT_WRITE_BAD,   /* a write fails: the disk is broken */
    FAULT_SYNC,        /* what was written is there, but is it on disk? */
    FAULT_LOST,        /* the same, and from then on every write and sync fails */
    FAULT_SHARED,      /* no room for more shared memory */
    FAULT_ANY,         /* one of these, at random, with a chance of 1 in the given number */
    FAULT_COUNT
};

/* Becomes the default of all connections opened from now on. Once in a process. */
void faulty_vfs_install(void);

/* After skip calls that fault could hit, one fails; and where lasting, every one behind it. */
void faulty_vfs_arm(enum fault fault, int skip, bool lasting);

/* Ends the faults. Returns how many there were. */
int faulty_vfs_disarm(void);

/* Whether some write to the log has not been synced. */
bool faulty_vfs_log_is_dirty(void);

#endif
