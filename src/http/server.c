/* Building and taking down of the server. */
#include "http/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "http/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define OTHER_DESCRIPTORS 512 /* the store's, the log's, the loops' */

/* A connection needs a descriptor: asks for as many as the limit on connections wants. */
static void raise_descriptor_limit(struct server_config *config)
{
    struct rlimit limit;
    rlim_t wanted =
        (rlim_t)config->max_connections + config->loops * LINGERING_MAX + OTHER_DESCRIPTORS;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted) {
        return;
    }
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        config->max_connections = limit.rlim_cur > 2 * OTHER_DESCRIPTORS
                                      ? limit.rlim_cur - OTHER_DESCRIPTORS
                                      : limit.rlim_cur / 2;
        log_line(LOG_WARN, "fewer connections: the system allows few open files",
                 LOG_INT("open_files", (int64_t)limit.rlim_cur),
                 LOG_INT("max_connections", (int64_t)config->max_connections));
    }
}

enum status server_new(const struct server_config *config, struct server **ret_server,
                       struct err *err)
{
    struct server *server = calloc(1, sizeof(*server));
    enum status status;

    if (!server) {
        return err_set(err, ST_BROKEN, "no memory for the server");
    }
    server->config = *config;
    server->stop_fd = -1;
    raise_descriptor_limit(&server->config);
    server->peers = peers_new(config->max_connections, config->max_connections_per_address);
    server->router = router_new(&config->routes);
    server->loops = calloc(config->loops, sizeof(*server->loops));
    if (!server->peers || !server->router || !server->loops) {
        server_free(server);
        return err_set(err, ST_BROKEN, "no memory for the server");
    }
    status = listener_open(server, err);
    for (size_t i = 0; status == ST_OK && i < config->loops; i++) {
        status = loop_init(&server->loops[i], server, err);
    }
    if (status != ST_OK) {
        server_free(server);
        return status;
    }
    *ret_server = server;
    return ST_OK;
}

enum status server_start(struct server *server, struct err *err)
{
    for (size_t i = 0; i < server->config.loops; i++) {
        TRY(loop_start(&server->loops[i], err));
    }
    return listener_start(server, err);
}

bool server_stop(struct server *server)
{
    bool all_back = true;

    listener_stop(server);
    atomic_store(&server->draining_since_ms, clock_monotonic_ms());
    for (size_t i = 0; i < server->config.loops; i++) {
        loop_wake(&server->loops[i]);
    }
    for (size_t i = 0; i < server->config.loops; i++) {
        loop_join(&server->loops[i]);
        all_back = all_back && server->loops[i].running == 0;
    }
    return all_back;
}

void server_free(struct server *server)
{
    if (!server) {
        return;
    }
    listener_stop(server);
    for (size_t i = 0; server->loops && i < server->config.loops; i++) {
        loop_done(&server->loops[i]);
    }
    if (server->stop_fd >= 0) {
        (void)close(server->stop_fd);
    }
    free(server->loops);
    router_free(server->router);
    peers_free(server->peers);
    free(server);
}
