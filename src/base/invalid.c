/* Collecting what is wrong with an input. */
#include "base/invalid.h"

#include <stdarg.h>
#include <stdio.h>

enum status invalid_add(struct invalid *invalid, const char *type, const char *where,
                        const char *member, const char *format, ...)
{
    struct invalid_entry *entry;
    va_list args;

    if (invalid->count == INVALID_MAX) {
        return ST_INVALID;
    }
    entry = &invalid->entries[invalid->count++];
    entry->type = type;
    entry->where = where;
    entry->member = member;
    va_start(args, format);
    (void)vsnprintf(entry->msg, sizeof(entry->msg), format, args);
    va_end(args);
    return ST_INVALID;
}
