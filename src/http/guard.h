/*
 * The guard: refuses bytes on the wire that two readers could understand differently (RFC 9112, 11.2;
 * contract, section 6), before anything else looks at the request.
 *
 * libmicrohttpd 0.9.75 hides some of them: it ends a header's value at a NUL; it joins a folded line to
 * the *name* of the header above, so that a folded `Content-Length: 5` is no Content-Length at all; it
 * takes a line that begins with a colon or a NUL for the end of the head, and what follows for the next
 * request; and it takes a bare LF for a line's end. All of them leave a trace in its buffer: in a clean
 * head each line begins just behind the CR LF (two NULs by now) of the one before, and the body begins
 * behind the blank line. The guard follows that from line to line, so it must see the library's own
 * pointers, not copies.
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
    const char *line_end; /* of the line before, in the library's buffer */
    enum status status;   /* of the first header refused */
    struct err *err;
};

/* Whether the bytes are a token (RFC 9110, 5.6.2), as methods and header names are. */
bool guard_is_token(struct str text);

/* version: the end of the request line, as it lies in the library's buffer. */
void guard_init(struct guard *guard, size_t max_headers, size_t max_header_bytes,
                struct str version, struct err *err);

/* Looks at one header as it lies in the library's buffer. false: refused, stop here. */
bool guard_header(struct guard *guard, struct str name, struct str value);

/* After the last header. body: where the library takes the body to begin.
 * Returns ST_OK, ST_BAD_REQUEST or ST_HEADERS_TOO_LARGE. */
MUST_CHECK enum status guard_finish(struct guard *guard, const char *body, bool is_http_1_1);

#endif
