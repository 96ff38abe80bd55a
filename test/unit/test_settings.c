/* config: where values come from, what is refused and in which words, what is never shown. */
#include "settings_fixture.h"

#include "base/log.h"
#include "config/setting_row.h"

#include <ctype.h>

static const char *printed(void (*print)(struct buf *), struct buf *out)
{
    buf_init(out, TEXT_BYTES);
    print(out);
    buf_char(out, '\0');
    assert_false(buf_overflowed(out));
    return out->ptr;
}

TEST(defaults__are_those_of_the_contract)
{
    load_well(WORDS(), WORDS());
    assert_string_equal(settings.listen, "127.0.0.1:8000");
    assert_string_equal(settings.data, "./orgd-data");
    assert_string_equal(settings.store, "sqlite");
    assert_string_equal(settings.mongo_url, "");
    assert_string_equal(settings.mongo_db, "master_db");
    assert_string_equal(settings.jwt_secret, "");
    assert_string_equal(settings.jwt_algorithm, "HS256");
    assert_string_equal(settings.log_level, "info");
    assert_int_equal(settings.token_minutes, 60);
    assert_int_equal(settings.password_min_bytes, 8);
    assert_int_equal(settings.login_failures, 300);
    assert_int_equal(settings.event_loops, 0);
    assert_int_equal(settings.hash_threads, 0);
    assert_int_equal(settings.hash_queue, 64);
    assert_int_equal(settings.store_threads, 64);
    assert_int_equal(settings.store_queue, 1024);
    assert_int_equal(settings.request_timeout_s, 30);
    assert_int_equal(settings.header_timeout_s, 10);
    assert_int_equal(settings.body_timeout_s, 30);
    assert_int_equal(settings.stop_timeout_s, 8);
    assert_int_equal(settings.max_connections, 4096);
    assert_int_equal(settings.max_connections_per_address, 512);
    assert_int_equal(settings.max_request_line_bytes, 8192);
    assert_int_equal(settings.max_header_bytes, 16384);
    assert_int_equal(settings.max_headers, 100);
    assert_int_equal(settings.max_body_bytes, 65536);
    assert_int_equal(settings.max_document_bytes, 1048576);
    assert_int_equal(settings.max_bodies_bytes, 268435456);
    assert_config("data", "./orgd-data", "default");
    settings_done(&settings);
}

TEST(precedence__is_flag_environment_file_default)
{
    char in_file[128];

    write_file("# the least\ndata = file\n\nmongo_db = file\njwt_algorithm=HS384\n");
    load_well(WORDS("--config", file_path, "--data", "flag"),
              WORDS("ORGD_DATA=environment", "MONGO_DB=environment"));
    (void)snprintf(in_file, sizeof(in_file), "file %s line 5", file_path);
    assert_config("data", "flag", "flag --data");
    assert_config("mongo_db", "environment", "environment MONGO_DB");
    assert_config("jwt_algorithm", "HS384", in_file);
    assert_config("log_level", "info", "default");
    assert_string_equal(settings.data, "flag");
    assert_string_equal(settings.mongo_db, "environment");
    assert_string_equal(settings.jwt_algorithm, "HS384");
    settings_done(&settings);
}

TEST(environment__an_empty_variable_is_not_set)
{
    load_well(WORDS(), WORDS("ORGD_LISTEN=", "ORGD_CONFIG=", "ACCESS_TOKEN_EXPIRE_MINUTES="));
    assert_config("listen", "127.0.0.1:8000", "default");
    assert_int_equal(settings.token_minutes, 60);
    settings_done(&settings);
}

TEST(flags__take_both_forms_and_the_last_one_counts)
{
    load_well(WORDS("--token-minutes=5", "--data", "a", "--data=b=c"), WORDS());
    assert_int_equal(settings.token_minutes, 5);
    assert_string_equal(settings.data, "b=c");
    settings_done(&settings);
    load_well(WORDS("--jwt-secret="), WORDS("JWT_SECRET=from the environment"));
    assert_string_equal(settings.jwt_secret, "");
    settings_done(&settings);
}

