/* Races for names, slugs, addresses and passwords: exactly one wins, and losers leave nothing. */
#include "suite_races.h"

#include <stdlib.h>

int race_count(const struct race *race, enum status status)
{
    int count = 0;

    for (int i = 0; i < SUITE_THREADS; i++) {
        count += race->statuses[i] == status;
    }
    return count;
}

static const char *tag_of(struct race *race, int i)
{
    (void)snprintf(race->texts[i], sizeof(race->texts[i]), "t%d", i);
    return race->texts[i];
}

void race_create(void *context, int i)
{
    struct race *race = context;
    struct shot shot;
    struct new_organization new;
    struct organization made;

    shot_init(&shot);
    new = suite_new(&shot.mem, tag_of(race, i));
    if (race->same_name) {
        new.name_key = STR("org one");
    }
    if (race->same_email) {
        new.email_key = STR("admin@one.example");
    }
    if (race->same_slug) {
        new.slug = STR("one");
    }
    race->statuses[i] = store_organization_create(race->stores[i % 2], &shot.call, &new, &made);
    shot_done(&shot);
}

STORE_TEST(creates__of_one_name_have_one_winner_and_free_addresses)
{
    FIXTURE;

    for (int round = 0; round < 5; round++) {
        struct race race = { .stores = { f->store, f->store }, .same_name = true };
        struct organization winner;

        suite_race(race_create, &race);
        assert_int_equal(race_count(&race, ST_OK), 1);
        assert_int_equal(race_count(&race, ST_NAME_TAKEN), SUITE_THREADS - 1);
        assert_status(store_organization_by_name(f->store, &f->call, STR("org one"), &winner),
                      ST_OK);
        for (int i = 0; i < SUITE_THREADS; i++) {
            struct new_organization again = suite_new(&f->mem, tag_of(&race, i));
            enum status expected = race.statuses[i] == ST_OK ? ST_EMAIL_TAKEN : ST_OK;
            struct organization made;

            assert_status(store_organization_create(f->store, &f->call, &again, &made), expected);
            if (expected == ST_OK) {
                assert_str(made.slug, race.texts[i]); /* the loser's slug was free, too */
                assert_status(store_organization_delete(f->store, &f->call, &made.id), ST_OK);
            }
        }
        assert_status(store_organization_delete(f->store, &f->call, &winner.id), ST_OK);
    }
}

STORE_TEST(creates__of_one_address_have_one_winner_and_free_names)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store }, .same_email = true };

    suite_race(race_create, &race);
    assert_int_equal(race_count(&race, ST_OK), 1);
    assert_int_equal(race_count(&race, ST_EMAIL_TAKEN), SUITE_THREADS - 1);
    for (int i = 0; i < SUITE_THREADS; i++) {
        struct new_organization again = suite_new(&f->mem, tag_of(&race, i));
        struct organization made;

        assert_status(store_organization_create(f->store, &f->call, &again, &made),
                      race.statuses[i] == ST_OK ? ST_NAME_TAKEN : ST_OK);
    }
}

STORE_TEST(creates__of_one_slug_all_win_and_one_has_it_plain)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store }, .same_slug = true };
    struct organization found[SUITE_THREADS];
    int plain = 0;

    suite_race(race_create, &race);
    assert_int_equal(race_count(&race, ST_OK), SUITE_THREADS);
    for (int i = 0; i < SUITE_THREADS; i++) {
        struct str key = arena_printf(&f->mem, "org t%d", i);

        assert_status(store_organization_by_name(f->store, &f->call, key, &found[i]), ST_OK);
        plain += str_is(found[i].slug, "one");
        for (int j = 0; j < i; j++) {
            assert_false(str_equal(found[i].slug, found[j].slug));
        }
    }
    assert_int_equal(plain, 1);
}

static void rename_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;
    struct organization_change change;
    struct organization now;

    shot_init(&shot);
    change = suite_rename(&shot.mem, &race->organizations[i], "one");
    race->statuses[i] = store_organization_update(race->stores[0], &shot.call, &change, &now);
    shot_done(&shot);
}

