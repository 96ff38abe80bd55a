/* The writer serves organizations in turns: what one has waiting doesn't stand before another's change. */
#include "sqlite_help.h"

#include "store/sqlite/engine.h"

#include <pthread.h>
#include <unistd.h>

#define FLOOD 200

static struct place place;

/* The order in which the writer looked at documents, and the gate at which its first look stops. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool is_open;
    char tenants[FLOOD + 16];
    size_t count;
} order = { .mutex = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER };

struct change {
    struct store *store;
    struct oid organization;
    char tenant;
    int number;
    pthread_t thread;
    enum status status;
};

/* Runs on the writer's thread. */
static enum status note(void *context, const struct document *now, struct document_edit *ret_edit)
{
    const struct change *change = context;

    (void)now;
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

TEST(change__of_another_organization_waits_for_few_of_a_flood)
{
    static struct change flood[FLOOD];
    struct change others[2];
    struct fixture f;
    struct oid a;
    struct oid b;
    struct oid c;

    help_fixture(&f, help_open(&place));
    a = suite_create(&f, "a").id;
    b = suite_create(&f, "b").id;
    c = suite_create(&f, "c").id;
    start(&flood[0], f.store, &a, 'a', 0);
    wait_until_waiting(f.store, 0);
    for (int i = 1; i < FLOOD; i++) {
        start(&flood[i], f.store, &a, 'a', i);
    }
    wait_until_waiting(f.store, FLOOD - 1);
    start(&others[0], f.store, &b, 'b', 0);
    start(&others[1], f.store, &c, 'c', 0);
    wait_until_waiting(f.store, FLOOD + 1);
    open_gate();
    for (int i = 0; i < FLOOD; i++) {
        (void)pthread_join(flood[i].thread, NULL);
        assert_status(flood[i].status, ST_OK);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(others[i].thread, NULL);
        assert_status(others[i].status, ST_OK);
    }
    assert_int_equal(order.count, FLOOD + 2);
    /* In order of arrival they were the last two. */
    assert_in_range((char *)memchr(order.tenants, 'b', order.count) - order.tenants, 0, 5);
    assert_in_range((char *)memchr(order.tenants, 'c', order.count) - order.tenants, 0, 5);
    assert_int_equal(suite_count(&f, &a), FLOOD);
    help_fixture_done(&f);
    help_check(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(change__of_another_organization_waits_for_few_of_a_flood,
                               help_empty),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
