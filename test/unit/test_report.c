/* store/report: what a doctor finds, for people and for machines. */
#include "test.h"

#include "store/report.h"

#define LIMIT_BYTES ((size_t)64 * 1024)

static void add_two(struct report *report)
{
    struct report_subject subjects[] = {
        { .kind = "organization", .id = STR("65a0"), .name = STR("A \"b\" \033[31m\xC2\x9B") },
        { .kind = "account", .id = STR("65b0"), .name = STR("") },
    };

    report_add(report, &(struct report_finding){ .code = "double_name",
                                                 .what = STR("First.\nSecond."),
                                                 .subjects = subjects,
                                                 .subject_count = 2,
                                                 .todo = STR("db.a()\ndb.b()") });
    report_add(report, &(struct report_finding){ .code = "other",
                                                 .what = STR("Only this."),
                                                 .subjects = subjects,
                                                 .subject_count = 1,
                                                 .todo = STR("") });
}

TEST(report__as_text_has_a_block_for_each_finding_and_nothing_that_moves_a_cursor)
{
    struct report report;
    struct buf out;

    buf_init(&out, LIMIT_BYTES);
    report_init(&report, false, "mongodb", &out);
    add_two(&report);
    report_end(&report, STR("2 organizations"));
    assert_int_equal(report.count, 2);
    assert_str(buf_view(&out), "double_name\n"
                               "  First.\n"
                               "  Second.\n"
                               "    organization 65a0 \"A \"b\" ?[31m?\"\n"
                               "    account 65b0\n"
                               "  What to do:\n"
                               "    db.a()\n"
                               "    db.b()\n"
                               "\n"
                               "other\n"
                               "  Only this.\n"
                               "    organization 65a0 \"A \"b\" ?[31m?\"\n"
                               "\n"
                               "2 findings: 2 organizations\n");
    buf_done(&out);
}

TEST(report__as_json_is_one_object)
{
    struct report report;
    struct buf out;

    buf_init(&out, LIMIT_BYTES);
    report_init(&report, true, "sqlite", &out);
    report_add(&report, &(struct report_finding){
                            .code = "a",
                            .what = STR("x\ny"),
                            .subjects = &(struct report_subject){ "k", STR("1"), STR("n") },
                            .subject_count = 1,
                            .todo = STR("do\nthis") });
    report_end(&report, STR("all"));
    assert_str(
        buf_view(&out),
        "{\"store\":\"sqlite\",\"findings\":[{\"code\":\"a\",\"what\":\"x\\ny\",\"subjects\":[{"
        "\"kind\":\"k\",\"id\":\"1\",\"name\":\"n\"}],\"todo\":[\"do\",\"this\"]}],\"seen\":"
        "\"all\"}\n");
    buf_done(&out);
}

TEST(report__of_nothing_says_that_all_is_well)
{
    struct report report;
    struct buf out;

    buf_init(&out, LIMIT_BYTES);
    report_init(&report, false, "sqlite", &out);
    report_end(&report, STR("3 organizations"));
    assert_str(buf_view(&out), "All is well: 3 organizations\n");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            report__as_text_has_a_block_for_each_finding_and_nothing_that_moves_a_cursor),
        cmocka_unit_test(report__as_json_is_one_object),
        cmocka_unit_test(report__of_nothing_says_that_all_is_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
