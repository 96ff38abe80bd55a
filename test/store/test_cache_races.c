/*
 * The cache around an engine that does what SQLite does too seldom: stops in the middle of a verb, so
 * that look-ups and changes meet at each of their steps; and knows every name, to fill the cache up.
 */
#include "suite.h"

#include "store/cache.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define ORGANIZATIONS 2
#define RESULTS 8192 /* that the cache keeps, as cache.h has it */

/*
 * The engine. Each organization has a number, which a rename makes greater by one, and which every
 * look-up tells as created_ms and in the name. The hooks run in the test's own thread.
 */
struct numbers {
    struct store store;
    pthread_mutex_t mutex;
    int64_t values[ORGANIZATIONS];
    atomic_int reads;
    void (*before_change)(void *context);
    void (*after_change)(void *context);
    void (*after_read)(void *context);
    void *context;
};

static struct oid id_of(int i)
{
    return (struct oid){ .bytes = { 1, (uint8_t)i } };
}

static void run_hook(void (*hook)(void *context), void *context)
{
    if (hook) {
        hook(context);
    } else {
        (void)sched_yield(); /* another thread may come in between here */
    }
}

static struct organization tell(const struct call *call, const struct oid *id, int64_t value)
{
    return (struct organization){ .id = *id,
                                  .name = arena_printf(call->mem, "acme %ld", (long)value),
                                  .created_ms = value };
}

static enum status numbers_by_id(struct store *store, const struct call *call, const struct oid *id,
                                 struct organization *ret_organization)
{
    struct numbers *numbers = (struct numbers *)store;
    int64_t value;

    (void)atomic_fetch_add(&numbers->reads, 1);
    (void)pthread_mutex_lock(&numbers->mutex);
    value = numbers->values[id->bytes[1]];
    (void)pthread_mutex_unlock(&numbers->mutex);
    run_hook(numbers->after_read, numbers->context);
    *ret_organization = tell(call, id, value);
    return ST_OK;
}

static enum status numbers_membership(struct store *store, const struct call *call,
                                      const struct oid *account_id,
                                      const struct oid *organization_id,
                                      struct membership *ret_membership)
{
    *ret_membership = (struct membership){ .account.id = *account_id, .role = STR("admin") };
    return numbers_by_id(store, call, organization_id, &ret_membership->organization);
}

/* Each name is an organization's. */
static enum status numbers_by_name(struct store *store, const struct call *call,
                                   struct str name_key, struct organization *ret_organization)
{
    struct numbers *numbers = (struct numbers *)store;

    (void)atomic_fetch_add(&numbers->reads, 1);
    *ret_organization = (struct organization){ .name = arena_str(call->mem, name_key) };
    return ST_OK;
}

static enum status numbers_update(struct store *store, const struct call *call,
                                  const struct organization_change *change,
                                  struct organization *ret_organization)
{
    struct numbers *numbers = (struct numbers *)store;
    int64_t value;

    run_hook(numbers->before_change, numbers->context);
    (void)pthread_mutex_lock(&numbers->mutex);
    value = ++numbers->values[change->id.bytes[1]];
    (void)pthread_mutex_unlock(&numbers->mutex);
    run_hook(numbers->after_change, numbers->context);
    *ret_organization = tell(call, &change->id, value);
    return ST_OK;
}

static void numbers_close(struct store *store)
{
    struct numbers *numbers = (struct numbers *)store;

    (void)pthread_mutex_destroy(&numbers->mutex);
    free(numbers);
}

static const struct store_ops numbers_ops = {
    .name = "numbers",
    .close = numbers_close,
    .organization_by_name = numbers_by_name,
    .organization_by_id = numbers_by_id,
    .organization_update = numbers_update,
    .membership_by_ids = numbers_membership,
};

struct cached {
    struct shot shot;
    struct numbers *numbers;
    struct store *cache;
    int64_t seen; /* by a hook */
};

static int setup(void **state)
{
    struct cached *c = calloc(1, sizeof(*c));

    if (!c) {
        return -1;
    }
    shot_init(&c->shot);
    c->numbers = calloc(1, sizeof(*c->numbers));
    assert_non_null(c->numbers);
    c->numbers->store.ops = &numbers_ops;
    c->numbers->context = c;
    (void)pthread_mutex_init(&c->numbers->mutex, NULL);
    c->cache = cache_store_new(&c->numbers->store, 0);
    assert_non_null(c->cache);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    struct cached *c = *state;

    store_close(c->cache);
    shot_done(&c->shot);
    free(c);
    return 0;
}

