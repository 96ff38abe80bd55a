/*
 * The list behind a 422: one entry for each wrong member of an input, all of them at once, in the
 * words of pydantic, which the seeds' clients know: {"type", "loc": [where, member], "msg"}.
 */
#ifndef ORGD_BASE_INVALID_H
#define ORGD_BASE_INVALID_H

#include "base/status.h"

#include <stddef.h>

#define INVALID_MAX 16 /* entries kept; further ones are only counted */

struct invalid_entry {
    const char *type;   /* static: "missing", "string_type", "value_error", … */
    const char *where;  /* static: "body", "query", "path", "header" */
    const char *member; /* static; NULL: the whole of where */
    char msg[160];
};

struct invalid {
    size_t count; /* of entries, at most INVALID_MAX */
    struct invalid_entry entries[INVALID_MAX];
};

/* Adds an entry and returns ST_INVALID. */
__attribute__((format(printf, 5, 6))) enum status invalid_add(struct invalid *invalid,
                                                              const char *type, const char *where,
                                                              const char *member,
                                                              const char *format, ...);

#endif
