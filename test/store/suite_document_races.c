/* Races of documents: no change is lost, pages neither skip nor repeat, totals are of one moment. */
#include "suite.h"

#include <stdatomic.h>
#include <stdlib.h>

#define FIXED 120 /* documents that are there all the while */
#define WRITES 60 /* changes of each writing thread */

struct race {
    struct store *store;
    struct organization organization;
    enum status statuses[SUITE_THREADS];
    int counts[SUITE_THREADS];
    atomic_int writers; /* still at it */
};

static void assert_all(const struct race *race, enum status status)
{
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(race->statuses[i], status);
    }
}

struct counter {
    char text[48];
};

#define COUNTED "{\"_id\":\"counter\",\"n\":"

static long counted(struct str body)
{
    char text[48];

    (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(body));
    return strtol(text + strlen(COUNTED), NULL, 10);
}

/* One more than it was. */
static enum status count_edit(void *context, const struct document *now,
                              struct document_edit *ret_edit)
{
    struct counter *counter = context;
    long was = now ? counted(now->body) : 0;

    (void)snprintf(counter->text, sizeof(counter->text), "%s%ld}", COUNTED, was + 1);
    *ret_edit = (struct document_edit){ .action = EDIT_PUT, .body = str_of(counter->text) };
    return ST_OK;
}

static void count_body(void *context, int i)
{
    struct race *race = context;
    struct counter counter;
    struct shot shot;

    shot_init(&shot);
    for (int n = 0; n < WRITES && race->statuses[i] == ST_OK; n++) {
        race->statuses[i] = store_document_edit(race->store, &shot.call, &race->organization.id,
                                                STR("counter"), count_edit, &counter);
    }
    shot_done(&shot);
}

STORE_TEST(edits__of_one_document_are_all_counted)
{
    FIXTURE;
    struct race race = { .store = f->store, .organization = suite_create(f, "acme") };
    struct document document;

    suite_race(count_body, &race);
    assert_all(&race, ST_OK);
    assert_status(
        store_document_get(f->store, &f->call, &race.organization.id, STR("counter"), &document),
        ST_OK);
    assert_int_equal(counted(document.body), SUITE_THREADS * WRITES);
    assert_int_equal(suite_count(f, &race.organization.id), 1);
}

/* Where there is none yet. */
static enum status make_edit(void *context, const struct document *now,
                             struct document_edit *ret_edit)
{
    (void)context;
    if (now) {
        return ST_DOCUMENT_EXISTS;
    }
    *ret_edit = (struct document_edit){ .action = EDIT_PUT, .body = STR("{}") };
    return ST_OK;
}

static void make_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;

    shot_init(&shot);
    race->statuses[i] = store_document_edit(race->store, &shot.call, &race->organization.id,
                                            STR("one"), make_edit, NULL);
    shot_done(&shot);
}

STORE_TEST(edits__that_make_one_document_have_one_winner)
{
    FIXTURE;
    struct race race = { .store = f->store, .organization = suite_create(f, "acme") };
    int won = 0;

    suite_race(make_body, &race);
    for (int i = 0; i < SUITE_THREADS; i++) {
        won += race.statuses[i] == ST_OK;
        assert_true(race.statuses[i] == ST_OK || race.statuses[i] == ST_DOCUMENT_EXISTS);
    }
    assert_int_equal(won, 1);
    assert_int_equal(suite_count(f, &race.organization.id), 1);
}

#define MADE_ID "65f000000000000000000007"

/* Puts what counter says: made, or over what is there. */
static enum status replace_edit(void *context, const struct document *now,
                                struct document_edit *ret_edit)
{
    const struct counter *counter = context;
    bool makes = str_is(str_of(counter->text), "{}");

    if (!now && !makes) {
        return ST_NO_DOCUMENT;
    }
    *ret_edit = (struct document_edit){ .action = EDIT_PUT,
                                        .body = str_of(counter->text),
                                        .is_creation = makes,
                                        .has_made_id = makes };
    return ST_OK;
}