TEST(flags__unknown_ones_and_missing_values_are_refused)
{
    ASSERT_REFUSED(WORDS("--listne", "x"), WORDS(), "unknown flag \"--listne\"", "allowed: ");
    ASSERT_REFUSED(WORDS("stray"), WORDS(), "\"stray\"", "allowed: ");
    ASSERT_REFUSED(WORDS("--data"), WORDS(), "--data", "no value", "allowed: ");
    ASSERT_REFUSED(WORDS("--data", "--listen"), WORDS(), "--data", "no value");
    ASSERT_REFUSED(WORDS("--jwt_secret=hidden"), WORDS(), "\"--jwt_secret\"");
    assert_null(strstr(err.text, "hidden"));
}

TEST(numbers__are_whole_decimal_integers_in_range)
{
    const char *wrong[] = { "0",
                            "525601",
                            "+5",
                            "-5",
                            " 5",
                            "5 ",
                            "5m",
                            "0x10",
                            "1e3",
                            "5.0",
                            "six",
                            "",
                            "9223372036854775808" };
    char word[64];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char quoted[64];

        (void)snprintf(word, sizeof(word), "--token-minutes=%s", wrong[i]);
        (void)snprintf(quoted, sizeof(quoted), "token_minutes: \"%s\"", wrong[i]);
        ASSERT_REFUSED(WORDS(word), WORDS(), quoted, "flag --token-minutes",
                       "allowed: an integer from 1 to 525600");
    }
    load_well(WORDS("--token-minutes=525600", "--stop-timeout-s", "07"), WORDS());
    assert_int_equal(settings.token_minutes, 525600);
    assert_int_equal(settings.stop_timeout_s, 7);
    settings_done(&settings);
}

TEST(choices__are_taken_as_written)
{
    ASSERT_REFUSED(WORDS(), WORDS("ORGD_LOG_LEVEL=INFO"), "log_level: \"INFO\"",
                   "environment ORGD_LOG_LEVEL", "allowed: debug, info, warn or error");
    ASSERT_REFUSED(WORDS(), WORDS("JWT_ALGORITHM=none"), "jwt_algorithm: \"none\"",
                   "allowed: HS256, HS384 or HS512");
}

TEST(choices__every_log_level_is_one_that_the_log_knows)
{
    size_t levels = 0;

    for (size_t i = 0; i < setting_rows_count; i++) {
        if (strcmp(setting_rows[i].key, "log_level") == 0) {
            for (; setting_rows[i].choices[levels]; levels++) {
                enum log_level level = LOG_DEBUG;

                assert_true(log_level_find(setting_rows[i].choices[levels], &level));
                assert_int_equal(level, levels);
            }
        }
    }
    assert_int_equal(levels, LOG_ERROR + 1);
}

TEST(addresses__are_literals_or_localhost_with_a_port)
{
    const char *wrong[] = { "",
                            "8000",
                            ":8000",
                            "127.0.0.1",
                            "127.0.0.1:",
                            "127.0.0.1:65536",
                            "127.0.0.1:008000",
                            "127.0.0.1:+1",
                            "127.0.0.1:1x",
                            "127.1:80",
                            "::1:8000",
                            "[::1]",
                            "[::1]8000",
                            "[::1:8000",
                            "[localhost]:80",
                            "[127.0.0.1]:80",
                            "example.org:80",
                            "*:80",
                            "127.0.0.1:80,",
                            ",127.0.0.1:80",
                            "127.0.0.1:80,,[::1]:80",
                            "127.0.0.1:80 [::1]:80" };
    char word[512] = "--listen=127.0.0.1:1";

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[128];

        (void)snprintf(line, sizeof(line), "--listen=%s", wrong[i]);
        ASSERT_REFUSED(WORDS(line), WORDS(), "listen: \"", wrong[i], "flag --listen",
                       "allowed: 1 to 16 of HOST:PORT");
    }
    load_well(WORDS("--listen", "127.0.0.1:0 ,\t[2001:db8::1]:65535, localhost:8000"), WORDS());
    assert_string_equal(settings.listen, "127.0.0.1:0,[2001:db8::1]:65535,localhost:8000");
    settings_done(&settings);

    for (size_t len = strlen(word), i = 1; i < 16; i++, len += 12) {
        (void)snprintf(word + len, sizeof(word) - len, ",127.0.0.1:%d", 1);
    }
    load_well(WORDS(word), WORDS());
    settings_done(&settings);
    (void)snprintf(word + strlen(word), sizeof(word) - strlen(word), ",127.0.0.1:17");
    ASSERT_REFUSED(WORDS(word), WORDS(), "listen: ", "allowed: 1 to 16");
}

