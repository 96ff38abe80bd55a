/* Life and death of instances, against a server: who is suspected, condemned and recovered, by whom, and
 * what one does that was only paused. */
#include "store/peers_help.h"

#include "base/clock.h"
#include "store/mongo/journal.h"
#include "store/mongo/moving.h"
#include "store/mongo/peer_list.h"
#include "store/mongo/peer_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program; /* for the children */

static struct peer_list look(struct scene *s, const struct peer_list *before,
                             const struct oid *self)
{
    struct peer_process process;
    struct peer_list list;

    peer_process_self(&process);
    assert_status(peer_list_read(s->mongo, &s->shot.call, before, self, &process, &list), ST_OK);
    return list;
}

/* Looks once more, as if the last look were so long ago. */
static void look_after(struct scene *s, struct peer_list *list, const struct oid *self, int64_t ms)
{
    struct peer_list next;

    list->read_ms = clock_monotonic_ms() - ms;
    next = look(s, list, self);
    peer_list_done(list);
    *list = next;
}

STORE_TEST(suspicion__needs_looks_and_not_only_time)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct oid id = peers_self(a->peers);
    struct oid self = oid_new();
    struct peer_list list = { 0 };

    node_freeze(&s->nodes[0]);
    list = look(s, &list, &self);
    look_after(s, &list, &self, 3600000); /* this one was paused for an hour */
    assert_false(peer_list_find(&list, &id)->is_suspected);
    for (int64_t ms = PEER_GAP_MS; ms < PEER_DEAD_MS; ms += PEER_GAP_MS) {
        assert_false(peer_list_find(&list, &id)->is_suspected);
        look_after(s, &list, &self, PEER_GAP_MS);
    }
    assert_true(peer_list_find(&list, &id)->is_suspected);
    node_thaw(&s->nodes[0]);
    sleep_ms(PEER_ROUND_ALONE_MS);
    look_after(s, &list, &self, PEER_GAP_MS);
    assert_false(peer_list_find(&list, &id)->is_suspected);
    peer_list_done(&list);
}

STORE_TEST(process__that_has_ended_is_known_to_be_gone)
{
    struct peer_process self;
    pid_t child;

    (void)state;
    peer_process_self(&self);
    assert_false(peer_process_is_gone(self.pid, self.start));
    assert_true(peer_process_is_gone(self.pid, self.start + 1)); /* another one had this pid */
    assert_false(peer_process_is_gone(0, 0));
    child = fork();
    if (child == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(peer_process_is_gone(child, 0));
}

STORE_TEST(instance__that_stands_still_is_recovered_and_joins_anew)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct mongo_store *b = scene_node(s, 1);
    struct lock_owner owner = lock_owner_new(b->peers);
    PLACEMENT inside = { 0 };
    struct call call = scene_soon(s, PEER_DEAD_MS / 2);
    int64_t began_ms;

    scene_put_organization(s, STATUS_ACTIVE, "org_acme", false);
    assert_status(node_take(b, &s->shot.call, &owner, "name:a"), ST_OK);
    assert_status(placement_enter(b->placements, &s->shot.call, &s->acme, &inside), ST_OK);
    node_freeze(&s->nodes[1]);
    began_ms = clock_monotonic_ms();
    assert_not_in_time(moving_begin(a, &call, &s->acme)); /* not that soon */
    assert_status(moving_begin(a, &s->shot.call, &s->acme), ST_OK);
    assert_in_range(clock_monotonic_ms() - began_ms, PEER_DEAD_MS - 500, PEER_DEAD_MS + 5000);
    assert_status(placement_check(&inside, &s->shot.call), ST_UNAVAILABLE);
    moving_end(a, &s->acme);
    (void)scene_await_count(s, C_LOCKS, 0);
    (void)scene_await_count(s, C_INSTANCES, 1);
    node_thaw(&s->nodes[1]);
    assert_status(peers_await_trust(b->peers, &s->shot.call, NULL), ST_OK);
    assert_false(peers_is(b->peers, &owner.instance));
    assert_status(placement_check(&inside, &s->shot.call), ST_UNAVAILABLE);
    assert_int_equal(scene_count(s, C_INSTANCES), 2);
}

