/* Judging what a caller gave: each function adds an entry to invalid for what breaks a rule. */
#ifndef ORGD_ORG_INPUT_H
#define ORGD_ORG_INPUT_H

#include "base/arena.h"
#include "base/invalid.h"
#include "base/str.h"
#include "org/name.h"

#include <stdint.h>

/* A text with the place where it was found, for the words of a 422. ptr NULL: it was not given. */
struct input {
    struct str text;
    const char *where;  /* static: "body", "query" */
    const char *member; /* static */
};

/* ST_OK or ST_INVALID. */
MUST_CHECK enum status input_name(const struct input *input, struct arena *mem,
                                  struct invalid *invalid, struct name *ret_name);
MUST_CHECK enum status input_email(const struct input *input, struct arena *mem,
                                   struct invalid *invalid, struct str *ret_key);
MUST_CHECK enum status input_password(const struct input *input, int64_t min_bytes,
                                      struct invalid *invalid);

#endif
