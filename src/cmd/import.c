/* `orgd import`: its words, and its summary. */
#include "cmd/command.h"

#include "app/import.h"
#include "base/buf.h"
#include "cmd/file_flags.h"
#include "config/settings.h"

#include <inttypes.h>
#include <stdio.h>

#define HINT "Try `orgd import --help`."

static int print_summary(const struct import_report *report)
{
    static const char row[] = "%-24s %12" PRId64 "\n";
    struct buf text;
    int code;

    buf_init(&text, COMMAND_TEXT_BYTES);
    buf_printf(&text, row, "lines", report->lines);
    buf_printf(&text, row, "organizations made", report->made);
    buf_printf(&text, row, "organizations updated", report->updated);
    buf_printf(&text, row, "organizations unchanged", report->unchanged);
    buf_printf(&text, row, "documents", report->documents);
    buf_printf(&text, row, "lines refused", report->refused);
    buf_printf(&text, "%-24s %10" PRId64 ".%" PRId64 "\n", "seconds", report->took_ms / 1000,
               report->took_ms % 1000 / 100);
    code = command_print(&text);
    buf_done(&text);
    return code;
}

static int import(const struct settings *settings, const char *path)
{
    struct import_report report = { .lines = 0 };
    struct err err = { .text = "" };
    enum status status = app_import(settings, path, &report, &err);
    int code = EXIT_DONE;

    if (status == ST_OK || report.lines > 0) {
        code = print_summary(&report);
    }
    if (status != ST_OK) {
        (void)fprintf(stderr, "orgd: import: %s\n", err.text[0] ? err.text : status_detail(status));
        return EXIT_FAILED;
    }
    return code == EXIT_DONE && report.refused > 0 ? EXIT_FAILED : code;
}

int command_import(int argc, char **argv)
{
    struct settings settings;
    const char *path = NULL;
    int code = file_flags_read(argc, argv, HINT, &path, &settings);

    if (code == EXIT_DONE) {
        code = import(&settings, path);
    }
    settings_done(&settings);
    return code;
}
