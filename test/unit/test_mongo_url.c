/* MONGO_URL: what is refused and why, what is filled in, and that a password is never shown. */
#include "test.h"

#include "store/mongo/mongo_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRET "hunter2xyz"
#define LOG_BYTES 4096

/* Judges a URL; the words of a refusal, which never have the password in them. */
static const char *refusal_of(const char *url)
{
    static struct err err;
    mongoc_uri_t *uri = NULL;

    err = (struct err){ .text = "" };
    assert_int_equal(mongo_url_read(url, &uri, &err), ST_INVALID);
    assert_null(uri);
    assert_non_null(strstr(err.text, "mongo_url"));
    assert_null(strstr(err.text, SECRET));
    assert_null(strstr(err.text, "hunter"));
    assert_null(strstr(err.text, "2xyz"));
    return err.text;
}

static mongoc_uri_t *taken(const char *url)
{
    struct err err = { .text = "" };
    mongoc_uri_t *uri = NULL;

    if (mongo_url_read(url, &uri, &err) != ST_OK) {
        fail_msg("%s: %s", url, err.text);
    }
    return uri;
}

struct refused {
    const char *url;
    const char *word; /* in the words of the refusal */
};

static void assert_refused(const struct refused cases[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *text = refusal_of(cases[i].url);

        if (!strstr(text, cases[i].word)) {
            fail_msg("%s: \"%s\" has no \"%s\"", cases[i].url, text, cases[i].word);
        }
    }
}

TEST(url__plain_ones_are_taken)
{
    static const char *const urls[] = {
        "mongodb://localhost",
        "mongodb://localhost/",
        "mongodb://localhost:27017",
        "mongodb://127.0.0.1:27017/master_db",
        "mongodb://[::1]:27017/?directConnection=true",
        "mongodb://a:1,b:2,c/?replicaSet=rs0&readPreference=secondaryPreferred",
        "mongodb://a/?readPreference=nearest&readPreferenceTags=dc:ny,rack:1&readPreferenceTags=",
        "mongodb://u:p@h/?authSource=admin&authMechanism=SCRAM-SHA-256",
        "mongodb://h/?tls=true&tlsAllowInvalidHostnames=true",
        "mongodb://h/?w=majority&journal=true&wtimeoutMS=1000",
        "mongodb://h/?w=2&retryWrites=false&retryReads=true",
        "mongodb://h/?maxPoolSize=10&waitQueueTimeoutMS=100&socketTimeoutMS=500",
        "mongodb://h/?maxStalenessSeconds=-1&compressors=zlib&zlibCompressionLevel=-1",
        "mongodb://h/?appName=mine&readConcernLevel=local",
        "mongodb+srv://cluster0.example.com/db?retryWrites=true&w=majority",
    };

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        mongoc_uri_destroy(taken(urls[i]));
    }
}

TEST(url__escaped_characters_of_a_password_reach_the_driver)
{
    mongoc_uri_t *uri = taken("mongodb://us%3Aer:pa%40ss%2F%25%3F@h:1/?authSource=admin");

    assert_string_equal(mongoc_uri_get_username(uri), "us:er");
    assert_string_equal(mongoc_uri_get_password(uri), "pa@ss/%?");
    mongoc_uri_destroy(uri);
}

TEST(url__unescaped_characters_of_a_password_are_refused_and_not_shown)
{
    static const char *const urls[] = {
        "mongodb://user:" SECRET "@x@host/db",     "mongodb://user:x/" SECRET "@host/db",
        "mongodb://user:x?" SECRET "@host/db",     "mongodb://user:12/" SECRET "?a=b@host/db",
        "mongodb://user:" SECRET ":x@host/db",     "mongodb://user:x#" SECRET "@host/db",
        "mongodb://user:" SECRET "[x]@host/db",    "mongodb://user:" SECRET "%@host/db",
        "mongodb://user:" SECRET "%4@host/db",     "mongodb://user:" SECRET "%zz@host/db",
        "mongodb+srv://user:" SECRET "@x@host/db", "mongodb://user:1/?" SECRET "=1@host",
    };

    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        assert_refused(&(struct refused){ urls[i], "%40" }, 1);
    }
}

