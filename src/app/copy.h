/*
 * `orgd copy`: everything of one store moved into another, whatever engines they are.
 *
 * Two walks over both stores, side by side and in order of ids. The first puts at the destination
 * what is missing or differs there; the second compares. So a copy that was interrupted is simply
 * begun again and goes on where it stopped, and what changed at the source meanwhile is found by
 * the second walk and put right by the next copy. Memory is bounded by pages, whatever the stores
 * hold.
 */
#ifndef ORGD_APP_COPY_H
#define ORGD_APP_COPY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define COPY_CHECKSUM_SIZE 33 /* 128 bits in hex digits, and a NUL */
#define COPY_PLACE_SIZE 512

/* A directory, or a URL that begins with mongodb:// or mongodb+srv://. */
struct copy_place {
    const char *where;
    const char *database; /* of a URL; NULL: the one that the URL names, else master_db */
};

struct copy_options {
    struct copy_place from;
    struct copy_place to;
    bool deletes; /* what the destination has and the source lacks goes */
};

/* One store, as the comparison found it. */
struct copy_side {
    char place[COPY_PLACE_SIZE]; /* without user name, password and options */
    int64_t organizations;
    int64_t accounts; /* in organizations: one that is in two counts twice */
    int64_t documents;
    char checksum[COPY_CHECKSUM_SIZE]; /* of all of it, in order of ids */
};

struct copy_report {
    struct copy_side from;
    struct copy_side to;
    int64_t differing; /* organizations; 0: both stores hold the same */
    int64_t took_ms;
};

/*
 * Copies and compares. Draws its progress on standard error, where each organization that differs
 * is named, too. Takes SIGINT and SIGTERM as the wish to stop. From the main thread, before any
 * other is started.
 *
 * Returns ST_OK when everything was compared: report says with what result. ST_INVALID: wrong use,
 * and nothing was touched. Otherwise err has the reason, and whatever was copied until then stays:
 * the same copy again goes on there.
 */
MUST_CHECK enum status app_copy(const struct copy_options *options, struct copy_report *ret_report,
                                struct err *err);

#endif