TEST(texts__are_bounded_and_hold_no_control_characters)
{
    char longest[] = "MONGO_DB=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    char longer[] = "MONGO_DB=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

    ASSERT_REFUSED(WORDS("--data="), WORDS(), "data: \"\"", "allowed: 1 to 1024 bytes");
    ASSERT_REFUSED(WORDS("--data", "a\nb\x1b[31m"), WORDS(), "data: \"a?b?[31m\"");
    ASSERT_REFUSED(WORDS("--mongo-db", "a.b"), WORDS(), "mongo_db: \"a.b\"", "none of ");
    ASSERT_REFUSED(WORDS(), WORDS(longer), "mongo_db: ", "allowed: 1 to 63 bytes");
    load_well(WORDS(), WORDS(longest));
    assert_int_equal(strlen(settings.mongo_db), 63);
    settings_done(&settings);
}

TEST(errors__long_and_odd_values_still_leave_one_whole_line)
{
    char word[4096] = "--listen=";

    memset(word + 9, 'x', sizeof(word) - 10);
    ASSERT_REFUSED(WORDS(word), WORDS(), "xxx…\" (flag --listen)", "PORT 0 to 65535");
    ASSERT_REFUSED(WORDS("--log-level=\xFF\xFE"), WORDS(), "log_level: \"\?\?\"");
    ASSERT_REFUSED(WORDS("--log-level=lärm"), WORDS(), "log_level: \"lärm\"");
}

TEST(store__is_mongodb_where_there_is_a_url)
{
    load_well(WORDS(), WORDS("MONGO_URL=mongodb://localhost:27017"));
    assert_config("store", "mongodb", "default");
    assert_int_equal(settings_check(&settings, &err), ST_OK);
    settings_done(&settings);
    load_well(WORDS("--store", "sqlite"), WORDS("MONGO_URL=mongodb+srv://h"));
    assert_config("store", "sqlite", "flag --store");
    settings_done(&settings);
    load_well(WORDS("--store", "mongodb"), WORDS());
    assert_int_equal(settings_check(&settings, &err), ST_INVALID);
    assert_non_null(strstr(err.text, "store: \"mongodb\" (flag --store) needs mongo_url"));
    assert_non_null(strstr(err.text, "allowed: "));
    settings_done(&settings);
    ASSERT_REFUSED(WORDS(), WORDS("ORGD_STORE=redis"), "store: \"redis\"",
                   "allowed: sqlite or mongodb");
}

TEST(secrets__are_never_shown)
{
    struct buf out;
    char word[1100] = "--jwt-secret=";

    load_well(WORDS("--jwt-secret", "sesame"), WORDS("MONGO_URL=mongodb://ann:sesame@h/db?x=y"));
    assert_config("jwt_secret", "***", "flag --jwt-secret");
    assert_config("mongo_url", "mongodb://***", "environment MONGO_URL");
    buf_init(&out, TEXT_BYTES);
    settings_print(&settings, &out);
    assert_null(memmem(out.ptr, out.len, "sesame", 6));
    assert_null(memmem(out.ptr, out.len, "ann", 3));
    buf_done(&out);
    settings_done(&settings);

    load_well(WORDS(), WORDS());
    assert_config("jwt_secret", "", "default");
    assert_config("mongo_url", "", "default");
    settings_done(&settings);

    ASSERT_REFUSED(WORDS("--mongo-url", "http://ann:sesame@h"), WORDS(), "mongo_url: \"***\"",
                   "flag --mongo-url", "allowed: mongodb://");
    ASSERT_REFUSED(WORDS("--mongo-url", "mongodb://ann:ses ame\n@h"), WORDS(),
                   "mongo_url: \"mongodb://***\"");
    ASSERT_REFUSED(WORDS("--mongo-url", "mongodb://"), WORDS(), "mongo_url: ");
    memset(word + 13, 's', sizeof(word) - 14);
    ASSERT_REFUSED(WORDS(word), WORDS(), "jwt_secret: \"***\"", "allowed: at most 1024 bytes");
    assert_null(strstr(err.text, "sss"));
}

