/* Edits of documents on MongoDB: none is lost between instances, and none is told wrongly. */
#include "mongo_documents.h"

#include "store/mongo/document_change.h"
#include "store/mongo/mongo_internal.h"
#include "store/wire_proxy.h"

#include "base/clock.h"

#include <stdlib.h>

#define EDITS 15
#define HEX "65f000000000000000000001"

/* Two instances on one database, as two processes would be. */
struct race {
    struct tenant_fixture *t;
    struct store *stores[2];
    enum status statuses[SUITE_THREADS];
    int by_number[SUITE_THREADS]; /* what came of it */
};

static void race_begin(struct race *race, struct tenant_fixture *t)
{
    *race = (struct race){ .t = t, .stores = { t->f.store, place_open(&t->place) } };
}

static void race_end(struct race *race)
{
    store_close(race->stores[1]);
    assert_int_equal(place_count(&race->t->place, C_LOCKS, "{}"), 0);
}

struct counter {
    char text[64];
};

/* One more than it was; 1 where there is none. */
static enum status count_up(void *context, const struct document *now,
                            struct document_edit *ret_edit)
{
    struct counter *counter = context;
    const char *at = now ? strstr(now->body.ptr, "\"n\":") : NULL;
    long n = at ? strtol(at + 4, NULL, 10) + 1 : 1;

    (void)snprintf(counter->text, sizeof(counter->text), "{\"_id\":\"n\",\"n\":%ld}", n);
    *ret_edit = (struct document_edit){ .action = EDIT_PUT, .body = str_of(counter->text) };
    return ST_OK;
}

static void count_body(void *context, int i)
{
    struct race *race = context;
    struct counter counter;
    struct shot shot;

    shot_init(&shot);
    for (int n = 0; n < EDITS && race->statuses[i] == ST_OK; n++) {
        race->statuses[i] = store_document_edit(race->stores[i % 2], &shot.call, &race->t->id,
                                                STR("n"), count_up, &counter);
    }
    shot_done(&shot);
}

TENANT_TEST(edits__through_two_instances_are_all_counted)
{
    TENANT_FIXTURE;
    struct race race;

    race_begin(&race, t);
    suite_race(count_body, &race);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(race.statuses[i], ST_OK);
    }
    assert_non_null(strstr(tenant_text(t, "n").ptr, "\"n\":240}"));
    race_end(&race);
}

/* Makes "one", or takes it away. */
static void make_or_take_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;

    shot_init(&shot);
    for (int n = 0; n < EDITS && race->statuses[i] == ST_OK; n++) {
        struct put put = { .body = i % 4 < 2 ? "{'_id':'one'}" : NULL,
                           .is_creation = i % 4 < 2,
                           .mem = &shot.mem };
        enum status status =
            i % 4 < 2 ? store_document_edit(race->stores[i % 2], &shot.call, &race->t->id,
                                            STR("one"), tenant_put, &put)
                      : suite_delete(race->stores[i % 2], &shot.call, &race->t->id, "one");

        race->by_number[i] += status == ST_OK;
        if (status != ST_DOCUMENT_EXISTS && status != ST_NO_DOCUMENT) {
            race->statuses[i] = status;
        }
    }
    shot_done(&shot);
}

TENANT_TEST(makers_and_takers__of_one_document_take_turns)
{
    TENANT_FIXTURE;
    struct race race;
    int more = 0;

    race_begin(&race, t);
    suite_race(make_or_take_body, &race);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(race.statuses[i], ST_OK);
        more += i % 4 < 2 ? race.by_number[i] : -race.by_number[i];
    }
    assert_int_equal(place_count(&t->place, TENANT, "{}"), more); /* made and not taken: 0 or 1 */
    race_end(&race);
}

/* What is said where the server has changed the document and its answer is lost. Under a lock nobody else
 * can have done it. Without one, where documents are compared instead, only a replica set could tell. */