/* Half of them replace it until it is gone, the others delete it, one after the other. */
static void replace_or_delete_body(void *context, int i)
{
    struct race *race = context;
    const struct oid *organization = &race->organization.id;
    enum status *status = &race->statuses[i];
    struct shot shot;

    shot_init(&shot);
    for (int n = 0; n < (i % 2 ? WRITES : i) && *status == ST_OK; n++) {
        struct counter counter;

        (void)snprintf(counter.text, sizeof(counter.text), "{\"n\":%d}", i * WRITES + n);
        *status = store_document_edit(race->store, &shot.call, organization, STR(MADE_ID),
                                      replace_edit, &counter);
    }
    if (i % 2 == 0) {
        *status = suite_delete(race->store, &shot.call, organization, MADE_ID);
    }
    shot_done(&shot);
}

STORE_TEST(deletes__of_one_document_under_changes_have_one_winner)
{
    FIXTURE;
    struct race race = { .store = f->store, .organization = suite_create(f, "acme") };
    struct counter made = { .text = "{}" };
    int won = 0;

    assert_status(store_document_edit(f->store, &f->call, &race.organization.id, STR(MADE_ID),
                                      replace_edit, &made),
                  ST_OK);
    suite_race(replace_or_delete_body, &race);
    for (int i = 0; i < SUITE_THREADS; i++) {
        won += i % 2 == 0 && race.statuses[i] == ST_OK;
        assert_true(race.statuses[i] == ST_OK || race.statuses[i] == ST_NO_DOCUMENT);
    }
    assert_int_equal(won, 1);
    assert_int_equal(suite_count(f, &race.organization.id), 0);
}

static void rename_or_insert_body(void *context, int i)
{
    struct race *race = context;

    for (int n = 0; n < WRITES && race->statuses[i] == ST_OK; n++) {
        struct shot shot;

        shot_init(&shot);
        if (i == 0) {
            struct organization now;
            struct organization_change change =
                suite_rename(&shot.mem, &race->organization, n % 2 ? "ping" : "pong");

            race->statuses[i] = store_organization_update(race->store, &shot.call, &change, &now);
        } else {
            race->statuses[i] = suite_put(race->store, &shot.call, &race->organization.id,
                                          arena_printf(&shot.mem, "%d-%d", i, n).ptr, "{}");
        }
        shot_done(&shot);
    }
}

STORE_TEST(rename__racing_with_inserts_loses_none)
{
    FIXTURE;
    struct race race = { .store = f->store, .organization = suite_create(f, "acme") };

    suite_race(rename_or_insert_body, &race);
    assert_all(&race, ST_OK);
    assert_int_equal(suite_count(f, &race.organization.id), (SUITE_THREADS - 1) * WRITES);
}

static void delete_or_insert_body(void *context, int i)
{
    struct race *race = context;

    for (int n = 0; n < WRITES; n++) {
        struct shot shot;
        enum status status;

        shot_init(&shot);
        if (i == 0 && n == WRITES / 2) {
            race->statuses[i] =
                store_organization_delete(race->store, &shot.call, &race->organization.id);
        } else if (i > 0) {
            status = suite_put(race->store, &shot.call, &race->organization.id,
                               arena_printf(&shot.mem, "%d-%d", i, n).ptr, "{}");
            /* Once refused, always refused. */
            if (status == ST_NO_ORGANIZATION) {
                race->counts[i] = 1;
            } else if (status != ST_OK || race->counts[i] != 0) {
                race->statuses[i] = ST_BROKEN;
            }
        }
        shot_done(&shot);
    }
}

STORE_TEST(delete__racing_with_inserts_ends_them_for_good)
{
    FIXTURE;
    struct race race = { .store = f->store, .organization = suite_create(f, "acme") };
    struct organization again;

    suite_race(delete_or_insert_body, &race);
    assert_all(&race, ST_OK);
    assert_status(suite_put(f->store, &f->call, &race.organization.id, "late", "{}"),
                  ST_NO_ORGANIZATION);
    again = suite_create(f, "acme");
    assert_int_equal(suite_count(f, &again.id), 0);
}

