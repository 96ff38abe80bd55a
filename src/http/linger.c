/* Connections that are closed but for what their clients still send. */
#include "http/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define LINGER_MS 2000

/*
 * Keeps a closed connection's socket a while and reads what the client still sends: closing a socket
 * with unread bytes resets the connection, and the client may never see the answer.
 */
void linger_begin(struct loop *loop, int fd)
{
    char byte;
    bool client_is_done = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    int copy;

    if (client_is_done || loop->lingering == LINGERING_MAX) {
        return;
    }
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0) {
        (void)shutdown(copy, SHUT_WR);
        loop->linger[loop->lingering].fd = copy;
        loop->linger[loop->lingering].deadline_ms = clock_monotonic_ms() + LINGER_MS;
        loop->lingering++;
    }
}

void linger_read(struct loop *loop, int64_t now_ms)
{
    static _Thread_local char scratch[64 * 1024];

    for (size_t i = loop->lingering; i-- > 0;) {
        ssize_t n = 1;

        for (int rounds = 0; n > 0 && rounds < 16; rounds++) {
            n = recv(loop->linger[i].fd, scratch, sizeof(scratch), MSG_DONTWAIT);
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
            now_ms > loop->linger[i].deadline_ms) {
            (void)close(loop->linger[i].fd);
            loop->linger[i] = loop->linger[--loop->lingering];
        }
    }
}