STORE_TEST(renames__to_one_name_have_one_winner)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store } };
    struct organization found;

    for (int i = 0; i < SUITE_THREADS; i++) {
        race.organizations[i] = suite_create(f, tag_of(&race, i));
    }
    suite_race(rename_body, &race);
    assert_int_equal(race_count(&race, ST_OK), 1);
    assert_int_equal(race_count(&race, ST_NEW_NAME_TAKEN), SUITE_THREADS - 1);
    for (int i = 0; i < SUITE_THREADS; i++) {
        bool won = race.statuses[i] == ST_OK;
        struct str key = won ? STR("org one") : arena_printf(&f->mem, "org t%d", i);

        assert_status(store_organization_by_name(f->store, &f->call, key, &found), ST_OK);
        assert_true(oid_equal(&found.id, &race.organizations[i].id));
        assert_str(found.slug, won ? "one" : race.texts[i]);
    }
}

static void swap_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;
    struct organization_change change;
    struct organization now;

    shot_init(&shot);
    change = suite_rename(&shot.mem, &race->organizations[i], race->texts[i ^ 1]);
    race->statuses[i] = store_organization_update(race->stores[0], &shot.call, &change, &now);
    shot_done(&shot);
}

STORE_TEST(renames__of_two_to_each_others_names_are_both_refused)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store } };
    struct organization found;

    for (int i = 0; i < SUITE_THREADS; i++) {
        race.organizations[i] = suite_create(f, tag_of(&race, i));
    }
    suite_race(swap_body, &race);
    assert_int_equal(race_count(&race, ST_NEW_NAME_TAKEN), SUITE_THREADS);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(
            store_organization_by_id(f->store, &f->call, &race.organizations[i].id, &found), ST_OK);
        assert_true(str_equal(found.name, race.organizations[i].name));
        assert_str(found.slug, race.texts[i]);
    }
}

static void address_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;
    struct organization_change change;
    struct organization now;

    shot_init(&shot);
    change = suite_rename(&shot.mem, &race->organizations[i],
                          arena_printf(&shot.mem, "renamed%d", i).ptr);
    change.email = change.email_key = STR("one@one.example");
    race->statuses[i] = store_organization_update(race->stores[0], &shot.call, &change, &now);
    shot_done(&shot);
}

STORE_TEST(changes__to_one_address_have_one_winner_and_losers_keep_all)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store } };
    struct organization found;

    for (int i = 0; i < SUITE_THREADS; i++) {
        race.organizations[i] = suite_create(f, tag_of(&race, i));
    }
    suite_race(address_body, &race);
    assert_int_equal(race_count(&race, ST_OK), 1);
    assert_int_equal(race_count(&race, ST_EMAIL_TAKEN), SUITE_THREADS - 1);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_status(
            store_organization_by_id(f->store, &f->call, &race.organizations[i].id, &found), ST_OK);
        if (race.statuses[i] != ST_OK) {
            assert_true(str_equal(found.name, race.organizations[i].name));
            assert_true(str_equal(found.admin_email, race.organizations[i].admin_email));
        } else {
            assert_str(found.admin_email, "one@one.example");
        }
    }
}

static void password_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;
    struct organization_change change = suite_change(&race->organizations[0], 0);
    struct organization now;

    shot_init(&shot);
    change.password_hash = arena_printf(&shot.mem, "hash %d", i);
    race->statuses[i] = store_organization_update(race->stores[0], &shot.call, &change, &now);
    shot_done(&shot);
}

STORE_TEST(passwords__set_under_one_version_have_one_winner)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store } };
    struct membership member;

    race.organizations[0] = suite_create(f, "acme");
    suite_race(password_body, &race);
    assert_int_equal(race_count(&race, ST_OK), 1);
    assert_int_equal(race_count(&race, ST_BAD_TOKEN), SUITE_THREADS - 1);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &member),
                  ST_OK);
    assert_int_equal(member.account.password_version, 1);
    for (int i = 0; i < SUITE_THREADS; i++) {
        if (race.statuses[i] == ST_OK) {
            assert_str(member.account.password_hash, arena_printf(&f->mem, "hash %d", i).ptr);
        }
    }
}