static int64_t look_up(struct store *cache, const struct call *call, int i)
{
    struct oid id = id_of(i);
    struct organization found;

    assert_status(store_organization_by_id(cache, call, &id, &found), ST_OK);
    return found.created_ms;
}

static int64_t rename_once(struct store *cache, const struct call *call, int i)
{
    struct organization_change change = { .id = id_of(i) };
    struct organization now;

    assert_status(store_organization_update(cache, call, &change, &now), ST_OK);
    return now.created_ms;
}

static void look_hook(void *context)
{
    struct cached *c = context;

    c->seen = look_up(c->cache, &c->shot.call, 0);
}

STORE_TEST(changes__under_way_are_seen_as_the_engine_shows_them)
{
    struct cached *c = *state;

    assert_int_equal(look_up(c->cache, &c->shot.call, 0), 0);
    c->numbers->after_change = look_hook; /* it has taken effect, and is not answered yet */
    assert_int_equal(rename_once(c->cache, &c->shot.call, 0), 1);
    assert_int_equal(c->seen, 1);
}

STORE_TEST(results__from_before_a_changes_effect_are_not_used_after_it)
{
    struct cached *c = *state;

    c->numbers->before_change = look_hook;
    assert_int_equal(rename_once(c->cache, &c->shot.call, 0), 1);
    assert_int_equal(c->seen, 0);
    assert_int_equal(look_up(c->cache, &c->shot.call, 0), 1);
}

static void rename_hook(void *context)
{
    struct cached *c = context;

    c->numbers->after_read = NULL;
    c->seen = rename_once(c->cache, &c->shot.call, 0);
}

STORE_TEST(results__that_a_change_overtook_are_not_kept)
{
    struct cached *c = *state;

    c->numbers->after_read = rename_hook; /* a whole rename, while the look-up is on its way back */
    assert_int_equal(look_up(c->cache, &c->shot.call, 0), 0);
    assert_int_equal(c->seen, 1);
    assert_int_equal(look_up(c->cache, &c->shot.call, 0), 1);
}

static void rename_and_look_hook(void *context)
{
    struct cached *c = context;

    rename_hook(context);
    c->seen = look_up(c->cache, &c->shot.call, 0);
}

STORE_TEST(results__that_a_change_overtook_do_not_push_newer_ones_out)
{
    struct cached *c = *state;
    int reads;

    c->numbers->after_read = rename_and_look_hook;
    assert_int_equal(look_up(c->cache, &c->shot.call, 0), 0);
    reads = atomic_load(&c->numbers->reads);
    assert_int_equal(look_up(c->cache, &c->shot.call, 0), 1);
    assert_int_equal(atomic_load(&c->numbers->reads), reads);
}

/* What the threads of the race share. */
struct race {
    struct cached *c;
    _Atomic int64_t floors[ORGANIZATIONS]; /* the greatest number that anybody was told */
    atomic_int writing;
    atomic_int lookups;
    atomic_int mistakes;
};

#define WRITERS 2 /* each with an organization of its own */
#define READERS 8
#define RENAMES 12000 /* so many that a wrong order of two loads shows nearly each time */

static void raise_floor(_Atomic int64_t *floor, int64_t value)
{
    int64_t now = atomic_load(floor);

    while (now < value && !atomic_compare_exchange_weak(floor, &now, value)) {
    }
}

/* Looks an organization up, one way or the other: never less than anybody was told before. */
static void read_once(struct race *race, struct shot *shot, int i, bool as_member)
{
    struct store *cache = race->c->cache;
    struct oid id = id_of(i);
    int64_t floor = atomic_load(&race->floors[i]);
    struct membership found = { 0 };
    struct organization told;
    enum status status;

    if (as_member) {
        status = store_membership_by_ids(cache, &shot->call, &id, &id, &found);
    } else {
        status = store_organization_by_id(cache, &shot->call, &id, &found.organization);
    }
    told = tell(&shot->call, &id, found.organization.created_ms);
    if (status != ST_OK || told.created_ms < floor ||
        !str_equal(told.name, found.organization.name)) {
        (void)atomic_fetch_add(&race->mistakes, 1);
    }
    raise_floor(&race->floors[i], told.created_ms);
    (void)atomic_fetch_add(&race->lookups, 1);
    arena_clear(&shot->mem);
}