/* Puts and deletes documents whose ids lie between the fixed ones. */
static enum status write_between(struct race *race, int i)
{
    enum status status = ST_OK;

    for (int n = 0; n < WRITES && status == ST_OK; n++) {
        struct shot shot;
        const char *id;

        shot_init(&shot);
        id = arena_printf(&shot.mem, "%04d-%d", (n * 7 + i * 13) % FIXED, i).ptr;
        status = suite_put(race->store, &shot.call, &race->organization.id, id, "{}");
        if (status == ST_OK && n % 3 != 0) {
            status = suite_delete(race->store, &shot.call, &race->organization.id, id);
        }
        shot_done(&shot);
    }
    (void)atomic_fetch_sub(&race->writers, 1);
    return status;
}

/* From page to page to the end: ids rise, and each of the fixed ones is there once. */
static enum status walk(struct race *race, size_t limit)
{
    struct document_query query = { .limit = limit, .max_bytes = SIZE_MAX };
    struct document_page page = { .more = true };
    struct shot shot;
    enum status status = ST_OK;
    int fixed = 0;

    shot_init(&shot);
    while (status == ST_OK && page.more) {
        status =
            store_document_list(race->store, &shot.call, &race->organization.id, &query, &page);
        for (size_t i = 0; status == ST_OK && i < page.count; i++) {
            struct str id = page.documents[i].id;

            if (query.after.ptr && str_compare(id, query.after) <= 0) {
                status = ST_BROKEN;
            }
            fixed += id.len == 4;
            query.after = id;
        }
    }
    if (status == ST_OK && fixed != FIXED) {
        status = ST_BROKEN;
    }
    shot_done(&shot);
    return status;
}

/* One page that holds all: its total must be its own number. */
static enum status compare_total(struct race *race)
{
    struct document_query query = { .limit = 500, .max_bytes = SIZE_MAX, .with_total = true };
    struct document_page page = { 0 };
    struct shot shot;
    enum status status;

    shot_init(&shot);
    status = store_document_list(race->store, &shot.call, &race->organization.id, &query, &page);
    if (status == ST_OK && (page.more ? page.total <= 500 : page.total != (int64_t)page.count)) {
        status = ST_BROKEN;
    }
    shot_done(&shot);
    return status;
}

static void page_body(void *context, int i)
{
    struct race *race = context;

    if (i < SUITE_THREADS / 2) {
        race->statuses[i] = write_between(race, i);
        return;
    }
    do {
        race->statuses[i] = i % 2 ? walk(race, (size_t)i + 1) : compare_total(race);
        race->counts[i]++;
    } while (race->statuses[i] == ST_OK && atomic_load(&race->writers) > 0);
}

STORE_TEST(list__under_writes_skips_and_repeats_nothing_and_its_total_is_exact)
{
    FIXTURE;
    struct race race = { .store = f->store, .organization = suite_create(f, "acme") };

    atomic_init(&race.writers, SUITE_THREADS / 2);
    for (int i = 0; i < FIXED; i++) {
        assert_status(suite_put(f->store, &f->call, &race.organization.id,
                                arena_printf(&f->mem, "%04d", i).ptr, "{}"),
                      ST_OK);
    }
    suite_race(page_body, &race);
    assert_all(&race, ST_OK);
    (void)suite_count(f, &race.organization.id);
}

const struct CMUnitTest document_race_tests[] = {
    suite_test(edits__of_one_document_are_all_counted),
    suite_test(edits__that_make_one_document_have_one_winner),
    suite_test(deletes__of_one_document_under_changes_have_one_winner),
    suite_test(rename__racing_with_inserts_loses_none),
    suite_test(delete__racing_with_inserts_ends_them_for_good),
    suite_test(list__under_writes_skips_and_repeats_nothing_and_its_total_is_exact),
};
const size_t document_race_tests_count =
    sizeof(document_race_tests) / sizeof(document_race_tests[0]);