STORE_TEST(instance__that_wakes_before_it_is_recovered_joins_anew_and_is_recovered)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct mongo_store *b = scene_node(s, 1);
    struct lock_owner owner = lock_owner_new(b->peers);

    assert_status(node_take(b, &s->shot.call, &owner, "name:a"), ST_OK);
    assert_status(peers_condemn(a->peers, &s->shot.call, &owner.instance), ST_OK);
    sleep_ms(PEER_ROUND_MS * 10); /* b reads its verdict, but its last beat is young */
    assert_status(peers_await_trust(b->peers, &s->shot.call, NULL), ST_OK);
    assert_false(peers_is(b->peers, &owner.instance));
    assert_int_equal(scene_count(s, C_LOCKS), 1);
    assert_in_range(scene_await_count(s, C_LOCKS, 0), PEER_DEAD_MS / 2, RECOVERED_MS);
    (void)scene_await_count(s, C_INSTANCES, 2); /* a and the new b */
}

STORE_TEST(recovery__of_one_that_died_while_recovering_is_taken_over)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct mongo_store *b = scene_node(s, 1);
    struct oid gone = oid_new();
    struct lock_owner owner = { .instance = gone, .operation = oid_new() };

    /* b holds the verdict on one whose locks are still there, and dies before it does anything. */
    node_freeze(&s->nodes[1]);
    assert_status(node_take(a, &s->shot.call, &owner, "name:a"), ST_OK);
    assert_status(peers_condemn(b->peers, &s->shot.call, &gone), ST_OK);
    (void)scene_await_count(s, C_LOCKS, 0);
    (void)scene_await_count(s, C_INSTANCES, 1);
}

STORE_TEST(locks__of_an_owner_that_nobody_knows_are_removed_in_time)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct lock_owner stray = { .instance = oid_new(), .operation = oid_new() };
    struct lock_owner ours = lock_owner_new(a->peers);

    assert_status(node_take(a, &s->shot.call, &ours, "name:b"), ST_OK);
    assert_status(node_take(a, &s->shot.call, &stray, "name:a"), ST_OK);
    assert_in_range(scene_await_count(s, C_LOCKS, 1), PEER_DEAD_MS, RECOVERED_MS);
    (void)scene_await_count(s, C_INSTANCES, 1);
    node_give(a, &s->shot.call, &ours, "name:b");
    assert_int_equal(scene_count(s, C_LOCKS), 0);
}

STORE_TEST(journal__of_a_dead_instance_is_undone_with_its_locks)
{
    SCENE;
    struct lock_owner dead = { .instance = oid_new(), .operation = oid_new() };
    struct journal journal = { .owner = dead, .membership = oid_new() };
    BSON_AUTO document = BSON_INITIALIZER;
    const bson_t *documents[] = { &document };
    struct mongo_store *a = scene_node(s, 0);

    assert_status(node_take(a, &s->shot.call, &dead, "name:acme"), ST_OK);
    bson_put_oid(&document, F_ID, &s->acme);
    bson_put_str(&document, F_NAME_KEY, STR("acme"));
    bson_put_str(&document, F_SLUG, STR("acme"));
    bson_put_str(&document, F_COLLECTION, STR("org_acme"));
    bson_put_oid(&document, F_ADMIN_ID, &s->acme);
    bson_put_str(&document, F_STATUS, STR(STATUS_CREATING));
    bson_put_int(&document, F_VERSION, 1);
    journal_put(&document, &journal, NULL, 0);
    assert_status(mongo_insert(s->mongo, &s->shot.call, ONCE, C_ORGANIZATIONS, documents, 1),
                  ST_OK);
    (void)scene_await_count(s, C_LOCKS, 0);
    assert_int_equal(scene_count(s, C_ORGANIZATIONS), 0);
}

