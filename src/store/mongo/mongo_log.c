/* The driver's own log lines in ours. */
#include "store/mongo/mongo_internal.h"

#include "base/log.h"

#include <pthread.h>

static _Thread_local bool is_muted;

void mongo_log_mute(bool muted)
{
    is_muted = muted;
}

static void take_line(mongoc_log_level_t level, const char *domain, const char *message,
                      void *user_data)
{
    /* It warns of each connection that ends, which the calls that it meant something to say better. */
    enum log_level ours = level < MONGOC_LOG_LEVEL_WARNING ? LOG_WARN : LOG_DEBUG;

    (void)user_data;
    if (!is_muted) {
        log_line(ours, "mongodb driver", LOG_TEXT("part", domain), LOG_TEXT("text", message));
    }
}

static void begin(void)
{
    mongoc_log_set_handler(take_line, NULL);
    mongoc_init();
}

void mongo_log_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, begin);
}
