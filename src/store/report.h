/*
 * What a doctor finds in a store (mongo/doctor.h, sqlite/doctor.h), written as it comes: as text
 * for people, one block for each finding, or as one JSON object for machines. One thread.
 */
#ifndef ORGD_STORE_REPORT_H
#define ORGD_STORE_REPORT_H

#include "base/buf.h"
#include "base/str.h"
#include "json/json_out.h"

#include <stdbool.h>
#include <stddef.h>

/* What a finding is about. name may be empty. */
struct report_subject {
    const char *kind; /* "organization", "account", "collection", "index", "membership", "table" */
    struct str id;
    struct str name;
};

struct report_finding {
    const char *code; /* stable, [a-z_]+: machines compare it */
    struct str what;  /* for people: lines, each a sentence or two */
    const struct report_subject *subjects;
    size_t subject_count;
    struct str todo; /* lines to type or to follow; empty: there is nothing to do by hand */
};

struct report {
    struct buf *out;
    bool as_json;
    size_t count; /* findings so far */
    struct json_out json;
};

/* out is the caller's, and its limit the report's: buf_overflowed tells where it was too much.
 * store: the engine's name. */
void report_init(struct report *report, bool as_json, const char *store, struct buf *out);
void report_add(struct report *report, const struct report_finding *finding);

/* seen: what was looked at, one line. */
void report_end(struct report *report, struct str seen);

#endif
