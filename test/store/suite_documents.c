/* The contract of documents: one step per change, pages in order of bytes, exact totals. */
#include "suite.h"

#define MIB ((size_t)1024 * 1024)

/* An edit that reports what it was shown and does what it is told. */
struct probe {
    struct document_edit edit;
    enum status status;
    int calls;
    bool existed;
    char body[64];
};

static enum status probe_edit(void *context, const struct document *now,
                              struct document_edit *ret_edit)
{
    struct probe *probe = context;

    probe->calls++;
    probe->existed = now != NULL;
    if (now) {
        (void)snprintf(probe->body, sizeof(probe->body), "%.*s", STR_ARG(now->body));
    }
    *ret_edit = probe->edit;
    return probe->status;
}

static enum status run_probe(struct fixture *f, const struct oid *organization, struct probe *probe)
{
    return store_document_edit(f->store, &f->call, organization, STR("d"), probe_edit, probe);
}

STORE_TEST(edit__makes_replaces_and_deletes)
{
    FIXTURE;
    struct oid id = suite_create(f, "acme").id;
    struct probe probe = { .edit = { .action = EDIT_PUT, .body = STR(DOC("d", "one")) } };
    struct document document;

    assert_status(run_probe(f, &id, &probe), ST_OK);
    assert_false(probe.existed);
    assert_status(store_document_get(f->store, &f->call, &id, STR("d"), &document), ST_OK);
    assert_str(document.id, "d");
    assert_str(document.body, DOC("d", "one"));
    assert_int_equal(suite_count(f, &id), 1);
    probe.edit.body = STR(DOC("d", "two"));
    assert_status(run_probe(f, &id, &probe), ST_OK);
    assert_true(probe.existed);
    assert_string_equal(probe.body, DOC("d", "one"));
    assert_status(store_document_get(f->store, &f->call, &id, STR("d"), &document), ST_OK);
    assert_str(document.body, DOC("d", "two"));
    assert_int_equal(suite_count(f, &id), 1);
    probe.edit.action = EDIT_DELETE;
    assert_status(run_probe(f, &id, &probe), ST_OK);
    assert_status(store_document_get(f->store, &f->call, &id, STR("d"), &document), ST_NO_DOCUMENT);
    assert_int_equal(suite_count(f, &id), 0);
    assert_status(run_probe(f, &id, &probe), ST_OK); /* nothing there to delete */
    assert_int_equal(suite_count(f, &id), 0);
}

STORE_TEST(edit__that_keeps_or_fails_changes_nothing)
{
    FIXTURE;
    struct oid id = suite_create(f, "acme").id;
    struct probe probe = { .edit = { .action = EDIT_PUT, .body = STR(DOC("d", "new")) },
                           .status = ST_PRECONDITION };
    struct document document;

    assert_status(run_probe(f, &id, &probe), ST_PRECONDITION);
    assert_status(store_document_get(f->store, &f->call, &id, STR("d"), &document), ST_NO_DOCUMENT);
    assert_status(suite_put(f->store, &f->call, &id, "d", DOC("d", "old")), ST_OK);
    assert_status(run_probe(f, &id, &probe), ST_PRECONDITION);
    probe.edit.action = EDIT_DELETE;
    probe.status = ST_TOO_LARGE;
    assert_status(run_probe(f, &id, &probe), ST_TOO_LARGE);
    probe.edit.action = EDIT_KEEP;
    probe.status = ST_OK;
    assert_status(run_probe(f, &id, &probe), ST_OK);
    assert_status(store_document_get(f->store, &f->call, &id, STR("d"), &document), ST_OK);
    assert_str(document.body, DOC("d", "old"));
    assert_int_equal(suite_count(f, &id), 1);
}

STORE_TEST(documents__of_no_organization_are_none)
{
    FIXTURE;
    struct oid nobody = oid_new();
    struct document_query query = { .limit = 10, .max_bytes = MIB };
    struct probe probe = { .edit = { .action = EDIT_PUT, .body = STR(DOC("d", "x")) } };
    struct document document;
    struct document_page page;

    assert_status(run_probe(f, &nobody, &probe), ST_NO_ORGANIZATION);
    assert_int_equal(probe.calls, 0);
    assert_status(store_document_get(f->store, &f->call, &nobody, STR("d"), &document),
                  ST_NO_ORGANIZATION);
    assert_status(store_document_list(f->store, &f->call, &nobody, &query, &page),
                  ST_NO_ORGANIZATION);
}

STORE_TEST(documents__of_one_organization_are_not_the_others)
{
    FIXTURE;
    struct oid a = suite_create(f, "a").id;
    struct oid b = suite_create(f, "b").id;
    struct document document;

    assert_status(suite_put(f->store, &f->call, &a, "same", DOC("same", "of a")), ST_OK);
    assert_status(store_document_get(f->store, &f->call, &b, STR("same"), &document),
                  ST_NO_DOCUMENT);
    assert_status(suite_put(f->store, &f->call, &b, "same", DOC("same", "of b")), ST_OK);
    assert_status(suite_delete(f->store, &f->call, &b, "same"), ST_OK);
    assert_status(store_document_get(f->store, &f->call, &a, STR("same"), &document), ST_OK);
    assert_str(document.body, DOC("same", "of a"));
    assert_int_equal(suite_count(f, &a), 1);
    assert_int_equal(suite_count(f, &b), 0);
}

