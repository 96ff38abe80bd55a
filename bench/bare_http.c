/*
 * The reference for reads: libmicrohttpd answering a constant, in the way that orgd uses it (its epoll
 * descriptor in a loop of our own), with nothing else. Listens on 127.0.0.1; its port is the argument.
 */
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* As long as what GET /org/get answers. */
static char body[264];

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    static int seen;
    struct MHD_Response *response;
    enum MHD_Result result;

    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_size;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    response = MHD_create_response_from_buffer(sizeof(body), body, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type", "application/json");
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 8999;
    struct MHD_Daemon *daemon;
    struct pollfd fd = { .events = POLLIN };

    memset(body, 'x', sizeof(body));
    daemon = MHD_start_daemon(MHD_USE_EPOLL, (uint16_t)port, NULL, NULL, answer, NULL,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)8192, MHD_OPTION_END);
    if (!daemon) {
        return 1;
    }
    fd.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    for (;;) {
        MHD_UNSIGNED_LONG_LONG timeout;
        int wait = MHD_get_timeout(daemon, &timeout) == MHD_YES ? (int)timeout : -1;

        (void)poll(&fd, 1, wait);
        (void)MHD_run(daemon);
    }
}
