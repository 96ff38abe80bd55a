/*
 * Reading the head of a stored password hash, `$name$number$…`: each function takes its piece off the
 * front of *rest, or gives false and leaves *rest alone. Pure; any thread.
 */
#ifndef ORGD_AUTH_PHC_H
#define ORGD_AUTH_PHC_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Exactly this text. */
bool phc_text(struct str *rest, const char *text);

/* A decimal number from lowest to highest, without a sign and without leading zeros. */
bool phc_number(struct str *rest, uint32_t lowest, uint32_t highest, uint32_t *ret_number);

/* Everything up to the next '$', or to the end where there is none; the '$' is taken too. */
struct str phc_field(struct str *rest);

#endif
