/*
 * Killed with SIGKILL under concurrent work, the SQLite engine has every change it acknowledged, and
 * nothing half done. ORGD_KILLS gives the number of rounds, all on one growing store.
 */
#include "sqlite_help.h"

#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 12
#define WORKERS 12 /* a third each: documents, renames, creates and deletes */

static struct place place;

/* What a worker of the child says through the pipe: it began a change, or the store acknowledged it. */
struct word {
    int worker;
    int change; /* counts from 1 in each worker, over all rounds */
    bool acknowledged;
};

struct worker {
    struct store *store;
    struct oid id; /* its organization, for documents and renames */
    int number;
    int change; /* the last one made before */
    int pipe;
};

static void say(const struct worker *worker, int change, bool acknowledged)
{
    struct word word = { .worker = worker->number, .change = change, .acknowledged = acknowledged };

    if (write(worker->pipe, &word, sizeof(word)) != sizeof(word)) {
        _exit(2);
    }
}

static const char *tag_of(struct arena *mem, int worker, int change)
{
    return arena_printf(mem, "w%d c%d", worker, change).ptr;
}

/* One change; what it left is found again by value_of. */
static enum status make_change(const struct worker *worker, struct shot *shot, int change)
{
    struct arena *mem = &shot->mem;
    const char *tag = tag_of(mem, worker->number, change);
    struct new_organization new = suite_new(mem, tag);
    struct organization_change rename = { .id = worker->id,
                                          .account_id = worker->id,
                                          .expected_password_version = 0,
                                          .name = new.name,
                                          .name_key = new.name_key,
                                          .slug = new.slug,
                                          .email = new.email,
                                          .email_key = new.email_key,
                                          .now_ms = change };
    struct organization made;

    switch (worker->number % 3) {
    case 0:
        return suite_put(worker->store, &shot->call, &worker->id,
                         arena_printf(mem, "%d", change % 50).ptr,
                         arena_printf(mem, "%d", change).ptr);
    case 1:
        return store_organization_update(worker->store, &shot->call, &rename, &made);
    default:
        /* Odd changes make an organization, even ones delete the one before. */
        if (change % 2) {
            return store_organization_create(worker->store, &shot->call, &new, &made);
        }
        TRY(store_organization_by_name(
            worker->store, &shot->call,
            suite_new(mem, tag_of(mem, worker->number, change - 1)).name_key, &made));
        return store_organization_delete(worker->store, &shot->call, &made.id);
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (int change = worker->change + 1;; change++) {
        struct shot shot;
        enum status status;

        shot_init(&shot);
        say(worker, change, false);
        status = make_change(worker, &shot, change);
        if (status != ST_OK) {
            (void)fprintf(stderr, "worker %d, change %d: %s %s\n", worker->number, change,
                          status_code(status), shot.err.text);
            _exit(3);
        }
        say(worker, change, true);
        shot_done(&shot);
    }
    return NULL;
}

/* A worker's own organization has the number as its id, so that every round finds it. */
static struct oid id_of(int worker)
{
    struct oid id = { .bytes = { 0xAA } };

