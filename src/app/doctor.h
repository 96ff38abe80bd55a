/* `orgd doctor`: what is in a store that an operator should look at. */
#ifndef ORGD_APP_DOCTOR_H
#define ORGD_APP_DOCTOR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct settings;

/*
 * Looks through the store that the settings name, and writes what it finds to out, as text or as
 * JSON. Changes nothing. ret_findings: how many. ST_OK, whatever was found; ST_INVALID for a
 * setting that can't be used; another status, with the reason in err, where the store can't be
 * looked through.
 */
MUST_CHECK enum status app_doctor(const struct settings *settings, bool as_json, struct buf *out,
                                  size_t *ret_findings, struct err *err);

#endif
