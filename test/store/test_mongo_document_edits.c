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

/* One more than it was; made where there is none, and deleted at each tenth. */
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

/* The verbs of documents through a proxy; everything else goes straight to the server. */
struct lab {
    struct wire_proxy *proxy;
    struct mongo *direct;
};

static void lab_begin(struct lab *lab, struct tenant_fixture *t)
{
    struct mongo_store *engine = mongo_engine(t->f.store);
    const char *host = strstr(t->place.url, "127.0.0.1:");
    char url[64];

    if (!host || strchr(t->place.url, ',') || strchr(t->place.url, '@')) {
        skip(); /* no plain server to stand in front of */
    }
    lab->proxy = wire_proxy_new("127.0.0.1", (uint16_t)strtol(host + 10, NULL, 10));
    (void)snprintf(url, sizeof(url), "mongodb://127.0.0.1:%d/", wire_proxy_port(lab->proxy));
    lab->direct = engine->mongo;
    assert_status(mongo_open(url, t->place.database, clock_monotonic_ms() + 10000, &engine->mongo,
                             &t->f.err),
                  ST_OK);
}

static void lab_end(struct lab *lab, struct tenant_fixture *t)
{
    struct mongo_store *engine = mongo_engine(t->f.store);

    mongo_close(engine->mongo);
    engine->mongo = lab->direct;
    wire_proxy_free(lab->proxy);
}

static void arm(const struct lab *lab, const char *command, enum wire_fault fault)
{
    wire_proxy_arm(lab->proxy, command, fault, 1, NULL);
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
            arm(&lab, "update", faults[i - 1]);
        }
        assert_status(store_document_edit(t->f.store, &t->f.call, &t->id, STR("n"), count_up,
                                          &counter),
                      ST_OK);
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
    arm(&lab, "delete", WIRE_CUT_AFTER);
    assert_status(suite_delete(t->f.store, &t->f.call, &t->id, "d"), ST_OK);
    lab_end(&lab, t);
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 0);
    assert_int_equal(place_count(&t->place, C_LOCKS, "{}"), 0);
}

TENANT_TEST(create__with_a_made_id_whose_answer_is_lost_has_happened_once)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'" HEX "'}", .is_creation = true, .has_made_id = true };
    struct lab lab;

    lab_begin(&lab, t);
    arm(&lab, "insert", WIRE_CUT_AFTER);
    assert_status(tenant_edit(t, HEX, &put), ST_OK);
    arm(&lab, "insert", WIRE_CUT_BEFORE);
    assert_status(tenant_edit(t, HEX, &put), ST_UNSURE); /* one of a made id is nobody else's */
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
    arm(&lab, "insert", WIRE_CUT_AFTER);
    assert_status(tenant_edit(t, "d", &put), ST_UNSURE); /* somebody else may have made it */
    arm(&lab, "insert", WIRE_CUT_BEFORE);
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
    assert_status(mongo_index_ensure(mongo_engine(t->f.store)->mongo, &t->f.call, TENANT,
                                     "email_1", &keys, true),
                  ST_OK);
    assert_status(tenant_edit(t, "a", &put), ST_OK);
    assert_status(tenant_edit(t, "b", &create), ST_DOCUMENT_EXISTS);
    assert_status(tenant_edit(t, "b", &replace), ST_DOCUMENT_EXISTS);
    assert_status(tenant_edit(t, "b", &fine), ST_OK);
    replace.calls = 0;
    assert_status(tenant_edit(t, "b", &replace), ST_DOCUMENT_EXISTS);
    assert_non_null(strstr(tenant_text(t, "b").ptr, "\"y\""));
}
