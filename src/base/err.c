/* Formatting of struct err. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum status err_set(struct err *err, enum status status, const char *format, ...)
{
    va_list args;

    if (!err) {
        return status;
    }
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    err->has_offset = false;
    return status;
}

enum status err_set_at(struct err *err, enum status status, size_t offset, const char *format, ...)
{
    va_list args;

    if (!err) {
        return status;
    }
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    err->has_offset = true;
    err->offset = offset;
    return status;
}