STORE_TEST(list__is_in_order_of_bytes)
{
    FIXTURE;
    static const char *const ids[] = { "\xF0\x9F\x98\x80", "a b", "Z", "a", "10", "9",
                                       "\xC3\xA9",         "ab",  "A" };
    static const char *const sorted[] = { "10", "9",        "A",
                                          "Z",  "a",        "a b",
                                          "ab", "\xC3\xA9", "\xF0\x9F\x98\x80" };
    struct oid id = suite_create(f, "acme").id;
    struct document_query query = { .limit = 500, .max_bytes = MIB };
    struct document_page page;

    for (size_t i = 0; i < 9; i++) {
        assert_status(
            suite_put(f->store, &f->call, &id, ids[i], suite_doc(&f->mem, ids[i], ids[i])), ST_OK);
    }
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 9);
    assert_false(page.more);
    for (size_t i = 0; i < 9; i++) {
        assert_str(page.documents[i].id, sorted[i]);
        assert_str(page.documents[i].body, suite_doc(&f->mem, sorted[i], sorted[i]));
    }
}

STORE_TEST(list__goes_on_behind_the_last_of_a_page)
{
    FIXTURE;
    struct oid id = suite_create(f, "acme").id;
    struct document_query query = { .limit = 3, .max_bytes = MIB, .with_total = true };
    struct document_page page;

    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.total, 0);
    assert_false(page.more);
    for (const char *c = "abcdef"; *c; c++) {
        char name[] = { *c, '\0' };

        assert_status(suite_put(f->store, &f->call, &id, name, suite_doc(&f->mem, name, "1")),
                      ST_OK);
    }
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 3);
    assert_true(page.more);
    assert_int_equal(page.total, 6);
    query.after = page.documents[2].id;
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 3);
    assert_str(page.documents[0].id, "d");
    assert_false(page.more);
    query.after = STR("bb"); /* one that is not there */
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_str(page.documents[0].id, "c");
    query.after = STR("f");
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 0);
    assert_false(page.more);
    assert_int_equal(page.total, 6);
}

STORE_TEST(list__ends_before_the_body_that_would_pass_its_bytes)
{
    FIXTURE;
    struct oid id = suite_create(f, "acme").id;
    size_t bytes = strlen(DOC("a", "0123456789"));
    struct document_query query = { .limit = 500, .max_bytes = 2 * bytes + bytes / 2 };
    struct document_page page;

    for (const char *c = "abcd"; *c; c++) {
        char name[] = { *c, '\0' };

        assert_status(
            suite_put(f->store, &f->call, &id, name, suite_doc(&f->mem, name, "0123456789")),
            ST_OK);
    }
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 2);
    assert_true(page.more);
    query.max_bytes = 2 * bytes;
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 2);
    query.max_bytes = bytes / 2; /* at least one */
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 1);
    assert_true(page.more);
    query.after = STR("c");
    assert_status(store_document_list(f->store, &f->call, &id, &query, &page), ST_OK);
    assert_int_equal(page.count, 1);
    assert_false(page.more);
}

STORE_TEST(document__of_a_mebibyte_comes_back_as_it_was)
{
    FIXTURE;
    struct oid id = suite_create(f, "acme").id;
    static const char head[] = "{\"_id\":\"big\",\"text\":\"";
    char *bytes = arena_alloc(&f->mem, MIB);
    struct put_context put = { .body = { .ptr = bytes, .len = MIB } };
    struct document document;

    for (size_t i = 0; i < MIB; i++) {
        bytes[i] = (char)('#' + i * 7 % 50);
    }
    memcpy(bytes, head, strlen(head));
    memcpy(bytes + MIB - 2, "\"}", 2);
    for (int i = 0; i < 3; i++) {
        bytes[strlen(head)] = (char)('0' + i);
        assert_status(
            store_document_edit(f->store, &f->call, &id, STR("big"), suite_put_edit, &put), ST_OK);
        assert_status(store_document_get(f->store, &f->call, &id, STR("big"), &document), ST_OK);
        assert_int_equal(document.body.len, MIB);
        assert_memory_equal(document.body.ptr, bytes, MIB);
    }
}

const struct CMUnitTest document_tests[] = {
    suite_test(edit__makes_replaces_and_deletes),
    suite_test(edit__that_keeps_or_fails_changes_nothing),
    suite_test(documents__of_no_organization_are_none),
    suite_test(documents__of_one_organization_are_not_the_others),
    suite_test(list__is_in_order_of_bytes),
    suite_test(list__goes_on_behind_the_last_of_a_page),
    suite_test(list__ends_before_the_body_that_would_pass_its_bytes),
    suite_test(document__of_a_mebibyte_comes_back_as_it_was),
};
const size_t document_tests_count = sizeof(document_tests) / sizeof(document_tests[0]);