TEST(table__names_follow_from_the_key_but_for_the_seeds)
{
    const char *seeds = " MONGO_URL MONGO_DB JWT_SECRET JWT_ALGORITHM ACCESS_TOKEN_EXPIRE_MINUTES ";

    for (size_t i = 0; i < setting_rows_count; i++) {
        const struct setting_row *row = &setting_rows[i];
        char flag[64];
        char environment[64];
        char spaced[66];

        (void)snprintf(flag, sizeof(flag), "--%s", row->key);
        (void)snprintf(environment, sizeof(environment), "ORGD_%s", row->key);
        for (char *c = flag; *c; c++) {
            *c = *c == '_' ? '-' : *c;
        }
        for (char *c = environment; *c; c++) {
            *c = (char)toupper((unsigned char)*c);
        }
        assert_string_equal(row->flag, flag);
        (void)snprintf(spaced, sizeof(spaced), " %s ", row->environment);
        if (!strstr(seeds, spaced)) {
            assert_string_equal(row->environment, environment);
        }
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(row->key, setting_rows[j].key);
            assert_int_not_equal(row->offset, setting_rows[j].offset);
        }
    }
}

TEST(table__what_may_change_at_sighup_is_listed)
{
    char reloading[256] = "";

    for (size_t i = 0; i < setting_rows_count; i++) {
        if (setting_rows[i].reloads) {
            (void)snprintf(reloading + strlen(reloading), sizeof(reloading) - strlen(reloading),
                           "%s ", setting_rows[i].key);
        }
    }
    assert_string_equal(
        reloading, "token_minutes log_level password_min_bytes login_failures request_timeout_s ");
}

TEST(table__every_row_is_in_help_markdown_and_config)
{
    struct buf help;
    struct buf markdown;
    const char *help_text = printed(settings_print_help, &help);
    const char *markdown_text = printed(settings_print_markdown, &markdown);
    size_t lines = 0;

    load_well(WORDS(), WORDS());
    for (size_t i = 0; i < setting_rows_count; i++) {
        const struct setting_row *row = &setting_rows[i];
        char text[512];

        config_line(row->key, text, sizeof(text));
        (void)snprintf(text, sizeof(text), "\n  %s ", row->flag);
        assert_non_null(strstr(help_text, text));
        (void)snprintf(text, sizeof(text), "Environment: %s.", row->environment);
        assert_non_null(strstr(help_text, text));
        assert_non_null(strstr(help_text, row->help));
        (void)snprintf(text, sizeof(text), "\n| `%s` | `%s` | `%s` |", row->key, row->environment,
                       row->flag);
        assert_non_null(strstr(markdown_text, text));
        assert_non_null(strstr(markdown_text, row->help));
        assert_null(strchr(row->help, '|')); /* it would end the cell */
    }
    for (const char *c = markdown_text; *c; c++) {
        lines += *c == '\n';
    }
    assert_int_equal(lines, setting_rows_count + 3); /* two of the head, one of --config */
    settings_done(&settings);
    buf_done(&help);
    buf_done(&markdown);
}

TEST(config__sources_stand_in_one_column)
{
    char first[512];
    char second[512];

    load_well(WORDS("--data", "größer"), WORDS());
    config_line("data", first, sizeof(first));
    config_line("max_connections_per_address", second, sizeof(second));
    /* two code points of two bytes each */
    assert_int_equal(strstr(first, "flag --data") - first, strstr(second, "default") - second + 2);
    settings_done(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults__are_those_of_the_contract),
        cmocka_unit_test(precedence__is_flag_environment_file_default),
        cmocka_unit_test(environment__an_empty_variable_is_not_set),
        cmocka_unit_test(flags__take_both_forms_and_the_last_one_counts),
        cmocka_unit_test(flags__unknown_ones_and_missing_values_are_refused),
        cmocka_unit_test(numbers__are_whole_decimal_integers_in_range),
        cmocka_unit_test(choices__are_taken_as_written),
        cmocka_unit_test(choices__every_log_level_is_one_that_the_log_knows),
        cmocka_unit_test(addresses__are_literals_or_localhost_with_a_port),
        cmocka_unit_test(texts__are_bounded_and_hold_no_control_characters),
        cmocka_unit_test(errors__long_and_odd_values_still_leave_one_whole_line),
        cmocka_unit_test(store__is_mongodb_where_there_is_a_url),
        cmocka_unit_test(secrets__are_never_shown),
        cmocka_unit_test(table__names_follow_from_the_key_but_for_the_seeds),
        cmocka_unit_test(table__what_may_change_at_sighup_is_listed),
        cmocka_unit_test(table__every_row_is_in_help_markdown_and_config),
        cmocka_unit_test(config__sources_stand_in_one_column),
    };

    return RUN_WITH_FILE(tests);
}
