/* What MONGO_URL leaves open, and what it has no say in. */
#include "store/mongo/mongo_internal.h"

#include <stdio.h>

#define SERVER_SELECTION_MS 3000
#define CONNECT_MS 5000
#define SOCKET_MS 10000
#define WAIT_QUEUE_MS 2000
#define HEARTBEAT_MS 2000 /* how soon a dead server is noticed where it doesn't tell by itself */
#define POOL_SIZE 128     /* the store's threads, the hash threads and the keeper */

/* More than the half second that the driver lets pass between two looks at a server that it has just
 * lost: its own repetition of a write waits for the next look. */
#define QUICK_SERVER_SELECTION_MS 1000
#define QUICK_CONNECT_MS 1000
#define QUICK_SOCKET_MS 1500
#define QUICK_WAIT_QUEUE_MS 500

/* The rest of a majority's wait goes to the answer's way back. */
#define MAJORITY_REST_MS 500

/* 0, "for ever", counts as silent, too: no call may hang past its deadline. */
static void set_if_silent(mongoc_uri_t *uri, const char *option, int32_t value)
{
    if (mongoc_uri_get_option_as_int32(uri, option, 0) <= 0) {
        (void)mongoc_uri_set_option_as_int32(uri, option, value);
    }
}

static void set_at_most(mongoc_uri_t *uri, const char *option, int32_t value)
{
    if (mongoc_uri_get_option_as_int32(uri, option, INT32_MAX) > value) {
        (void)mongoc_uri_set_option_as_int32(uri, option, value);
    }
}

/* Each write: a majority has it in its journal. The wait for the majority ends before the connection
 * gives up, so that what is unsure is said to be so by the server. */
static void set_durable(mongoc_uri_t *uri, int64_t socket_ms)
{
    mongoc_write_concern_t *concern = mongoc_write_concern_new();
    int64_t wait_ms = socket_ms - MAJORITY_REST_MS;

    mongoc_write_concern_set_wmajority(concern, (int32_t)(wait_ms > 0 ? wait_ms : socket_ms));
    mongoc_write_concern_set_journal(concern, true);
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
}

/* Reads say themselves how they want it; commands that take no read concern must get none. */
static void clear_read_concern(mongoc_uri_t *uri)
{
    mongoc_read_concern_t *none = mongoc_read_concern_new();

    mongoc_uri_set_read_concern(uri, none);
    mongoc_read_concern_destroy(none);
}

int64_t mongo_url_make_patient(mongoc_uri_t *uri)
{
    int64_t socket_ms;

    set_if_silent(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, SERVER_SELECTION_MS);
    set_if_silent(uri, MONGOC_URI_CONNECTTIMEOUTMS, CONNECT_MS);
    set_if_silent(uri, MONGOC_URI_SOCKETTIMEOUTMS, SOCKET_MS);
    set_if_silent(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, WAIT_QUEUE_MS);
    set_if_silent(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT_MS);
    set_if_silent(uri, MONGOC_URI_MAXPOOLSIZE, POOL_SIZE);
    if (!mongoc_uri_has_option(uri, MONGOC_URI_RETRYREADS)) {
        (void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false); /* mongo_run does */
    }
    if (!mongoc_uri_get_appname(uri)) {
        (void)mongoc_uri_set_appname(uri, "orgd");
    }
    socket_ms = mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, SOCKET_MS);
    set_durable(uri, socket_ms);
    clear_read_concern(uri);
    return socket_ms;
}

int64_t mongo_url_make_quick(mongoc_uri_t *uri)
{
    int64_t socket_ms;

    set_at_most(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, QUICK_SERVER_SELECTION_MS);
    set_at_most(uri, MONGOC_URI_CONNECTTIMEOUTMS, QUICK_CONNECT_MS);
    set_at_most(uri, MONGOC_URI_SOCKETTIMEOUTMS, QUICK_SOCKET_MS);
    set_at_most(uri, MONGOC_URI_WAITQUEUETIMEOUTMS, QUICK_WAIT_QUEUE_MS);
    socket_ms = mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, QUICK_SOCKET_MS);
    set_durable(uri, socket_ms);
    return socket_ms;
}

void mongo_url_hosts(const mongoc_uri_t *uri, char ret_hosts[MONGO_HOSTS_SIZE])
{
    const char *srv = mongoc_uri_get_srv_hostname(uri);
    const mongoc_host_list_t *host = mongoc_uri_get_hosts(uri);
    size_t used = 0;

    if (srv) {
        (void)snprintf(ret_hosts, MONGO_HOSTS_SIZE, "%s (SRV)", srv);
        return;
    }
    ret_hosts[0] = '\0';
    for (; host && used < MONGO_HOSTS_SIZE; host = host->next) {
        int printed = snprintf(ret_hosts + used, MONGO_HOSTS_SIZE - used, "%s%s", used ? "," : "",
                               host->host_and_port);

        used += printed > 0 ? (size_t)printed : 0;
    }
}
