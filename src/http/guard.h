/*
 * The guard: refuses bytes on the wire that two readers could understand differently (RFC 9112, 11.2;
 * contract, section 6), before anything else looks at the request.
 *
 * libmicrohttpd 0.9.75 hides some of them: it ends a header's value at a NUL, and joins a folded line
 * to the *name* of the header above, so that `Content-Length: 5` with a continuation is no longer a
 * Content-Length at all. Both leave a trace in where name and value lie in its buffer, and that is what
 * is looked at here; so the guard must run on the library's own pointers, not on copies.
 */
#ifndef ORGD_HTTP_GUARD_H
#define ORGD_HTTP_GUARD_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct guard {
    size_t max_headers;
    size_t max_header_bytes;
    size_t count;
    size_t bytes;
    int hosts;
    int lengths;
    int encodings;
    bool is_chunked;
    enum status status; /* of the first header refused */
    struct err *err;
};

void guard_init(struct guard *guard, size_t max_headers, size_t max_header_bytes, struct err *err);

/* Looks at one header as it lies in the library's buffer. false: refused, stop here. */
bool guard_header(struct guard *guard, struct str name, struct str value);

/* After the last header. Returns ST_OK, ST_BAD_REQUEST or ST_HEADERS_TOO_LARGE. */
MUST_CHECK enum status guard_finish(struct guard *guard, bool is_http_1_1);

#endif
