/* Where a server inside the test's own process listens. */
#ifndef ORGD_TEST_UNIT_LISTENING_H
#define ORGD_TEST_UNIT_LISTENING_H

#include "test.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* This process' one listening socket. */
static inline struct sockaddr_in listening(void)
{
    struct sockaddr_in address = { .sin_port = 0 };

    for (int fd = 3; fd < 256; fd++) {
        socklen_t len = sizeof(address);
        int listens = 0;
        socklen_t listens_len = sizeof(listens);

        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) == 0 && listens) {
            assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
            return address;
        }
    }
    fail();
    return address;
}

#endif
