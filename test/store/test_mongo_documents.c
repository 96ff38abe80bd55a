/* Documents on MongoDB: the forms of their ids and values, and what other programs wrote. */
#include "mongo_documents.h"

#include "org/document.h"
#include "org/domain.h"

#define HEX "65f000000000000000000001"

/* Every type that relaxed JSON has no number or word for. */
#define TYPES                                                                                      \
    "'oid':{'$oid':'65f0000000000000000000aa'},'at':{'$date':'2026-01-31T10:20:30.456Z'},"         \
    "'bin':{'$binary':{'base64':'AAEC','subType':'00'}},"                                          \
    "'re':{'$regularExpression':{'pattern':'^a','options':'i'}},"                                  \
    "'ts':{'$timestamp':{'t':7,'i':3}},'list':[{'deep':{'$date':'1970-01-01T00:00:00Z'}}]"

TENANT_TEST(decimals__survive_a_get_and_a_put)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'d','price':{'$numberDecimal':'1.10'}}" };

    place_insert(&t->place, TENANT, put.body);
    assert_str(tenant_text(t, "d"), tenant_json(&t->f.mem, put.body).ptr);
    assert_status(tenant_edit(t, "d", &put), ST_OK);
    assert_null(put.kept.ptr);
    assert_str(tenant_text(t, "d"), tenant_json(&t->f.mem, put.body).ptr);
}

TENANT_TEST(real_types__appear_as_extended_json_and_survive_a_get_and_a_put)
{
    TENANT_FIXTURE;
    struct arena *mem = &t->f.mem;
    struct put put = { .body = NULL };
    bson_t *before;
    bson_t *after;

    place_insert(&t->place, TENANT,
                 "{'_id':'d'," TYPES ",'long':{'$numberLong':'5'},'whole':{'$numberDouble':'2'}}");
    before = tenant_raw(t, "{'_id':'d'}");
    assert_str(tenant_text(t, "d"),
               tenant_json(mem, "{'_id':'d'," TYPES ",'long':5,'whole':2.0}").ptr);
    put.body = "{'_id':'d'," TYPES ",'long':5,'whole':2,'more':1}"; /* a client writes 2.0 as 2 */
    assert_status(tenant_edit(t, "d", &put), ST_OK);
    assert_str(put.kept, tenant_text(t, "d").ptr);
    put = (struct put){ .body = tenant_text(t, "d").ptr };
    assert_status(tenant_edit(t, "d", &put), ST_OK);
    assert_null(put.kept.ptr); /* what came from a GET is kept as it is */
    put = (struct put){ .body = "{'_id':'d'," TYPES ",'long':5,'whole':2.0}" };
    assert_status(tenant_edit(t, "d", &put), ST_OK);
    after = tenant_raw(t, "{'_id':'d'}");
    assert_true(bson_equal(before, after));
    bson_destroy(before);
    bson_destroy(after);
}

TENANT_TEST(types__of_our_clients_are_stored_as_such)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'d'," TYPES ",'n':{'$numberInt':'5'},'':{'$set':[]}}" };
    struct put delete = { .body = NULL };
    bson_t *raw;

    /* FerretDB refuses names that begin with $ inside, and says so. */
    if (tenant_edit(t, "d", &put) == ST_INVALID) {
        assert_true(strlen(t->f.err.text) > 0);
        put.body = "{'_id':'d'," TYPES ",'n':{'$numberInt':'5'},'':1}";
        assert_status(tenant_edit(t, "d", &put), ST_OK);
    }
    raw = tenant_raw(t, "{'_id':'d'}");
    assert_int_equal(tenant_type(raw, "oid"), BSON_TYPE_OID);
    assert_int_equal(tenant_type(raw, "at"), BSON_TYPE_DATE_TIME);
    assert_int_equal(tenant_type(raw, "bin"), BSON_TYPE_BINARY);
    assert_int_equal(tenant_type(raw, "n"), BSON_TYPE_INT32);
    bson_destroy(raw);
    assert_non_null(strstr(put.kept.ptr, "\"n\":5,"));
    assert_str(tenant_text(t, "d"), put.kept.ptr);
    assert_status(tenant_edit(t, "d", &delete), ST_OK);
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 0);
}

static struct domain domain_of(const struct tenant_fixture *t)
{
    return (struct domain){ .store = t->f.store, .document_max_bytes = 1 << 20 };
}

