/* `orgd export`: its words, and its summary on standard error, since standard output may be the file. */
#include "cmd/command.h"

#include "app/import.h"
#include "cmd/file_flags.h"
#include "config/settings.h"

#include <inttypes.h>
#include <stdio.h>

#define HINT "Try `orgd export --help`."

static int export(const struct settings *settings, const char *path)
{
    struct export_report report = { .organizations = 0 };
    struct err err = { .text = "" };
    enum status status = app_export(settings, path, &report, &err);

    if (status != ST_OK) {
        (void)fprintf(stderr, "orgd: export: %s\n", err.text[0] ? err.text : status_detail(status));
        return EXIT_FAILED;
    }
    (void)fprintf(
        stderr,
        "%" PRId64 " organizations and %" PRId64 " documents in %" PRId64 ".%" PRId64 " seconds\n",
        report.organizations, report.documents, report.took_ms / 1000, report.took_ms % 1000 / 100);
    if (report.hidden > 0) {
        (void)fprintf(stderr,
                      "orgd: export: %" PRId64 " documents have the _id of another, as text and as "
                      "an ObjectId, and were left out\n",
                      report.hidden);
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

int command_export(int argc, char **argv)
{
    struct settings settings;
    const char *path = NULL;
    int code = file_flags_read(argc, argv, HINT, &path, &settings);

    if (code == EXIT_DONE) {
        code = export(&settings, path);
    }
    settings_done(&settings);
    return code;
}