static void secret_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;
    struct str value = { 0 };

    shot_init(&shot);
    race->statuses[i] = store_secret(race->stores[0], &shot.call, STR("jwt"),
                                     arena_printf(&shot.mem, "candidate %02d", i), &value);
    (void)snprintf(race->texts[i], sizeof(race->texts[i]), "%.*s", STR_ARG(value));
    shot_done(&shot);
}

STORE_TEST(secrets__asked_for_at_once_are_one)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store } };

    suite_race(secret_body, &race);
    assert_int_equal(race_count(&race, ST_OK), SUITE_THREADS);
    for (int i = 0; i < SUITE_THREADS; i++) {
        assert_int_equal(strlen(race.texts[i]), strlen("candidate 00"));
        assert_string_equal(race.texts[i], race.texts[0]);
    }
}

static void rehash_body(void *context, int i)
{
    struct race *race = context;
    struct shot shot;

    shot_init(&shot);
    race->statuses[i] =
        store_account_rehash(race->stores[0], &shot.call, &race->organizations[0].admin_id,
                             STR("hash of acme"), arena_printf(&shot.mem, "better %02d", i));
    shot_done(&shot);
}

STORE_TEST(rehashes__from_one_hash_leave_the_first)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store } };
    struct membership first;
    struct membership later;

    race.organizations[0] = suite_create(f, "acme");
    suite_race(rehash_body, &race);
    assert_int_equal(race_count(&race, ST_OK), SUITE_THREADS);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &first),
                  ST_OK);
    assert_memory_equal(first.account.password_hash.ptr, "better ", 7);
    suite_race(rehash_body, &race);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &later),
                  ST_OK);
    assert_true(str_equal(first.account.password_hash, later.account.password_hash));
    assert_int_equal(later.account.password_version, 0);
}

void race_create_and_delete(void *context, int i)
{
    struct race *race = context;

    for (int n = 0; n < race->rounds && race->statuses[i] == ST_OK; n++) {
        struct shot shot;
        struct new_organization new;
        struct organization made;
        enum status status;

        shot_init(&shot);
        new = suite_new(&shot.mem, "one");
        if (!race->same_email) {
            new.email_key = arena_printf(&shot.mem, "admin%d@one.example", i);
        }
        status = store_organization_create(race->stores[i % 2], &shot.call, &new, &made);
        if (status == ST_OK) {
            race->statuses[i] = str_is(made.slug, "one") ? ST_OK : ST_BROKEN;
            status = store_organization_delete(race->stores[i / 2 % 2], &shot.call, &made.id);
        }
        if (status != ST_OK && status != ST_NAME_TAKEN &&
            !(race->same_email && status == ST_EMAIL_TAKEN)) {
            race->statuses[i] = status;
        }
        shot_done(&shot);
    }
}

STORE_TEST(creates_and_deletes__of_one_name_leave_it_free)
{
    FIXTURE;
    struct race race = { .stores = { f->store, f->store }, .rounds = 20 };

    suite_race(race_create_and_delete, &race);
    assert_int_equal(race_count(&race, ST_OK), SUITE_THREADS);
    assert_str(suite_create(f, "one").slug, "one");
}

const struct CMUnitTest race_tests[] = {
    suite_test(creates__of_one_name_have_one_winner_and_free_addresses),
    suite_test(creates__of_one_address_have_one_winner_and_free_names),
    suite_test(creates__of_one_slug_all_win_and_one_has_it_plain),
    suite_test(renames__to_one_name_have_one_winner),
    suite_test(renames__of_two_to_each_others_names_are_both_refused),
    suite_test(changes__to_one_address_have_one_winner_and_losers_keep_all),
    suite_test(passwords__set_under_one_version_have_one_winner),
    suite_test(secrets__asked_for_at_once_are_one),
    suite_test(rehashes__from_one_hash_leave_the_first),
    suite_test(creates_and_deletes__of_one_name_leave_it_free),
};
const size_t race_tests_count = sizeof(race_tests) / sizeof(race_tests[0]);