TENANT_TEST(etag__of_an_answer_is_that_of_the_next_get)
{
    TENANT_FIXTURE;
    struct domain domain = domain_of(t);
    struct preconditions none = { .if_match = { .ptr = NULL } };
    struct invalid invalid = { .count = 0 };
    struct document_result put;
    struct document_result got;
    json_auto_t *body =
        json_loads("{\"at\": {\"$date\": \"2026-01-31T01:00:00.000+01:00\"}}", 0, NULL);

    for (int i = 0; i < 2; i++) { /* the second time it changes nothing */
        assert_status(
            document_put(&domain, &t->f.call, &t->id, STR("d"), body, &none, &invalid, &put),
            ST_OK);
        assert_status(document_get(&domain, &t->f.call, &t->id, STR("d"), &invalid, &got), ST_OK);
        assert_str(put.document.body,
                   "{\"_id\":\"d\",\"at\":{\"$date\":\"2026-01-31T00:00:00Z\"}}");
        assert_str(got.document.body, put.document.body.ptr);
        assert_string_equal(put.etag, got.etag);
        assert_int_equal(put.created, i == 0);
    }
}

TENANT_TEST(refusal__of_the_server_is_an_entry_of_the_422)
{
    TENANT_FIXTURE;
    struct domain domain = domain_of(t);
    struct invalid invalid = { .count = 0 };
    struct document_result made;
    json_auto_t *body = json_loads("{\"a\": {\"b.c\": 1}}", 0, NULL);
    enum status status = document_create(&domain, &t->f.call, &t->id, body, &invalid, &made);

    if (status == ST_OK) { /* MongoDB takes them */
        return;
    }
    assert_status(status, ST_INVALID);
    assert_int_equal(invalid.count, 1);
    assert_string_equal(invalid.entries[0].type, "value_error");
    assert_non_null(strstr(invalid.entries[0].msg, "\"b.c\""));
    assert_null(strstr(invalid.entries[0].msg, "mongodb")); /* our words, not the server's */
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 0);
}

TENANT_TEST(made_id__is_an_object_id_found_by_its_shown_form_only)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'" HEX "','n':1}",
                       .is_creation = true,
                       .has_made_id = true };
    struct put again = { .body = "{'_id':'" HEX "','n':2}", .is_creation = true };
    struct document document;

    assert_status(tenant_edit(t, HEX, &put), ST_OK);
    assert_int_equal(place_count(&t->place, TENANT, "{'_id':{'$oid':'" HEX "'}}"), 1);
    assert_status(tenant_edit(t, HEX, &again), ST_DOCUMENT_EXISTS); /* no string beside it */
    again.is_creation = false;
    assert_status(tenant_edit(t, HEX, &again), ST_OK);
    assert_int_equal(place_count(&t->place, TENANT, "{'_id':{'$oid':'" HEX "'},'n':2}"), 1);
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 1);
    put = (struct put){ .body = "{'_id':'65F00000000000000000000A'}" };
    assert_status(tenant_edit(t, "65F00000000000000000000A", &put), ST_OK);
    assert_int_equal(place_count(&t->place, TENANT, "{'_id':'65F00000000000000000000A'}"), 1);
    assert_status(store_document_get(t->f.store, &t->f.call, &t->id,
                                     STR("65f00000000000000000000a"), &document),
                  ST_NO_DOCUMENT);
}

TENANT_TEST(given_id__of_24_digits_is_text)
{
    TENANT_FIXTURE;
    struct put put = { .body = "{'_id':'" HEX "'}", .is_creation = true };

    assert_status(tenant_edit(t, HEX, &put), ST_OK);
    assert_int_equal(place_count(&t->place, TENANT, put.body), 1);
    assert_status(tenant_edit(t, HEX, &put), ST_DOCUMENT_EXISTS);
}

TENANT_TEST(twins__of_a_foreign_program_are_one_document_the_object_id_first)
{
    TENANT_FIXTURE;
    struct document_query query = { .limit = 1, .max_bytes = SIZE_MAX, .with_total = true };
    struct document_page page;

    place_insert(&t->place, TENANT, "{'_id':'" HEX "','of':'text'}");
    place_insert(&t->place, TENANT, "{'_id':{'$oid':'" HEX "'},'of':'oid'}");
    place_insert(&t->place, TENANT, "{'_id':'z'}");
    assert_str(tenant_text(t, HEX), tenant_json(&t->f.mem, "{'_id':'" HEX "','of':'oid'}").ptr);
    assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_OK);
    assert_str(page.documents[0].body, tenant_json(&t->f.mem, "{'_id':'" HEX "','of':'oid'}").ptr);
    assert_true(page.more);
    query.after = page.documents[0].id;
    assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_OK);
    assert_str(page.documents[0].id, "z");
    assert_false(page.more);
    assert_int_equal(page.total, 3); /* documents that are there */
    assert_status(suite_delete(t->f.store, &t->f.call, &t->id, HEX), ST_OK);
    assert_str(tenant_text(t, HEX), tenant_json(&t->f.mem, "{'_id':'" HEX "','of':'text'}").ptr);
    assert_status(suite_delete(t->f.store, &t->f.call, &t->id, HEX), ST_OK);
    assert_status(suite_delete(t->f.store, &t->f.call, &t->id, HEX), ST_NO_DOCUMENT);
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 1);
}