static enum status lost_answer(const struct tenant_fixture *t)
{
    return mongo_features(mongo_engine(t->f.store)->mongo)->compares_roots ? ST_UNSURE : ST_OK;
}

TENANT_TEST(replace__whose_answer_or_question_is_lost_happens_once)
{
    TENANT_FIXTURE;
    static const enum wire_fault faults[] = { WIRE_CUT_BEFORE, WIRE_CUT_AFTER, WIRE_CUT_MIDDLE,
                                              WIRE_HOLD_AFTER };
    struct counter counter;
    struct lab lab;

    lab_begin(&lab, t);
    for (int i = 0; i < 5; i++) {
        if (i > 0) {
            lab_arm(&lab, "update", faults[i - 1]);
        }
        assert_status(
            store_document_edit(t->f.store, &t->f.call, &t->id, STR("n"), count_up, &counter),
            i > 1 ? lost_answer(t) : ST_OK);
    }
    lab_end(&lab, t);
    assert_non_null(strstr(tenant_text(t, "n").ptr, "\"n\":5}"));
    assert_int_equal(place_count(&t->place, C_LOCKS, "{}"), 0);
}

TENANT_TEST(delete__whose_answer_is_lost_has_happened)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'d'}" };
    struct lab lab;

    assert_status(tenant_edit(t, "d", &put), ST_OK);
    lab_begin(&lab, t);
    lab_arm(&lab, "delete", WIRE_CUT_AFTER);
    assert_status(suite_delete(t->f.store, &t->f.call, &t->id, "d"), lost_answer(t));
    lab_end(&lab, t);
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 0);
    assert_int_equal(place_count(&t->place, C_LOCKS, "{}"), 0);
}

TENANT_TEST(create__with_a_made_id_whose_answer_is_lost_has_happened_once)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'" HEX "'}", .is_creation = true, .has_made_id = true };
    struct put changed = { .body = "{'_id':'" HEX "','n':1}",
                           .is_creation = true,
                           .has_made_id = true };
    struct lab lab;

    lab_begin(&lab, t);
    lab_arm(&lab, "insert", WIRE_CUT_AFTER);
    assert_status(tenant_edit(t, HEX, &put), ST_OK);
    lab_arm(&lab, "insert", WIRE_CUT_BEFORE);
    assert_status(tenant_edit(t, HEX, &changed), ST_UNSURE); /* made, and changed by somebody? */
    lab_end(&lab, t);
    assert_int_equal(place_count(&t->place, TENANT, "{'_id':{'$oid':'" HEX "'}}"), 1);
}

TENANT_TEST(create__with_a_given_id_whose_answer_is_lost_is_not_claimed)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'d'}", .is_creation = true };
    struct put other = { .body = "{'_id':'e'}", .is_creation = true };
    struct lab lab;

    lab_begin(&lab, t);
    lab_arm(&lab, "insert", WIRE_CUT_AFTER);
    assert_status(tenant_edit(t, "d", &put), ST_UNSURE); /* somebody else may have made it */
    lab_arm(&lab, "insert", WIRE_CUT_BEFORE);
    assert_status(tenant_edit(t, "e", &other), ST_OK); /* not there: made now */
    lab_end(&lab, t);
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 2);
}

TENANT_TEST(index__of_the_tenants_own_refuses_at_once)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'a','email':'x'}" };
    struct put create = { .body = "{'_id':'b','email':'x'}", .is_creation = true };
    struct put replace = { .body = "{'_id':'b','email':'x'}" };
    struct put fine = { .body = "{'_id':'b','email':'y'}" };
    BSON_AUTO keys = BSON_INITIALIZER;

    (void)BSON_APPEND_INT32(&keys, "email", 1);
    assert_status(mongo_index_ensure(mongo_engine(t->f.store)->mongo, &t->f.call, TENANT, "email_1",
                                     &keys, true),
                  ST_OK);
    assert_status(tenant_edit(t, "a", &put), ST_OK);
    assert_status(tenant_edit(t, "b", &create), ST_DOCUMENT_EXISTS);
    assert_status(tenant_edit(t, "b", &replace), ST_DOCUMENT_EXISTS);
    assert_status(tenant_edit(t, "b", &fine), ST_OK);
    replace.calls = 0;
    assert_status(tenant_edit(t, "b", &replace), ST_DOCUMENT_EXISTS);
    assert_non_null(strstr(tenant_text(t, "b").ptr, "\"y\""));
}

