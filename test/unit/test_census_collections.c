/* store/mongo/census: which collection an organization of a seed's program keeps, moves or gets. */
#include "census_fixture.h"

#include <sodium.h>
#include <stdio.h>

TEST(collection__that_is_recorded_stays_and_gives_the_slug)
{
    struct census *census = begin();

    see_organization(
        census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"organization_name\": \"Test "
                                                   "Org\", \"collection_name\": \"org_testorg\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG(
                                 "2") "\"}, \"name\": \"Acme\", "
                                      "\"slug\": \"other\", \"collection\": \"org_Acme Inc\"}");
    plan(census);
    assert_str(organization(census, ORG("1"))->collection, "org_testorg");
    assert_str(organization(census, ORG("1"))->slug, "testorg");
    assert_false(organization(census, ORG("1"))->is_planned);
    assert_str(organization(census, ORG("2"))->collection, "org_Acme Inc");
    assert_str(organization(census, ORG("2"))->slug, "Acme Inc");
    census_free(census);
}

TEST(collection__of_another_name_is_moved_where_it_is_there)
{
    struct census *census = begin();

    see_collection(census, "acme");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"Acme, Inc.\", "
                                                                "\"collection\": \"acme\"}");
    plan(census);
    assert_str(organization(census, ORG("1"))->moved_from, "acme");
    assert_str(organization(census, ORG("1"))->collection, "org_acme_inc");
    assert_str(organization(census, ORG("1"))->slug, "acme_inc");
    census_free(census);
}

TEST(collection__never_moves_onto_another_one)
{
    struct census *census = begin();

    see_collection(census, "acme");
    see_collection(census, "org_acme");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"Acme\", "
                                                                "\"collection\": \"acme\"}");
    plan(census);
    assert_str(organization(census, ORG("1"))->collection, "org_acme_000001");
    assert_str(organization(census, ORG("1"))->slug, "acme_000001");
    census_free(census);
}

TEST(collection__recorded_without_its_prefix_is_found)
{
    struct census *census = begin();

    see_collection(census, "org_acme");
    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"Something else\", "
                                                        "\"collection\": \"acme\"}");
    plan(census);
    assert_str(organization(census, ORG("1"))->collection, "org_acme");
    assert_null(organization(census, ORG("1"))->moved_from.ptr);
    census_free(census);
}

TEST(collection__that_is_not_recorded_is_looked_for_by_name)
{
    static const struct {
        const char *name;
        const char *there;
    } cases[] = {
        { "Test Org", "org_test_org" }, { "Test Org", "org_Test Org" },
        { "TestOrg", "org_TestOrg" },   { "Test Org", "org_test-org" },
        { "Łódź", "org_Łódź" },         { "Łódź GmbH", "org_odz_gmbh" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct census *census = begin();
        char json[256];

        (void)snprintf(json, sizeof(json),
                       "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"%s\"}", cases[i].name);
        see_collection(census, "org_other");
        see_collection(census, cases[i].there);
        see_organization(census, json);
        plan(census);
        assert_str(organization(census, ORG("1"))->collection, cases[i].there);
        census_free(census);
    }
}

TEST(collection__that_is_nowhere_is_a_new_one)
{
    struct census *census = begin();

    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"Acme\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("2") "\"}, \"name\": \"Acme!\"}");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("3") "\"}, \"name\": \"日本\"}");
    plan(census);
    assert_str(organization(census, ORG("1"))->collection, "org_acme");
    assert_str(organization(census, ORG("2"))->collection, "org_acme_000002");
    assert_str(organization(census, ORG("3"))->collection, "org_" ORG("3"));
    assert_false(organization(census, ORG("2"))->is_shared);
    census_free(census);
}

TEST(collection__that_two_name_is_marked_for_both)
{
    struct census *census = begin();

    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("2") "\"}, \"name\": \"Org-1\", "
                                                                "\"collection\": \"org_org_1\"}");
    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"Org_1\", "
                                                        "\"collection_name\": \"org_org_1\"}");
    see_organization(census,
                     "{\"_id\": {\"$oid\": \"" ORG("3") "\"}, \"name\": \"Alone\", "
                                                        "\"collection_name\": \"org_alone\"}");
    plan(census);
    assert_true(organization(census, ORG("1"))->is_shared);
    assert_true(organization(census, ORG("2"))->is_shared);
    assert_false(organization(census, ORG("3"))->is_shared);
    assert_str(organization(census, ORG("1"))->slug, "org_1"); /* the older one */
    assert_str(organization(census, ORG("2"))->slug, "org_1_000002");
    assert_str(organization(census, ORG("2"))->collection, "org_org_1");
    census_free(census);
}

TEST(collection__of_the_engine_is_nobodys)
{
    struct census *census = begin();

    see_collection(census, "admins");
    see_organization(census, "{\"_id\": {\"$oid\": \"" ORG("1") "\"}, \"name\": \"Acme\", "
                                                                "\"collection\": \"admins\"}");
    plan(census);
    assert_null(organization(census, ORG("1"))->moved_from.ptr);
    assert_str(organization(census, ORG("1"))->collection, "org_acme");
    census_free(census);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collection__that_is_recorded_stays_and_gives_the_slug),
        cmocka_unit_test(collection__of_another_name_is_moved_where_it_is_there),
        cmocka_unit_test(collection__never_moves_onto_another_one),
        cmocka_unit_test(collection__recorded_without_its_prefix_is_found),
        cmocka_unit_test(collection__that_is_not_recorded_is_looked_for_by_name),
        cmocka_unit_test(collection__that_is_nowhere_is_a_new_one),
        cmocka_unit_test(collection__that_two_name_is_marked_for_both),
        cmocka_unit_test(collection__of_the_engine_is_nobodys),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