    id.bytes[OID_BYTES - 1] = (uint8_t)worker;
    return id;
}

_Noreturn static void run_child(const int *changes, int pipe)
{
    static struct worker workers[WORKERS];
    struct store *store = help_open(&place);

    for (int i = 0; i < WORKERS; i++) {
        pthread_t thread;

        workers[i] = (struct worker){
            .store = store, .id = id_of(i), .number = i, .change = changes[i], .pipe = pipe
        };
        if (pthread_create(&thread, NULL, work, &workers[i]) != 0) {
            _exit(4);
        }
    }
    for (;;) {
        (void)pause();
    }
}

/* The last change of a worker that the store shows; begun and acknowledged are the candidates. */
static int value_of(struct fixture *f, int worker, int begun, int acknowledged)
{
    struct oid id = id_of(worker);
    struct organization found;
    struct document document;

    if (worker % 3 == 1) {
        assert_status(store_organization_by_id(f->store, &f->call, &id, &found), ST_OK);
        return (int)found.updated_ms;
    }
    for (int change = begun; change >= acknowledged && change > 0; change--) {
        if (worker % 3 == 0) {
            struct str name = arena_printf(&f->mem, "%d", change % 50);
            enum status status = store_document_get(f->store, &f->call, &id, name, &document);

            if (status == ST_OK && strtol(document.body.ptr, NULL, 10) == change) {
                return change;
            }
        } else {
            const char *tag = tag_of(&f->mem, worker, change % 2 ? change : change - 1);
            struct str key = suite_new(&f->mem, tag).name_key;
            enum status status = store_organization_by_name(f->store, &f->call, key, &found);

            if ((status == ST_OK) == (change % 2 != 0)) {
                return change;
            }
        }
    }
    return begun == 0 || acknowledged == 0 ? 0 : -1;
}

/* Name, slug and address of a renamed organization are all of one change. */
static void assert_whole(struct fixture *f, int worker, int change)
{
    struct oid id = id_of(worker);
    struct organization found;
    struct new_organization names;

    if (worker % 3 != 1 || change == 0) {
        return;
    }
    names = suite_new(&f->mem, tag_of(&f->mem, worker, change));
    assert_status(store_organization_by_id(f->store, &f->call, &id, &found), ST_OK);
    assert_true(str_equal(found.name, names.name));
    assert_true(str_equal(found.slug, names.slug));
    assert_true(str_equal(found.admin_email, names.email));
}

/* Kills a child after some of its work; notes the last changes begun and acknowledged. */
static void run_and_kill(const int *changes, int *begun, int *acknowledged, unsigned int *seed)
{
    int64_t until_ms = clock_monotonic_ms() + 20 + rand_r(seed) % 200;
    bool killed = false;
    struct word word;
    int status = 0;
    int fds[2];
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        (void)close(fds[0]);
        run_child(changes, fds[1]);
    }
    assert_true(child > 0);
    (void)close(fds[1]);
    while (read(fds[0], &word, sizeof(word)) == sizeof(word)) {
        *(word.acknowledged ? &acknowledged[word.worker] : &begun[word.worker]) = word.change;
        if (!killed && clock_monotonic_ms() >= until_ms) {
            assert_int_equal(kill(child, SIGKILL), 0);
            killed = true;
        }
    }
    (void)close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void make_homes(void)
{
    struct fixture f;

    help_fixture(&f, help_open(&place));
    for (int i = 0; i < WORKERS; i++) {
        struct new_organization new = suite_new(&f.mem, arena_printf(&f.mem, "home %d", i).ptr);
        struct organization made;

        new.id = new.account_id = id_of(i);
        new.now_ms = 0;
        assert_status(store_organization_create(f.store, &f.call, &new, &made), ST_OK);
    }
    help_fixture_done(&f);
}

TEST(killed__under_load_it_has_all_that_it_acknowledged_and_nothing_half_done)
{
    const char *rounds_text = getenv("ORGD_KILLS");
    long rounds = rounds_text ? strtol(rounds_text, NULL, 10) : KILLS;
    unsigned int seed = (unsigned int)clock_now_ms();
    int changes[WORKERS] = { 0 };
    int total = 0;

    print_message("seed %u\n", seed);
    make_homes();
    for (long round = 0; round < rounds; round++) {
        int begun[WORKERS];
        int acknowledged[WORKERS];
        int64_t opened_ms;
        struct fixture f;

        memcpy(begun, changes, sizeof(begun));
        memcpy(acknowledged, changes, sizeof(acknowledged));
        run_and_kill(changes, begun, acknowledged, &seed);
        opened_ms = clock_monotonic_ms();
        help_fixture(&f, help_open(&place));
        assert_status(store_ping(f.store, &f.call), ST_OK);
        assert_in_range(clock_monotonic_ms() - opened_ms, 0, 1000);
        for (int i = 0; i < WORKERS; i++) {
            int value = value_of(&f, i, begun[i], acknowledged[i]);

            if (value != acknowledged[i] && value != begun[i]) {
                fail_msg("worker %d: shows %d, acknowledged %d, begun %d", i, value,
                         acknowledged[i], begun[i]);
            }
            assert_whole(&f, i, value);
            total += value - changes[i];
            changes[i] = value;
        }
        help_check(&place);
        help_fixture_done(&f);
    }
    print_message("%ld kills, %d changes\n", rounds, total);
    assert_true(total > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed__under_load_it_has_all_that_it_acknowledged_and_nothing_half_done),
    };
    int failures;

    help_init(&place);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    help_done(&place);
    return failures;
}