static void write_all(struct race *race, struct shot *shot, int i)
{
    for (int64_t number = 1; number <= RENAMES; number++) {
        struct organization_change change = { .id = id_of(i) };
        struct organization now;

        if (store_organization_update(race->c->cache, &shot->call, &change, &now) != ST_OK ||
            now.created_ms != number) {
            (void)atomic_fetch_add(&race->mistakes, 1);
        }
        raise_floor(&race->floors[i], number);
        read_once(race, shot, i, number % 2);
        if (number % 4 == 0) {
            (void)usleep((useconds_t)(number % 200)); /* time to remember something */
        }
    }
    (void)atomic_fetch_sub(&race->writing, 1);
}

static void race_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;

    shot_init(&shot);
    if (i < WRITERS) {
        write_all(race, &shot, i);
    } else if (i < WRITERS + READERS) {
        for (int n = i; atomic_load(&race->writing) > 0; n++) {
            read_once(race, &shot, n % ORGANIZATIONS, n / ORGANIZATIONS % 2);
        }
    }
    shot_done(&shot);
}

STORE_TEST(look_ups__beside_changes_never_go_back)
{
    struct cached *c = *state;
    struct race race = { .c = c, .writing = WRITERS };

    suite_race(race_body, &race);
    assert_int_equal(atomic_load(&race.mistakes), 0);
    for (int i = 0; i < ORGANIZATIONS; i++) {
        assert_int_equal(look_up(c->cache, &c->shot.call, i), RENAMES);
    }
    assert_true(atomic_load(&c->numbers->reads) < atomic_load(&race.lookups)); /* it did remember */
}

/* Whether the look-up of a name was answered from memory. */
static bool is_remembered(struct cached *c, const char *kind, int i)
{
    struct str key = arena_printf(&c->shot.mem, "%s %d", kind, i);
    int before = atomic_load(&c->numbers->reads);
    struct organization found;

    assert_status(store_organization_by_name(c->cache, &c->shot.call, key, &found), ST_OK);
    assert_true(str_equal(found.name, key));
    arena_clear(&c->shot.mem);
    return atomic_load(&c->numbers->reads) == before;
}

STORE_TEST(memory__is_bounded_and_keeps_what_is_asked_for)
{
    struct cached *c = *state;
    int remembered = 0;

    assert_false(is_remembered(c, "often", 0));
    for (int i = 0; i < RESULTS * 3; i++) {
        assert_false(is_remembered(c, "once", i));
        if (i % 16 == 0) {
            assert_true(is_remembered(c, "often", 0));
        }
    }
    for (int i = RESULTS * 3 - 1; i >= 0; i--) {
        remembered += is_remembered(c, "once", i);
    }
    assert_in_range(remembered, RESULTS / 2, RESULTS);
}

/* Where a set were of few places, more than these would share one that is too small for them. */
STORE_TEST(memory__half_of_what_there_is_room_for_stays_but_for_a_ninth)
{
    struct cached *c = *state;
    int half = RESULTS / 2;
    int remembered = 0;

    for (int i = 0; i < half; i++) {
        assert_false(is_remembered(c, "once", i));
    }
    for (int i = 0; i < half; i++) {
        remembered += is_remembered(c, "once", i);
    }
    assert_in_range(remembered, half - half / 9, half);
}

STORE_TEST(memory__of_before_a_change_gives_way_first)
{
    struct cached *c = *state;
    int remembered = 0;

    for (int i = 0; i < RESULTS * 3; i++) {
        (void)is_remembered(c, "before", i);
    }
    (void)rename_once(c->cache, &c->shot.call, 0);
    for (int i = 0; i < RESULTS / 16; i++) {
        assert_false(is_remembered(c, "after", i));
    }
    for (int i = 0; i < RESULTS / 16; i++) {
        remembered += is_remembered(c, "after", i);
    }
    assert_in_range(remembered, RESULTS / 16 - 32, RESULTS / 16); /* a set may get nine of them */
}

#define cache_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cache_test(changes__under_way_are_seen_as_the_engine_shows_them),
        cache_test(results__from_before_a_changes_effect_are_not_used_after_it),
        cache_test(results__that_a_change_overtook_are_not_kept),
        cache_test(results__that_a_change_overtook_do_not_push_newer_ones_out),
        cache_test(look_ups__beside_changes_never_go_back),
        cache_test(memory__is_bounded_and_keeps_what_is_asked_for),
        cache_test(memory__half_of_what_there_is_room_for_stays_but_for_a_ninth),
        cache_test(memory__of_before_a_change_gives_way_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