/* Ids in order of their bytes as shown; those in braces are ObjectIds. */
static const char *const sorted[] = {
    "/",
    "0",
    "{000000000000000000000000}",
    "65f0",
    "{65f000000000000000000001}",
    "65f000000000000000000002",
    "{65f000000000000000000003}",
    "65f000000000000000000003x",
    "65f0:",
    "Z",
    "a",
    "{abcdef000000000000000000}",
    "b",
    "{ffffffffffffffffffffffff}",
    "fffffffffffffffffffffffff",
    "g",
    "\xC3\xA9",
};
#define SORTED (sizeof(sorted) / sizeof(sorted[0]))

static struct str shown(size_t i)
{
    struct str id = str_of(sorted[i]);

    return id.ptr[0] == '{' ? (struct str){ .ptr = id.ptr + 1, .len = 24 } : id;
}

static void insert_sorted(struct tenant_fixture *t)
{
    for (size_t i = SORTED; i-- > 0;) {
        char json[128];

        assert_true(i == 0 || str_compare(shown(i - 1), shown(i)) < 0);
        if (sorted[i][0] == '{') {
            (void)snprintf(json, sizeof(json), "{'_id':{'$oid':'%.*s'}}", STR_ARG(shown(i)));
        } else {
            (void)snprintf(json, sizeof(json), "{'_id':'%.*s'}", STR_ARG(shown(i)));
        }
        place_insert(&t->place, TENANT, json);
    }
}

TENANT_TEST(list__has_both_forms_of_ids_in_one_order)
{
    TENANT_FIXTURE;

    insert_sorted(t);
    place_insert(&t->place, TENANT, "{'_id':1}"); /* no path could name these */
    place_insert(&t->place, TENANT, "{'_id':{'a':1}}");
    place_insert(&t->place, TENANT, "{'_id':null}");
    for (size_t limit = 1; limit <= SORTED + 1; limit++) {
        struct document_query query = { .limit = limit, .max_bytes = SIZE_MAX, .with_total = true };
        struct document_page page = { .more = true };
        size_t at = 0;

        while (page.more) {
            assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page),
                          ST_OK);
            assert_int_equal(page.total, SORTED);
            assert_true(page.count > 0 && at + page.count <= SORTED);
            for (size_t i = 0; i < page.count; i++, at++) {
                assert_true(str_equal(page.documents[i].id, shown(at)));
            }
            query.after = page.documents[page.count - 1].id;
        }
        assert_int_equal(at, SORTED);
    }
}

TENANT_TEST(list__goes_on_behind_any_text)
{
    TENANT_FIXTURE;
    static const char *const texts[] = { "!",   ".",  "65f",    "65f0000000000000000000015",
                                         "65g", "6:", "fff",    "ffffffffffffffffffffffff",
                                         "a\n", "F",  "abcdef", "\xF0\x9F\x98\x80" };

    insert_sorted(t);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct document_query query = { .limit = 1,
                                        .max_bytes = SIZE_MAX,
                                        .after = str_of(texts[i]) };
        struct document_page page;
        size_t next = 0;

        while (next < SORTED && str_compare(shown(next), query.after) <= 0) {
            next++;
        }
        assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_OK);
        assert_int_equal(page.count, next < SORTED);
        assert_true(next == SORTED || str_equal(page.documents[0].id, shown(next)));
        assert_int_equal(page.more, next + 1 < SORTED);
    }
}

