/*
 * Organizations on MongoDB, beyond the contract suite: beside collections that others made, with what a
 * seed's program left, and what each verb costs.
 */
#include "mongo_place.h"
#include "mongo_sends.h"

#include "store/mongo/engine.h"
#include "store/mongo/layout.h"
#include "store/mongo/mongo_internal.h"

static struct mongo_place place;

STORE_TEST(create__leaves_a_strangers_collection_alone)
{
    FIXTURE;
    struct organization made;

    place_insert(&place, "org_acme", "{'_id': 1}");
    made = suite_create(f, "acme");
    assert_int_equal(made.slug.len, strlen("acme") + SLUG_SUFFIX_LEN);
    assert_int_equal(suite_count(f, &made.id), 0);
    assert_status(store_organization_delete(f->store, &f->call, &made.id), ST_OK);
    assert_int_equal(place_count(&place, "org_acme", "{}"), 1);
}

STORE_TEST(create__that_is_refused_leaves_a_strangers_collection_alone)
{
    FIXTURE;
    struct new_organization new = suite_new(&f->mem, "acme");
    struct organization made;

    (void)suite_create(f, "held");
    place_insert(&place, "org_acme", "{'_id': 1}");
    new.email_key = STR("admin@held.example");
    assert_status(store_organization_create(f->store, &f->call, &new, &made), ST_EMAIL_TAKEN);
    assert_int_equal(place_count(&place, "org_acme", "{}"), 1);
    assert_int_equal(place_count(&place, C_ORGANIZATIONS, "{}"), 1);
    assert_int_equal(place_count(&place, C_LOCKS, "{}"), 0);
}

/* What a command leaves that the server executed after it was given up and undone. */
STORE_TEST(late__creation_that_nobody_is_at_holds_up_nobody)
{
    FIXTURE;
    struct organization made;

    place_insert(&place, C_ORGANIZATIONS,
                 "{'organization_name': 'Org acme', 'collection_name': 'org_acme',"
                 " 'admin_id': {'$oid': '0123456789abcdef01234567'}, 'name_key': 'org acme',"
                 " 'slug': 'acme', 'status': 'creating', 'version': {'$numberLong': '1'},"
                 " 'change': {'owner': {'$oid': '0123456789abcdef01234568'},"
                 "            'membership': {'$oid': '0123456789abcdef01234569'}}}");
    made = suite_create(f, "acme");
    assert_str(made.slug, "acme");
    assert_int_equal(place_count(&place, C_ORGANIZATIONS, "{}"), 1);
    place_check(&place);
}

STORE_TEST(late__account_of_an_undone_creation_gives_its_address_back)
{
    FIXTURE;

    place_insert(&place, C_ADMINS,
                 "{'email': 'Admin@acme.example', 'email_key': 'admin@acme.example',"
                 " 'changed_by': {'organization_id': {'$oid': '0123456789abcdef01234567'},"
                 "                'version': {'$numberLong': '1'}}}");
    (void)suite_create(f, "acme");
    place_check(&place);
}

STORE_TEST(late__collection_of_an_undone_creation_is_taken)
{
    FIXTURE;

    place_insert(&place, "org_acme", "{'_id': 1}");
    place_clear(&place, "org_acme");
    assert_str(suite_create(f, "acme").slug, "acme");
    place_check(&place);
}

STORE_TEST(seed__account_without_an_organization_keeps_its_address)
{
    FIXTURE;
    struct new_organization new = suite_new(&f->mem, "acme");
    struct organization made;

    place_insert(&place, C_ADMINS,
                 "{'email': 'Admin@acme.example', 'email_key': 'admin@acme.example'}");
    assert_status(store_organization_create(f->store, &f->call, &new, &made), ST_EMAIL_TAKEN);
    assert_int_equal(place_count(&place, C_ADMINS, "{}"), 1);
    assert_int_equal(place_count(&place, C_ORGANIZATIONS, "{}"), 0);
}

STORE_TEST(update__to_the_address_of_a_second_member_is_refused)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization gone = suite_create(f, "gone");
    struct organization_change change = suite_change(&mine, 0);
    struct organization now;

    place_add_membership(&place, &gone.admin_id, &mine.id);
    assert_status(store_organization_delete(f->store, &f->call, &gone.id), ST_OK);
    change.email = change.email_key = STR("admin@gone.example");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_EMAIL_TAKEN);
    assert_int_equal(place_count(&place, C_ADMINS, "{}"), 2);
}

