/* The writer serves organizations in turns: what one has waiting doesn't stand before another's change, and
 * while several write, a commit takes only as many of each as the cores can serve. Who was answered together is
 * waited for, and goes into one commit again. */
#include "sqlite_help.h"

#include "store/sqlite/engine.h"

#include <pthread.h>
#include <unistd.h>

#define FLOOD 200
#define CROWD 8
#define CROWD_CHANGES 5 /* of each */

static struct place place;

/* The order in which the writer looked at documents, and the gate at which its first look stops. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool is_open;
    char tenants[FLOOD + 16];
    size_t count;
    int commits; /* the writer's thread only */
} order = { .mutex = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };

static int begin(void **state)
{
    order.is_open = false;
    order.count = 0;
    return help_empty(state);
}

struct change {
    struct store *store;
    struct oid organization;
    char tenant;
    int number;
    int commits; /* before it was looked at: of changes in one transaction the same */
    pthread_t thread;
    enum status status;
};

static int count_commit(void *context)
{
    (void)context;
    order.commits++;
    return 0;
}

/* Runs on the writer's thread. */
static enum status note(void *context, const struct document *now, struct document_edit *ret_edit)
{
    struct change *change = context;

    (void)now;
    change->commits = order.commits;
    (void)pthread_mutex_lock(&order.mutex);
    order.tenants[order.count++] = change->tenant;
    while (!order.is_open) {
        (void)pthread_cond_wait(&order.opened, &order.mutex);
    }
    (void)pthread_mutex_unlock(&order.mutex);
    *ret_edit = (struct document_edit){ .action = EDIT_PUT, .body = STR("{}") };
    return ST_OK;
}

static void open_gate(void)
{
    (void)pthread_mutex_lock(&order.mutex);
    order.is_open = true;
    (void)pthread_cond_broadcast(&order.opened);
    (void)pthread_mutex_unlock(&order.mutex);
}

/* Until the writer is at the gate and so many changes wait for it. */
static void wait_until_waiting(struct store *store, size_t number)
{
    struct writer *writer = &sqlite_engine(store)->writer;
    size_t begun = 0;
    size_t waiting = 0;

    while (begun == 0 || waiting != number) {
        (void)usleep(1000);
        (void)pthread_mutex_lock(&order.mutex);
        begun = order.count;
        (void)pthread_mutex_unlock(&order.mutex);
        (void)pthread_mutex_lock(&writer->mutex);
        waiting = writer->queue.waiting;
        (void)pthread_mutex_unlock(&writer->mutex);
    }
}

static void *write_one(void *context)
{
    struct change *change = context;
    struct shot shot;
    char id[16];

    shot_init(&shot);
    (void)snprintf(id, sizeof(id), "%d", change->number);
    change->status = store_document_edit(change->store, &shot.call, &change->organization,
                                         str_of(id), note, change);
    shot_done(&shot);
    return NULL;
}

static void start(struct change *change, struct store *store, const struct oid *organization,
                  char tenant, int number)
{
    *change = (struct change){
        .store = store, .organization = *organization, .tenant = tenant, .number = number
    };
    assert_int_equal(pthread_create(&change->thread, NULL, write_one, change), 0);
}

/* A store that counts its commits, and whose writer has no cores for more than the least share of a batch, 4. */
static struct store *open_store(void)
{
    struct store *store = help_open(&place);
    struct writer *writer = &sqlite_engine(store)->writer;

    (void)pthread_mutex_lock(&writer->mutex);
    writer->pace.cores = 0;
    (void)sqlite3_commit_hook(writer->connection.db, count_commit, NULL);
    (void)pthread_mutex_unlock(&writer->mutex);
    return store;
}

/* One change stops at the gate, and the others wait behind it. */
static void start_flood(struct change flood[FLOOD], struct store *store, const struct oid *of)
{
    start(&flood[0], store, of, 'a', 0);
    wait_until_waiting(store, 0);
    for (int i = 1; i < FLOOD; i++) {
        start(&flood[i], store, of, 'a', i);
    }
    wait_until_waiting(store, FLOOD - 1);
}

static void end(struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(changes[i].thread, NULL);
        assert_status(changes[i].status, ST_OK);
    }
}

/* How many of these are in one transaction with a change. */
static size_t with(const struct change changes[], size_t all, const struct change *change)
{
    size_t count = 0;

    for (size_t i = 0; i < all; i++) {
        count += changes[i].commits == change->commits;
    }
    return count;
}

TEST(change__of_another_organization_waits_for_few_of_a_flood)
{
    static struct change flood[FLOOD];
    struct change others[2];
    struct fixture f;
    struct oid a;
    struct oid b;
    struct oid c;

    help_fixture(&f, open_store());
    a = suite_create(&f, "a").id;
    b = suite_create(&f, "b").id;
    c = suite_create(&f, "c").id;
    start_flood(flood, f.store, &a);
    start(&others[0], f.store, &b, 'b', 0);
    start(&others[1], f.store, &c, 'c', 0);
    wait_until_waiting(f.store, FLOOD + 1);
    open_gate();
    end(flood, FLOOD);
    end(others, 2);
    assert_int_equal(order.count, FLOOD + 2);
    /* In order of arrival they were the last two. */
    assert_in_range((char *)memchr(order.tenants, 'b', order.count) - order.tenants, 0, 5);
    assert_in_range((char *)memchr(order.tenants, 'c', order.count) - order.tenants, 0, 5);
    /* One commit has both, and few that would wake together with them. */
    assert_int_equal(others[0].commits, others[1].commits);
    assert_in_range(with(flood, FLOOD, &others[0]), 1, 4);
    assert_int_equal(suite_count(&f, &a), FLOOD);
    help_fixture_done(&f);
    help_check(&place);
}

