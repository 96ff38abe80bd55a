/* One pass over the headers. */
#include "http/guard.h"

void guard_init(struct guard *guard, size_t max_headers, size_t max_header_bytes,
                struct str version, struct err *err)
{
    *guard = (struct guard){
        .max_headers = max_headers,
        .max_header_bytes = max_header_bytes,
        .line_end = version.ptr + version.len,
        .status = ST_OK,
        .err = err,
    };
}

/* tchar of RFC 9110, 5.6.2. */
static const bool token_chars[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

bool guard_is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!token_chars[(unsigned char)text.ptr[i]]) {
            return false;
        }
    }
    return text.len > 0;
}

/* A tab is the only control character that a value may have. */
static bool value_is_clean(struct str value)
{
    if (!str_has_control(value)) {
        return true;
    }
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if ((c < ' ' && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return true;
}

/* Whether the line before ended in CR LF, and the next one begins just behind it. */
static bool follows(const struct guard *guard, const char *line)
{
    return line == guard->line_end + 2 && guard->line_end[0] == '\0' && guard->line_end[1] == '\0';
}

/* Between a name and its value lie the colon (a NUL by now) and blanks. */
static bool lies_behind_name(struct str name, struct str value)
{
    const char *gap = name.ptr + name.len + 1;

    if (value.ptr < gap) {
        return false;
    }
    for (; gap < value.ptr; gap++) {
        if (*gap != ' ' && *gap != '\t') {
            return false;
        }
    }
    return true;
}

static bool refuse(struct guard *guard, enum status status, const char *why)
{
    guard->status = err_set(guard->err, status, "%s", why);
    return false;
}

bool guard_header(struct guard *guard, struct str name, struct str value)
{
    guard->count++;
    guard->bytes += name.len + value.len + 4; /* ": " and CR LF */
    if (guard->count > guard->max_headers || guard->bytes > guard->max_header_bytes) {
        return refuse(guard, ST_HEADERS_TOO_LARGE, "Too many or too large header fields");
    }
    if (!guard_is_token(name)) {
        return refuse(guard, ST_BAD_REQUEST, "A header's name is not a token");
    }
    if (!follows(guard, name.ptr) || !lies_behind_name(name, value)) {
        return refuse(guard, ST_BAD_REQUEST, "A header is folded, or its line ends wrongly");
    }
    if (!value_is_clean(value)) {
        return refuse(guard, ST_BAD_REQUEST, "A header has a control character");
    }
    guard->line_end = value.ptr + value.len;
    if (str_equal_nocase(name, STR("Host"))) {
        guard->hosts++;
    } else if (str_equal_nocase(name, STR("Content-Length"))) {
        guard->lengths++;
    } else if (str_equal_nocase(name, STR("Transfer-Encoding"))) {
        guard->encodings++;
        guard->is_chunked = str_equal_nocase(value, STR("chunked"));
    }
    return true;
}

enum status guard_finish(struct guard *guard, const char *body, bool is_http_1_1)
{
    if (guard->status != ST_OK) {
        return guard->status;
    }
    /* The blank line begins behind the last header, and has two bytes of its own. */
    if (!follows(guard, body - 2) || body[-2] != '\0' || body[-1] != '\0') {
        return err_set(guard->err, ST_BAD_REQUEST, "The head of the request ends wrongly");
    }
    if (guard->lengths > 1) {
        return err_set(guard->err, ST_BAD_REQUEST, "More than one Content-Length");
    }
    if (guard->encodings > 0 && guard->lengths > 0) {
        return err_set(guard->err, ST_BAD_REQUEST,
                       "Content-Length together with Transfer-Encoding");
    }
    if (guard->encodings > 1 || (guard->encodings == 1 && !(guard->is_chunked && is_http_1_1))) {
        return err_set(guard->err, ST_BAD_REQUEST, "Transfer-Encoding must be chunked, once");
    }
    if (guard->hosts > 1 || (guard->hosts == 0 && is_http_1_1)) {
        return err_set(guard->err, ST_BAD_REQUEST, "There must be exactly one Host");
    }
    return ST_OK;
}