STORE_TEST(rename__leaves_a_strangers_collection_alone)
{
    FIXTURE;
    struct organization made = suite_create(f, "acme");
    struct organization_change change = suite_rename(&f->mem, &made, "later");

    place_insert(&place, "org_later", "{'_id': 1}");
    assert_status(suite_put(f->store, &f->call, &made.id, "d", "{\"_id\":\"d\"}"), ST_OK);
    assert_status(store_organization_update(f->store, &f->call, &change, &made), ST_OK);
    assert_int_equal(made.slug.len, strlen("later") + SLUG_SUFFIX_LEN);
    assert_int_equal(suite_count(f, &made.id), 1);
    assert_int_equal(place_count(&place, "org_later", "{}"), 1);
    assert_false(place_has_collection(&place, "org_acme"));
}

STORE_TEST(seed__organization_without_its_collection_is_renamed)
{
    FIXTURE;
    struct organization made = suite_create(f, "acme");
    struct organization_change change = suite_rename(&f->mem, &made, "later");

    place_drop(&place, "org_acme");
    assert_status(store_organization_update(f->store, &f->call, &change, &made), ST_OK);
    assert_str(made.slug, "later");
    place_check(&place);
}

STORE_TEST(seed__collection_of_another_name_moves_and_goes_with_its_organization)
{
    FIXTURE;
    struct organization made = suite_create(f, "acme");
    struct organization other = suite_create(f, "other");
    struct organization_change change = suite_rename(&f->mem, &made, "later");

    place_insert(&place, "org_Acme", "{'_id': 'd'}");
    place_insert(&place, "org_Other", "{'_id': 'd'}");
    place_update(&place, C_ORGANIZATIONS, "{'slug': 'acme'}",
                 "{'$set': {'collection_name': 'org_Acme'}}");
    place_update(&place, C_ORGANIZATIONS, "{'slug': 'other'}",
                 "{'$set': {'collection_name': 'org_Other'}}");
    assert_status(store_organization_update(f->store, &f->call, &change, &made), ST_OK);
    assert_status(store_organization_delete(f->store, &f->call, &other.id), ST_OK);
    assert_int_equal(place_count(&place, "org_later", "{}"), 1);
    assert_false(place_has_collection(&place, "org_Acme"));
    assert_false(place_has_collection(&place, "org_Other"));
    assert_true(place_has_collection(&place, "org_other")); /* it was nobody's then */
}

STORE_TEST(seed__shared_collection_stays_where_it_is)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct organization other = suite_create(f, "other");
    struct organization_change change = suite_rename(&f->mem, &mine, "later");

    place_insert(&place, "org_mine", "{'_id': 'd'}");
    place_update(&place, C_ORGANIZATIONS, "{'slug': 'mine'}",
                 "{'$set': {'collection_shared': true}}");
    place_update(&place, C_ORGANIZATIONS, "{'slug': 'other'}",
                 "{'$set': {'collection_shared': true, 'collection_name': 'org_mine'}}");
    assert_status(store_organization_update(f->store, &f->call, &change, &mine), ST_OK);
    assert_str(mine.slug, "later");
    assert_int_equal(
        place_count(&place, C_ORGANIZATIONS, "{'slug': 'later', 'collection_name': 'org_mine'}"),
        1);
    assert_status(store_organization_delete(f->store, &f->call, &other.id), ST_OK);
    assert_int_equal(place_count(&place, "org_mine", "{}"), 1);
}

STORE_TEST(seed__organization_that_names_an_own_collection_takes_nothing_with_it)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");

    (void)suite_create(f, "other");
    place_update(&place, C_ORGANIZATIONS, "{'slug': 'mine'}",
                 "{'$set': {'collection_name': 'admins'}}");
    assert_status(store_organization_delete(f->store, &f->call, &mine.id), ST_OK);
    assert_int_equal(place_count(&place, C_ADMINS, "{}"), 1);
}

STORE_TEST(seed__organization_without_an_administrator_shows_none)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct oid none = { .bytes = { 0 } };
    struct organization found;

    place_update(&place, C_ORGANIZATIONS, "{'slug': 'mine'}", "{'$unset': {'admin_id': 1}}");
    assert_status(store_organization_by_id(f->store, &f->call, &mine.id, &found), ST_OK);
    assert_str(found.admin_email, "");
    assert_true(oid_equal(&found.admin_id, &none));
    place_update(&place, C_ORGANIZATIONS, "{'slug': 'mine'}",
                 "{'$set': {'admin_id': {'$oid': '0123456789abcdef01234567'}}}");
    assert_status(store_organization_by_name(f->store, &f->call, STR("org mine"), &found), ST_OK);
    assert_str(found.admin_email, "");
    assert_true(oid_equal(&found.admin_id, &none));
    assert_status(store_organization_delete(f->store, &f->call, &mine.id), ST_OK);
    place_check(&place);
}

STORE_TEST(seed__administrator_without_a_membership_logs_in)
{
    FIXTURE;
    struct organization mine = suite_create(f, "mine");
    struct membership member;

    place_clear(&place, C_MEMBERSHIPS);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@mine.example"), &member),
                  ST_OK);
    assert_true(oid_equal(&member.organization.id, &mine.id));
    assert_str(member.role, "admin");
    assert_status(store_membership_by_ids(f->store, &f->call, &mine.admin_id, &mine.id, &member),
                  ST_OK);
    assert_status(store_organization_delete(f->store, &f->call, &mine.id), ST_OK);
    assert_int_equal(place_count(&place, C_ADMINS, "{}"), 0);
}

