/* Scenes with several instances. */
#include "store/peers_help.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

const char *peers_help_url(void)
{
    return getenv("ORGD_TEST_MONGO_URL");
}

static struct mongo *connect(const char *database)
{
    struct mongo *mongo = NULL;
    struct err err = { 0 };

    if (mongo_open(peers_help_url(), database, clock_monotonic_ms() + 10000, &mongo, &err) !=
        ST_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return mongo;
}

void node_freeze(struct node *node)
{
    keeper_stop(node->engine.keeper);
    node->engine.keeper = NULL;
}

void node_thaw(struct node *node)
{
    struct err err = { 0 };

    assert_status(keeper_start(&node->engine, &node->engine.keeper, &err), ST_OK);
}

void node_start(struct node *node, const char *database, const struct call *call)
{
    struct mongo_store *engine = &node->engine;

    engine->mongo = connect(database);
    engine->leftovers = leftovers_new();
    assert_status(peers_join(engine->mongo, call, &engine->peers), ST_OK);
    engine->placements = placements_new(engine->mongo, engine->peers);
    node_thaw(node);
    assert_status(peers_await_trust(engine->peers, call, NULL), ST_OK);
    node->is_there = true;
}

static void stop(struct node *node, const struct call *call)
{
    struct mongo_store *engine = &node->engine;

    if (!node->is_there) {
        return;
    }
    node_freeze(node);
    placements_free(engine->placements);
    peers_leave(engine->peers, call);
    leftovers_free(engine->leftovers);
    mongo_close(engine->mongo);
    *node = (struct node){ 0 };
}

void scene_drop_database(struct scene *s)
{
    BSON_AUTO command = BSON_INITIALIZER;

    bson_put_int(&command, "dropDatabase", 1);
    assert_status(mongo_command(s->mongo, &s->shot.call, &command, NULL), ST_OK);
}

int peers_help_setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct oid id = oid_new();
    char hex[OID_HEX_LEN + 1];

    *state = s;
    if (!s || !peers_help_url()) {
        return 0;
    }
    oid_format(&id, hex);
    (void)snprintf(s->database, sizeof(s->database), "orgd_peers_%s", hex);
    shot_init(&s->shot);
    s->mongo = connect(s->database);
    s->acme = oid_new();
    return 0;
}

int peers_help_teardown(void **state)
{
    struct scene *s = *state;

    if (s->mongo) {
        for (int i = 0; i < NODES; i++) {
            stop(&s->nodes[i], &s->shot.call);
        }
        scene_drop_database(s);
        mongo_close(s->mongo);
        shot_done(&s->shot);
    }
    free(s);
    return 0;
}

struct mongo_store *scene_node(struct scene *s, int i)
{
    node_start(&s->nodes[i], s->database, &s->shot.call);
    return &s->nodes[i].engine;
}

struct call scene_soon(struct scene *s, int64_t ms)
{
    struct call call = s->shot.call;

    call.deadline_ms = clock_monotonic_ms() + ms;
    return call;
}

void sleep_ms(int64_t ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    (void)nanosleep(&time, NULL);
}

/* An organization's document; what documents need of it. */
void scene_put_organization(struct scene *s, const char *status, const char *collection,
                            bool is_shared)
{
    BSON_AUTO document = BSON_INITIALIZER;
    const bson_t *documents[] = { &document };
    char hex[OID_HEX_LEN + 1];

    oid_format(&s->acme, hex);
    bson_put_oid(&document, F_ID, &s->acme);
    bson_put_str(&document, F_NAME_KEY, str_of(hex));
    bson_put_str(&document, F_SLUG, str_of(hex));
    bson_put_str(&document, F_COLLECTION, str_of(collection));
    bson_put_str(&document, F_STATUS, str_of(status));
    if (is_shared) {
        (void)BSON_APPEND_BOOL(&document, F_SHARED, true);
    }
    assert_status(mongo_insert(s->mongo, &s->shot.call, ONCE, C_ORGANIZATIONS, documents, 1),
                  ST_OK);
}

void scene_set_organization(struct scene *s, const char *status, const char *collection)
{
    BSON_AUTO filter = BSON_INITIALIZER;
    BSON_AUTO update = BSON_INITIALIZER;
    bson_t set;

    bson_put_oid(&filter, F_ID, &s->acme);
    BSON_APPEND_DOCUMENT_BEGIN(&update, "$set", &set);
    bson_put_str(&set, F_STATUS, str_of(status));
    bson_put_str(&set, F_COLLECTION, str_of(collection));
    (void)bson_append_document_end(&update, &set);
    assert_status(
        mongo_update(s->mongo, &s->shot.call, ONCE, C_ORGANIZATIONS, &filter, &update, false, NULL),
        ST_OK);
}

int64_t scene_count(struct scene *s, const char *collection)
{
    BSON_AUTO all = BSON_INITIALIZER;
    int64_t number = -1;

    assert_status(mongo_count(s->mongo, &s->shot.call, collection, &all, &number), ST_OK);
    return number;
}

/* Waits until a collection has so many documents; the milliseconds that it took. */
int64_t scene_await_count(struct scene *s, const char *collection, int64_t number)
{
    int64_t began_ms = clock_monotonic_ms();

    while (scene_count(s, collection) != number) {
        if (clock_monotonic_ms() - began_ms > RECOVERED_MS) {
            fail_msg("%s has %ld documents, not %ld", collection, (long)scene_count(s, collection),
                     (long)number);
        }
        sleep_ms(20);
    }
    return clock_monotonic_ms() - began_ms;
}

enum status node_take(struct mongo_store *engine, const struct call *call,
                      const struct lock_owner *owner, const char *name)
{
    struct str names[] = { str_of(name) };

    return locks_take(engine->mongo, engine->leftovers, call, owner, names, 1);
}

void node_give(struct mongo_store *engine, const struct call *call, const struct lock_owner *owner,
               const char *name)
{
    struct str names[] = { str_of(name) };

    locks_give(engine->mongo, engine->leftovers, call, owner, names, 1);
}