/* Of an id that is never made anew, what is still there has not been deleted. */
TENANT_TEST(delete__by_a_made_id_whose_answer_or_question_is_lost_happens_once)
{
    TENANT_FIXTURE;
    static const enum wire_fault faults[] = { WIRE_CUT_BEFORE, WIRE_CUT_AFTER, WIRE_CUT_MIDDLE,
                                              WIRE_HOLD_AFTER };
    struct put put = { .body = "{'_id':'" HEX "'}", .is_creation = true, .has_made_id = true };
    struct lab lab;

    lab_begin(&lab, t);
    for (int i = 0; i < 4; i++) {
        assert_status(tenant_edit(t, HEX, &put), ST_OK);
        lab_arm(&lab, "delete", faults[i]);
        assert_status(suite_delete(t->f.store, &t->f.call, &t->id, HEX),
                      i > 0 ? lost_answer(t) : ST_OK);
        assert_int_equal(place_count(&t->place, TENANT, "{}"), 0);
    }
    lab_end(&lab, t);
    assert_int_equal(place_count(&t->place, C_LOCKS, "{}"), 0);
}

/* From now on verbs of documents talk as they do to MongoDB, which compares whole documents; the proxy
 * answers in its place. */
static void as_mongodb(const struct lab *lab, struct tenant_fixture *t, enum wire_fault first,
                       int count, int matched)
{
    BSON_AUTO none = BSON_INITIALIZER;
    BSON_AUTO one = BSON_INITIALIZER;

    mongo_engine(t->f.store)->mongo->features.compares_roots = true;
    BCON_APPEND(&none, "ok", BCON_DOUBLE(1), "n", BCON_INT32(matched), "nModified",
                BCON_INT32(matched));
    BCON_APPEND(&one, "ok", BCON_DOUBLE(1), "n", BCON_INT32(1), "nModified", BCON_INT32(1));
    wire_proxy_arm(lab->proxy, "update", first, count, &none);
    wire_proxy_then(lab->proxy, WIRE_ANSWER, &one);
}

TENANT_TEST(replace__asks_for_exactly_what_was_read)
{
    TENANT_FIXTURE;
    struct mongo_store *engine = mongo_engine(t->f.store);
    struct placement placement = { .collection = TENANT };
    struct editing editing = {
        .engine = engine, .call = &t->f.call, .placement = &placement, .id = STR("d")
    };
    bool compares_roots = engine->mongo->features.compares_roots;
    BSON_AUTO expected = BSON_INITIALIZER;
    BSON_AUTO filter = BSON_INITIALIZER;
    struct change change;
    bson_t *raw;

    place_insert(&t->place, TENANT, "{'_id':'d','n':1,'at':{'$date':'2026-01-31T00:00:00Z'}}");
    raw = tenant_raw(t, "{'_id':'d'}");
    change_init(&change, &editing);
    bson_concat(&change.before, raw);
    change.existed = true;
    engine->mongo->features.compares_roots = true;
    change_filter(&change, &filter);
    engine->mongo->features.compares_roots = compares_roots;
    BCON_APPEND(&expected, "_id", BCON_UTF8("d"), "$expr", "{", "$eq", "[", BCON_UTF8("$$ROOT"),
                "{", "$literal", BCON_DOCUMENT(raw), "}", "]", "}");
    assert_true(bson_equal(&filter, &expected));
    change_done(&change);
    bson_destroy(raw);
}

