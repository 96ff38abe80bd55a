/* What the SQLite engine's own tests share: a directory for a store, and a look behind its back. */
#ifndef ORGD_TEST_STORE_SQLITE_HELP_H
#define ORGD_TEST_STORE_SQLITE_HELP_H

#include "suite.h"

#define HELP_PLACES 4

struct place {
    char root[64];      /* made by help_init, removed by help_done */
    char directory[80]; /* of the store, inside root; not there at first */
    char database[96];  /* inside directory */
};

void help_init(struct place *place); /* at most HELP_PLACES between this and help_done */
void help_done(struct place *place);

/* cmocka's set-up of a test: none of the places has a store. */
int help_empty(void **state);

/* Removes the store's directory with all that is in it. */
void help_remove(const struct place *place);

/* Opens the store; fails the test where that fails. */
struct store *help_open(const struct place *place);

/* Copies the store's files as they are, also of an open store: what a process killed now leaves. */
void help_copy(const struct place *from, const struct place *to);

/* Runs SQL on a connection of its own. help_number: the first column of the first row. */
void help_sql(const struct place *place, const char *sql);
int64_t help_number(const struct place *place, const char *sql);

/* What struct engine asks for; context is a struct place. */
void help_add_membership(void *context, const struct oid *account_id,
                         const struct oid *organization_id);

/* Fails the test unless SQLite finds the file sound and every count, membership and administrator
 * agrees with the rows it stands for. */
void help_check(const struct place *place);

/* A fixture on a store of the test's own. */
void help_fixture(struct fixture *f, struct store *store);
void help_fixture_done(struct fixture *f);

#endif
