/* What the doctor's files share. Private to doctor*.c. */
#ifndef ORGD_STORE_MONGO_DOCTOR_PARTS_H
#define ORGD_STORE_MONGO_DOCTOR_PARTS_H

#include "base/call.h"
#include "store/mongo/census.h"
#include "store/report.h"

struct doctor {
    struct mongo *mongo;
    const struct call *call; /* mem: for words */
    const char *database;
    const struct store_rules *rules;
    struct census *census; /* planned */
    bool is_unseen;        /* something in it isn't ready */
    struct report *report;
    /* While instances work, what is read isn't of one moment: what only one of two looks finds was
     * somebody's work. */
    enum { LOOK_ONLY, LOOK_FIRST, LOOK_SECOND } look;
    struct key_table first; /* what the first look found: code and ids */
};

/* The parts; those of doctor_collections.c ask the server. */
void doctor_see_names(struct doctor *doctor);
void doctor_see_shared(struct doctor *doctor);
void doctor_see_journals(struct doctor *doctor);
void doctor_see_accounts(struct doctor *doctor);
void doctor_see_belonging(struct doctor *doctor);
MUST_CHECK enum status doctor_see_collections(struct doctor *doctor);
MUST_CHECK enum status doctor_see_indexes(struct doctor *doctor);

struct report_subject doctor_organization(struct doctor *doctor, size_t number);
struct report_subject doctor_account(struct doctor *doctor, size_t number);

/* Words: an id's digits; a text as a string of JavaScript; steps, in which every $ID is the subject's
 * ObjectId. In the call's memory. */
struct str doctor_hex(struct doctor *doctor, const struct oid *id);
struct str doctor_quote(struct doctor *doctor, struct str text);
struct str doctor_steps(struct doctor *doctor, const struct report_subject *subject,
                        const char *steps);

bool doctor_has_no_key(struct str key); /* KEY_NONE stands there */

/* Tells a finding, or notes it (LOOK_FIRST). */
void doctor_add(struct doctor *doctor, const struct report_finding *finding);

/* The same about up to two things; the second may have NULL for kind. */
void doctor_tell(struct doctor *doctor, const char *code, struct str what,
                 struct report_subject first, struct report_subject second, struct str todo);

#define DOCTOR_NOTHING ((struct report_subject){ .kind = NULL })
#define DOCTOR_RESTART "then start an orgd on this database: it brings what it finds into shape"

#endif
