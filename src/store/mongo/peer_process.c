/* Processes of this host, by /proc (proc(5)) and kill(2). */
#include "store/mongo/peer_process.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_START 22 /* the field of /proc/<pid>/stat, counted from 1 */
#define STAT_STATE 3

/* The beginning of a file, with a NUL; false where it can't be read. */
static bool read_file(const char *path, char *ret_text, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t len;

    if (!file) {
        return false;
    }
    len = fread(ret_text, 1, size - 1, file);
    ret_text[len] = '\0';
    (void)fclose(file);
    return len > 0;
}

/* State and start time of a process; false where they can't be read, which says nothing about it. */
static bool read_stat(int64_t pid, char *ret_state, int64_t *ret_start)
{
    char path[64];
    char text[1024];
    const char *at;

    (void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
    if (!read_file(path, text, sizeof(text))) {
        return false;
    }
    at = strrchr(text, ')'); /* the end of field 2, the name, which may hold anything */
    for (int field = STAT_STATE - 1; at && field < STAT_START; field++) {
        at = strchr(at + 1, ' ');
        if (at && field + 1 == STAT_STATE) {
            *ret_state = at[1];
        }
    }
    if (!at) {
        return false;
    }
    *ret_start = strtoll(at + 1, NULL, 10);
    return *ret_start > 0;
}

void peer_process_self(struct peer_process *ret_process)
{
    struct peer_process self = { .pid = getpid() };
    char boot[48] = "";
    char space[40] = "";
    char state = '\0';
    ssize_t len = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);

    if (len > 0 && read_file("/proc/sys/kernel/random/boot_id", boot, sizeof(boot))) {
        boot[strcspn(boot, "\n")] = '\0';
        (void)snprintf(self.host, sizeof(self.host), "%s %s", boot, space);
    }
    (void)read_stat(self.pid, &state, &self.start);
    *ret_process = self;
}

bool peer_process_is_gone(int64_t pid, int64_t start)
{
    int64_t start_now = 0;
    char state = '\0';

    if (pid <= 0 || pid > INT_MAX) {
        return false;
    }
    /* kill also sees what /proc may be told to hide from other users. */
    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
        return true;
    }
    if (!read_stat(pid, &state, &start_now)) {
        return false;
    }
    return state == 'Z' || state == 'X' || (start > 0 && start_now != start);
}
