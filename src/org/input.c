/* The words for each rule. */
#include "org/input.h"

#include "auth/password.h"

#include <inttypes.h>

enum status input_name(const struct input *input, struct arena *mem, struct invalid *invalid,
                       struct name *ret_name)
{
    switch (name_make(input->text, mem, ret_name)) {
    case NAME_OK:
        return ST_OK;
    case NAME_EMPTY:
        return invalid_add(invalid, "string_too_short", input->where, input->member,
                           "String should have at least 1 character");
    case NAME_TOO_LONG:
        return invalid_add(invalid, "string_too_long", input->where, input->member,
                           "String should have at most %d characters", NAME_MAX_CODE_POINTS);
    case NAME_CONTROL:
        return invalid_add(invalid, "value_error", input->where, input->member,
                           "Value error, a name has no control characters");
    case NAME_NO_LETTER:
        return invalid_add(invalid, "value_error", input->where, input->member,
                           "Value error, a name has at least one letter or digit");
    case NAME_NOT_UTF8:
        break;
    }
    return invalid_add(invalid, "value_error", input->where, input->member,
                       "Value error, a name is valid UTF-8");
}

enum status input_email(const struct input *input, struct arena *mem, struct invalid *invalid,
                        struct str *ret_key)
{
    switch (email_make(input->text, mem, ret_key)) {
    case EMAIL_OK:
        return ST_OK;
    case EMAIL_TOO_LONG:
        return invalid_add(invalid, "value_error", input->where, input->member,
                           "value is not a valid email address: it has more than %d bytes",
                           EMAIL_MAX_BYTES);
    case EMAIL_SPACE:
        return invalid_add(invalid, "value_error", input->where, input->member,
                           "value is not a valid email address: it has white space or a control "
                           "character");
    case EMAIL_FORM:
        break;
    }
    return invalid_add(invalid, "value_error", input->where, input->member,
                       "value is not a valid email address: it must have text on both sides of "
                       "one @");
}

enum status input_password(const struct input *input, int64_t min_bytes, struct invalid *invalid)
{
    if ((int64_t)input->text.len < min_bytes) {
        return invalid_add(invalid, "string_too_short", input->where, input->member,
                           "String should have at least %" PRId64 " characters", min_bytes);
    }
    if (input->text.len > PASSWORD_MAX_BYTES) {
        return invalid_add(invalid, "string_too_long", input->where, input->member,
                           "String should have at most %d characters", PASSWORD_MAX_BYTES);
    }
    return ST_OK;
}