TEST(flood__of_each_of_several_organizations_has_its_share_of_a_commit)
{
    static struct change flood[FLOOD];
    static struct change others[12];
    struct fixture f;
    struct oid a;
    struct oid b;

    help_fixture(&f, open_store());
    a = suite_create(&f, "a").id;
    b = suite_create(&f, "b").id;
    start_flood(flood, f.store, &a);
    for (int i = 0; i < 12; i++) {
        start(&others[i], f.store, &b, 'b', i);
    }
    wait_until_waiting(f.store, FLOOD - 1 + 12);
    open_gate();
    end(flood, FLOOD);
    end(others, 12);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(with(others, 12, &others[i]), 4);
        assert_int_equal(with(flood, FLOOD, &others[i]), 4);
    }
    help_fixture_done(&f);
    help_check(&place);
}

TEST(flood__of_the_only_organization_that_writes_is_one_commit)
{
    static struct change flood[FLOOD];
    struct fixture f;
    struct oid a;

    help_fixture(&f, open_store());
    a = suite_create(&f, "a").id;
    start_flood(flood, f.store, &a);
    open_gate();
    end(flood, FLOOD);
    assert_int_equal(with(flood, FLOOD, &flood[0]), 1);
    assert_int_equal(with(flood, FLOOD, &flood[1]), FLOOD - 1);
    help_fixture_done(&f);
    help_check(&place);
}

/* Lets the writer, once it has nothing to do, wait for days for who was answered. */
static void be_slow(struct store *store)
{
    struct writer *writer = &sqlite_engine(store)->writer;
    bool is_at_rest = false;

    while (!is_at_rest) {
        (void)usleep(1000);
        (void)pthread_mutex_lock(&writer->mutex);
        is_at_rest = writer->idle && !writer->reclaiming;
        if (is_at_rest) {
            writer->pace.commit_ns = INT64_C(1000000000000000);
        }
        (void)pthread_mutex_unlock(&writer->mutex);
    }
}

/* One client: a change, and the next once that is answered. */
struct client {
    struct change change;
    int changes;
    int commits[CROWD_CHANGES + 1]; /* before each of them */
    pthread_t thread;
};

static void *write_many(void *context)
{
    struct client *client = context;

    for (int i = 0; i < client->changes; i++) {
        (void)write_one(&client->change);
        client->commits[i] = client->change.commits;
        if (client->change.status != ST_OK) {
            break;
        }
    }
    return NULL;
}

static void start_client(struct client *client, struct store *store, const struct oid *of,
                         int number, int changes)
{
    *client = (struct client){
        .change = { .store = store, .organization = *of, .tenant = 'a', .number = number },
        .changes = changes
    };
    assert_int_equal(pthread_create(&client->thread, NULL, write_many, client), 0);
}

TEST(crowd__that_was_answered_together_is_one_commit_again)
{
    static struct client crowd[CROWD];
    struct fixture f;
    struct oid a;
    int before;

    help_fixture(&f, open_store());
    a = suite_create(&f, "a").id;
    be_slow(f.store);
    /* One stops at the gate, so it has a change more than the others, who come together behind it. */
    start_client(&crowd[0], f.store, &a, 0, CROWD_CHANGES + 1);
    wait_until_waiting(f.store, 0);
    for (int i = 1; i < CROWD; i++) {
        start_client(&crowd[i], f.store, &a, i, CROWD_CHANGES);
    }
    wait_until_waiting(f.store, CROWD - 1);
    open_gate();
    for (int i = 0; i < CROWD; i++) {
        (void)pthread_join(crowd[i].thread, NULL);
        assert_status(crowd[i].change.status, ST_OK);
    }
    before = crowd[0].commits[0];
    for (int i = 0; i < CROWD_CHANGES; i++) {
        for (int j = 0; j < CROWD; j++) {
            assert_int_equal(crowd[j].commits[j == 0 ? i + 1 : i], before + 1 + i);
        }
    }
    help_fixture_done(&f);
    help_check(&place);
}

TEST(change__of_a_lone_client_waits_for_nobody)
{
    static struct client client;
    struct fixture f;
    struct oid a;

    help_fixture(&f, open_store());
    a = suite_create(&f, "a").id;
    be_slow(f.store);
    open_gate();
    start_client(&client, f.store, &a, 0, CROWD_CHANGES);
    (void)pthread_join(client.thread, NULL);
    assert_status(client.change.status, ST_OK); /* else its deadline has passed */
    help_fixture_done(&f);
    help_check(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(change__of_another_organization_waits_for_few_of_a_flood, begin),
        cmocka_unit_test_setup(flood__of_each_of_several_organizations_has_its_share_of_a_commit,
                               begin),
        cmocka_unit_test_setup(flood__of_the_only_organization_that_writes_is_one_commit, begin),
        cmocka_unit_test_setup(crowd__that_was_answered_together_is_one_commit_again, begin),
        cmocka_unit_test_setup(change__of_a_lone_client_waits_for_nobody, begin),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