TENANT_TEST(replace__that_was_overtaken_decides_again)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'d','n':2}" };
    struct lab lab;

    place_insert(&t->place, TENANT, "{'_id':'d','n':1}");
    lab_begin(&lab, t);
    as_mongodb(&lab, t, WIRE_ANSWER, 2, 0);
    assert_status(tenant_edit(t, "d", &put), ST_OK);
    assert_int_equal(put.calls, 1 + 3); /* whether it would make one, and three looks */
    lab_end(&lab, t);
}

TENANT_TEST(replace__that_was_lost_is_done_again_on_the_same_document)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'d','n':2}" };
    struct lab lab;

    place_insert(&t->place, TENANT, "{'_id':'d','n':1}");
    lab_begin(&lab, t);
    as_mongodb(&lab, t, WIRE_CUT_BEFORE, 2, 0);
    assert_status(tenant_edit(t, "d", &put), ST_OK);
    assert_int_equal(put.calls, 1 + 1);
    assert_int_equal(wire_proxy_seen(lab.proxy), 3);
    lab_end(&lab, t);
}

/* Another client is faster by a hair, and writes what this edit is going to. */
struct raced {
    const struct tenant_fixture *t;
    bool keeps; /* what is there as it is to be */
    int calls;
};

static enum status raced_edit(void *context, const struct document *now,
                              struct document_edit *ret_edit)
{
    struct raced *raced = context;
    struct str body = STR("{\"_id\":\"d\",\"n\":2}");

    if (!now) {
        return ST_NO_DOCUMENT;
    }
    if (raced->calls++ == 0) {
        place_update(&raced->t->place, TENANT, "{'_id':'d'}", "{'$set':{'n':2}}");
    }
    ret_edit->action = raced->keeps && str_equal(now->body, body) ? EDIT_KEEP : EDIT_PUT;
    ret_edit->body = body;
    return ST_OK;
}

TENANT_TEST(replace__that_was_lost_does_not_claim_what_another_did)
{
    TENANT_FIXTURE;
    struct lab lab;

    lab_begin(&lab, t);
    for (int keeps = 0; keeps < 2; keeps++) {
        struct raced raced = { .t = t, .keeps = keeps };

        place_clear(&t->place, TENANT);
        place_insert(&t->place, TENANT, "{'_id':'d','n':1}");
        as_mongodb(&lab, t, WIRE_CUT_BEFORE, 1, 0);
        assert_status(
            store_document_edit(t->f.store, &t->f.call, &t->id, STR("d"), raced_edit, &raced),
            keeps ? ST_OK : ST_UNSURE);
        assert_int_equal(raced.calls, 2);
    }
    lab_end(&lab, t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        tenant_test(edits__through_two_instances_are_all_counted),
        tenant_test(makers_and_takers__of_one_document_take_turns),
        tenant_test(replace__whose_answer_or_question_is_lost_happens_once),
        tenant_test(delete__whose_answer_is_lost_has_happened),
        tenant_test(delete__by_a_made_id_whose_answer_or_question_is_lost_happens_once),
        tenant_test(create__with_a_made_id_whose_answer_is_lost_has_happened_once),
        tenant_test(create__with_a_given_id_whose_answer_is_lost_is_not_claimed),
        tenant_test(index__of_the_tenants_own_refuses_at_once),
        tenant_test(replace__asks_for_exactly_what_was_read),
        tenant_test(replace__that_was_overtaken_decides_again),
        tenant_test(replace__that_was_lost_is_done_again_on_the_same_document),
        tenant_test(replace__that_was_lost_does_not_claim_what_another_did),
    };
    int failures;

    if (!place_init(&tenant_place, "mongo_document_edits")) {
        return PLACE_SKIPPED;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    place_done(&tenant_place);
    return failures;
}