/* A server that does joins does without, and of one that refuses them after all nothing is told. */
STORE_TEST(join__and_two_look_ups_find_the_same)
{
    FIXTURE;
    struct mongo_features *features = &mongo_engine(f->store)->mongo->features;
    struct organization mine = suite_create(f, "mine");
    bool joins = features->joins;
    struct membership members[2];
    struct organization found[2];
    enum status statuses[4];

    for (int i = 0; i < 2; i++) {
        features->joins = i == 1;
        statuses[2 * i] = store_organization_by_name(f->store, &f->call, mine.name_key, &found[i]);
        statuses[2 * i + 1] =
            store_membership_by_ids(f->store, &f->call, &mine.admin_id, &mine.id, &members[i]);
    }
    features->joins = joins;
    for (int i = 0; i < 2; i++) {
        assert_status(statuses[2 * i], ST_OK);
        assert_status(statuses[2 * i + 1], ST_OK);
        suite_assert_organization(&found[i], &mine);
        suite_assert_organization(&members[i].organization, &mine);
        suite_assert_text(members[i].account.email, mine.admin_email);
        assert_str(members[i].account.password_hash, "hash of mine");
    }
    assert_string_equal(f->err.text, "");
}

static void assert_cost(const char *verb, int most)
{
    int count = sends_count();

    print_message("%s: %d\n", verb, count);
    assert_in_range(count, 1, most);
}

/* Commands that the calling thread sends; docs/internals/mongodb.md names them. */
STORE_TEST(verbs__take_no_more_round_trips_than_they_need)
{
    FIXTURE;
    struct organization made = suite_create(f, "warm");
    struct organization_change change;
    struct membership member;
    struct organization now;
    int more = mongo_features(mongo_engine(f->store)->mongo)->joins ? 0 : 1;

    if (!sends_are_plain(place.url)) {
        skip();
    }
    (void)sends_count();
    made = suite_create(f, "acme");
    assert_cost("create", 7);
    assert_status(store_organization_by_name(f->store, &f->call, made.name_key, &now), ST_OK);
    assert_cost("organization by name", 1 + more);
    assert_status(store_membership_by_ids(f->store, &f->call, &made.admin_id, &made.id, &member),
                  ST_OK);
    assert_cost("membership by ids", 1 + more);
    assert_status(store_membership_by_email(f->store, &f->call, STR("admin@acme.example"), &member),
                  ST_OK);
    assert_cost("membership by address", 3 + more);
    assert_status(store_account_rehash(f->store, &f->call, &made.admin_id, STR("hash of acme"),
                                       STR("better")),
                  ST_OK);
    assert_cost("rehash", 4);
    change = suite_change(&made, 0);
    change.password_hash = STR("second");
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_cost("new password", 6);
    change = suite_change(&made, 1);
    change.name = STR("ORG ACME");
    change.name_key = made.name_key;
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_cost("another spelling", 5);
    change = suite_rename(&f->mem, &made, "later");
    change.expected_password_version = 1;
    assert_status(store_organization_update(f->store, &f->call, &change, &now), ST_OK);
    assert_cost("rename", 10);
    assert_status(store_organization_delete(f->store, &f->call, &made.id), ST_OK);
    assert_cost("delete", 12);
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, place_begin, place_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        place_test(create__leaves_a_strangers_collection_alone),
        place_test(create__that_is_refused_leaves_a_strangers_collection_alone),
        place_test(late__creation_that_nobody_is_at_holds_up_nobody),
        place_test(late__account_of_an_undone_creation_gives_its_address_back),
        place_test(late__collection_of_an_undone_creation_is_taken),
        place_test(seed__account_without_an_organization_keeps_its_address),
        place_test(update__to_the_address_of_a_second_member_is_refused),
        place_test(rename__leaves_a_strangers_collection_alone),
        place_test(seed__organization_without_its_collection_is_renamed),
        place_test(seed__collection_of_another_name_moves_and_goes_with_its_organization),
        place_test(seed__shared_collection_stays_where_it_is),
        place_test(seed__organization_that_names_an_own_collection_takes_nothing_with_it),
        place_test(seed__organization_without_an_administrator_shows_none),
        place_test(seed__administrator_without_a_membership_logs_in),
        place_test(join__and_two_look_ups_find_the_same),
        place_test(verbs__take_no_more_round_trips_than_they_need),
    };
    int failures;

    if (!place_init(&place, "mongo_organizations")) {
        return PLACE_SKIPPED;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    place_done(&place);
    return failures;
}
