/* One value: whether a row allows it, what a row allows, and how a value is shown. */
#include "config/setting_row.h"

#include "base/buf.h"
#include "config/settings.h"

#include <arpa/inet.h>
#include <inttypes.h>

#define PORT_MAX 65535
#define PORT_DIGITS 5
#define MASK "***"

static const char *const mongo_schemes[] = { "mongodb://", "mongodb+srv://" };

char **setting_text(const struct setting_row *row, struct settings *settings)
{
    return (char **)(void *)((char *)settings + row->offset);
}

int64_t *setting_number(const struct setting_row *row, struct settings *settings)
{
    return (int64_t *)(void *)((char *)settings + row->offset);
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7F;
}

/* Digits and nothing else, 0 to max. */
static bool parse_digits(struct str text, int64_t max, int64_t *ret_number)
{
    int64_t number = 0;

    if (text.len == 0) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = text.ptr[i] - '0';

        if (digit < 0 || digit > 9 || number > max / 10 || number * 10 > max - digit) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

static bool judge_number(const struct setting_row *row, const char *text, int64_t *ret_number)
{
    int64_t number;

    if (!parse_digits(str_of(text), row->max, &number) || number < row->min) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool judge_text(const struct setting_row *row, const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if (is_control(text[i]) || (row->refused && strchr(row->refused, text[i]))) {
            return false;
        }
    }
    return (int64_t)len >= row->min && (int64_t)len <= row->max;
}

static bool judge_choice(const struct setting_row *row, const char *text)
{
    for (const char *const *choice = row->choices; *choice; choice++) {
        if (strcmp(*choice, text) == 0) {
            return true;
        }
    }
    return false;
}

/* "host" or "[v6]". */
static bool judge_host(struct str host)
{
    char name[INET6_ADDRSTRLEN + 2];
    struct in6_addr address;
    size_t len = host.len;

    if (str_is(host, "localhost")) {
        return true;
    }
    if (len < 2 || len >= sizeof(name)) {
        return false;
    }
    memcpy(name, host.ptr, len);
    name[len] = '\0';
    if (name[0] == '[' && name[len - 1] == ']') {
        name[len - 1] = '\0';
        return inet_pton(AF_INET6, name + 1, &address) == 1;
    }
    return inet_pton(AF_INET, name, &address) == 1;
}

static bool judge_address(struct str address)
{
    const char *colon = memrchr(address.ptr, ':', address.len);
    int64_t port;
    struct str host;
    struct str digits;

    if (!colon) {
        return false;
    }
    host = (struct str){ .ptr = address.ptr, .len = (size_t)(colon - address.ptr) };
    digits = (struct str){ .ptr = colon + 1, .len = address.len - host.len - 1 };
    return judge_host(host) && digits.len <= PORT_DIGITS && parse_digits(digits, PORT_MAX, &port);
}

static bool judge_addresses(const char *text)
{
    const char *end = text + strlen(text);
    const char *at = text;

    for (int count = 1; count <= SETTING_ADDRESSES_MAX; count++) {
        const char *comma = strchrnul(at, ',');

        if (!judge_address(
                str_trim_blanks((struct str){ .ptr = at, .len = (size_t)(comma - at) }))) {
            return false;
        }
        if (comma == end) {
            return true;
        }
        at = comma + 1;
    }
    return false;
}

/* The scheme that the address starts with; NULL: none that is allowed. */
static const char *mongo_scheme(const char *text)
{
    for (size_t i = 0; i < sizeof(mongo_schemes) / sizeof(mongo_schemes[0]); i++) {
        if (strncmp(text, mongo_schemes[i], strlen(mongo_schemes[i])) == 0) {
            return mongo_schemes[i];
        }
    }
    return NULL;
}

static bool judge_mongo_url(const struct setting_row *row, const char *text)
{
    const char *scheme = mongo_scheme(text);

    return text[0] == '\0' || (scheme && text[strlen(scheme)] != '\0' && judge_text(row, text));
}

bool setting_judge(const struct setting_row *row, const char *text, int64_t *ret_number)
{
    switch (row->type) {
    case SETTING_TEXT:
        return judge_text(row, text);
    case SETTING_NUMBER:
        return judge_number(row, text, ret_number);
    case SETTING_CHOICE:
        return judge_choice(row, text);
    case SETTING_ADDRESSES:
        return judge_addresses(text);
    case SETTING_SECRET:
        return (int64_t)strlen(text) <= row->max;
    case SETTING_MONGO_URL:
        return judge_mongo_url(row, text);
    }
    return false;
}

void setting_print_allowed(const struct setting_row *row, struct buf *out)
{
    switch (row->type) {
    case SETTING_TEXT:
        buf_printf(out, "%" PRId64 " to %" PRId64 " bytes, no control characters", row->min,
                   row->max);
        if (row->refused) {
            buf_printf(out, ", none of `%s`", row->refused);
        }
        return;
    case SETTING_NUMBER:
        buf_printf(out, "an integer from %" PRId64 " to %" PRId64, row->min, row->max);
        return;
    case SETTING_CHOICE:
        for (const char *const *choice = row->choices; *choice; choice++) {
            buf_printf(out, "%s%s",
                       choice == row->choices ? ""
                       : choice[1]            ? ", "
                                              : " or ",
                       *choice);
        }
        return;
    case SETTING_ADDRESSES:
        buf_printf(
            out,
            "1 to %d of HOST:PORT, comma-separated; HOST is an IPv4 address, an IPv6 address "
            "in brackets or localhost, PORT 0 to %d",
            SETTING_ADDRESSES_MAX, PORT_MAX);
        return;
    case SETTING_SECRET:
        buf_printf(out, "at most %" PRId64 " bytes", row->max);
        return;
    case SETTING_MONGO_URL:
        buf_printf(out, "%s… or %s…, at most %" PRId64 " bytes, or nothing", mongo_schemes[0],
                   mongo_schemes[1], row->max);
        return;
    }
}

void setting_print_value(const struct setting_row *row, const char *text, size_t max_bytes,
                         struct buf *out)
{
    if (row->type == SETTING_MONGO_URL && mongo_scheme(text)) {
        buf_text(out, mongo_scheme(text));
    }
    if (row->type == SETTING_SECRET || row->type == SETTING_MONGO_URL) {
        buf_text(out, text[0] ? MASK : "");
        return;
    }
    (void)setting_print_clean(text, max_bytes, out);
}

size_t setting_print_clean(const char *text, size_t max_bytes, struct buf *out)
{
    struct str s = str_of(text);
    bool utf8 = str_is_utf8(s);
    size_t columns = 0;

    for (size_t i = 0; i < s.len; i++) {
        bool ascii = (unsigned char)s.ptr[i] < 0x80;
        bool continues = utf8 && ((unsigned char)s.ptr[i] & 0xC0) == 0x80;

        if (i >= max_bytes && !continues) {
            buf_text(out, "…");
            return columns + 1;
        }
        if (is_control(s.ptr[i]) || (!ascii && !utf8)) {
            buf_char(out, '?');
        } else {
            buf_char(out, s.ptr[i]);
        }
        columns += !continues;
    }
    return columns;
}
