/* One line of an import: what a run from outside can't show well (test/blackbox/test_import.py has the
 * rest). */
#include "test.h"

#include "base/buf.h"
#include "org/export_line.h"
#include "org/import_line.h"

#define HASH "$2b$04$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m"
#define MEM_BYTES ((size_t)16 * 1024 * 1024)

static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;
static const struct import_rules rules = { .password_min_bytes = 8,
                                           .document_max_bytes = 65536,
                                           .large = &large };

struct read {
    struct arena mem;
    struct import_line line;
    struct err err;
    enum status status;
};

static struct read read_line(const char *text)
{
    struct read read = { .err = { .text = "" } };

    arena_init(&read.mem, MEM_BYTES);
    read.status = import_line_read(str_of(text), &rules, &read.mem, &read.line, &read.err);
    return read;
}

TEST(line__of_white_space_is_blank)
{
    struct read read = read_line(" \t\r");

    assert_int_equal(read.status, ST_OK);
    assert_int_equal(read.line.kind, IMPORT_BLANK);
    arena_done(&read.mem);
}

TEST(line__gets_what_it_leaves_out)
{
    struct read read = read_line("{\"organization_name\":\" \xC5\x81\xC3\xB3"
                                 "d\xC5\xBA \","
                                 "\"email\":\"A@B.c\",\"password\":\"12345678\"}");
    const struct import_admin *admin = &read.line.admins[0];

    assert_int_equal(read.status, ST_OK);
    assert_int_equal(read.line.kind, IMPORT_ORGANIZATION);
    assert_true(str_is(read.line.organization.slug, "odz"));
    assert_int_equal(read.line.organization.created_ms, read.line.organization.updated_ms);
    assert_int_equal(admin->member.account.created_ms, read.line.organization.created_ms);
    assert_true(str_is(admin->member.account.email, "A@B.c"));
    assert_true(str_is(admin->member.account.email_key, "a@b.c"));
    assert_true(str_is(admin->member.role, "admin"));
    assert_true(str_is(admin->password, "12345678"));
    assert_null(admin->member.account.password_hash.ptr);
    assert_true(oid_equal(&read.line.organization.admin_id, &admin->member.account.id));
    assert_false(oid_equal(&read.line.organization.id, &admin->member.account.id));
    arena_done(&read.mem);
}

TEST(line__whose_name_leaves_no_slug_gets_its_id)
{
    struct read read = read_line("{\"organization_name\":\"\xE6\x97\xA5\","
                                 "\"id\":\"0123456789abcdef01234567\","
                                 "\"email\":\"a@b.c\",\"password_hash\":\"" HASH "\"}");

    assert_int_equal(read.status, ST_OK);
    assert_true(str_is(read.line.organization.slug, "0123456789abcdef01234567"));
    arena_done(&read.mem);
}

TEST(line__that_is_refused_says_of_what_kind_it_certainly_is)
{
    static const struct {
        const char *text;
        enum import_kind kind;
    } lines[] = {
        { "{\"document\":1}", IMPORT_DOCUMENT },
        { "{\"document\":{},\"organization_id\":1}", IMPORT_DOCUMENT },
        { "{\"document\":{}", IMPORT_ORGANIZATION },
        { "{\"organization_name\":1}", IMPORT_ORGANIZATION },
        { "[]", IMPORT_ORGANIZATION },
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct read read = read_line(lines[i].text);

        assert_int_not_equal(read.status, ST_OK);
        assert_int_equal(read.line.kind, lines[i].kind);
        assert_string_not_equal(read.err.text, "");
        arena_done(&read.mem);
    }
}

/* Names the one document of a line. */
static struct str named(struct read *read, const struct oid *organization, uint64_t number,
                        uint64_t index)
{
    assert_int_equal(read->status, ST_OK);
    import_document_name(&read->line.documents[0], organization, number, index);
    return read->line.documents[0].document.id;
}

TEST(document__without_an_id_has_the_same_one_whenever_it_comes_from_the_same_place)
{
    static const struct oid a = { .bytes = { 1 } };
    static const struct oid b = { .bytes = { 2 } };
    struct read reads[5];
    struct str ids[5];

    for (size_t i = 0; i < 5; i++) {
        reads[i] = read_line(i == 4 ? "{\"document\":{\"n\":2}}" : "{\"document\":{\"n\":1}}");
    }
    ids[0] = named(&reads[0], &a, 7, 0);
    ids[1] = named(&reads[1], &b, 7, 0);
    ids[2] = named(&reads[2], &a, 8, 0);
    ids[3] = named(&reads[3], &a, 7, 1);
    ids[4] = named(&reads[4], &a, 7, 0);
    for (size_t i = 0; i < 5; i++) {
        struct read again =
            read_line(i == 4 ? "{\"document\":{\"n\":2}}" : "{\"document\":{\"n\":1}}");
        char body[64];

        assert_int_equal(ids[i].len, OID_HEX_LEN);
        for (size_t n = 0; n < i; n++) {
            assert_false(str_equal(ids[n], ids[i]));
        }
        if (i == 0) {
            assert_true(str_equal(named(&again, &a, 7, 0), ids[0]));
        }
        (void)snprintf(body, sizeof(body), "{\"_id\":\"%.*s\",\"n\":%d}", STR_ARG(ids[i]),
                       i == 4 ? 2 : 1);
        assert_true(str_is(reads[i].line.documents[0].document.body, body));
        arena_done(&again.mem);
    }
    for (size_t i = 0; i < 5; i++) {
        arena_done(&reads[i].mem);
    }
}

TEST(document__keeps_an_id_of_its_own_whatever_it_is_made_of)
{
    struct read read = read_line("{\"document\":{\"n\":1,\"_id\":\"000000000000000000000000\"}}");

    assert_true(
        str_is(named(&read, &(struct oid){ .bytes = { 1 } }, 1, 0), "000000000000000000000000"));
    arena_done(&read.mem);
}

TEST(document__whose_id_is_text_that_looks_like_another_kind_stays_text)
{
    const struct oid organization = { .bytes = { 1 } };
    struct document document = { .id = STR("0123456789abcdef01234567"),
                                 .body = STR("{\"_id\":\"0123456789abcdef01234567\"}"),
                                 .id_kind = ID_TEXT };
    struct read read;
    struct buf out;

    buf_init(&out, 4096);
    export_document_line(&organization, &document, &out);
    buf_char(&out, '\0');
    out.ptr[out.len - 2] = '\0';
    read = read_line(out.ptr);
    assert_int_equal(read.status, ST_OK);
    assert_int_equal(read.line.documents[0].document.id_kind, ID_TEXT);
    assert_true(oid_equal(&read.line.organization_id, &organization));
    arena_done(&read.mem);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__of_white_space_is_blank),
        cmocka_unit_test(line__gets_what_it_leaves_out),
        cmocka_unit_test(line__whose_name_leaves_no_slug_gets_its_id),
        cmocka_unit_test(line__that_is_refused_says_of_what_kind_it_certainly_is),
        cmocka_unit_test(
            document__without_an_id_has_the_same_one_whenever_it_comes_from_the_same_place),
        cmocka_unit_test(document__keeps_an_id_of_its_own_whatever_it_is_made_of),
        cmocka_unit_test(document__whose_id_is_text_that_looks_like_another_kind_stays_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
