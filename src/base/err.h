/*
 * What went wrong, in words: the caller gives a struct err, the function that fails fills it in and
 * returns the status. A function either returns an error or logs it, never both.
 */
#ifndef ORGD_BASE_ERR_H
#define ORGD_BASE_ERR_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct err {
    char text[384];  /* empty: the status' own detail says it all */
    bool has_offset; /* offset is meant */
    size_t offset;   /* bytes from 0 in what the caller gave: the first one that cannot continue */
    int retry_after_s; /* with ST_LIMITED, ST_BUSY: when it's worth trying again; 0: not known */
};

/* As if nothing had failed. */
static inline void err_clear(struct err *err)
{
    err->text[0] = '\0';
    err->has_offset = false;
    err->offset = 0;
    err->retry_after_s = 0;
}

/* Formats the text (cut where too long) and returns status, so that `return err_set(…)` reads well.
 * err may be NULL. */
__attribute__((format(printf, 3, 4))) enum status err_set(struct err *err, enum status status,
                                                          const char *format, ...);

/* The same with the offset of the offending byte. */
__attribute__((format(printf, 4, 5))) enum status err_set_at(struct err *err, enum status status,
                                                             size_t offset, const char *format,
                                                             ...);

#endif
