/*
 * What the files behind mongo.h share: the connection's parts, one try of a command, and the loop that
 * tries again. Private to mongo*.c and their tests.
 */
#ifndef ORGD_STORE_MONGO_MONGO_INTERNAL_H
#define ORGD_STORE_MONGO_MONGO_INTERNAL_H

#include "base/metrics.h"
#include "store/mongo/mongo.h"

#include <mongoc/mongoc.h>

/* A client pool, and how long one of its commands may take on a connection that is silent. */
struct mongo_pool {
    mongoc_client_pool_t *clients;
    int64_t socket_ms;
};

struct mongo {
    struct mongo_pool patient; /* with the URL's time-outs */
    struct mongo_pool quick;   /* with short ones, for a call that has not much time left */
    char *database;
    mongoc_read_prefs_t *primary;
    bson_t majority;  /* a command's options: {readConcern: {level: "majority"}} */
    bson_t unchecked; /* a write's options: {validate: false}; the server judges documents */
    struct mongo_features features;
    struct histogram commands[2]; /* how long they took: of requests, and of the keeper's threads */
};

/* What a command may change, which decides what its failure can have left behind. */
enum mongo_effect {
    EFFECT_NONE, /* it reads */
    EFFECT_ONE,  /* one statement: wholly there or not at all */
    EFFECT_MANY, /* several: the first ones may be there where a later one fails */
};

/* A command that is tried until it succeeds, fails for good or runs out of time. */
struct mongo_operation {
    enum mongo_effect effect;
    enum mongo_repeat repeat; /* of no meaning for reads */
    bool meets_itself; /* repeated, it may find its own result in the way, and that is said so */
};

/* One try. The try function sends its command with client, and fills in reply and error as libmongoc
 * does: reply is initialised in each case. */
struct mongo_try {
    struct mongo *mongo;
    mongoc_client_t *client;
    int64_t budget_ms; /* for maxTimeMS: the server gives up before we do */
    bson_t reply;
    bson_error_t error;
    unsigned sent; /* commands handed to the network during the try; 0: nothing can have happened */
};

/* Returns what libmongoc's function returned. What it takes from the reply it gives to context, and only
 * where it returns true. */
typedef bool mongo_try_fn(struct mongo_try *try, void *context);

/* What a try came to. */
enum mongo_verdict {
    VERDICT_DONE,
    VERDICT_REFUSED, /* for good, and nothing happened (EFFECT_MANY: but for the first statements) */
    VERDICT_NOTHING, /* nothing happened, and it may go better in a moment */
    VERDICT_MAYBE,   /* it may have happened; trying again makes sense */
    VERDICT_LOST,    /* it may have happened; trying again makes none */
};

struct mongo_outcome {
    enum mongo_verdict verdict;
    enum status status;    /* of VERDICT_REFUSED */
    const char *words;     /* the server's or the driver's; in the try */
    bool is_login_refused; /* the server does not know the URL's user, or not with this password */
    bool is_too_old;       /* the server's protocol is not the driver's any more */
};

/* mongo_outcome.c: judges a try after its function has returned ok. */
struct mongo_outcome mongo_judge(const struct mongo_try *try, bool ok, enum mongo_effect effect);

/* mongo_try.c: one try, on a client of its own; mongo_try_done releases the reply. */
bool mongo_try_once(struct mongo *mongo, const struct mongo_pool *pool, int64_t deadline_ms,
                    mongo_try_fn *function, void *context, struct mongo_try *ret_try);
void mongo_try_done(struct mongo_try *try);

/*
 * Tries until call->deadline_ms. ST_OK; the status of a refusal; ST_UNAVAILABLE: nothing happened;
 * ST_UNSURE: it may have. err has the words of the last failure, but for ST_DOCUMENT_EXISTS and
 * ST_NOT_FOUND, which are answers.
 * ret_repeated, where not NULL: whether an earlier try than the one that succeeded may have happened.
 */
MUST_CHECK enum status mongo_run(struct mongo *mongo, const struct call *call,
                                 struct mongo_operation operation, mongo_try_fn *function,
                                 void *context, bool *ret_repeated);

/* The same through the quick pool, trying for try_ms at most. */
MUST_CHECK enum status mongo_run_quick(struct mongo *mongo, const struct call *call, int64_t try_ms,
                                       mongo_try_fn *function, void *context);

/* mongo_read.c */

/* What libmongoc takes for a read preference; NULL stands for the URL's. */
const mongoc_read_prefs_t *mongo_preference(const struct mongo *mongo, enum mongo_from from);

/* The first document of a reply's first batch, as a view. */
bool mongo_first_of_batch(const bson_t *reply, bson_t *ret_view);

/* mongo_join.c: asks for a document that isn't there with another one, to learn whether the server can.
 * False, as a mongo_try_fn, where it did not even answer. */
bool mongo_try_joining(struct mongo_try *try, const char *collection, const struct mongo_join *join,
                       bool *ret_joins);

/* Counts what the driver sends, for mongo_try.sent; for mongoc_client_pool_set_apm_callbacks. */
void mongo_count_sent(const mongoc_apm_command_started_t *event);

/* mongo_url.c */

/* Judges the URL and reads it; nothing of it is shown but names of options and of files. ST_OK, and
 * ret_uri is the caller's to mongoc_uri_destroy; ST_INVALID. */
MUST_CHECK enum status mongo_url_read(const char *url, mongoc_uri_t **ret_uri, struct err *err);

/* mongo_url_defaults.c */

/* Fills in what the URL leaves open, and makes writes durable whatever it says. Returns the time-out of
 * a silent connection. */
int64_t mongo_url_make_patient(mongoc_uri_t *uri);
/* From a patient one: shortens its time-outs to what a call with little time left can bear. */
int64_t mongo_url_make_quick(mongoc_uri_t *uri);

/* The servers' names for the log, "a:27017,b:27017", cut to fit; without user and password. */
#define MONGO_HOSTS_SIZE 256
void mongo_url_hosts(const mongoc_uri_t *uri, char ret_hosts[MONGO_HOSTS_SIZE]);

/* mongo_log.c: the driver's own log lines, from now on in ours; once for each process. */
void mongo_log_begin(void);
/* While this thread reads a URL, of which nothing may be shown, they are dropped. */
void mongo_log_mute(bool muted);

#endif
