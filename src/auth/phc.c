/* The pieces of a stored password hash. */
#include "auth/phc.h"

static struct str behind(struct str s, size_t bytes)
{
    return (struct str){ .ptr = s.ptr + bytes, .len = s.len - bytes };
}

bool phc_text(struct str *rest, const char *text)
{
    size_t len = strlen(text);

    if (rest->len < len || memcmp(rest->ptr, text, len) != 0) {
        return false;
    }
    *rest = behind(*rest, len);
    return true;
}

bool phc_number(struct str *rest, uint32_t lowest, uint32_t highest, uint32_t *ret_number)
{
    uint64_t number = 0;
    size_t digits = 0;

    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9') {
        number = number * 10 + (uint64_t)(rest->ptr[digits] - '0');
        digits++;
        if (number > highest) {
            return false;
        }
    }
    if (digits == 0 || (digits > 1 && rest->ptr[0] == '0') || number < lowest) {
        return false;
    }
    *rest = behind(*rest, digits);
    *ret_number = (uint32_t)number;
    return true;
}

struct str phc_field(struct str *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, '$', rest->len) : NULL;
    struct str field = { .ptr = rest->ptr, .len = end ? (size_t)(end - rest->ptr) : rest->len };

    *rest = behind(*rest, field.len + (end ? 1 : 0));
    return field;
}
