/* What the files of the HTTP server share among themselves; nobody else includes it. */
#ifndef ORGD_HTTP_INTERNAL_H
#define ORGD_HTTP_INTERNAL_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/later.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/peers.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"
#include "http/server.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#define LISTENERS_MAX 16
#define LINGERING_MAX 256
#define HTTP_STATUS_MAX 600
/* Room for an answer's head in a connection's memory, which is just 32 KiB then with the default limits: more
 * than that the library takes from the kernel, in whole pages. */
#define REPLY_HEAD_BYTES 1792

struct reply;
struct replies;

/* A TCP connection; its loop's. */
struct conn {
    struct conn *next; /* among the loop's, or on its way there */
    struct conn **link;
    int fd;
    struct peer_address address;
    struct sockaddr_storage peer;
    socklen_t peer_len;
    int64_t deadline_ms; /* of clock_monotonic_ms: what is being received must be there; 0: none */
    struct exchange *exchange; /* the request under way; NULL: none */
    uint64_t taken_bytes;      /* of the requests that came whole so far */
    bool is_inexact;           /* taken_bytes lacks the framing of a chunked body */
    bool was_receiving;        /* at the last sweep of a stop, and nothing came whole since */
};

enum stage {
    STAGE_HEAD,    /* the request line is there, headers are coming */
    STAGE_BODY,    /* headers have been looked at, a body may be coming */
    STAGE_RUNNING, /* an executor has it, the connection is suspended */
    STAGE_PARKED,  /* its handler is left at a commit, the connection is suspended */
    STAGE_DONE,    /* the response is made and not yet queued */
    STAGE_SENDING, /* the library has the response */
};

/* One request and its response, from the request line to the last byte sent. */
struct exchange {
    struct job job; /* first: executors hand this back */
    /* What is allocated stays for the next exchange. */
    struct arena arena;
    struct buf body;
    struct response resp;
    struct exchange *next_done; /* what is cleared begins with this */
    struct later later;         /* while it is parked */
    struct loop *loop;
    struct conn *conn;
    struct MHD_Connection *connection;
    enum stage stage;
    enum status early; /* the answer was decided before the handler; ST_OK: it was not */
    bool is_options;
    bool is_answering; /* counted in its loop's answering */
    bool is_chunked;
    bool is_refused; /* by the guard: nothing more is read */
    bool is_small;   /* it has touched little of the connection's memory (pool.h) */
    size_t body_limit;
    size_t body_charged; /* bytes counted against the server's limit for all bodies */
    size_t head_bytes;
    uint64_t body_bytes;       /* that a Content-Length announces; 0 where is_refused */
    const char *method_at;     /* where the head begins in the library's buffer */
    const char *body_at;       /* where the body begins in the library's buffer */
    const char *raw_target_at; /* where the target lies in the library's buffer */
    struct str raw_target;     /* a copy, in the arena */
    unsigned int allowed;      /* methods, for Allow */
    int64_t started_us;        /* when the headers were there */
    struct reply *reply;       /* what the answer went out with; NULL: nothing to give back */
    struct request req;        /* last, as its end is not cleared */
};

/* One thread with its own libmicrohttpd daemon. */
struct loop {
    struct server *server;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool has_thread;
    int wake_fd; /* eventfd: something is in incoming, done or ended, or draining changed */
    pthread_mutex_t mutex;
    struct conn *incoming;
    struct exchange *done;
    struct later *ended; /* of parked exchanges, in order of their commits */
    struct later **ended_last;
    struct later_home home;
    struct conn *conns;    /* all of this loop's */
    size_t open;           /* of conns, known to the library */
    size_t most_open;      /* at once, since memory was last given back */
    int64_t crowd_gone_ms; /* since when there are many fewer; 0: there aren't */
    struct conn *adding;   /* being handed to the library right now */
    atomic_size_t conn_count;
    size_t answering; /* exchanges whose request is whole and whose answer isn't sent */
    size_t running;   /* of those, the ones that an executor has or that are parked */
    int64_t swept_ms;
    struct exchange
        *spare; /* ended ones, to be used again with their memory; next_done links them */
    size_t spare_count;
    int64_t now_ms;  /* of clock_monotonic_ms, when the loop last woke */
    int64_t wall_ms; /* of clock_now_ms, at the same moment */
    int64_t date_second;
    char date[CLOCK_HTTP_SIZE]; /* of date_second */
    _Atomic int64_t in_flight;
    struct route_metrics *metrics; /* one for each route, and one for none; only this loop adds */
    struct replies *replies;
    struct log_batch log; /* lines of the run under way */
    size_t pool_bytes;    /* the library's memory for each connection */
    size_t lingering;     /* closed connections whose last bytes are still being read */
    struct {
        int fd;
        int64_t deadline_ms;
    } linger[LINGERING_MAX];
};

