/* orgd: see cmd/command.h. */
#include "cmd/command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The MongoDB driver's library counts in shared memory, which it makes as soon as it is loaded, in every
 * process and under the process's number; a killed one leaves it behind, and a later one of the same
 * number complains. Nobody reads these counters. As the program's own definitions come before the C
 * library's, the driver gets memory without a name instead, which goes with the process.
 */
__attribute__((used, visibility("default"))) int shm_open(const char *name, int oflag, mode_t mode)
{
    (void)oflag;
    (void)mode;
    return memfd_create(name, MFD_CLOEXEC);
}

__attribute__((used, visibility("default"))) int shm_unlink(const char *name)
{
    (void)name;
    return 0;
}

/*
 * A standard stream that the caller has closed would be the first file that is opened, and what is printed
 * would go into the store. What takes its place refuses to be read or written.
 */
static void hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            abort();
        }
    }
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    return command_main(argc, argv);
}