/* 100 documents, of either form, with texts of over 1000 bytes. */
static void insert_large(struct tenant_fixture *t)
{
    for (int i = 0; i < 100; i++) {
        const char *id = arena_printf(&t->f.mem, "%023x%c", (unsigned)i, i % 2 ? '1' : 'x').ptr;
        struct put put = {
            .body = arena_printf(&t->f.mem, "{'_id':'%s','v':'%01000d'}", id, i).ptr,
            .is_creation = true,
            .has_made_id = i % 2,
        };

        assert_status(tenant_edit(t, id, &put), ST_OK);
    }
    assert_int_equal(
        place_count(&t->place, TENANT, "{'_id':{'$gte':{'$oid':'000000000000000000000000'}}}"), 50);
}

TENANT_TEST(list__of_large_documents_ends_by_bytes_and_leaves_nothing_out)
{
    TENANT_FIXTURE;
    struct document_query query = { .limit = 500, .max_bytes = 3500 };
    struct document_page page = { .more = true };
    size_t listed = 0;

    insert_large(t);
    while (page.more) {
        size_t bytes = 0;

        assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_OK);
        for (size_t i = 0; i < page.count; i++) {
            bytes += page.documents[i].body.len;
        }
        assert_true(bytes <= 3500);
        assert_int_equal(page.count, page.more ? 3 : 1);
        listed += page.count;
        query.after = page.documents[page.count - 1].id;
    }
    assert_int_equal(listed, 100);
    query = (struct document_query){ .limit = 500, .max_bytes = SIZE_MAX };
    assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_OK);
    assert_int_equal(page.count, 100); /* in several batches */
}

TENANT_TEST(page__whose_last_id_is_longer_than_ours_goes_on)
{
    TENANT_FIXTURE;
    struct domain domain = domain_of(t);
    struct document_list_query query = { .after = { .ptr = NULL }, .limit = 1 };
    struct invalid invalid = { .count = 0 };
    struct document_list list;

    place_insert(&t->place, TENANT,
                 arena_printf(&t->f.mem, "{'_id':'a%0600d'}", 0).ptr); /* of a foreign program */
    place_insert(&t->place, TENANT, "{'_id':'b'}");
    assert_status(document_list(&domain, &t->f.call, &t->id, &query, &invalid, &list), ST_OK);
    assert_int_equal(list.page.documents[0].id.len, 601);
    query.after = list.next;
    assert_status(document_list(&domain, &t->f.call, &t->id, &query, &invalid, &list), ST_OK);
    assert_str(list.page.documents[0].id, "b");
    assert_null(list.next.ptr);
}

TENANT_TEST(document__that_is_too_large_as_text_says_so)
{
    TENANT_FIXTURE;
    struct document_query query = { .limit = 10, .max_bytes = SIZE_MAX };
    struct document document;
    struct document_page page;
    size_t len = (size_t)12 * 1024 * 1024;
    char *bytes = arena_alloc(&t->f.mem, len + 1); /* \u0001 each, as text */

    memset(bytes, 1, len);
    tenant_insert_text(t, "d", bytes);
    assert_status(store_document_get(t->f.store, &t->f.call, &t->id, STR("d"), &document),
                  ST_TOO_LARGE);
    assert_non_null(strstr(t->f.err.text, "\"d\""));
    assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_TOO_LARGE);
    query.after = STR("d");
    assert_status(store_document_list(t->f.store, &t->f.call, &t->id, &query, &page), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        tenant_test(real_types__appear_as_extended_json_and_survive_a_get_and_a_put),
        tenant_test(types__of_our_clients_are_stored_as_such),
        tenant_test(etag__of_an_answer_is_that_of_the_next_get),
        tenant_test(refusal__of_the_server_is_an_entry_of_the_422),
        tenant_test(made_id__is_an_object_id_found_by_its_shown_form_only),
        tenant_test(given_id__of_24_digits_is_text),
        tenant_test(list__has_both_forms_of_ids_in_one_order),
        tenant_test(list__goes_on_behind_any_text),
        tenant_test(list__of_large_documents_ends_by_bytes_and_leaves_nothing_out),
        tenant_test(page__whose_last_id_is_longer_than_ours_goes_on),
        tenant_test(document__that_is_too_large_as_text_says_so),
    };
    const struct CMUnitTest beyond_ferretdb[] = {
        tenant_test(decimals__survive_a_get_and_a_put),
        tenant_test(twins__of_a_foreign_program_are_one_document_the_object_id_first),
    };
    int failures;

    if (!place_init(&tenant_place, "mongo_documents")) {
        return PLACE_SKIPPED;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    if (!place_is_ferretdb(&tenant_place)) {
        failures += cmocka_run_group_tests(beyond_ferretdb, NULL, NULL);
    }
    place_done(&tenant_place);
    return failures;
}