struct route_metrics {
    _Atomic uint64_t statuses[HTTP_STATUS_MAX];
    struct histogram duration;
};

enum refused {
    REFUSED_CONNECTIONS,
    REFUSED_HASH_QUEUE,
    REFUSED_STORE_QUEUE,
    REFUSED_BODIES,
    REFUSED_DEADLINE,
    REFUSED_LIMITED,
    REFUSED_WIRE,
    REFUSED_COUNT
};

struct server {
    struct server_config config;
    struct router *router;
    struct peers *peers;
    int listeners[LISTENERS_MAX];
    size_t listener_count;
    int stop_fd; /* eventfd: ends the listener thread */
    pthread_t listener;
    bool has_listener;
    _Atomic int64_t draining_since_ms; /* 0: serving */
    atomic_size_t bodies_bytes;
    _Atomic uint64_t refused[REFUSED_COUNT];
    struct loop *loops;
};

/* How long after the stop began a connection with further requests is kept open. */
#define DRAIN_KEEP_MS 6000
#define DRAIN_KEEP_INEXACT_MS 500
/* How long after the stop began a request may still be coming. */
#define DRAIN_RECEIVE_MS 1000

/* exchange.c: libmicrohttpd's callbacks. */
void *exchange_request_line(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **req_cls);
void exchange_completed(void *cls, struct MHD_Connection *connection, void **req_cls,
                        enum MHD_RequestTerminationCode code);

/* spare.c: an exchange with memory of an earlier one, or a new one (NULL where memory is out); its end, after
 * which it may be kept for another; and the end of one that is kept, or NULL. */
struct exchange *exchange_take_spare(struct loop *loop);
void exchange_end(struct exchange *ex);
void exchange_free(struct exchange *ex);

/* Counts memory against the limit for all bodies until the exchange ends; false: it is passed. */
bool exchange_charge(struct exchange *ex, size_t bytes);
/* Counts so many from now on, which are no more than before. */
void exchange_charge_back(struct exchange *ex, size_t bytes);

/* work.c: authorizes and handles a whole request. true: an executor has it now, or it is parked; false: the
 * response is made. */
MUST_CHECK bool exchange_work(struct exchange *ex);
/* Makes the response of a parked one, whose commit has an outcome; and of one that waited too long for its
 * commit to be begun, where it wasn't (true). */
void exchange_go_on(struct exchange *ex);
MUST_CHECK bool exchange_give_up(struct exchange *ex);

/* answer.c: hands the response to the library; makes the answer that was decided without a handler; and
 * answers in the middle of a body, which ends the connection. */
enum MHD_Result exchange_send(struct exchange *ex);
void exchange_respond_early(struct exchange *ex);
enum MHD_Result exchange_refuse_body(struct exchange *ex, enum status status);

/* head.c: judges the head, and fills in the request's headers, id and target. ST_OK, ST_BAD_REQUEST,
 * ST_TARGET_TOO_LONG, ST_HEADERS_TOO_LARGE; sets is_refused where the connection must end. */
MUST_CHECK enum status exchange_look_at_head(struct exchange *ex, struct str method,
                                             struct str version);

/* observe.c: the access line and the metrics of a response that is about to be sent. */
void observe_response(struct exchange *ex);
void observe_abort(struct exchange *ex);
void observe_refused(struct server *server, enum refused reason);

/* loop.c */
MUST_CHECK enum status loop_init(struct loop *loop, struct server *server, struct err *err);
MUST_CHECK enum status loop_start(struct loop *loop, struct err *err);
void loop_join(struct loop *loop);        /* waits for the thread */
void loop_done(struct loop *loop);        /* after loop_join, and with nothing running */
const char *loop_date(struct loop *loop); /* for Date, as of the last waking */

/* handover.c. Any thread: wakes the loop; gives it a connection; a pool has made the response; parked exchanges
 * can go on (later_home.ended). */
void loop_wake(struct loop *loop);
void loop_add(struct loop *loop, struct conn *conn);
void loop_finish(struct loop *loop, struct exchange *ex);
void loop_go_on(struct later_home *home, struct later *chain);

/* Takes all of that; the loop's thread. */
struct handed {
    struct conn *incoming;
    struct exchange *done;
    struct later *ended;
};
struct handed loop_take(struct loop *loop);

/* linger.c: keeps a socket that the library is about to close, for what its client still sends; and reads that
 * from all of a loop's, ending those that are done or late. */
void linger_begin(struct loop *loop, int fd);
void linger_read(struct loop *loop, int64_t now_ms);

/* listener.c */
MUST_CHECK enum status listener_open(struct server *server, struct err *err);
MUST_CHECK enum status listener_start(struct server *server, struct err *err);
void listener_stop(struct server *server); /* takes what waits in the queues, then closes */

#endif
