/*
 * What is in a database that nobody but an operator can decide or put right: `orgd doctor`. Reads
 * everything but the tenants' documents (of those it asks for _ids that nobody can use), changes
 * nothing, and may run beside any number of instances: then it looks twice, and what was only
 * somebody's work just then isn't told.
 *
 * A database that a seed's program wrote and no orgd has opened yet is judged by what the first
 * start would make of it.
 */
#ifndef ORGD_STORE_MONGO_DOCTOR_H
#define ORGD_STORE_MONGO_DOCTOR_H

#include "base/err.h"

struct report;
struct store_rules;

/* Adds each finding, and ends the report. ST_OK, whatever was found; ST_INVALID for a URL that
 * can't be used; ST_UNAVAILABLE; ST_BROKEN. */
MUST_CHECK enum status mongo_doctor(const char *url, const char *database,
                                    const struct store_rules *rules, struct report *report,
                                    struct err *err);

#endif
