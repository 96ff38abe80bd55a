/* config: the file's syntax, what it may not hold, and reading it again. */
#include "settings_fixture.h"

TEST(file__is_named_by_flag_before_environment)
{
    char variable[128];

    write_file("data = here\n");
    (void)snprintf(variable, sizeof(variable), "ORGD_CONFIG=%s", file_path);
    load_well(WORDS(), WORDS(variable));
    assert_string_equal(settings.data, "here");
    settings_done(&settings);
    load_well(WORDS("--config", "/dev/null"), WORDS(variable));
    assert_string_equal(settings.data, "./orgd-data");
    settings_done(&settings);
}

TEST(file__values_are_taken_whole)
{
    write_file("\xEF\xBB\xBF; a comment\n# another\r\n\n  jwt_secret =  a ;b#c = \"d\"  \r\n"
               "listen:[::1]:0");
    load_well(WORDS("--config", file_path), WORDS());
    assert_string_equal(settings.jwt_secret, "a ;b#c = \"d\"");
    assert_string_equal(settings.listen, "[::1]:0");
    settings_done(&settings);
}

TEST(file__what_it_may_not_hold_is_refused_by_line)
{
    assert_file_refused("\nlistne = x\n", 2, "unknown key listne");
    assert_file_refused("first = 1\nsecond = 2\n", 1, "unknown key first");
    assert_file_refused("store = sqlite\n#\nstore = sqlite\n", 3, "store again");
    assert_file_refused("[server]\nlisten = 127.0.0.1:1\n", 1, "a section");
    assert_file_refused("\xEF\xBB\xBF [x]\n", 1, "a section");
    assert_file_refused("data = x\n\nnonsense\n", 3, "not understood");
    assert_file_refused("nonsense\nlistne = x\n", 1, "not understood");
    assert_file_refused("data = x\n  y\n", 2, "not understood");
    assert_file_refused("= x\n", 1, "not understood");
    assert_file_refused("jwt_secret ses:ame\n", 1, "not understood");
    assert_null(strstr(err.text, "ses"));
    write_bytes("data = a\0b\n", 11);
    ASSERT_REFUSED(WORDS("--config", file_path), WORDS(), " line 1: a NUL");
}

TEST(file__a_bad_value_is_refused_by_line)
{
    char where[128];

    (void)snprintf(where, sizeof(where), "(file %s line 3)", file_path);
    write_file("\n\ntoken_minutes = 1 # often\n");
    ASSERT_REFUSED(WORDS("--config", file_path), WORDS(), "token_minutes: \"1 # often\"", where,
                   "allowed: an integer from 1 to 525600");
    write_file("\n\nlog_level =\n");
    ASSERT_REFUSED(WORDS("--config", file_path), WORDS(), "log_level: \"\"", where);
}

TEST(file__lines_are_4096_bytes_at_most)
{
    char text[4200];

    memset(text, 'x', sizeof(text));
    text[0] = '#';
    (void)snprintf(text + 4096, sizeof(text) - 4096, "\nlog_level = warn");
    write_file(text);
    load_well(WORDS("--config", file_path), WORDS());
    assert_string_equal(settings.log_level, "warn");
    settings_done(&settings);
    (void)snprintf(text + 4096, sizeof(text) - 4096, "x\nlog_level = warn");
    assert_file_refused(text, 1, "too long");
}

TEST(file__one_that_cannot_be_read_is_refused)
{
    ASSERT_REFUSED(WORDS("--config", "/nonexistent/orgd.conf"), WORDS(),
                   "config: \"/nonexistent/orgd.conf\" (flag --config)", "No such file",
                   "allowed: a file that can be read");
    ASSERT_REFUSED(WORDS(), WORDS("ORGD_CONFIG=/tmp"), "config: \"/tmp\"",
                   "environment ORGD_CONFIG", "s a directory");
    ASSERT_REFUSED(WORDS("--config="), WORDS(), "config: \"\"", "allowed: ");
}

TEST(file__a_value_that_a_stronger_source_replaces_is_not_judged)
{
    write_file("token_minutes = never\n");
    load_well(WORDS("--config", file_path, "--token-minutes", "7"), WORDS());
    assert_int_equal(settings.token_minutes, 7);
    settings_done(&settings);
}

TEST(reload__takes_over_what_may_change_and_leaves_the_rest)
{
    size_t changed = 99;

    write_file("token_minutes = 5\ndata = before\nrequest_timeout_s = 4\n");
    load_well(WORDS("--config", file_path, "--password-min-bytes", "10"), WORDS());
    write_file("log_level = debug\ndata = after\ntoken_minutes = 6\npassword_min_bytes = 12\n"
               "login_failures = 300\nmax_headers = 50\n");
    assert_int_equal(settings_reload(&settings, &changed, &err), ST_OK);
    assert_int_equal(changed, 3); /* token_minutes, log_level; request_timeout_s back to default */
    assert_int_equal(settings.token_minutes, 6);
    assert_string_equal(settings.log_level, "debug");
    assert_int_equal(settings.request_timeout_s, 30);
    assert_int_equal(settings.password_min_bytes, 10); /* the flag still counts */
    assert_string_equal(settings.data, "before");
    assert_int_equal(settings.max_headers, 100);
    assert_int_equal(settings_reload(&settings, &changed, &err), ST_OK);
    assert_int_equal(changed, 0);
    settings_done(&settings);
}

TEST(reload__a_bad_file_changes_nothing)
{
    size_t changed = 99;

    write_file("token_minutes = 5\n");
    load_well(WORDS("--config", file_path), WORDS());
    write_file("token_minutes = 6\nmax_headers = 0\n");
    assert_int_equal(settings_reload(&settings, &changed, &err), ST_INVALID);
    assert_non_null(strstr(err.text, "max_headers: \"0\""));
    assert_int_equal(settings.token_minutes, 5);
    assert_int_equal(changed, 99);
    settings_done(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file__is_named_by_flag_before_environment),
        cmocka_unit_test(file__values_are_taken_whole),
        cmocka_unit_test(file__what_it_may_not_hold_is_refused_by_line),
        cmocka_unit_test(file__a_bad_value_is_refused_by_line),
        cmocka_unit_test(file__lines_are_4096_bytes_at_most),
        cmocka_unit_test(file__one_that_cannot_be_read_is_refused),
        cmocka_unit_test(file__a_value_that_a_stronger_source_replaces_is_not_judged),
        cmocka_unit_test(reload__takes_over_what_may_change_and_leaves_the_rest),
        cmocka_unit_test(reload__a_bad_file_changes_nothing),
    };

    return RUN_WITH_FILE(tests);
}
