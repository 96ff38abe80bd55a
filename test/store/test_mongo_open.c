/* Opening a connection, and what goes over it. */
#include "store/mongo_lost.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

static const bson_t everything = BSON_INITIALIZER;

static bool visit_none(void *context, const bson_t *document)
{
    (void)context;
    (void)document;
    return false;
}

/* A member of the last command that went by, "" where it isn't there. */
static struct str sent_text(struct mongo_fixture *f, const char *path)
{
    bson_t *last = wire_proxy_last(f->proxy);
    struct str text = STR("");

    (void)bson_get_str(last, path, &f->mem, &text);
    bson_destroy(last);
    return text;
}

static bool sent_has(struct mongo_fixture *f, const char *path)
{
    bson_t *last = wire_proxy_last(f->proxy);
    bson_iter_t begin;
    bson_iter_t at;
    bool has = bson_iter_init(&begin, last) && bson_iter_find_descendant(&begin, path, &at);

    bson_destroy(last);
    return has;
}

MONGO_TEST(wire__each_write_is_one_command_for_a_journaled_majority)
{
    FIXTURE(f)

    wire_proxy_arm(f->proxy, "insert", WIRE_NONE, 0, NULL);
    assert_int_equal(lost_insert(f, ONCE, "a", 1), ST_OK);
    assert_int_equal(wire_proxy_seen(f->proxy), 1);
    assert_str(sent_text(f, "writeConcern.w"), "majority");
    assert_true(sent_has(f, "writeConcern.j"));
    wire_proxy_arm(f->proxy, "update", WIRE_NONE, 0, NULL);
    assert_int_equal(lost_set_n(f, ONCE, "a", 1, 2, NULL), ST_OK);
    assert_str(sent_text(f, "writeConcern.w"), "majority");
    wire_proxy_arm(f->proxy, "delete", WIRE_NONE, 0, NULL);
    assert_int_equal(lost_delete(f, ONCE, "a"), ST_OK);
    assert_str(sent_text(f, "writeConcern.w"), "majority");
    wire_proxy_arm(f->proxy, "create", WIRE_NONE, 0, NULL);
    assert_int_equal(mongo_collection_create(f->proxied, &f->call, "made"), ST_OK);
    assert_str(sent_text(f, "writeConcern.w"), "majority");
}

MONGO_TEST(wire__reads_see_a_majority_and_have_a_limit)
{
    FIXTURE(f)
    BSON_AUTO found = BSON_INITIALIZER;
    bool exists;

    mongo_help_put(f, "a", 1);
    wire_proxy_arm(f->proxy, "find", WIRE_NONE, 0, NULL);
    assert_int_equal(
        mongo_find_one(f->proxied, &f->call, FROM_ANY, C_TEST, &everything, NULL, &found), ST_OK);
    assert_int_equal(wire_proxy_seen(f->proxy), 1);
    assert_str(sent_text(f, "readConcern.level"), "majority");
    assert_true(sent_has(f, "maxTimeMS"));
    assert_int_equal(
        mongo_find(f->proxied, &f->call, FROM_ANY, C_TEST, &everything, NULL, visit_none, NULL),
        ST_OK);
    assert_str(sent_text(f, "readConcern.level"), "majority");
    assert_true(sent_has(f, "maxTimeMS"));
    wire_proxy_arm(f->proxy, "listCollections", WIRE_NONE, 0, NULL);
    assert_int_equal(mongo_collection_exists(f->proxied, &f->call, C_TEST, &exists), ST_OK);
    assert_int_equal(wire_proxy_seen(f->proxy), 1);
    assert_false(sent_has(f, "readConcern")); /* MongoDB refuses one here */
}

static enum status open_at(struct mongo_fixture *f, const char *url, int64_t ms)
{
    struct mongo *mongo = NULL;
    enum status status;

    f->err = (struct err){ .text = "" };
    status = mongo_open(url, f->database, clock_monotonic_ms() + ms, &mongo, &f->err);
    mongo_close(mongo);
    return status;
}

MONGO_TEST(open__waits_for_a_server_that_comes_and_no_longer)
{
    FIXTURE(f)
    int64_t begun_ms = clock_monotonic_ms();

    wire_proxy_close_door(f->proxy);
    assert_int_equal(open_at(f, f->proxied_url, 1000), ST_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - begun_ms, 900, 6000);
    assert_true(f->err.text[0] != '\0');
    wire_proxy_open_door(f->proxy);
    lost_arm_error(f, "buildInfo", WIRE_ANSWER, 2, 91);
    assert_int_equal(open_at(f, f->proxied_url, 10000), ST_OK);
}

MONGO_TEST(open__refuses_a_server_that_is_too_old)
{
    FIXTURE(f)
    BSON_AUTO reply = BSON_INITIALIZER;

    BCON_APPEND(&reply, "ok", BCON_DOUBLE(1), "maxWireVersion", BCON_INT32(8), "minWireVersion",
                BCON_INT32(0), "isWritablePrimary", BCON_BOOL(true));
    wire_proxy_arm(f->proxy, "hello", WIRE_ANSWER, FOR_EVER, &reply);
    assert_int_equal(open_at(f, f->proxied_url, 3000), ST_BROKEN);
    assert_non_null(strstr(f->err.text, "4.4"));
}

#define SECRET "hunter2xyz"

MONGO_TEST(open__a_refused_login_is_said_at_once_and_without_the_password)
{
    FIXTURE(f)
    char url[160];
    char log_text[4096] = "";
    int64_t begun_ms = clock_monotonic_ms();
    int saved = dup(STDERR_FILENO);
    FILE *file = tmpfile();

    assert_non_null(file);
    assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    (void)snprintf(url, sizeof(url), "mongodb://user:" SECRET "@127.0.0.1:%d/?authMechanism=PLAIN",
                   wire_proxy_port(f->proxy));
    lost_arm_error(f, "saslStart", WIRE_ANSWER, FOR_EVER, 18);
    assert_int_equal(open_at(f, url, 8000), ST_BROKEN);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(file);
    (void)fread(log_text, 1, sizeof(log_text) - 1, file);
    (void)fclose(file);
    assert_true(clock_monotonic_ms() - begun_ms < 4000);
    assert_non_null(strstr(f->err.text, "login"));
    assert_null(strstr(f->err.text, SECRET));
    assert_null(strstr(log_text, SECRET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MONGO(wire__each_write_is_one_command_for_a_journaled_majority),
        MONGO(wire__reads_see_a_majority_and_have_a_limit),
        MONGO(open__waits_for_a_server_that_comes_and_no_longer),
        MONGO(open__refuses_a_server_that_is_too_old),
        MONGO(open__a_refused_login_is_said_at_once_and_without_the_password),
    };

    return cmocka_run_group_tests_name("mongo_open", tests, mongo_help_begin, mongo_help_end);
}
