/*
 * What is wrong in the embedded store's database, if anything: `orgd doctor`. SQLite's own look at
 * the file, and what this project's tables promise each other. Changes nothing, and may run beside
 * the server that has the directory.
 */
#ifndef ORGD_STORE_SQLITE_DOCTOR_H
#define ORGD_STORE_SQLITE_DOCTOR_H

#include "base/err.h"

struct report;

/* Adds each finding, and ends the report. ST_OK, whatever was found; ST_BUSY; ST_BROKEN where there
 * is no database in the directory, or none of this program's, or it can't be read at all. */
MUST_CHECK enum status sqlite_doctor(const char *directory, struct report *report, struct err *err);

#endif