STORE_TEST(database__dropped_under_an_instance_is_joined_anew)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct oid before = peers_self(a->peers);

    scene_drop_database(s);
    (void)scene_await_count(s, C_INSTANCES, 1);
    assert_status(peers_await_trust(a->peers, &s->shot.call, NULL), ST_OK);
    assert_false(peers_is(a->peers, &before));
}

/* A child: joins, takes a lock, announces a move, says so, and waits for its end. */
_Noreturn static void run_child(const char *database, const char *organization)
{
    struct node node = { 0 };
    struct lock_owner owner;
    struct shot shot;
    struct oid id;

    shot_init(&shot);
    node_start(&node, database, &shot.call);
    owner = lock_owner_new(node.engine.peers);
    if (!oid_parse(str_of(organization), &id) ||
        node_take(&node.engine, &shot.call, &owner, "name:a") != ST_OK ||
        moving_begin(&node.engine, &shot.call, &id) != ST_OK || write(STDOUT_FILENO, "r", 1) != 1) {
        _exit(1);
    }
    for (;;) {
        (void)pause();
    }
}

static pid_t spawn_child(struct scene *s)
{
    char hex[OID_HEX_LEN + 1];
    char said = '\0';
    int fds[2];
    pid_t child;

    oid_format(&s->acme, hex);
    assert_int_equal(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)close(fds[0]);
        (void)execl(program, program, s->database, hex, (char *)NULL);
        _exit(1);
    }
    assert_true(child > 0);
    (void)close(fds[1]);
    assert_int_equal(read(fds[0], &said, 1), 1);
    (void)close(fds[0]);
    return child;
}

STORE_TEST(instance__that_is_killed_is_recovered_at_once_and_its_gates_stay_closed_so_long)
{
    SCENE;
    struct mongo_store *a = scene_node(s, 0);
    struct call call;
    PLACEMENT late = { 0 };
    pid_t child;

    scene_put_organization(s, STATUS_ACTIVE, "org_acme", false);
    child = spawn_child(s);
    call = scene_soon(s, 200);
    assert_not_in_time(placement_enter(a->placements, &call, &s->acme, &late));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_in_range(scene_await_count(s, C_LOCKS, 0), PEER_GONE_MS - 100, PEER_DEAD_MS - 1000);
    (void)scene_await_count(s, C_INSTANCES, 1);
    call = scene_soon(s, 1000);
    assert_status(placement_enter(a->placements, &call, &s->acme, &late), ST_OK);
}

STORE_TEST(instance__that_is_stopped_for_a_while_comes_back_as_another)
{
    SCENE;
    pid_t child;

    (void)scene_node(s, 0);
    child = spawn_child(s);
    assert_int_equal(kill(child, SIGSTOP), 0);
    assert_in_range(scene_await_count(s, C_INSTANCES, 1), PEER_DEAD_MS - 500, RECOVERED_MS);
    assert_int_equal(scene_count(s, C_LOCKS), 0);
    assert_int_equal(kill(child, SIGCONT), 0);
    (void)scene_await_count(s, C_INSTANCES, 2);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)scene_await_count(s, C_INSTANCES, 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        scene_test(suspicion__needs_looks_and_not_only_time),
        scene_test(process__that_has_ended_is_known_to_be_gone),
        scene_test(instance__that_stands_still_is_recovered_and_joins_anew),
        scene_test(instance__that_wakes_before_it_is_recovered_joins_anew_and_is_recovered),
        scene_test(recovery__of_one_that_died_while_recovering_is_taken_over),
        scene_test(locks__of_an_owner_that_nobody_knows_are_removed_in_time),
        scene_test(journal__of_a_dead_instance_is_undone_with_its_locks),
        scene_test(database__dropped_under_an_instance_is_joined_anew),
        scene_test(instance__that_is_killed_is_recovered_at_once_and_its_gates_stay_closed_so_long),
        scene_test(instance__that_is_stopped_for_a_while_comes_back_as_another),
    };

    if (argc == 3) {
        run_child(argv[1], argv[2]);
    }
    program = argv[0];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