TEST(url__malformed_ones_are_refused_without_showing_the_password)
{
    static const struct refused cases[] = {
        { "", "mongodb://" },
        { "http://user:" SECRET "@host", "mongodb://" },
        { "MONGODB://user:" SECRET "@host", "mongodb://" },
        { "mongodb://", "host" },
        { "mongodb:///db", "host" },
        { "mongodb://user:" SECRET "@/db", "host" },
        { "mongodb://:" SECRET "@host/db", "user" },
        { "mongodb://user:" SECRET "@host:99999/db", "port" },
        { "mongodb://user:" SECRET "@host:x/db", "port" },
        { "mongodb://user:" SECRET "@host:0/db", "port" },
        { "mongodb://user:" SECRET "@a,,b/db", "host" },
        { "mongodb://user:" SECRET "@host/db?" SECRET, "name=value" },
        { "mongodb://user:" SECRET "@host/db?x%20y=" SECRET, "name=value" },
        { "mongodb://host/?=" SECRET, "name=value" },
        { "mongodb://host/?socketTimeoutMS=" SECRET, "sockettimeoutms" },
        { "mongodb://host/?socketTimeoutMS=", "sockettimeoutms" },
        { "mongodb://host/?socketTimeoutMS=-5", "sockettimeoutms" },
        { "mongodb://host/?socketTimeoutMS=99999999999", "sockettimeoutms" },
        { "mongodb://host/?tls=" SECRET, "tls" },
        { "mongodb://host/?tls=yes", "tls" },
        { "mongodb://host/?tlsCertificateKeyFilePassword=" SECRET "%zz",
          "tlscertificatekeyfilepassword" },
        { "mongodb://u:" SECRET "@h/?readPreference=" SECRET, "options" },
        { "mongodb://u:" SECRET "@h/?tls=true&ssl=false", "options" },
        { "mongodb+srv://user:" SECRET "@a.b.c:27017/", "" },
        { "mongodb+srv://user:" SECRET "@a.b.c,d.e.f/", "" },
    };

    assert_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(url__a_password_among_the_options_is_not_shown)
{
    char log_text[LOG_BYTES] = "";
    int saved = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    mongoc_uri_t *uri;

    assert_non_null(file);
    assert_true(saved >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    uri = taken("mongodb://host/?password=" SECRET "&foo=" SECRET
                "&tlsCertificateKeyFilePassword=" SECRET);
    (void)fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    rewind(file);
    assert_true(fread(log_text, 1, sizeof(log_text) - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(log_text, "option=password"));
    assert_non_null(strstr(log_text, "option=foo"));
    assert_null(strstr(log_text, SECRET));
    mongoc_uri_destroy(uri);
}

TEST(url__writes_that_nobody_acknowledges_are_refused)
{
    static const struct refused cases[] = {
        { "mongodb://h/?w=0", "acknowledge" },
        { "mongodb://h/?w=-1", "acknowledge" },
        { "mongodb://h/?W=0", "acknowledge" },
        { "mongodb://h/?w=%30", "acknowledge" },
    };

    assert_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(url__a_file_that_cannot_be_read_is_named)
{
    static const struct refused cases[] = {
        { "mongodb://u:" SECRET "@h/?tls=true&tlsCAFile=/nowhere/ca.pem", "/nowhere/ca.pem" },
        { "mongodb://u:" SECRET "@h/?tls=true&tlsCertificateKeyFile=/nowhere/key.pem",
          "tlscertificatekeyfile" },
    };

    assert_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

/* What the URL says of a number is followed, but "for ever"; what it leaves open suits a request. */
TEST(url__each_number_has_a_value_that_suits_a_request)
{
    static const struct {
        const char *url;
        const char *option;
        int patient; /* of a request's pool */
        int quick;   /* of the keeper's */
    } cases[] = {
        { "mongodb://h/", MONGOC_URI_SOCKETTIMEOUTMS, 10000, 1500 },
        { "mongodb://h/?socketTimeoutMS=700", MONGOC_URI_SOCKETTIMEOUTMS, 700, 700 },
        { "mongodb://h/?socketTimeoutMS=0", MONGOC_URI_SOCKETTIMEOUTMS, 10000, 1500 },
        { "mongodb://h/", MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 3000, 1000 },
        { "mongodb://h/?serverSelectionTimeoutMS=300", MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 300,
          300 },
        { "mongodb://h/?serverSelectionTimeoutMS=0", MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 3000,
          1000 },
        { "mongodb://h/", MONGOC_URI_WAITQUEUETIMEOUTMS, 2000, 500 },
        { "mongodb://h/?waitQueueTimeoutMS=0", MONGOC_URI_WAITQUEUETIMEOUTMS, 2000, 500 },
        { "mongodb://h/", MONGOC_URI_CONNECTTIMEOUTMS, 5000, 1000 },
        { "mongodb://h/?connectTimeoutMS=0", MONGOC_URI_CONNECTTIMEOUTMS, 5000, 1000 },
        { "mongodb://h/", MONGOC_URI_MAXPOOLSIZE, 128, 128 },
        { "mongodb://h/?maxPoolSize=7", MONGOC_URI_MAXPOOLSIZE, 7, 7 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mongoc_uri_t *uri = taken(cases[i].url);
        int64_t socket_ms = mongo_url_make_patient(uri);
        int patient = mongoc_uri_get_option_as_int32(uri, cases[i].option, 0);
        int quick;

        assert_int_equal(socket_ms,
                         mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0));
        socket_ms = mongo_url_make_quick(uri);
        assert_int_equal(socket_ms,
                         mongoc_uri_get_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, 0));
        quick = mongoc_uri_get_option_as_int32(uri, cases[i].option, 0);
        if (patient != cases[i].patient || quick != cases[i].quick) {
            fail_msg("%s: %s is %d and %d", cases[i].url, cases[i].option, patient, quick);
        }
        mongoc_uri_destroy(uri);
    }
}

TEST(url__the_name_and_the_drivers_repetition_of_reads_are_as_it_says)
{
    mongoc_uri_t *uri = taken("mongodb://h/");

    (void)mongo_url_make_patient(uri);
    assert_string_equal(mongoc_uri_get_appname(uri), "orgd");
    assert_false(mongoc_uri_get_option_as_bool(uri, MONGOC_URI_RETRYREADS, true));
    mongoc_uri_destroy(uri);
    uri = taken("mongodb://h/?appName=mine&retryReads=true");
    (void)mongo_url_make_patient(uri);
    assert_string_equal(mongoc_uri_get_appname(uri), "mine");
    assert_true(mongoc_uri_get_option_as_bool(uri, MONGOC_URI_RETRYREADS, false));
    mongoc_uri_destroy(uri);
}

TEST(url__writes_are_a_majority_s_and_journaled_whatever_it_says)
{
    mongoc_uri_t *uri = taken("mongodb://h/?w=1&journal=false&readConcernLevel=local");
    const mongoc_write_concern_t *writes;

    (void)mongo_url_make_patient(uri);
    writes = mongoc_uri_get_write_concern(uri);
    assert_true(mongoc_write_concern_get_wmajority(writes));
    assert_true(mongoc_write_concern_get_journal(writes));
    assert_in_range(mongoc_write_concern_get_wtimeout(writes), 1, 9999);
    assert_null(mongoc_read_concern_get_level(mongoc_uri_get_read_concern(uri)));
    mongoc_uri_destroy(uri);
}

TEST(url__hosts_are_shown_without_the_login)
{
    char hosts[MONGO_HOSTS_SIZE];
    char many[2048] = "mongodb://user:" SECRET "@h0";
    mongoc_uri_t *uri = taken("mongodb://user:" SECRET "@a:1,b/?replicaSet=r");

    mongo_url_hosts(uri, hosts);
    assert_string_equal(hosts, "a:1,b:27017");
    mongoc_uri_destroy(uri);
    uri = taken("mongodb+srv://user:" SECRET "@cluster0.example.com/");
    mongo_url_hosts(uri, hosts);
    assert_string_equal(hosts, "cluster0.example.com (SRV)");
    mongoc_uri_destroy(uri);
    for (int i = 1; i < 100; i++) {
        size_t len = strlen(many);

        (void)snprintf(many + len, sizeof(many) - len, ",host%d:%d", i, i);
    }
    uri = taken(many);
    mongo_url_hosts(uri, hosts);
    assert_true(strlen(hosts) < sizeof(hosts));
    mongoc_uri_destroy(uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url__plain_ones_are_taken),
        cmocka_unit_test(url__escaped_characters_of_a_password_reach_the_driver),
        cmocka_unit_test(url__unescaped_characters_of_a_password_are_refused_and_not_shown),
        cmocka_unit_test(url__malformed_ones_are_refused_without_showing_the_password),
        cmocka_unit_test(url__a_password_among_the_options_is_not_shown),
        cmocka_unit_test(url__writes_that_nobody_acknowledges_are_refused),
        cmocka_unit_test(url__a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(url__each_number_has_a_value_that_suits_a_request),
        cmocka_unit_test(url__the_name_and_the_drivers_repetition_of_reads_are_as_it_says),
        cmocka_unit_test(url__writes_are_a_majority_s_and_journaled_whatever_it_says),
        cmocka_unit_test(url__hosts_are_shown_without_the_login),
    };

    return cmocka_run_group_tests_name("mongo_url", tests, NULL, NULL);
}
