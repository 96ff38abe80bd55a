/* documents_put on MongoDB: what the engine can't hold is said as what it is, with the document's
 * id. */
#include "mongo_documents.h"

/* Puts one good document and one with this body, under the id "bad". */
static enum status put_with_good(struct tenant_fixture *t, const char *body)
{
    const struct document documents[] = {
        { .id = STR("good"), .body = STR("{\"_id\":\"good\"}") },
        { .id = STR("bad"), .body = str_of(body) },
    };

    t->f.err.text[0] = '\0';
    return store_documents_put(t->f.store, &t->f.call, &t->id, documents, 2);
}

TENANT_TEST(document__over_16_mib_as_bson_is_too_large)
{
    TENANT_FIXTURE;
    const size_t count = (size_t)2 * 1024 * 1024; /* 8 bytes of BSON and more for each */
    char *body = arena_alloc(&t->f.mem, 2 * count + 64);
    struct document document = { .id = STR("bad") };
    size_t len = (size_t)snprintf(body, 64, "{\"_id\":\"bad\",\"v\":[0");
    struct str kept = { .ptr = NULL };

    for (size_t i = 1; i < count; i++) {
        body[len++] = ',';
        body[len++] = '0';
    }
    body[len++] = ']';
    body[len++] = '}'; /* a NUL is behind it */
    assert_status(put_with_good(t, body), ST_TOO_LARGE);
    assert_non_null(strstr(t->f.err.text, "\"bad\""));
    assert_int_equal(place_count(&t->place, TENANT, "{}"), 0);
    document.body = str_of(body);
    assert_status(store_document_as_kept(t->f.store, &t->f.call, &document, &kept), ST_TOO_LARGE);
    assert_null(kept.ptr);
}

TENANT_TEST(document__that_the_server_can_not_hold_is_invalid)
{
    TENANT_FIXTURE;
    static const char *const bodies[] = {
        "{\"_id\":\"bad\",\"price\":{\"$numberDecimal\":\"1.10\"}}",
        "{\"_id\":\"bad\",\"a\":{\"b.c\":1}}",
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_status(put_with_good(t, bodies[i]), ST_INVALID);
        assert_non_null(strstr(t->f.err.text, "\"bad\""));
        assert_int_equal(place_count(&t->place, TENANT, "{'_id':'bad'}"), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        tenant_test(document__over_16_mib_as_bson_is_too_large),
    };
    const struct CMUnitTest on_ferretdb[] = {
        /* MongoDB takes these documents */
        tenant_test(document__that_the_server_can_not_hold_is_invalid),
    };
    int failures;

    if (!place_init(&tenant_place, "mongo_documents_put")) {
        return PLACE_SKIPPED;
    }
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    if (place_is_ferretdb(&tenant_place)) {
        failures += cmocka_run_group_tests(on_ferretdb, NULL, NULL);
    }
    place_done(&tenant_place);
    return failures;
}
