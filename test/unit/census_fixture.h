/* A census of documents given as Extended JSON, planned by today's rules; no server. */
#ifndef ORGD_TEST_UNIT_CENSUS_FIXTURE_H
#define ORGD_TEST_UNIT_CENSUS_FIXTURE_H

#include "test.h"

#include "app/store_rules.h"
#include "store/mongo/census.h"
#include "store/mongo/layout.h"

#define ORG(n) "65a00000000000000000000" n
#define ADM(n) "65b00000000000000000000" n

static inline bson_t *from_json(const char *json)
{
    bson_error_t error;
    bson_t *made = bson_new_from_json((const uint8_t *)json, -1, &error);

    assert_non_null(made);
    return made;
}

static inline struct census *begin(void)
{
    struct census *census = census_new();

    assert_non_null(census);
    return census;
}

static inline void see_account(struct census *census, const char *json)
{
    bson_t *document = from_json(json);

    census_see_account(census, C_ADMINS, document);
    bson_destroy(document);
}

static inline void see_organization(struct census *census, const char *json)
{
    bson_t *document = from_json(json);

    census_see_organization(census, document);
    bson_destroy(document);
}

static inline void see_collection(struct census *census, const char *name)
{
    census_see_collection(census, str_of(name));
}

static inline void plan(struct census *census)
{
    census_plan(census, &app_store_rules);
}

static inline const struct census_organization *organization(struct census *census, const char *hex)
{
    struct oid id;

    assert_true(oid_parse(str_of(hex), &id));
    assert_int_not_equal(census_find_organization(census, &id), NOBODY);
    return &census->organizations[census_find_organization(census, &id)];
}

static inline const struct census_account *account(struct census *census, const char *hex)
{
    struct oid id;

    assert_true(oid_parse(str_of(hex), &id));
    assert_int_not_equal(census_find_account(census, &id), NOBODY);
    return &census->accounts[census_find_account(census, &id)];
}

static inline bool belongs(struct census *census, const char *organization_hex,
                           const char *account_hex)
{
    struct oid ids[2];

    assert_true(oid_parse(str_of(organization_hex), &ids[0]));
    assert_true(oid_parse(str_of(account_hex), &ids[1]));
    return key_table_find(&census->membership_of_ids,
                          (struct str){ .ptr = (const char *)ids, .len = sizeof(ids) }, NULL);
}

static inline bool has_no_key(struct str key)
{
    return key.ptr[0] == KEY_NONE[0];
}

#endif
